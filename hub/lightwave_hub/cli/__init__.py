"""The `k1` command line."""
