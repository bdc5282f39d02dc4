"""Sentences of the status line: a number first in the text's colour, the rest dim (docs/look.md §9)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from hermes_tui.render.bound_keys import bound
from hermes_tui.render.glyphs import Glyphs
from hermes_tui.render.line import Line, Role, Span, join, span
from hermes_tui.render.safe import one_line
from hermes_tui.render.time import in_words, many, n_bytes
from store.base.late_dataclass import dataclass
from store.models import Drift, Scope, Status

BAR = 10
"""Cells of a bar."""
SURELY_TAKEN = 50_000
"""Bytes that every terminal takes: some hold 75 kB of base64, and none says what it did with more."""
WIDE = 100
"""A screen narrower than this says only what wants attention at the right end."""


@dataclass(frozen=True, slots=True)
class SearchProgress:
    """State of a search, and what is known of its result."""

    hits: int
    sessions: int
    shown: int | None = None
    """Hits that are on the screen's list, where those are fewer than were found."""
    order: str = "newest first"
    milliseconds: float | None = None
    searching: bool = False
    """Said only once the search took 150 ms; the caller knows the time."""
    asked: bool = False
    """Nothing was answered yet."""
    capped: bool = False
    """There are more hits than were asked for: `2 000+`."""
    fallback: str | None = None
    """How an index was bypassed, as `fallback_words` gives it."""
    rerank: bool = False
    """The cursor has moved, so that `R` has to be pressed for another order."""


def sessions_sentence(shown: int, scope: Scope, *, named: bool = True) -> Line:
    """Say how many sessions are listed, and why not all.

    `1 204 of 1 311 sessions (archived 61, children 46: press v)`

    Args:
        named: The key that shows them works here, and is named.
    """
    line: Line = (span(in_words(shown)), span(f" of {many(scope.total, 'session')}", Role.DIM))
    reasons = left_out(scope)
    if shown == scope.total or not reasons:
        return line
    return (*line, span(f" ({reasons}", Role.DIM), *press_v(named=named))


def what_to_try(*, glyphs: Glyphs) -> Line:
    """Say to who sees the demo for the first time what may be done."""
    ways = ("try: docker", f"↓ {bound('open')} opens it", f"tab, then {bound('repair')} repairs ⇡A", "f1 help")
    return (span(glyphs.words(" · ".join(ways)).replace("⇡A", glyphs.drifts[Drift.JSONL_AHEAD]), Role.DIM),)


def press_v(*, named: bool) -> Line:
    """End a sentence on what is left out with the key that shows it, where that works."""
    return (span(": press ", Role.DIM), _key(bound("hidden")), span(")", Role.DIM)) if named else (span(")", Role.DIM),)


def left_out(scope: Scope) -> str:
    """Name what the default list leaves out: `archived 61, children 46`; "" where it leaves out nothing."""
    reasons = (("archived", scope.archived), ("children", scope.children), ("internal", scope.hidden))
    return ", ".join(f"{word} {in_words(number)}" for word, number in reasons if number)


def hits_sentence(progress: SearchProgress, *, glyphs: Glyphs) -> Line:
    """Say what a search has found: `12 of 3 104 hits in 87 sessions · newest first · 4 ms · still searching…`."""
    if progress.asked and not progress.fallback:
        return (span(glyphs.words("still searching…"), Role.ACCENT),) if progress.searching else ()
    total = in_words(progress.hits) + ("+" if progress.capped else "")
    shown = in_words(progress.shown) if progress.shown is not None and progress.shown < progress.hits else total
    of = f" of {total}" if shown != total else ""
    noun = "hit" if total == "1" else "hits"
    parts: list[Line] = [
        (span(shown), span(f"{of} {noun} in {many(progress.sessions, 'session')}", Role.DIM)),
        _dim(progress.fallback or progress.order),
    ]
    if progress.rerank and not progress.searching:
        parts.append((_key(bound("rerank")), span(" re-ranks", Role.DIM)))
    elif progress.milliseconds is not None:
        parts.append(_dim(f"{in_words(round(progress.milliseconds))} ms"))
    if progress.searching:
        parts.append((span(glyphs.words("still searching…"), Role.ACCENT),))
    return _joined(parts, glyphs)


