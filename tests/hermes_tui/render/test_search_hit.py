"""Hits, context and rules, to the column: held against search-80x24.txt and search-140x40.txt."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hermes_tui.render.glyphs import ASCII, UNICODE
from hermes_tui.render.heading import section_rule
from hermes_tui.render.line import Line, Role, line_cells, plain
from hermes_tui.render.row import SessionRow, group_row, session_row
from hermes_tui.render.search_hit import context_row, hit_row, meant_row, more_row
from hermes_tui.render.snippet import snippet
from store.models import ContextLine, Hit, Status
from tests.any_text import CHARACTERS
from tests.hermes_tui.render.samples import (
    BLOG,
    DOCKER,
    DOWNLOADS,
    GATEWAY,
    GLYPHS,
    NOW,
    PYTEST,
    TENTS,
    WEBSOCKET,
    Row,
    at,
    row,
    texts,
)

LAPTOP = row(Status.DONE, None, 45 * 86_400, "Docker on the old laptop", "cli", 52)

NARROW = """\
 2 titles ────────────────────────────────────────────────────────────────────
 ✓D ⇡A   3h  Fix the docker build on the bot                telegram     2 §3
 ✓D     Oct  Docker on the old laptop                       cli         52
 messages ────────────────────────────────────────────────────────────────────
 ●L     now  Deploy the new gateway to staging              telegram     1 hit
       tool  …pulled docker.io/library/caddy:2 in 3.1 s, digest unch…    09:12
 ✓D ⇡A   3h  Fix the docker build on the bot                telegram    5 hits
       user    Morning. The bot is red again.                            14:01
▌      user  Why does the docker build fail on the bot since Friday?     14:02
      agent    The lock file was written by a newer resolver than…       14:02
       tool  …docker build --no-cache . → ERROR: failed to solve: pro…   14:02
      agent  …docker build -t bot . && docker run bot pytest -q, in th…  14:07
             2 more · → shows them
 ✓D      1d  Why does pytest hang on the runner?            cli        31 hits
      agent  …the docker runner has no tty, so pytest waits for input…     Sat
       tool  …docker exec -i runner-7 py-spy dump --pid 41 | head -n…      Sat
       user  Is it docker or is it us?                                     Sat
             28 more · → shows them
 ◐I      6d  Migrate the blog to static pages               cli         2 hits
      agent  …a docker compose file with the two services, and a…          Mon
""".splitlines()

WIDE = """\
 2 titles ───────────────────────────────────────────────────
 ✓D ⇡A   3h  Fix the docker build on the bot   tg       2 §3
 ✓D     Oct  Docker on the old laptop          cli     52
 messages ───────────────────────────────────────────────────
 ●L     now  Deploy the new gateway to stagi…  tg       1 hit
       tool  …pulled docker.io/library/caddy:2 in 3.1…  09:12
 ✓D ⇡A   3h  Fix the docker build on the bot   tg      5 hits
       user    Morning. The bot is red again.           14:01
▌      user  Why does the docker build fail on the bot… 14:02
      agent    The lock file was written by a newer re… 14:02
       tool  …docker build --no-cache . → ERROR: faile… 14:02
      agent  …docker build -t bot . && docker run bot…  14:07
             2 more · → shows them
 ✓D      1d  Why does pytest hang on the run…  cli    31 hits
      agent  …the docker runner has no tty, so pytest…    Sat
       tool  …docker exec -i runner-7 py-spy dump --pi…   Sat
       user  Is it docker or is it us?                    Sat
             28 more · → shows them
 ◐I      6d  Migrate the blog to static pages  cli     2 hits
      agent  …a docker compose file with the two servi…   Mon
       tool  …Docker version 27.3.1, build ce12230        Mon
 ✓D ⇡A   2w  Debug the flaky websocket recon…  dc       1 hit
      agent  …behind docker’s bridge the keep-alive ne… 8 Nov
 ✓D     Oct  Onboarding checklist for the ne…  slk     4 hits
      user   placeholder
      agent  …docker info | grep Mirrors shows nothing…   Oct
       tool  …docker: permission denied while trying t…   Oct
             1 more · → shows it
 ✓D     Oct  Tidy the downloads folder every…  cron     1 hit
       tool  …removed 14 dangling docker images, 6.2 G…   Oct
