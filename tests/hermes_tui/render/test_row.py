"""Rows of the list, to the column: held against browse-80x24.txt and browse-140x40.txt."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from hermes_tui.render.glyphs import ASCII, UNICODE
from hermes_tui.render.line import Role, line_cells, plain
from hermes_tui.render.row import (
    RowExtras,
    RowTexts,
    SessionRow,
    columns,
    group_row,
    session_row,
    short_model,
    short_source,
    title_of,
)
from store.models import Outline, Relation, Session, Status
from tests.hermes_tui.render.samples import BLOG, DOCKER, GLYPHS, LATER, NOW, PYTEST, ROWS, Row, row

NARROW = """\
 ●L     now  Deploy the new gateway to staging              telegram   148
 ●L      2m  Weekly digest of the mailing list              cron        12
▌✓D ⇡A   3h  Fix the docker build on the bot                telegram     2 §3
 ✓D      5h  Compare three vector stores for the notes ap…  cli         86
 ◐I      6h  Rename the photo library by EXIF date          cli         41
 ✓D      9h  桂林旅行計画：三泊四日、雨の場合の代案も       telegram    64
 ✗E     11h  Transcribe the interview and pull quotes       discord      7
 ✓D ≠D   1d  Backup script for the NAS                      cli        233 §2
 ✓D      1d  Why does pytest hang on the runner?            cli       1204 §4
 ✓D      2d  Translate the lease to plain words             whatsapp    18
 ∅0      2d  (no messages)                                  cli          ·
 ✓D !B   3d  Sort receipts for the tax year                 telegram    97
 ✓D      3d  Draft a reply to the landlord                  whatsapp     9
 ✓D ▤J   4d  Plan the garden beds                           telegram    55
 ✓D      5d  Read the paper on log-structured merge trees…  cli        132 §2
 ◐I      6d  Migrate the blog to static pages               cli        310
 ✓D      1w  Sketch a schema for the recipe box             cli         48
 ✓D      1w  Summarise yesterday’s stand-up                 slack        6
 ✓D      1w  Find flights under 400 in October              telegram    73
 ✓D ⇡A   2w  Debug the flaky websocket reconnect            discord      4
""".splitlines()

WIDE = """\
 ●L     now  Deploy the new gateway to stagi…  tg     148
 ●L      2m  Weekly digest of the mailing li…  cron    12
▌✓D ⇡A   3h  Fix the docker build on the bot   tg       2 §3
 ✓D      5h  Compare three vector stores for…  cli     86
 ◐I      6h  Rename the photo library by EXI…  cli     41
 ✓D      9h  桂林旅行計画：三泊四日、雨の場…   tg      64
 ✗E     11h  Transcribe the interview and pu…  dc       7
 ✓D ≠D   1d  Backup script for the NAS         cli    233 §2
 ✓D      1d  Why does pytest hang on the run…  cli   1204 §4
 ✓D      2d  Translate the lease to plain wo…  wa      18
 ∅0      2d  (no messages)                     cli      ·
 ✓D !B   3d  Sort receipts for the tax year    tg      97
 ✓D      3d  Draft a reply to the landlord     wa       9
 ✓D ▤J   4d  Plan the garden beds              tg      55
 ✓D      5d  Read the paper on log-structure…  cli    132 §2
 ◐I      6d  Migrate the blog to static pages  cli    310
 ✓D      1w  Sketch a schema for the recipe…   cli     48
 ✓D      1w  Summarise yesterday’s stand-up    slk      6
 ✓D      1w  Find flights under 400 in Octob…  tg      73
 ✓D ⇡A   2w  Debug the flaky websocket recon…  dc       4
 ✓D      2w  Unit tests for the parser         cli    164 §2
 ✗E      3w  Resize the root partition         cli     22
 ✓D      3w  A birthday poem in the style of…  wa      11
 ✓D     Oct  Port the shell scripts to fish    cli     90
 ✓D     Oct  Onboarding checklist for the ne…  slk     57
 ✓D     Oct  Regex for the invoice numbers     cli     14
 ✓D     Oct  Which tent survives a storm?      tg      29
 ✓D     Oct  Tidy the downloads folder every…  cron   180
 ◐I     Sep  Rewrite the resume in two colum…  cli     38
 ✓D     Sep  Cron job that never ran           cron    44
 ✓D     Sep  Explain the borrow checker with…  tg      66
 ✓D     Sep  Label the spectrogram             cli     81 §2
 ✓D     Aug  Phone plan comparison             wa      16
 ✓D     Aug  Turn the whiteboard photo into…   tg      25
