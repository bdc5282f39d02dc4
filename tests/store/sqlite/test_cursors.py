"""A statement ends with the call that runs it, also where a traceback keeps the call's variables."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def _is_cursor(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "execute"


def kept(tree: ast.AST) -> Iterator[ast.AST]:
    """Cursors that a frame's variables keep: those with a name, and those that a comprehension is called with."""
    for node in ast.walk(tree):
        if isinstance(node, ast.comprehension) and _is_cursor(node.iter):
            yield node.iter
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and _is_cursor(node.value):
            yield node.value


@pytest.mark.slow
def test_no_cursor_is_kept_by_a_variable() -> None:
    """An exception in the block would leave its read transaction open as long as the exception is handled."""
    found = [
        f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"
        for path in sorted((ROOT / "store" / "sqlite").rglob("*.py"))
        for node in kept(ast.parse(path.read_text()))
    ]
    assert found == []
