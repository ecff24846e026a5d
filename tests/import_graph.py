"""Measures the import graph (``python -m tests.import_graph``): modules, circles, folders ("rooms") and chains.

A circle is a strongly connected component of more than one module. The chain is counted over the graph in which each
circle is one node: how many modules a reader passes from the top of the package to its ground.
"""

from __future__ import annotations

from graphlib import TopologicalSorter

import grimp
from rich.console import Console
from rich.table import Table

PACKAGES = ("db", "inference", "graph")


def imports_within(package: str) -> dict[str, set[str]]:
    """Each module of `package` with the modules of `package` that it imports, lazily or not."""
    found = grimp.build_graph(package)
    return {module: set(found.find_modules_directly_imported_by(module)) for module in found.modules}


def circles(imports: dict[str, set[str]]) -> list[set[str]]:
    """Strongly connected components of more than one module (Tarjan, 1972, by reachability: packages are small)."""
    reachable = {module: _reachable(imports, module) for module in imports}
    found: list[set[str]] = []
    for module, others in reachable.items():
        circle = {other for other in others if module in reachable[other]}
        if circle and circle not in found:
            found.append(circle)
    return found


def _reachable(imports: dict[str, set[str]], start: str) -> set[str]:
    seen: set[str] = set()
    waiting = list(imports[start])
    while waiting:
        module = waiting.pop()
        if module not in seen:
            seen.add(module)
            waiting.extend(imports[module])
    return seen


def longest_chain(imports: dict[str, set[str]], together: list[set[str]]) -> int:
    """How many modules, or circles, stand on one another."""
    node = {module: module for module in imports} | {module: min(each) for each in together for module in each}
    edges: dict[str, set[str]] = {each: set() for each in node.values()}
    for module, others in imports.items():
        edges[node[module]] |= {node[other] for other in others} - {node[module]}
    floors: dict[str, int] = {}
    for each in TopologicalSorter(edges).static_order():
        floors[each] = 1 + max((floors[other] for other in edges[each]), default=0)
    return max(floors.values())


def rooms_of(imports: dict[str, set[str]]) -> dict[str, set[str]]:
    """The same graph with each folder of the package, or module beside them, as one node."""
    room = {module: ".".join(module.split(".")[:2]) for module in imports}
    found: dict[str, set[str]] = {each: set() for each in room.values()}
    for module, others in imports.items():
        found[room[module]] |= {room[other] for other in others} - {room[module]}
    return found


def main() -> None:
    table = Table("package", "modules", "imports", "circles (modules in each)", "longest chain", "rooms", "their chain")
    for package in PACKAGES:
        imports = imports_within(package)
        found = circles(imports)
        sizes = ", ".join(str(len(each)) for each in sorted(found, key=len, reverse=True)) or "none"
        edges = sum(len(others) for others in imports.values())
        rooms = rooms_of(imports)
        counts = (
            len(imports),
            edges,
            sizes,
            longest_chain(imports, found),
            len(rooms),
            longest_chain(rooms, circles(rooms)),
        )
        table.add_row(package, *(str(each) for each in counts))
    Console().print(table)


if __name__ == "__main__":
    main()
