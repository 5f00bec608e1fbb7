"""Imports every module of a board by name: `import_all.py NAME ...`. Prints how many came from .mpy files."""

import sys

from_mpy = 0
for name in sys.argv[1:]:
    module = __import__(name, None, None, ("",))
    from_mpy += module.__file__.endswith(".mpy")
print(from_mpy)
