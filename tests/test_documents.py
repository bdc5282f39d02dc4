"""Documents: each file, section and experiment that is cited exists, and ARCHITECTURE.md has every module."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

import pytest

from tests.architecture_table import renewed
from tests.source_tree import ROOT, sources

_CITATION = re.compile(
    r"docs/(?P<file>[\w-]+\.md)(?P<places>(?:(?:,|;|\sto|\sand|[–-])?\s?(?:§\d+(?:\.\d+|[a-z])?|[A-Z]\d+[a-z]?\b|[A-Z]\b(?![-.]?\w)))*)"
    r"|docs/decisions/(?P<decision>\d{4})"
    r"|docs/(?P<other>[\w./-]*)"
)
_NAMED = re.compile(r"`((?:docs|hermes_tui|screenshots|store|tests)/[\w./-]+)`")
_TEST = re.compile(r"`(test_\w+)`")
_PLACE = re.compile(r"§\d+(?:\.\d+|[a-z])?|[A-Z]\d*[a-z]?\b")


def citations(text: str) -> Iterator[tuple[str, str]]:
    """Document and place of every citation in a text: `("format.md", "§2.4")`, `("decisions", "0007")`.

    A document cited as a whole has the place "". Lines may break anywhere, behind the mark of a comment too.
    """
    for found in _CITATION.finditer(re.sub(r"\s+(?:#:?\s+)?", " ", text)):
        if found["decision"]:
            yield "decisions", found["decision"]
        elif found["other"] is not None:
            yield found["other"], ""
        else:
            yield found["file"], ""
            yield from ((found["file"], place) for place in _PLACE.findall(found["places"]))


@lru_cache
def _document(name: str) -> str:
    path = ROOT / "docs" / name
    return path.read_text() if path.is_file() else ""


def exists(document: str, place: str) -> bool:
    """True where a citation leads somewhere: to a decision, a file, a numbered heading or the id of an experiment."""
    if document == "decisions":
        return any((ROOT / "docs" / "decisions").glob(f"{place}-*.md"))
    if not document or document.endswith("/"):
        return (ROOT / "docs" / document).is_dir()
    document = document.rstrip(".")
    text = _document(document)
    if place.startswith("§"):
        return re.search(rf"^#+ {re.escape(place[1:])}[. ]", text, re.MULTILINE) is not None
    return bool(text) and (not place or re.search(rf"\b{place}\b", text) is not None)


@pytest.mark.slow
def test_every_citation_leads_somewhere() -> None:
    files = {
        source.place: source.text
        for source in sources("store", "hermes_tui", "tests")
        if source.path.name != "test_documents.py"
    }
    files |= {path.name: path.read_text() for path in ROOT.glob("*.md")}
    cited = {(place, citation) for place, text in files.items() for citation in citations(text)}
    assert len(cited) > 200
    assert sorted(f"{place} cites {' '.join(citation)}" for place, citation in cited if not exists(*citation)) == []


def named(pattern: re.Pattern[str]) -> list[tuple[str, str]]:
    """What the documents name, each with the document."""
    documents = (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "tests").rglob("*.md"))
    return sorted(
        {(str(path.relative_to(ROOT)), name) for path in documents for name in pattern.findall(path.read_text())}
    )


def test_every_file_and_every_test_that_a_document_names_is_there() -> None:
    assert [place for place in named(_NAMED) if not (ROOT / place[1]).exists()] == []
    tests = {name for source in sources("tests") for name in re.findall(r"def (test_\w+)", source.text)}
    assert [place for place in named(_TEST) if place[1] not in tests] == []


def test_architecture_has_every_module_with_the_first_line_of_its_docstring() -> None:
    page = (ROOT / "ARCHITECTURE.md").read_text()
    assert renewed(page) == page, "python -m tests.architecture_table --write"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("(docs/format.md §2.4, §3;\n    # §9.1)", ["", "§2.4", "§3", "§9.1"]),
        ("docs/look.md §5 to §7 and more", ["", "§5", "§7"]),
        ("docs/format.md §6.1–§6.4", ["", "§6.1", "§6.4"]),
        ("docs/performance.md §2d has it", ["", "§2d"]),
        ("docs/reliability.md S2, S11b)", ["", "S2", "S11b"]),
        ("docs/reliability.md J. A lock", ["", "J"]),
        ("see docs/look.md. A row", [""]),
    ],
)
def test_a_citation_names_its_places(text: str, found: list[str]) -> None:
    assert [place for _, place in citations(text)] == found


@pytest.mark.parametrize(
    ("document", "place"),
    [("format.md", "§99"), ("format.md", "§2.99"), ("absent.md", ""), ("decisions", "9999"), ("reliability.md", "S99")],
)
def test_a_citation_of_what_is_not_there_is_found(document: str, place: str) -> None:
    assert not exists(document, place)
