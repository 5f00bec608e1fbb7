"""Everything that is compiled for Xtensa, made once and again when one of its sources has changed."""

import hashlib
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import _micropython_source
from _build_common import BUILD, BuildError

from . import ToolchainUnavailable, kernels, natmod, toolchain
from .compiler import Compiler
from .toolchain import Toolchain

SUFFIXES = {".c", ".h", ".S", ".ld", ".py"}


@dataclass(frozen=True)
class Products:
    toolchain: Toolchain
    host: Path  # the kernels' test driver for this machine
    xtensa: Path  # the same for Xtensa
    natmod: Path | None  # the loadable module
    loader: Path  # a program for Xtensa that loads and compares the module; there only if that is
    natmod_why: str  # why there is none


def micropython_tree() -> Path:
    try:
        return _micropython_source.locate()
    except BuildError as error:
        raise ToolchainUnavailable(str(error)) from error


def ensure(build: Path = BUILD) -> Products:
    """Fetch the tools and compile what is out of date.

    Raises ToolchainUnavailable where the tools cannot be had, XtensaError where something does not compile.
    """
    tree = micropython_tree()
    with toolchain.exclusive(build):
        tools = toolchain.ensure(build)
        out = build / "xtensa"
        stamp = out / "stamp"
        wanted = _digest(tree)
        if not stamp.exists() or stamp.read_text() != wanted:
            stamp.unlink(missing_ok=True)
            _compile(tools, out, tree)
            stamp.write_text(wanted)
    module = out / "natmod" / f"{natmod.NAME}.mpy"
    made = module.exists()
    return Products(
        toolchain=tools,
        host=out / "host" / "kernels",
        xtensa=out / "kernels" / "kernels",
        natmod=module if made else None,
        loader=out / "kernels" / "load_natmod",
        natmod_why="" if made else natmod.NEEDS_PYELFTOOLS,
    )


def _compile(tools: Toolchain, out: Path, tree: Path) -> None:
    compiler = Compiler(tools, out / "kernels")
    kernels.build_host(out / "host", tree)
    libraries = kernels.libraries(compiler, tree)
    driver = compiler.object(kernels.DRIVER, ["-I", str(kernels.NATIVE)])
    compiler.program("kernels", [driver], libraries)

    module_compiler = Compiler(tools, out / "natmod")
    (module_compiler.out / f"{natmod.NAME}.mpy").unlink(missing_ok=True)
    try:
        natmod.build(module_compiler, tree)
    except ToolchainUnavailable:
        return  # everything else is worth having without the module
    flags = natmod.binding_flags(tree, natmod.qstr_header(module_compiler))
    compiler.program("load_natmod", [compiler.object(natmod.LOADER, flags)], libraries)


def _digest(tree: Path) -> str:
    """Of all that a change of makes the products out of date."""
    digest = hashlib.sha256(f"{tree} {find_spec('elftools') is not None}".encode())
    folders = (kernels.NATIVE, Path(__file__).parent)
    found = [path for folder in folders for path in folder.rglob("*") if path.suffix in SUFFIXES]
    for path in sorted([*found, *kernels.libm_sources(tree), kernels.DRIVER, natmod.LOADER]):
        digest.update(f"{path.name}\0".encode() + path.read_bytes())
    return digest.hexdigest()
