"""The transcript's lines, to the column: held against reader-80x24.txt and browse-140x40.txt, and §13 of the look."""

from __future__ import annotations

import json

import pytest

from hermes_tui.render.compaction_seam import seam, section_seam, undone_seam
from hermes_tui.render.folds import Fold, Folds
from hermes_tui.render.glyphs import ASCII
from hermes_tui.render.gutter import measure, with_bar
from hermes_tui.render.line import Line, Role, line_cells, plain
from hermes_tui.render.look import Look
from hermes_tui.render.marks import Find, Marker
from hermes_tui.render.message import MessageDrawing, joins, time_label
from hermes_tui.render.time import day
from store.models import Head, Message, ToolCall
from tests.cpu_time import spent
from tests.hermes_tui.render.samples import GLYPHS, NOW, at, texts

READER = """\
   user ┃ Why does the docker build fail on the bot since Friday?
  14:02
▌ agent │ ▸ reasoning  The user says since Friday, so so…   1.4 KB
▌       │ ▸ terminal  docker build --no-cache .             3.2 KB  ✗ exit 1
▌       │ ▸ read_file  pyproject.toml                       1.1 KB  ✓ ok
▌       │ ▸ web_search  buildkit frozen lock resolver 20…  18.7 KB  ✓ ok
▌       │ The lock file was written by a newer resolver than the one in the
▌       │ base image. The build stops at step 4, before any of our code is
▌       │ touched.
▌       │
▌       │ Two ways out
▌       │   1. pin the image to `3.12-slim`, or
▌       │   2. refresh the lock where the build runs:
▌       │
▌       │   FROM python:3.12-slim AS build
▌       │   RUN pip install --no-deps -r lock.txt
▌       │   COPY . /app

   user ┃ The second. And please run the tests in the image, not on the host.
""".splitlines()

WIDE = """\
   user ┃ Why does the docker build fail on the bot since Friday?
  14:02
  agent │ ▸ reasoning  The user says since Friday, so…   1.4 KB
        │ ▸ terminal  docker build --no-cache .          3.2 KB  ✗ exit 1
        │ ▸ read_file  pyproject.toml                    1.1 KB  ✓ ok
        │ ▸ web_search  buildkit frozen lock resolver…  18.7 KB  ✓ ok
        │ The lock file was written by a newer resolver than the one in
        │ the base image. The build stops at step 4, before any of our
        │ code is touched.
        │
        │ Two ways out
        │   1. pin the image to `3.12-slim`, or
        │   2. refresh the lock where the build runs:
        │
        │   FROM python:3.12-slim AS build
        │   RUN pip install --no-deps -r lock.txt
        │   COPY . /app

   user ┃ The second. And please run the tests in the image, not on the
  14:07 ┃ host.

  agent │ ▸ write_file  Dockerfile                        612 B  ✓ ok
        │ ▾ terminal  docker build -t bot . && docker…  41.0 KB  ✓ ok
        │   docker build -t bot . && docker run bot pytest -q
   tool ┊ #9 [4/5] RUN pip install --no-deps -r lock.txt
  14:09 ┊ #9 DONE 21.4s
        ┊ 148 passed in 12.91s
        ┊ … 338 more lines · space shows all

  ╌╌ §2 of 3 · compacted 22 Nov 14:31 · 412 messages became a summary ╌╌╌

  agent │ Green. The image is 212 MB smaller as well, because the compiler
  14:31 │ no longer ships in the last stage. I pushed the branch as
        │ fix/lock-in-image.
""".splitlines()


def message(role: str, text: str = "", when: float | None = None, **more: object) -> Message:
    return Message(1, "s", role, text, when, **more)  # type: ignore[arg-type]


def call(name: str, **arguments: object) -> ToolCall:
    return ToolCall(None, name, json.dumps(arguments))


def result(n_bytes: int, when: float, **fields: object) -> Message:
    """Give a result whose JSON has that many bytes."""
    bare = len(json.dumps({**fields, "output": ""}))
    return message("tool", json.dumps({**fields, "output": "x" * (n_bytes - bare)}), when)


