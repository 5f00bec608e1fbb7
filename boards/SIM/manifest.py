freeze("$(BOARD_MODULES)")  # noqa: F821 - MicroPython's makemanifest defines it