""".splitlines()
WIDE[24] = "       user  …every node needs docker and the registry…   Oct"


def hit(role: str, text: str, timestamp: float) -> Hit:
    """Give a hit as the store does: every `docker` in it is a match."""
    lower = text.lower()
    starts = [index for index in range(len(text)) if lower.startswith("docker", index)]
    return Hit("s", 1, role, text, tuple((start, start + 6) for start in starts), timestamp)


PULLED = hit("tool", "ok\npulled docker.io/library/caddy:2 in 3.1 s, digest unch…", at(22, "09:12"))
WHY = hit("user", "Why does the docker build fail on the bot since Friday?", at(22, "14:02"))
FAILED = hit("tool", "$\ndocker build --no-cache . → ERROR: failed to solve: pro…", at(22, "14:02"))
RUN = hit("assistant", "Now: try. docker build -t bot . && docker run bot pytest -q, in th…", at(22, "14:07"))
RUNNER = hit("assistant", "No. the docker runner has no tty, so pytest waits for input…", at(21, "10:00"))
DUMP = hit("tool", "#\ndocker exec -i runner-7 py-spy dump --pid 41 | head -n…", at(21, "10:00"))
US = hit("user", "Is it docker or is it us?", at(21, "10:00"))
COMPOSE = hit("assistant", "Yes. a docker compose file with the two services, and a…", at(16, "10:00"))
MORNING = ContextLine(1, "user", "Morning. The bot is red again.", timestamp=at(22, "14:01"))
LOCK = ContextLine(2, "assistant", "The lock file was written by a newer resolver than…", timestamp=at(22, "14:02"))


def head(sample: Row, width: int) -> Line:
    return session_row(SessionRow(*sample), width=width, now=NOW, glyphs=GLYPHS)


def group(sample: Row, hits: int, width: int) -> Line:
    return group_row(SessionRow(*sample), hits, width=width, now=NOW, glyphs=GLYPHS)


def found(width: int) -> list[Line]:
    """The rows that both captures begin with."""

    def one(item: Hit, *, cursor: bool = False) -> Line:
        return hit_row(item, width=width, now=NOW, glyphs=GLYPHS, cursor=cursor)

    return [
        section_rule("2 titles", width=width, glyphs=GLYPHS),
        head(DOCKER, width),
        head(LAPTOP, width),
        section_rule("messages", width=width, glyphs=GLYPHS),
        group(GATEWAY, 1, width),
        one(PULLED),
        group(DOCKER, 5, width),
        context_row(MORNING, width=width, now=NOW, glyphs=GLYPHS),
        one(WHY, cursor=True),
        context_row(LOCK, width=width, now=NOW, glyphs=GLYPHS),
        one(FAILED),
        one(RUN),
        more_row(2, width=width, glyphs=GLYPHS),
        group(PYTEST, 31, width),
        one(RUNNER),
        one(DUMP),
        one(US),
        more_row(28, width=width, glyphs=GLYPHS),
        group(BLOG, 2, width),
        one(COMPOSE),
    ]


def test_the_hits_at_80_columns_are_the_captures() -> None:
    lines = found(79)
    assert texts(lines) == NARROW
    assert {line_cells(line) for line in lines} == {79}


def test_the_hits_at_140_columns_are_the_captures() -> None:
    october = at(8, "12:00", month=10)
    more = [
        hit("tool", "$\nDocker version 27.3.1, build ce12230", at(16, "10:00")),
        hit("assistant", "So: no. behind docker’s bridge the keep-alive never arrives", at(8, "10:00")),
        hit("user", "Hm! every node needs docker and the registry mirror", october),
        hit("assistant", "$\ndocker info | grep Mirrors shows nothing at all", october),
        hit("tool", "$\ndocker: permission denied while trying to connect", october),
        hit("tool", "ok\nremoved 14 dangling docker images, 6.2 GB freed", october),
    ]
    version, bridge, node, info, denied, removed = (hit_row(item, width=62, now=NOW, glyphs=GLYPHS) for item in more)
    lines = [
        *found(62),
        version,
        group(WEBSOCKET, 1, 62),
        bridge,
        group(TENTS, 4, 62),
        node,
        info,
        denied,
        more_row(1, width=62, glyphs=GLYPHS),
        group(DOWNLOADS, 1, 62),
        removed,
    ]
    assert texts(lines) == WIDE
    assert {line_cells(line) for line in lines} == {62}


def test_a_date_with_two_digits_takes_its_sixth_cell_from_the_text() -> None:
    line = hit_row(hit("user", "docker " * 20, at(28, "10:00", month=10)), width=62, now=NOW, glyphs=GLYPHS)
    assert plain(line).endswith("… 28 Oct ")
    assert line_cells(line) == 62


def test_matches_are_accent_bold_underlined_and_stay_so_under_the_cursor() -> None:
    line = hit_row(WHY, width=79, now=NOW, glyphs=GLYPHS)
    marked = [part for part in line if part.underline]
    assert [(part.text, part.role, part.bold) for part in marked] == [("docker", Role.ACCENT, True)]
    under = hit_row(WHY, width=79, now=NOW, glyphs=GLYPHS, cursor=True)
    assert [(part.text, part.role, part.bold) for part in under if part.underline] == [("docker", Role.TEXT, True)]
    assert {part.role for part in under[1:]} == {Role.TEXT}


def test_a_snippet_begins_with_the_sentence_of_its_first_match() -> None:
    text = "One thing. Then the needle is here! And more."
    assert plain(snippet(text, [(20, 26)], width=60)) == "…Then the needle is here! And more."


def test_a_snippet_moves_close_to_a_match_far_into_a_long_sentence() -> None:
    text = "word " * 60 + "needle and so on " + "word " * 60
    shown = snippet(text, [(300, 306)], width=40)
    assert plain(shown).startswith("…word word needle and so on word")
    assert plain(shown).endswith("…")
    assert line_cells(shown) <= 40


def test_a_snippet_of_ideographs_is_cut_by_cells() -> None:
    text = "東京" * 100 + "桂林" + "東京" * 100
    shown = snippet(text, [(200, 202)], width=30)
    assert "桂林" in plain(shown)
    assert line_cells(shown) <= 30


def test_a_snippet_without_a_match_shows_the_start() -> None:
    assert plain(snippet("a\n\tb  c", (), width=20)) == "a b c"


@pytest.mark.slow
@given(st.text(CHARACTERS, max_size=300), st.lists(st.integers(0, 300), max_size=6), st.integers(4, 90))
def test_a_snippet_never_exceeds_its_width(text: str, cuts: list[int], width: int) -> None:
    ends = sorted({cut for cut in cuts if cut <= len(text)})
    spans = [(a, b) for a, b in zip(ends[::2], ends[1::2], strict=False)]
    shown = snippet(text, spans, width=width)
    assert line_cells(shown) <= width
    assert not {"\n", "\x1b", "\u202e"} & set(plain(shown))


def test_context_is_dim_and_indented() -> None:
    line = context_row(MORNING, width=62, now=NOW, glyphs=GLYPHS)
    assert {part.role for part in line if part.text.strip()} == {Role.DIM}
    assert plain(context_row(ContextLine(1, "tool", "x"), width=62, now=NOW, glyphs=GLYPHS)).rstrip().endswith("  x")


def test_the_rows_of_an_ascii_terminal_are_ascii() -> None:
    assert plain(more_row(2, width=62, glyphs=ASCII)).rstrip().endswith("2 more - right shows them")
    assert plain(section_rule("2 titles", width=20, glyphs=ASCII)) == " 2 titles --------- "
    assert plain(hit_row(RUN, width=62, now=NOW, glyphs=ASCII)).isascii()


def test_what_was_meant_is_offered_with_its_key_and_never_cut_in_a_word_of_ours() -> None:
    """Mutant: with the whole sentence always drawn, 44 columns end in `searches fo…`."""
    assert plain(meant_row("docker", width=80, glyphs=UNICODE)).rstrip() == (
        "     did you mean docker? enter searches for it"
    )
    assert plain(meant_row("docker", width=44, glyphs=UNICODE)).rstrip() == "     did you mean docker? enter"
    assert line_cells(meant_row("docker " * 20, width=44, glyphs=UNICODE)) == 44
    assert plain(meant_row("a\x1b[31m", width=80, glyphs=UNICODE)).isprintable()
