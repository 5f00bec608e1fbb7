"""The node's hardware: the only place that imports machine, esp32, network or a C module, and that has viper code."""