WHY = message("user", "Why does the docker build fail on the bot since Friday?", at(22, "14:02"))
CALLS = message(
    "assistant",
    "",
    at(22, "14:02"),
    reasoning="The user says since Friday, so something moved under us.".ljust(1434, "."),
    tool_calls=(
        call("terminal", command="docker build --no-cache .", timeout=60),
        call("read_file", path="pyproject.toml"),
        call("web_search", query="buildkit frozen lock resolver 2026 release notes"),
    ),
)
RESULTS = [
    result(3277, at(22, "14:02"), exit_code=1),
    result(1127, at(22, "14:02")),
    result(19149, at(22, "14:02"), success=True),
]
ANSWER = message(
    "assistant",
    "The lock file was written by a newer resolver than the one in the base image. The build stops at step 4, "
    "before any of our code is touched.\n\n## Two ways out\n\n1. pin the image to `3.12-slim`, or\n"
    "2. refresh the lock where the build runs:\n\n```\nFROM python:3.12-slim AS build\n"
    "RUN pip install --no-deps -r lock.txt\nCOPY . /app\n```\n",
    at(22, "14:02"),
)
SECOND = message("user", "The second. And please run the tests in the image, not on the host.", at(22, "14:07"))
LOG = "#9 [4/5] RUN pip install --no-deps -r lock.txt\n#9 DONE 21.4s\n148 passed in 12.91s\n" + "line\n" * 338
WRITE = message(
    "assistant", "", at(22, "14:07"), tool_calls=(call("write_file", path="Dockerfile", content="x" * 612),)
)
BUILD = message(
    "assistant",
    "",
    at(22, "14:07"),
    tool_calls=(call("terminal", command="docker build -t bot . && docker run bot pytest -q"),),
)
BUILT = message("tool", json.dumps({"output": LOG, "exit_code": 0, "error": None}), at(22, "14:09"))
GREEN = message(
    "assistant",
    "Green. The image is 212 MB smaller as well, because the compiler no longer ships in the last stage. "
    "I pushed the branch as fix/lock-in-image.",
    at(22, "14:31"),
)


def draw(
    item: Message, width: int = 80, *, find: Find | None = None, current: int | None = None, **options: object
) -> list[Line]:
    look = Look(measure(width), GLYPHS, Marker(find, current))
    return MessageDrawing(item, look, NOW, **options).lines()  # type: ignore[arg-type]


def turn(width: int) -> list[list[Line]]:
    """The first four messages of both captures."""
    then = at(22, "14:02")
    return [
        draw(WHY, width),
        draw(CALLS, width, results=RESULTS, previous=then, gap=False),
        draw(ANSWER, width, previous=then, label=False),
        draw(SECOND, width, previous=then),
    ]


def test_the_reader_at_80_columns_is_the_captures() -> None:
    why, calls, answer, second = turn(80)
    agent = [*(with_bar(line, GLYPHS) for line in [*calls, *answer[:-1]]), answer[-1]]
    lines = texts([*why, *agent, *second])
    assert lines[: len(READER)] == READER
    assert lines[len(READER) :] == ["  14:07"]


def test_the_transcript_at_140_columns_is_the_captures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hermes_tui.render.message.OUTPUT_LINES", 3)
    padded = LOG.removesuffix("\n") + "x" * (41_984 - len(BUILT.text) + 2)
    built = message("tool", json.dumps({"output": padded, "exit_code": 0, "error": None}), BUILT.timestamp)
    lines = [
        *(line for part in turn(77) for line in part),
        *draw(WRITE, 77, results=[result(612, at(22, "14:07"))], previous=at(22, "14:07"), gap=False),
        *draw(
            BUILD,
            77,
            results=[built],
            previous=at(22, "14:07"),
            folds=Folds(tools=Fold.OPEN),
            label=False,
        ),
        seam(section_seam(2, 3, now=NOW, compacted_at=at(22, "14:31"), messages=412), width=77, glyphs=GLYPHS),
        (),
        *draw(GREEN, 77, previous=at(22, "14:09")),
    ]
    shown = texts(lines)
    assert shown[: len(WIDE)] == WIDE
    assert shown[len(WIDE) :] == [""]
    assert max(line_cells(line) for line in lines) <= 76


def test_the_measure_leaves_thirteen_cells_and_stops_at_96() -> None:
    assert [measure(width) for width in (40, 77, 80, 109, 200)] == [27, 64, 67, 96, 96]


@pytest.mark.parametrize("width", [40, 55, 68, 69, 77, 80, 140, 200])
def test_no_line_reaches_the_last_column(width: int) -> None:
    items = [WHY, CALLS, ANSWER, SECOND, message("user", "桂林旅行" * 50), message("tool", LOG)]
    for item in items:
        for fold in Fold:
            lines = draw(item, width, results=RESULTS, folds=Folds(fold, fold, fold))
            assert max((line_cells(line) for line in lines), default=0) < width