""".splitlines()


def drawn(sample: Row, width: int, *, cursor: bool = False) -> str:
    session, outline, drift = sample
    return plain(
        session_row(SessionRow(session, outline, drift), width=width, now=NOW, glyphs=GLYPHS, cursor=cursor)
    ).rstrip()


@pytest.mark.parametrize(("sample", "expected"), [*zip(ROWS, NARROW, strict=True)])
def test_a_row_at_80_columns_is_the_captures(sample: Row, expected: str) -> None:
    assert drawn(sample, 79, cursor=sample is DOCKER) == expected


@pytest.mark.parametrize(("sample", "expected"), [*zip([*ROWS, *LATER], WIDE, strict=True)])
def test_a_row_at_140_columns_is_the_captures(sample: Row, expected: str) -> None:
    assert drawn(sample, 62, cursor=sample is DOCKER) == expected


def test_a_list_of_100_shows_the_model() -> None:
    expected = "▌✓D ⇡A   3h  Fix the docker build on the bot                          telegram  opus-4.1      2 §3"
    assert drawn(DOCKER, 100, cursor=True) == expected


def test_a_list_of_44_drops_source_and_chain() -> None:
    assert drawn(DOCKER, 44) == " ✓D ⇡A   3h  Fix the docker build on…     2"


def test_a_list_below_36_keeps_the_title_alone() -> None:
    assert drawn(DOCKER, 30) == " ✓D ⇡A   3h  Fix the docker…"


@pytest.mark.parametrize("width", range(14, 160))
def test_every_row_fills_its_list_and_no_more(width: int) -> None:
    for session, outline, drift in ROWS:
        line = session_row(SessionRow(session, outline, drift), width=width, now=NOW, glyphs=GLYPHS)
        assert line_cells(line) == width
        if width >= 24:
            assert (
                line_cells(group_row(SessionRow(session, outline, drift), 31, width=width, now=NOW, glyphs=GLYPHS))
                == width
            )


def test_the_titles_width_is_what_the_page_says() -> None:
    assert [columns(width).title for width in (200, 96, 95, 72, 71, 56, 55, 36, 35)] == [
        155,
        51,
        61,
        38,
        41,
        26,
        35,
        16,
        21,
    ]


def test_a_group_row_has_its_hits_in_place_of_messages_and_chain() -> None:
    session, outline, drift = PYTEST
    wide = group_row(SessionRow(session, outline, drift), 31, width=62, now=NOW, glyphs=GLYPHS)
    assert plain(wide) == " ✓D      1d  Why does pytest hang on the run…  cli    31 hits "
    narrow = group_row(SessionRow(session, outline, drift), 1, width=79, now=NOW, glyphs=GLYPHS)
    assert plain(narrow) == " ✓D      1d  Why does pytest hang on the runner?            cli          1 hit "
    small = group_row(SessionRow(session, outline, drift), 31, width=44, now=NOW, glyphs=GLYPHS)
    assert plain(small) == " ✓D      1d  Why does pytest hang…  31 hits "
    assert [part.bold for part in wide if "pytest" in part.text] == [True]


def test_under_the_cursor_every_text_is_in_the_foreground_and_the_title_bold() -> None:
    session, outline, drift = DOCKER
    line = session_row(SessionRow(session, outline, drift, ((8, 14),)), width=79, now=NOW, glyphs=GLYPHS, cursor=True)
    assert line[0].role is Role.FOCUS
    assert {part.role for part in line[1:]} == {Role.TEXT}
    title = [(part.text, part.underline) for part in line[5:] if part.bold]
    assert title == [("Fix the ", False), ("docker", True), (" build on the bot", False)]


def test_colour_says_trouble_and_life_only() -> None:
    roles: dict[str, tuple[Role, bool]] = {}
    for session, outline, drift in ROWS:
        line = session_row(SessionRow(session, outline, drift), width=79, now=NOW, glyphs=GLYPHS)
        roles[line[1].text] = (line[1].role, line[1].bold)
        roles[line[3].text] = (line[3].role, line[3].bold)
    assert roles["●L"] == (Role.ACCENT, True)
    assert roles["✓D"] == roles["∅0"] == (Role.DIM, False)
    assert roles["◐I"] == (Role.WARNING, False)
    assert roles["✗E"] == (Role.ERROR, False)
    assert roles["⇡A"] == roles["▤J"] == (Role.WARNING, True)
    assert roles["≠D"] == roles["!B"] == (Role.ERROR, True)


def test_a_match_in_a_title_stops_where_the_title_is_cut() -> None:
    session, outline, _ = BLOG
    line = session_row(
        SessionRow(
            session,
            outline,
            None,
            (
                (0, 7),
                (20, 32),
            ),
        ),
        width=44,
        now=NOW,
        glyphs=GLYPHS,
    )
    assert [part.text for part in line if part.underline] == ["Migrate", "sta"]


def test_a_session_without_a_title_shows_its_first_words_then_its_id() -> None:
    session = Session("20261122_1", messages=3)
    assert title_of(session, Outline(Status.DONE, "please\nhelp")) == "please help"
    assert title_of(session, Outline(Status.DONE)) == "20261122_1"
    assert title_of(session, None) == ""
    assert title_of(Session("x", title=" \n"), None) == ""


def test_an_ascii_terminal_gets_ascii_marks() -> None:
    session, outline, drift = DOCKER
    line = plain(session_row(SessionRow(session, outline, drift), width=62, now=NOW, glyphs=ASCII, cursor=True))
    assert line == ">.D ^A   3h  Fix the docker build on the bot   tg       2 x3  "
    empty, outline, _ = ROWS[10]
    assert plain(session_row(SessionRow(empty, outline, None), width=62, now=NOW, glyphs=ASCII)).isascii()


def test_a_title_with_escapes_is_shown_and_not_obeyed() -> None:
    line = drawn(row(Status.DONE, None, 60, "a\x1b[2Jb\nc", "cli\x07", 1), 79)
    assert "a␛[2Jb c" in line
    assert "cli␇" in line


def test_sources_and_models_are_shortened_to_what_tells_them_apart() -> None:
    assert [short_source(name) for name in ("telegram", "signal", "cron", "api_server", "")] == [
        "tg",
        "sig",
        "cron",
        "api_",
        "",
    ]
    assert short_model("anthropic/claude-opus-4.1-20250805") == "opus-4.1"
    assert short_model("gpt-5.1") == "gpt-5.1"
    assert short_model(None) == ""


def test_a_row_says_its_day_its_bookmark_and_its_profile_in_columns_that_stay() -> None:
    """Mutant: with the profile beside the title's room, the columns behind it move."""
    started = datetime(2026, 9, 18, 12, tzinfo=UTC).timestamp()
    session = Session("a", title="Fix the build", source="cli", started_at=started, messages=2, profile="work")
    bare = plain(session_row(SessionRow(session), width=79, now=NOW, glyphs=GLYPHS))
    extras = RowExtras(dated=True, marked=True, profile=True)
    full = plain(session_row(SessionRow(session), width=79, now=NOW, glyphs=GLYPHS, extras=extras))
    assert bare[6:26] == "  Sep  Fix the build"
    assert full[6:26] == "   18 ◆work Fix the "
    assert bare[-34:] == full[-34:]
    hits = plain(group_row(SessionRow(session), 5, width=79, now=NOW, glyphs=GLYPHS, extras=extras))
    assert hits[6:31] == "   18 ◆work Fix the build", "in a list of hits too"