def position_sentence(
    index: int,
    total: int,
    *,
    undone: int = 0,
    compacted: int = 0,
    tools: str,
    reasoning: str,
    marked: bool = False,
    glyphs: Glyphs,
) -> Line:
    """Say where a reader is: `message 3 of 994 · tools short · reasoning folded`; counted from 1.

    Args:
        index: The message with the bar; 0 before the first one.
        total: All messages, with those that are not active.
        undone: Of them, what the user undid.
        compacted: Of them, what a compaction left as history.
        tools: How calls are shown.
        reasoning: How reasoning is shown.
        marked: The message has a bookmark.
        glyphs: What to draw with.
    """
    place: Line = (span("message ", Role.DIM), span(in_words(index)), span(f" of {in_words(total)}", Role.DIM))
    if not index:
        place = (span(in_words(total)), span(" message" if total == 1 else " messages", Role.DIM))
    mark: list[Line] = [(span(f"{glyphs.bookmark} bookmarked", Role.ACCENT),)] if marked else []
    of_which = [
        f"{in_words(number)} {word}" for number, word in ((undone, "undone"), (compacted, "compacted")) if number
    ]
    beside = [_dim(f"with {' and '.join(of_which)}")] if of_which else []
    return _joined([place, *beside, *mark, _dim(f"tools {tools}"), _dim(f"reasoning {reasoning}")], glyphs)


def find_sentence(number: int, total: int, *, text: str, scope: str, searching: bool, glyphs: Glyphs) -> Line:
    """Say which match a reader is at: `3 of 12 in this session · prompts · still searching…`."""
    what: Line = (span(in_words(number)), span(f" of {in_words(total)} in this session", Role.DIM))
    if not total:
        what = _dim("type what is to be found" if not text else "nothing yet" if searching else "not in this session")
    parts = [what, *([_dim(scope)] if scope else []), *([_dim("still searching…")] if searching and total else [])]
    return _joined(parts, glyphs)


def error_sentence(message: str, *, glyphs: Glyphs) -> Line:
    """Say what went wrong, in the words of whoever noticed: `✗E after:yesterdya is not a date · try …`."""
    return glyphs.status(Status.ERROR), span(f" {one_line(message)}")


def partial_sentence(listed: str, reason: str, *, glyphs: Glyphs) -> Line:
    """Say that the list has a part of what there is: `△P partial: 37 sessions; 1 profile cannot be read`."""
    label = span(f"{glyphs.partial} partial:", Role.WARNING, bold=True)
    return label, span(f" {listed}; "), span(reason, Role.ERROR)


def busy_sentence(*, glyphs: Glyphs) -> Line:
    """Say that something waits for a lock that another program holds."""
    return glyphs.status(Status.INTERRUPTED), span(" state.db is locked by another program")


def totals(
    live: int,
    flagged: int,
    compared: tuple[int, int] | None = None,
    *,
    uncompared: int = 0,
    width: int,
    glyphs: Glyphs,
) -> Sequence[Line]:
    """The right end, the fullest form first: `● 2 live  7 flagged`, below 100 columns `7 flagged` alone.

    Args:
        live: Sessions that are being written.
        flagged: Sessions whose sources disagree.
        compared: How many were compared by content, and of how many; a bar shows it while some are left.
        uncompared: Sessions whose rows could not be read for the comparison.
        width: Columns of the screen.
        glyphs: What to draw with.
    """
    parts: list[Line] = []
    if live and width >= WIDE:
        parts.append((span(f"{glyphs.alive} {in_words(live)} live", Role.ACCENT),))
    if flagged:
        parts.append((span(f"{in_words(flagged)} flagged", Role.WARNING),))
    if uncompared:
        parts.append((span(f"{in_words(uncompared)} not compared", Role.ERROR),))
    plain = join(parts, span("  "))
    if compared is None or compared[0] >= compared[1]:
        return (plain,)
    return [*(join([bar, *parts], span("  ")) for bar in _bars(*compared, glyphs)), plain]


def _bars(done: int, total: int, glyphs: Glyphs) -> Iterator[Line]:
    """The progress of a comparison in three forms."""
    bar = glyphs.progress(done, total, BAR)
    word = span("comparing ", Role.DIM)
    yield (word, *bar, span(f" {in_words(done)}"), span(f" of {in_words(total)}", Role.DIM))
    yield (word, *bar)
    yield bar


def _joined(parts: Iterable[Line], glyphs: Glyphs) -> Line:
    return join([*parts], span(glyphs.words(" · "), Role.DIM))


def _dim(text: str) -> Line:
    return (span(text, Role.DIM),)


def _key(name: str) -> Span:
    return span(name, Role.ACCENT, bold=True)


def copied_sentence(name: str, text: str, left_out: int, where: str = "") -> str:
    """What was handed to the terminal for its clipboard, and what may not be in it.

    Args:
        name: What it is: `the message`, `the code python`.
        text: What was handed over.
        left_out: Control characters that are not in the text.
        where: The file that has it too, `also in FILE`: it stands first, for a narrow terminal shows the beginning.
    """
    number = many(len(text), "character")
    if n_bytes(text) <= SURELY_TAKEN:
        said = f"copied {name}, {number}"
    elif where:
        said = f"copied {name}, {where}: {number}, of which the terminal may lack some"
    else:
        said = f"the terminal may not have copied all {number} of {name}"
    return f"{said}, not {many(left_out, 'control character')}" if left_out else said
