# Frozen into the image: what the port needs to start, and the node. boot.py, main.py and config.json are files.
#
# The port's modules whole, because which of them start-up needs differs between MicroPython's versions. None of
# micropython-lib: the node has its own WebSocket client and uses no asyncio.
freeze("$(PORT_DIR)/modules")  # noqa: F821 - the manifest's own words
include("$(BOARD_DIR)/../../firmware/manifest.py")  # noqa: F821
