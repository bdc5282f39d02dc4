"""Rules of ARCHITECTURE.md beyond import contracts: sizes, names, SQL, and what a fresh interpreter loads."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted([*(ROOT / "store").rglob("*.py"), *(ROOT / "hermes_tui").rglob("*.py")])

TERMINAL = {"textual", "rich"}
SQL_WORDS = ("SELECT ", "INSERT INTO", "UPDATE ", "DELETE FROM", "CREATE TABLE", "PRAGMA ", "BEGIN IMMEDIATE")
SEES_SESSION_DB = {"feed", "cli", "demo", "__main__"}


def name_of(path: Path) -> str:
    """The dotted name of a source file, without `__init__`."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports_of(path: Path) -> Iterator[str]:
    """Every module that a file imports anywhere in it, as absolute dotted names; `from a import b` gives `a.b` too."""
    package = name_of(path).split(".") if path.name == "__init__.py" else name_of(path).split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def room_of(path: Path) -> str:
    """The room below hermes_tui that a file belongs to: the folder's name or the module's."""
    return path.relative_to(ROOT / "hermes_tui").with_suffix("").parts[0]


def quiet_lines(tree: ast.Module) -> set[int]:
    """The line numbers that docstrings take."""
    quiet: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            quiet |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return quiet


def code_lines(path: Path) -> tuple[ast.Module, set[int]]:
    """A file's tree, and the numbers of its lines that are neither docstring, comment nor blank."""
    text = path.read_text()
    tree = ast.parse(text)
    quiet = quiet_lines(tree)
    numbers = {
        number
        for number, line in enumerate(text.splitlines(), 1)
        if line.strip() and not line.strip().startswith("#") and number not in quiet
    }
    return tree, numbers


def oversized(limit: int, kinds: tuple[type[ast.AST], ...]) -> list[str]:
    """Functions or classes with more lines of code than `limit`."""
    found = []
    for path in SOURCES:
        tree, numbers = code_lines(path)
        for node in ast.walk(tree):
            if isinstance(node, kinds) and isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                size = sum(1 for line in range(node.lineno, (node.end_lineno or 0) + 1) if line in numbers)
                if size > limit:
                    found.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name} {size}")
    return found


def test_imports_inside_the_store_are_relative() -> None:
    for path in (ROOT / "store").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module or ""]
            assert not [name for name in names if name.split(".")[0] == "store"], path


def test_sql_lives_under_store_sqlite_only() -> None:
    for path in SOURCES:
        if path.is_relative_to(ROOT / "store" / "sqlite"):
            continue
        tree = ast.parse(path.read_text())
        quiet = quiet_lines(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.lineno not in quiet:
                assert not [word for word in SQL_WORDS if node.value.lstrip().startswith(word)], (path, node.lineno)


def test_nothing_imports_the_standard_sqlite() -> None:
    files = [*SOURCES, *(ROOT / "tests").rglob("*.py"), *(ROOT / "screenshots").rglob("*.py")]
    assert [path for path in files if "sqlite3" in {name.split(".")[0] for name in imports_of(path)}] == []


def test_only_the_feed_the_verbs_the_demo_and_main_see_session_db() -> None:
    wrong = [
        f"{name_of(path)} imports {name}"
        for path in (ROOT / "hermes_tui").rglob("*.py")
        if room_of(path) not in SEES_SESSION_DB
        for name in imports_of(path)
        if name.startswith("store") and ("SessionDB" in name or "session_db" in name or ".sqlite" in name)
    ]
    assert wrong == []


def test_render_uses_no_textual_but_its_line_types() -> None:
    allowed = {
        "textual.strip",
        "textual.strip.Strip",
        "rich.segment",
        "rich.segment.Segment",
        "rich.style",
        "rich.style.Style",
    }
    wrong = [
        f"{name_of(path)} imports {name}"
        for path in (ROOT / "hermes_tui" / "render").rglob("*.py")
        for name in imports_of(path)
        if name.split(".")[0] in TERMINAL and name not in allowed and not name.startswith("rich.cells")
    ]
    assert wrong == []


@pytest.mark.parametrize(
    "code",
    [
        "import store",
        "from hermes_tui.__main__ import main; import tempfile; main(['--home', tempfile.mkdtemp(), 'list', '--json'])",
    ],
)
def test_neither_the_store_nor_a_verb_loads_textual(code: str) -> None:
    """A static look cannot see a deferred import; a fresh interpreter can."""
    probe = f"{code}\nimport sys; bad = {{'textual', 'sqlite3'}} & set(sys.modules); assert not bad, bad"
    result = subprocess.run([sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def test_no_module_is_longer_than_300_lines() -> None:
    sizes = {str(path.relative_to(ROOT)): len(code_lines(path)[1]) for path in SOURCES}
    assert {name: size for name, size in sizes.items() if size >= 300} == {}


def test_no_function_is_longer_than_40_lines() -> None:
    assert oversized(40, (ast.FunctionDef, ast.AsyncFunctionDef)) == []


def test_no_class_is_longer_than_200_lines() -> None:
    assert oversized(200, (ast.ClassDef,)) == []


def test_no_exception_is_caught_blindly() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or getattr(node.type, "id", "") in {"Exception", "BaseException"})
        and not any(isinstance(inner, ast.Raise) and inner.exc is None for inner in ast.walk(node))
    ]
    assert wrong == []


def test_no_module_is_named_after_nothing() -> None:
    assert [path for path in SOURCES if path.stem in {"utils", "helpers", "manager", "misc", "common"}] == []


def test_every_public_name_of_the_store_has_a_docstring() -> None:
    missing = []
    for path in (ROOT / "store").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.ClassDef | ast.FunctionDef) or node.name.startswith("_"):
                continue
            if not ast.get_docstring(node):
                missing.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}")
    assert missing == []


def test_no_stock_widget_that_reads_markup_is_given_text_of_the_store() -> None:
    """Static, Label and their kind run `[@click=…]` from data; ours draw spans that passed the gate."""
    allowed = {"textual.widgets", "textual.widgets.Input"}
    wrong = {
        name_of(path): sorted(found)
        for path in SOURCES
        if (found := {name for name in imports_of(path) if name.startswith("textual.widgets")} - allowed)
    }
    assert wrong == {}