def test_a_session_that_the_list_usually_leaves_out_is_dim_and_says_why() -> None:
    """Mutant: its title in the colour of any other."""
    session = Session("s", title="Nightly digest", messages=2)
    for word, left_out in (
        ("archived", replace(session, archived=True)),
        ("child", replace(session, relation=Relation.DELEGATE)),
        ("internal", replace(session, hidden=True)),
    ):
        line = session_row(SessionRow(left_out), width=80, now=NOW, glyphs=UNICODE)
        assert f" {word} Nightly digest " in plain(line)
        assert next(span.role for span in line if "Nightly" in span.text) is Role.DIM


def test_a_row_has_the_number_of_what_opening_it_shows_once_that_is_known() -> None:
    session = Session("s", title="Docker", messages=2)
    assert SessionRow(session, Outline(Status.DONE)).shown == 2
    known = SessionRow(session, Outline(Status.DONE, shown=994))
    assert plain(session_row(known, width=44, now=NOW, glyphs=UNICODE)).split()[-1] == "994"


def test_the_texts_of_a_long_list_are_those_of_its_rows() -> None:
    """Mutants: the status, the flag, the model, the chain or the label left out of what rows share; titles not cut."""
    odd = (
        None,
        "",
        "  ",
        "a\tb",
        "naïve é",
        "桂林旅行計画：三泊四日、雨の場合の代案も忘れずに",
        "x" * 300,
        "\x1b[31m",
        "🙂" * 60,
    )
    rows = [SessionRow(*sample) for sample in ROWS]
    rows += [replace(one, session=replace(one.session, title=title)) for one in rows[:8] for title in odd]
    rows += [replace(one, session=replace(one.session, archived=True, model="m" * 40)) for one in rows]
    rows += [replace(one, session=replace(one.session, chain=7, section=7)) for one in rows]
    rows += [replace(one, outline=None, session=replace(one.session, problem="damaged")) for one in rows]
    for glyphs, width in ((UNICODE, 44), (UNICODE, 80), (ASCII, 119), (UNICODE, 20)):
        texts = RowTexts(width, NOW, glyphs)
        for one in [*rows, *rows]:
            assert texts.text(one) == plain(session_row(one, width=width, now=NOW, glyphs=glyphs))[1:]
