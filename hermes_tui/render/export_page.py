"""The page about an export: what is chosen, the likely secrets, the files, the progress, what was written.

Pure; everything that is stored passes `safe`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from hermes_tui.render.export.model import ExportOptions, Format, Only
from hermes_tui.render.export.redactor import in_words
from hermes_tui.render.glyphs import Glyphs
from hermes_tui.render.line import Line, Role, blank, span
from hermes_tui.render.manage import BAR, VERB, entries
from hermes_tui.render.safe import SafeText
from hermes_tui.render.secrets import SecretKind
from hermes_tui.render.time import in_words as number_words
from hermes_tui.render.time import many

Entry = tuple[str, str]

FORMATS = {
    Format.MARKDOWN: "Markdown with front matter",
    Format.HTML: "one page without a script, which opens in any browser",
    Format.JSON: "every field of the columns",
    Format.JSONL: "what hermes-tui import and hermes sessions import read back",
    Format.TEXT: "as hermes-tui show prints it",
}
ONLY = {None: "all", Only.PROMPTS: "prompts", Only.REPLIES: "replies", Only.TOOLS: "tools"}


def choices(options: ExportOptions, *, width: int, glyphs: Glyphs) -> Iterator[Line]:
    """What is chosen, and what else could be."""
    yield _choice("format", [str(each) for each in Format], str(options.format), glyphs)
    yield from entries([("", FORMATS[options.format])], width=width, glyphs=glyphs)
    yield _choice("messages", [*ONLY.values()], ONLY[options.only], glyphs)
    chain = "the whole chain of compressions" if options.lineage else "the session alone"
    joined = "a line for each section" if options.format is Format.JSONL else "as one reading"
    yield from entries([("chain", f"{chain}, {joined}" if options.lineage else chain)], width=width, glyphs=glyphs)


def secrets(
    counts: Counter[SecretKind], looked_at: int, *, done: bool, redact: bool, width: int, glyphs: Glyphs
) -> Iterator[Line]:
    """The likely secrets by kind, and what becomes of them."""
    number = many(counts.total(), "likely secret")
    if not done:
        known = f"{number} until now, " if counts else ""
        said = f"looked for: {known}{many(looked_at, 'message')} read"
    elif not counts:
        said = "none found"
    else:
        fate = "a mask takes the place of each" if redact else "they stay in the file as they are"
        said = f"{number}: {in_words(counts)} · {fate}"
    yield from entries([("secrets", said)], width=width, glyphs=glyphs)


def files(targets: Sequence[tuple[Path, bool]], *, width: int, glyphs: Glyphs) -> Iterator[Line]:
    """The files, each by its whole path; True for one that takes the place of another."""
    for path, replaces in targets:
        fate = "it is there already and is replaced" if replaces else "new, for you alone to read"
        yield from entries([("replace" if replaces else "file", f"{path} · {fate}")], width=width, glyphs=glyphs)


def progress(done: int, total: int, *, width: int, glyphs: Glyphs) -> Line:
    """A run, with its bar."""
    said = f"{number_words(done)} of {many(max(done, total), 'message')}"
    room = max(min(BAR, width - 4 - VERB - len(said) - 3), 4)
    front = (blank(2), span(glyphs.running, Role.ACCENT, bold=True), span(f" {'write':<{VERB}}"))
    return (*front, *glyphs.progress(done, max(done, total), room), span(f"  {said}"))


def written(path: Path, messages: int, *, width: int, glyphs: Glyphs) -> Iterator[Line]:
    """A file that was written."""
    yield from entries([("written", f"{path} · {many(messages, 'message')}")], width=width, glyphs=glyphs)


def failed(error: Exception, path: Path | None, *, width: int, glyphs: Glyphs) -> Iterator[Line]:
    """What was not written, and why."""
    words = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    yield from entries([("failed", f"{path}: {words}" if path else words)], width=width, glyphs=glyphs)


def stopped(*, width: int, glyphs: Glyphs) -> Iterator[Line]:
    """A run that was stopped."""
    yield from entries([("stopped", "nothing is left of what this run made")], width=width, glyphs=glyphs)


def _choice(verb: str, names: Sequence[str], chosen: str, glyphs: Glyphs) -> Line:
    spans = (
        span(SafeText(f"[{name}] "), Role.FOCUS, bold=True)
        if name == chosen
        else span(SafeText(f" {name}  "), Role.DIM)
        for name in names
    )
    return (blank(2), span(glyphs.waiting, Role.DIM), span(f" {verb:<{VERB}}"), *spans)
