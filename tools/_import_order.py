"""In which order a node's modules can be imported one by one, so that none of them has to import another.

Importing from a mounted folder runs Python for every look into it. Nested seven deep, as the application's imports are,
that is more than the stack of a board's main thread.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from graphlib import TopologicalSorter
from pathlib import Path


def import_order(modules: Mapping[str, Path], start: str, group: str) -> list[str]:
    """The modules (name: source) that `start` needs, each behind what it needs. The package `group` imports all that is
    in it by itself, so it counts as one."""

    def one(name: str) -> str:
        return group if name.startswith(group + ".") else name

    graph: dict[str, set[str]] = {}
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name not in graph:
            members = [each for each in modules if one(each) == name]
            graph[name] = {one(each) for member in members for each in _needed(member, modules)} - {name}
            waiting += graph[name]
    return list(TopologicalSorter(graph).static_order())


def _needed(name: str, modules: Mapping[str, Path]) -> set[str]:
    package = name if modules[name].name == "__init__.py" else name.rpartition(".")[0]
    tree = ast.parse(modules[name].read_text(encoding="utf-8"))
    needed = {found for found in _imported(tree, package) if found in modules}
    # Importing a package's module imports the package first.
    needed |= {each.rpartition(".")[0] for each in needed} & modules.keys()
    return needed - {name, package}


def _imported(tree: ast.AST, package: str) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: 1 - node.level or None] if node.level else []
            origin = ".".join([*above, *([node.module] if node.module else [])])
            yield origin
            yield from (f"{origin}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            yield str(node.args[0].value)  # first_importable("the.better.one", ...)