def test_a_time_stands_under_its_label_only_where_it_is_new() -> None:
    assert texts(draw(WHY, previous=at(22, "14:02")))[1:] == [""]
    assert texts(draw(WHY, previous=at(21, "14:02")))[1:] == ["  14:02"]
    assert texts(draw(message("user", "hi")))[1:] == [""]
    assert time_label(NOW, None, None) == ""


def test_a_call_that_goes_on_shows_its_time_beside_the_line() -> None:
    assert texts(draw(WRITE, gap=False))[1:] == ["  14:07 │"]


def test_a_time_that_finds_no_line_before_an_open_output_stands_beside_the_output() -> None:
    output = result(100, at(22, "14:07"))
    make = message("assistant", "", at(22, "14:07"), tool_calls=(call("terminal", command="make"),))
    lines = texts(draw(make, results=[output], folds=Folds(tools=Fold.OPEN)))
    assert lines[1].startswith("   tool ┊ xxx")
    assert lines[2].startswith("  14:07")


def test_an_agent_that_called_tools_without_a_word_goes_on() -> None:
    calls = Head(1, "assistant", has_calls=True)
    words = Head(2, "assistant", n_bytes=20, has_calls=True)
    assert joins(calls, words)
    assert not joins(words, calls)
    assert not joins(calls, Head(3, "user", n_bytes=2))


def test_labels_and_role_lines_have_their_roles_look() -> None:
    looks = {}
    for role in ("user", "assistant", "system", "tool"):
        line = draw(message(role, "x"))[0]
        looks[plain(line).split()[0]] = (line[1].role, line[1].bold, line[3].text, line[3].role)
    assert looks == {
        "user": (Role.ACCENT, True, "┃", Role.ACCENT),
        "agent": (Role.TEXT, True, "│", Role.DIM),
        "system": (Role.DIM, False, "╎", Role.HAIR),
        "tool": (Role.DIM, False, "┊", Role.HAIR),
    }


def test_what_was_undone_is_dim_and_says_so() -> None:
    line = draw(message("user", "take this back", active=False))[0]
    assert plain(line) == " undone ┃ take this back"
    assert {part.role for part in line if part.text.strip() and part.text != "┃"} == {Role.DIM}
    compacted = draw(message("user", "older", active=False, compacted=True))[0]
    assert plain(compacted) == "   user ┃ older"
    assert compacted[1].role is Role.DIM


def test_tools_can_be_hidden_short_open_or_whole() -> None:
    def lines(fold: Fold) -> list[str]:
        return texts(draw(BUILD, results=[BUILT], folds=Folds(tools=fold), gap=False, previous=BUILD.timestamp))

    assert lines(Fold.HIDDEN) == []
    assert len(lines(Fold.SHORT)) == 1
    assert len(lines(Fold.OPEN)) == 1 + 1 + 40 + 1
    assert lines(Fold.OPEN)[-1] == "        ┊ … 301 more lines · space shows all"
    assert len(lines(Fold.WHOLE)) == 1 + 1 + 341


def test_reasoning_is_italic_and_dim_folded_and_open() -> None:
    item = message("assistant", "Yes.", reasoning="Let me\nthink.")
    folded = draw(item)[0]
    assert plain(folded)[10:].split() == ["▸", "reasoning", "Let", "me", "think.", "13", "B"]
    assert [(part.role, part.italic) for part in folded if part.text in {"reasoning", "Let me think."}] == [
        (Role.DIM, True),
        (Role.DIM, True),
    ]
    opened = draw(item, folds=Folds(reasoning=Fold.OPEN))
    assert texts(opened)[1:4] == ["        │ Let me", "        │ think.", "        │ Yes."]
    assert opened[1][5].italic
    assert len(draw(item, folds=Folds(reasoning=Fold.HIDDEN))) == 2


def test_a_result_without_its_call_is_a_fold_line_of_its_own() -> None:
    item = message("tool", '{"error": "no such file"}', at(22, "14:02"), tool_name="read_file")
    assert plain(draw(item)[0]).startswith("   tool ┊ ▸ read_file  no such file")
    assert plain(draw(item)[0]).endswith("✗ error")
    assert texts(draw(item, folds=Folds(tools=Fold.OPEN)))[1] == "  14:02 ┊ no such file"
    assert draw(item, folds=Folds(tools=Fold.HIDDEN)) == []


def test_a_message_without_anything_says_so() -> None:
    assert texts(draw(message("assistant")))[0] == "  agent │ (no text)"


