"""The hub's figures for Prometheus: the two text formats, and which figure is which metric."""
