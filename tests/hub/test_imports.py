"""Every module of the hub can be the first one imported: no hidden order."""

import pkgutil
import subprocess
import sys

import lightwave_hub

# The demo needs the SIM's package, which its own tests import.
ELSEWHERE = {"lightwave_hub.cli.demo"}


def test_every_module_imports_alone():
    found = pkgutil.walk_packages(lightwave_hub.__path__, "lightwave_hub.")
    names = [module.name for module in found if module.name not in ELSEWHERE]
    assert len(names) > 20
    # a fresh table of modules for each, in one process: starting thirty interpreters would take as many times longer
    script = (
        "import importlib, sys\n"
        "for name in sys.argv[1:]:\n"
        "    for loaded in [m for m in sys.modules if m.startswith('lightwave_hub')]:\n"
        "        del sys.modules[loaded]\n"
        "    importlib.import_module(name)\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", script, *names], check=True, timeout=60)
