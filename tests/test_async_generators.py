"""No async generator yields inside a cancel scope or with something lent, in all of the product's code.

A cancel scope (``asyncio.timeout``, ``TaskGroup``, those of anyio) cancels the task that entered it. A generator is
entered by whoever reads it: when the scope ends while the generator waits at a ``yield``, it cancels its reader at some
other place, and the reader hangs or is cancelled for good. What is lent at a ``yield`` stays lent for as long as the
reader likes. So a ``yield`` may stand only in a ``with`` that is listed here:

- ``aclosing(...)`` anywhere: it is no scope, and closes an inner generator.
- in a function under ``@asynccontextmanager``: what it lends, which is what it is for. One task enters and leaves it,
  and a generator that enters it is asked about it here. A cancel scope in one is listed by name.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

_ROOT = Path(__file__).parent.parent

#: Names of what makes a cancel scope.
_SCOPES = {
    "timeout",
    "timeout_at",
    "TaskGroup",
    "create_task_group",
    "CancelScope",
    "fail_after",
    "fail_at",
    "move_on_after",
    "move_on_at",
    "within",
}

#: File, function and what is entered, each with the reason why it may stay open at a ``yield``.
_ALLOWED = {
    # A context manager whose only user is a coroutine, or Strawberry's hook below: it yields once, to that task.
    ("graph/guards/deadlines.py", "within", "limit"),
    # Strawberry enters and leaves the hook in the operation's task; a subscription's is left before its first event.
    ("graph/guards/deadlines.py", "on_execute", "within"),
    # The place of an open subscription is what is counted: it is held for as long as the subscription is open.
    ("graph/api/subscriptions.py", "_counted", "held"),
    # The response and the socket that are being read: each belongs to this stream alone, and ends with it.
    ("inference/engines/openai/engine.py", "_read", "stream"),
    ("graph/cli/api_client.py", "events", "connect"),
}


def _name(entered: ast.expr) -> str:
    """The last name of what is entered: ``b`` of ``a.b(...)``."""
    node = entered.func if isinstance(entered, ast.Call) else entered
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _entered_at_yields(node: ast.AST, entered: tuple[str, ...] = ()) -> Iterator[tuple[str, int]]:
    """What is open at each ``yield`` of a function, and the line of the ``yield``."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.GeneratorExp):
            continue
        if isinstance(child, ast.Yield):
            yield from ((name, child.lineno) for name in entered)
        inside = entered
        if isinstance(child, ast.With | ast.AsyncWith):
            inside += tuple(_name(item.context_expr) for item in child.items)
        yield from _entered_at_yields(child, inside)


def faults(source: str, file: str) -> list[str]:
    """Every ``yield`` of an async generator that stands where it must not."""
    found = []
    for function in ast.walk(ast.parse(source)):
        if not isinstance(function, ast.AsyncFunctionDef):
            continue
        manager = any(_name(each) == "asynccontextmanager" for each in function.decorator_list)
        scopes = {_scope_variable(node) for node in ast.walk(function)}
        for name, line in _entered_at_yields(function):
            if name == "aclosing" or (file, function.name, name) in _ALLOWED:
                continue
            if not manager or name in _SCOPES | scopes:
                found.append(f"{file}:{line} {function.name} yields inside {name}")
    return found


def _scope_variable(node: ast.AST) -> str | None:
    """The name that a cancel scope is given before it is entered."""
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and _name(node.value) in _SCOPES:
        return _name(node.targets[0])
    return None


@pytest.mark.parametrize("package", ["db", "graph", "inference"])
def test_no_generator_yields_inside_a_cancel_scope_or_with_something_lent(package: str) -> None:
    files = sorted((_ROOT / package).rglob("*.py"))
    assert files
    assert [fault for file in files for fault in faults(file.read_text(), str(file.relative_to(_ROOT)))] == []


def test_what_is_allowed_is_there() -> None:
    for file, function, name in _ALLOWED:
        tree = ast.parse((_ROOT / file).read_text())
        functions = [
            each for each in ast.walk(tree) if isinstance(each, ast.AsyncFunctionDef) and each.name == function
        ]
        assert any(name in dict(_entered_at_yields(each)) for each in functions), f"{file} {function} {name}"


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ("async with asyncio.timeout(1):\n  yield 1", True),
        ("async with asyncio.TaskGroup() as group:\n  for x in y:\n   yield x", True),
        ("with anyio.move_on_after(1):\n  try:\n   yield 1\n  finally: pass", True),
        ("async with lender.lend() as engine:\n  yield engine", True),
        ("async with self._lock:\n  yield 1", True),
        ("async with aclosing(x) as items:\n  async for item in items:\n   yield item", False),
        ("async with asyncio.timeout(1):\n  item = await anext(x)\n yield item", False),
        ("async with asyncio.timeout(1):\n  async def inner():\n   yield 1\n  await inner()", False),
    ],
)
def test_the_rule_finds_what_it_is_for(body: str, wrong: bool) -> None:
    assert bool(faults(f"async def f():\n {body}", "x.py")) is wrong


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ("async with self._sessions() as session:\n  yield session", False),
        ("async with asyncio.timeout(1):\n  yield 1", True),
        ("limit = asyncio.timeout(1)\n async with limit:\n  yield 1", True),
    ],
)
def test_a_context_manager_may_lend_but_not_time(body: str, wrong: bool) -> None:
    assert bool(faults(f"@asynccontextmanager\nasync def f():\n {body}", "x.py")) is wrong
