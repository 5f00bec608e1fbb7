"""The node's logic: no hardware import, so that every file here also runs (and is tested) on CPython."""

VERSION = "0.1.0"
