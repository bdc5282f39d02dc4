"""Rules of ARCHITECTURE.md beyond import contracts: sizes, names, SQL, and what a fresh interpreter loads."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import Counter

import pytest

from tests.source_tree import PACKAGES, ROOT, Definition, Function, Source, ancestors, classes, depth, sources

TERMINAL = {"textual", "rich"}
SQL_WORDS = ("SELECT ", "INSERT INTO", "UPDATE ", "DELETE FROM", "CREATE TABLE", "PRAGMA ", "BEGIN IMMEDIATE")
SEES_SESSION_DB = {"feed", "cli", "demo", "__main__"}


def room_of(source: Source) -> str:
    """The room below its package that a file belongs to: the folder's name or the module's."""
    return source.path.relative_to(ROOT).with_suffix("").parts[1]


@pytest.mark.slow
def test_imports_inside_the_store_are_relative() -> None:
    for source in sources("store"):
        for node in source.nodes:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module or ""]
            assert not [name for name in names if name.split(".")[0] == "store"], source


@pytest.mark.slow
def test_sql_lives_in_the_engines_only() -> None:
    for source in sources(*PACKAGES):
        if source.name.startswith(("store.sqlite", "store.postgres")):
            continue
        for node in source.nodes:
            if not isinstance(node, ast.Constant) or node.lineno in source.docstring_lines:
                continue
            assert not isinstance(node.value, str) or not node.value.lstrip().startswith(SQL_WORDS), (
                source,
                node.value,
            )


@pytest.mark.slow
def test_nothing_imports_the_standard_sqlite() -> None:
    files = [source for source in sources(*PACKAGES, "tests", "screenshots") if "sqlite3" in source.text]
    assert files
    assert [source for source in files if "sqlite3" in {name.split(".")[0] for name in source.imports}] == []


@pytest.mark.slow
def test_only_the_feed_the_verbs_the_demo_and_main_see_session_db() -> None:
    wrong = [
        f"{source.name} imports {name}"
        for source in sources("hermes_tui")
        if room_of(source) not in SEES_SESSION_DB
        for name in source.imports
        if name.startswith("store") and ("SessionDB" in name or "session_db" in name)
    ]
    assert wrong == []


@pytest.mark.slow
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
        f"{source.name} imports {name}"
        for source in sources("hermes_tui/render")
        for name in source.imports
        if name.split(".")[0] in TERMINAL and name not in allowed and not name.startswith("rich.cells")
    ]
    assert wrong == []


@pytest.mark.slow
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


@pytest.mark.slow
def test_no_module_is_longer_than_300_lines() -> None:
    sizes = {source.place: len(source.code_lines) for source in sources(*PACKAGES)}
    assert {place: size for place, size in sizes.items() if size >= 300} == {}


@pytest.mark.slow
def test_no_function_is_longer_than_40_lines() -> None:
    wrong = [
        f"{source.place}:{node.lineno} {node.name} {source.size(node)}"
        for source in sources(*PACKAGES)
        for node in source.definitions
        if isinstance(node, Function) and source.size(node) > 40
    ]
    assert wrong == []


@pytest.mark.slow
def test_no_class_is_longer_than_200_lines_with_its_bases() -> None:
    """A class cut into a chain of bases is as hard to follow as a long one."""
    known = classes(*PACKAGES)
    sizes = {name: known[name].lines + sum(known[base].lines for base in ancestors(name, known)) for name in known}
    assert {name: size for name, size in sizes.items() if size >= 200} == {}


def test_a_base_class_is_abstract_or_has_two_subclasses() -> None:
    known = classes(*PACKAGES)
    subclasses = Counter(base for found in known.values() for base in set(found.bases))
    wrong = [name for name, found in known.items() if subclasses[name] == 1 and not found.is_abstract]
    assert [name for name in wrong if not is_error(name)] == []


def test_no_chain_of_classes_is_longer_than_two() -> None:
    known = classes(*PACKAGES)
    assert [name for name in known if depth(name, known) > 2 and not is_error(name)] == []


def is_error(name: str) -> bool:
    """Errors are a tree of their own, as fine as what callers can do about them."""
    return "store.base.errors.StoreError" in ancestors(name, classes(*PACKAGES)) | {name}


def test_what_is_called_once_later_is_called_by_one_function() -> None:
    """Textual's own timer may never call it (docs/textual.md §1.3)."""
    named = [source.name for source in sources("hermes_tui") if "set_timer(" in source.text]
    assert named == []
    assert [source.name for source in sources("hermes_tui") if "Timer(pump" in source.text] == [
        "hermes_tui.widgets.one_shot"
    ]


def test_the_store_has_few_modules_at_its_top() -> None:
    assert len(list((ROOT / "store").glob("*.py"))) <= 12


def test_no_exception_is_caught_blindly() -> None:
    wrong = [
        f"{source.place}:{node.lineno}"
        for source in sources(*PACKAGES)
        for node in source.nodes
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or getattr(node.type, "id", "") in {"Exception", "BaseException"})
        and not any(isinstance(inner, ast.Raise) and inner.exc is None for inner in ast.walk(node))
    ]
    assert wrong == []


def test_no_module_is_named_after_nothing() -> None:
    names = {"utils", "helpers", "manager", "misc", "common"}
    assert [source for source in sources(*PACKAGES) if source.path.stem in names] == []


def test_every_public_name_has_a_docstring() -> None:
    missing = [
        f"{source.place}:{node.lineno} {name}"
        for source in sources(*PACKAGES)
        for name, node in source.public()
        if not ast.get_docstring(node) and not is_setter(node)
    ]
    assert [source for source in sources(*PACKAGES) if not ast.get_docstring(source.tree)] == []
    assert missing == []


def is_setter(node: Definition) -> bool:
    """The setter of a property, whose getter has the docstring."""
    return any(isinstance(mark, ast.Attribute) and mark.attr == "setter" for mark in node.decorator_list)


@pytest.mark.slow
def test_no_stock_widget_that_reads_markup_is_given_text_of_the_store() -> None:
    """Static, Label and their kind run `[@click=…]` from data; ours draw spans that passed the gate."""
    allowed = {"textual.widgets", "textual.widgets.Input"}
    wrong = {
        source.name: sorted(found)
        for source in sources(*PACKAGES)
        if (found := {name for name in source.imports if name.startswith("textual.widgets")} - allowed)
    }
    assert wrong == {}
