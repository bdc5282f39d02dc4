"""The project's own source files, parsed once: code lines, imports, classes with their bases, public names, prose."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("store", "hermes_tui")

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


class Source:
    """One Python file of the project."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.text = path.read_text()

    def __repr__(self) -> str:
        return self.place

    @cached_property
    def place(self) -> str:
        """The path below the project's root."""
        return self.path.relative_to(ROOT).as_posix()

    @cached_property
    def name(self) -> str:
        """The dotted name, without `__init__`."""
        return ".".join(self.path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")

    @cached_property
    def package(self) -> list[str]:
        """The parts of the name of the package that relative imports start from."""
        parts = self.name.split(".")
        return parts if self.path.name == "__init__.py" else parts[:-1]

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree."""
        return ast.parse(self.text)

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """Every node of the tree."""
        return list(ast.walk(self.tree))

    @cached_property
    def docstring_lines(self) -> set[int]:
        """The numbers of the lines that docstrings take."""
        return {
            number
            for node in self.nodes
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
            for number in range(node.lineno, (node.end_lineno or node.lineno) + 1)
        }

    @cached_property
    def code_lines(self) -> set[int]:
        """The numbers of the lines that are neither docstring, comment nor blank."""
        return {
            number
            for number, line in enumerate(self.text.splitlines(), 1)
            if line.strip() and not line.strip().startswith("#") and number not in self.docstring_lines
        }

    @cached_property
    def imports(self) -> list[str]:
        """Every module imported anywhere in the file, as an absolute dotted name; `from a import b` gives `a.b` too."""
        return list(self._imports())

    def _imports(self) -> Iterator[str]:
        for node in self.nodes:
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                module = self.origin(node)
                yield module
                yield from (f"{module}.{alias.name}" for alias in node.names)

    def origin(self, node: ast.ImportFrom) -> str:
        """The absolute dotted name of the module that a `from … import` reads from."""
        base = self.package[: len(self.package) - node.level + 1] if node.level else []
        return ".".join([*base, *([node.module] if node.module else [])])

    @cached_property
    def definitions(self) -> list[Definition]:
        """Every class and function, at any depth."""
        return [node for node in self.nodes if isinstance(node, Definition)]

    def size(self, node: Definition) -> int:
        """The lines of code of a class or function."""
        return sum(1 for number in range(node.lineno, (node.end_lineno or 0) + 1) if number in self.code_lines)

    def public(self) -> Iterator[tuple[str, Definition]]:
        """The public classes, functions and methods that the file defines, by their name inside it."""
        yield from _public(self.tree.body, "")

    def comments(self) -> Iterator[tuple[int, str]]:
        """Line number and text of each comment."""
        for token in tokenize.generate_tokens(io.StringIO(self.text).readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string

    def docstrings(self) -> Iterator[tuple[int, str]]:
        """First line number and text of each docstring, those of constants included."""
        for node in self.nodes:
            if (
                isinstance(node, ast.Expr)
                and isinstance(node.value, ast.Constant)
                and isinstance(node.value.value, str)
            ):
                yield node.lineno, node.value.value

    def names(self) -> Iterator[tuple[int, str]]:
        """Line number and text of each name that the file itself gives: definitions, arguments, targets, keywords."""
        for node in self.nodes:
            if isinstance(node, Definition):
                yield node.lineno, node.name
            elif isinstance(node, ast.arg):
                yield node.lineno, node.arg
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.lineno, node.id
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                yield node.lineno, node.attr


def _public(body: list[ast.stmt], prefix: str) -> Iterator[tuple[str, Definition]]:
    for node in body:
        if isinstance(node, Definition) and not node.name.startswith("_"):
            yield f"{prefix}{node.name}", node
            if isinstance(node, ast.ClassDef):
                yield from _public(node.body, f"{prefix}{node.name}.")


@lru_cache
def sources(*folders: str) -> tuple[Source, ...]:
    """The Python files of some folders of the project, in the order of their paths."""
    return tuple(Source(path) for folder in folders for path in sorted((ROOT / folder).rglob("*.py")))


@dataclass(frozen=True, slots=True)
class Class:
    """One class of the project."""

    name: str
    """The dotted name of its module, a dot, and its name inside the module."""
    lines: int
    bases: tuple[str, ...]
    """Dotted names; a base that no file of the project defines has the name that it is imported by."""
    is_abstract: bool
    """A Protocol or an ABC."""


@lru_cache
def classes(*folders: str) -> dict[str, Class]:
    """Every class of some folders by its dotted name, bases resolved through imports and re-exports."""
    found: dict[str, tuple[Source, ast.ClassDef]] = {}
    imported: dict[str, str] = {}
    for source in sources(*folders):
        _collect(source, source.tree.body, source.name, found)
        for node in source.nodes:
            if isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    imported[f"{source.name}.{alias.asname or alias.name}"] = f"{source.origin(node)}.{alias.name}"
            elif isinstance(node, ast.Import):
                for alias in node.names:
                    imported[f"{source.name}.{alias.asname or alias.name}"] = alias.name

    def resolve(source: Source, expression: ast.expr) -> str:
        words = ast.unparse(expression.value if isinstance(expression, ast.Subscript) else expression).split(".")
        name = f"{source.name}.{words[0]}"
        for _ in range(8):
            if name in found or name not in imported:
                break
            name = imported[name]
        full = ".".join([name, *words[1:]])
        return full if name in imported.values() or full in found else ".".join(words)

    return {
        name: Class(
            name,
            source.size(node),
            bases := tuple(resolve(source, base) for base in node.bases),
            any(base.split(".")[-1] in {"Protocol", "ABC"} for base in bases)
            or any(keyword.arg == "metaclass" for keyword in node.keywords),
        )
        for name, (source, node) in found.items()
    }


def _collect(source: Source, body: list[ast.stmt], prefix: str, found: dict[str, tuple[Source, ast.ClassDef]]) -> None:
    for node in body:
        if isinstance(node, ast.ClassDef):
            found[f"{prefix}.{node.name}"] = (source, node)
            _collect(source, node.body, f"{prefix}.{node.name}", found)


def ancestors(name: str, known: dict[str, Class]) -> set[str]:
    """The project's own classes above a class."""
    above: set[str] = set()
    for base in known[name].bases:
        if base in known:
            above |= {base} | ancestors(base, known)
    return above


def depth(name: str, known: dict[str, Class]) -> int:
    """How many of the project's own classes stand above this one in its longest chain."""
    return max((1 + depth(base, known) for base in known[name].bases if base in known), default=0)
