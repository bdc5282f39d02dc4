"""Details of the session that is read, beside its text and below it.

Mutants that these tests are for: a cell of another type taken for a number; the prompt shown before it is asked for;
details of the session before; a value that runs out of its pane.
"""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hermes_tui.feed.details_request import _number
from hermes_tui.render.details import Details, StoredDetails, Sums, details_lines
from hermes_tui.render.glyphs import ASCII, UNICODE
from hermes_tui.render.line import line_cells, plain
from store.models import JsonlFacts, Origin, Session
from tests import builders
from tests.hermes_tui.browsing import browsing

NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
START = datetime(2026, 11, 28, 3, 6, tzinfo=UTC).timestamp()
SESSION = Session(
    "20261128_030653_ca824c",
    source="cli",
    model="claude-opus-4.1",
    cwd="/home/u/src/a-rather-long-name/runner",
    started_at=START,
    last_active=START + 6_300,
    ended_at=START + 6_400,
    end_reason="session_reset",
    messages=448,
    chain=3,
    section=3,
)
FACTS = JsonlFacts("s", size=2048, mtime_ns=0, inode=0, messages=994, bad_lines=3)
STORED = StoredDetails(SESSION.id, Sums(3, 2, 412_000, 38_000, estimated=3.1), "You are\nhelpful.", 0, 1, FACTS)
ROLES = (("user", 91), ("assistant", 180), ("tool", 177))


def shown(details: Details, width: int = 30, *, prompt: bool = False) -> dict[str, str]:
    """Values by their label, each on one line."""
    values, label = dict[str, str](), ""
    for line in details_lines(details, width=width, now=NOW, glyphs=UNICODE, prompt=prompt)[0]:
        assert line_cells(line) <= width
        text = plain(line)
        label = text[:9].strip() or label
        values[label] = f"{values.get(label, '')} {text[9:]}".strip()
    return values


def test_details_say_what_is_stored_and_which_source_is_shown() -> None:
    found = shown(Details(SESSION, STORED, total=448, roles=ROLES, from_file=True, home="/home/u"))
    assert found["id"] == "20261128_030653_ ca824c"
    assert found["cwd"] == "~/src/a-rather-long- name/runner"
    assert found["started"] == "Sat 28 Nov 2026 03:06"
    assert found["last"] == "1d ago, 04:51"
    assert found["ended"] == "28 Nov 04:52 · session_reset"
    assert found["messages"] == "448  user 91 agent 180 tool 177"
    assert found["tokens"] == "412k in  38.0k out, 2 of 3 sections"
    assert found["cost"] == "$3.10 estimated"
    assert found["family"] == "§3 of 3, 0 branches, 1 subagent"
    assert found["files"] == "state.db 448 · JSONL 994, 3 damaged lines, 2.0 KB"
    assert found["shown"] == "JSONL, which has more messages"
    assert found["prompt"] == "▸ 16 B"
    assert (
        shown(Details(Session("x", origin=Origin.JSONL), StoredDetails("x")))["files"] == "not in state.db · no JSONL"
    )
    both = Sums(1, 1, estimated=2.0, actual=1.5)
    assert shown(Details(SESSION, StoredDetails("x", both)))["cost"] == "$1.50 actual · $2.00 estimated"


def test_the_prompt_is_folded_until_it_is_asked_for_and_nothing_controls_the_terminal() -> None:
    hostile = StoredDetails("\x1b]0;id\x07", system_prompt="\x1b[2Jsee\u202e this\n" + "x" * 100_000)
    lines, fold = details_lines(Details(SESSION, hostile), width=30, now=NOW, glyphs=ASCII)
    assert fold == len(lines) - 1
    lines, fold = details_lines(Details(SESSION, hostile), width=30, now=NOW, glyphs=ASCII, prompt=True)
    text = "\n".join(map(plain, lines))
    assert "see" in text
    assert not {"\x1b", "\u202e"} & set(text)
    assert plain(lines[-1]).endswith(" 34 478 more characters")
    assert max(map(line_cells, lines)) <= 30


@pytest.mark.parametrize(("cell", "number"), [(3, 3), (2.5, 2.5), ("9", 0), (None, 0), (float("inf"), 0), (-1, 0)])
def test_a_cell_of_any_type_is_a_number_or_none(cell: object, number: float) -> None:
    assert _number(cell) == number


@pytest.mark.slow
async def test_details_stand_below_the_text_or_beside_it_and_follow_the_session(tmp_path: Path) -> None:
    home = builders.home(tmp_path)
    with closing(builders.db(home)) as db:
        for name in ("first", "second"):
            db.create_session(name, "cli", system_prompt=f"the prompt of {name}")
            db.update_token_counts(name, input_tokens=7, output_tokens=5, estimated_cost_usd=0.25)
            builders.store(db, name, builders.talk(6, word=name))
            db.end_session(name, "done")
    async with browsing(home, (80, 40)) as stage:
        await stage.press("tab", "i")  # mutant: details beside a session that was not opened
        await stage.shows("7 in  5 out")
        assert stage.place == "DETAILS"
        assert "━ Details" in stage.text
        assert "the prompt of" not in stage.text
        await stage.press("space", "G")
        await stage.shows("the prompt of second")
        await stage.press("tab", "j")
        assert stage.place == "TRANSCRIPT"
        await stage.press("i")
        await stage.gone("Details")
        await stage.pilot.resize_terminal(190, 40)
        await stage.press("i", "tab")
        await stage.shows("id       second")
        assert stage.place == "SESSIONS"
        await stage.press("j")
        await stage.shows("id       first")
        await stage.press("tab", "tab")
        assert stage.place == "DETAILS"
        await stage.press("escape")
        await stage.gone("id       first")
        assert stage.place == "TRANSCRIPT"
        await stage.press("escape")
        assert (stage.place, stage.state.details.shown) == ("SESSIONS", False)
        await stage.press("k", "i")
        await stage.shows("id       second")
        assert stage.place == "DETAILS"
        await stage.press("tab", "i")
        await stage.gone("id       second")
        assert stage.place == "SESSIONS"
