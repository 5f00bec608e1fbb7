"""Runs the node. All it does is the application's, which an update may replace; this file stays."""

import loader

try:
    from lightwave_hw import start

    start.main()
except Exception:
    loader.failed()
    raise