def every(word: str) -> Find:
    def find(text: str) -> list[tuple[int, int]]:
        lower = text.lower()
        starts = [index for index in range(len(text)) if lower.startswith(word, index)]
        return [(start, start + len(word)) for start in starts]

    return find


def test_every_match_is_marked_and_the_current_one_reversed() -> None:
    lines = draw(CALLS, results=RESULTS, find=every("docker"))
    assert [part.text for line in lines for part in line if part.underline] == ["docker"]
    answer = draw(ANSWER, find=every("the"), current=1)
    found = [part for line in answer for part in line if part.underline]
    assert [part.text for part in found] == ["The", "the", "the", "The", "the", "the", "the"]
    assert [part.reverse for part in found] == [False, True, False, False, False, False, False]
    assert {(part.role, part.bold) for part in found} == {(Role.ACCENT, True)}


def test_a_match_across_a_break_is_marked_on_both_lines() -> None:
    text = "one two three four five six seven eight nine ten eleven twelve thirteen"
    lines = draw(message("user", text), width=80, find=every("twelve thirteen"), current=0)
    assert [part.text for line in lines for part in line if part.reverse] == ["twelve", "thirteen"]
    narrow = draw(message("user", text), width=40, find=every("four five six"), current=0)
    assert "".join(part.text for line in narrow for part in line if part.reverse).replace(" ", "") == "fourfivesix"


def test_a_match_in_text_with_tabs_and_escapes_is_marked_where_it_stands() -> None:
    lines = draw(message("user", "\tx\x1b[0m\n\tneedle"), find=every("needle"))
    assert [part.text for line in lines for part in line if part.underline] == ["needle"]


def test_a_single_endless_line_is_cut_and_counted() -> None:
    lines = draw(message("user", "A" * 100_000))
    assert "".join(texts(lines)).replace(" ", "").endswith("…+96000chars")
    assert len(lines) < 70
    whole = draw(message("user", "A" * 100_000), folds=Folds(text=Fold.WHOLE))
    assert len(whole) > 1_400


@pytest.mark.slow
def test_a_long_text_is_shown_to_a_point_and_the_rest_counted() -> None:
    lines = texts(draw(message("user", "line\n" * 1_500)))
    assert lines[-2] == "        ┃ … 500 more lines · space shows all"
    wide = texts(draw(message("user", ("桂林" * 400 + "\n") * 1_000)))
    assert wide[-2].endswith("more lines · space shows all")


@pytest.mark.slow
@pytest.mark.parametrize("unit", ["word and word ", "桂林 ", "line\n", "\x1b[0m"])
def test_a_huge_message_is_laid_out_in_bounded_time(unit: str) -> None:
    """As a ratio: ten times the text costs no more than in proportion, with a margin of three."""
    small, large = (message("user", unit * (size // len(unit))) for size in (400_000, 4_000_000))
    assert spent(lambda: draw(large), tries=2) < 30 * spent(lambda: draw(small)) + 0.01


def test_nothing_from_disk_reaches_the_lines_raw() -> None:
    evil = "\x1b]0;x\x07\u202e"
    item = message("assistant", evil, reasoning=evil, tool_calls=(ToolCall(None, evil, json.dumps({"command": evil})),))
    for fold in Fold:
        for line in draw(item, results=[message("tool", evil)], folds=Folds(fold, fold)):
            assert not {"\x1b", "\x07", "\u202e"} & set(plain(line))
    assert not {"\x1b", "\x07"} & set(plain(draw(message(evil, "x"))[0]))


def test_seams_reach_as_far_as_the_text() -> None:
    line = seam(day(NOW, at(21, "10:00")), width=80, glyphs=GLYPHS)
    assert plain(line).startswith("  ╌╌ Sat 21 Nov ╌╌")
    assert line_cells(line) == 76
    assert undone_seam(6) == "6 messages undone · v shows them"
    assert undone_seam(1, shown=True) == "1 message undone · v hides it"
    assert section_seam(2, 3, now=NOW, compacted_at=None, messages=0) == "§2 of 3"
    assert line_cells(seam("x" * 500, width=40, glyphs=GLYPHS)) == 36


def test_an_ascii_terminal_gets_ascii_lines() -> None:
    look, folds = Look(measure(80), ASCII), Folds(tools=Fold.OPEN)
    lines = MessageDrawing(CALLS, look, NOW, results=[*RESULTS[:2], None], running=True, folds=folds).lines()
    lines.append(seam(section_seam(2, 3, now=NOW, compacted_at=None, messages=0), width=80, glyphs=ASCII))
    assert all(plain(with_bar(line, ASCII)).isascii() for line in lines)
