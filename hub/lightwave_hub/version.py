"""Which version of the hub this is."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version


@cache
def hub_version() -> str:
    """As installed; "0" when it runs from a source tree that was never installed."""
    try:
        return version("k1-lightwaveos")
    except PackageNotFoundError:
        return "0"
