"""Only so that lightwave_node.websocket can be imported: SHA-1 would need mbedTLS."""

# The built-in module has SHA-256; it is hidden by this file, as on the SIM board.
from uhashlib import *  # noqa: F403


def sha1(data=b""):
    raise NotImplementedError("this port has no SHA-1")
