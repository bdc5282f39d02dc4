"""A word of an uncertain width stands between columns that are set by number.

Mutants: no column behind the words; cells not blanked; words written before the spaces behind them, which then
overwrite them in a terminal that takes more cells.
"""

from __future__ import annotations

import pytest

from hermes_tui.render.columns import anchored
from hermes_tui.render.line import cells


@pytest.mark.parametrize("title", ["नमस्ते हिन्दी", "தமிழ்", "⚠️ bare", "🇩🇪 flags", "e\u0302\u0303", "ที่นี่"])
def test_what_follows_stands_in_its_column_whatever_the_terminal_takes(title: str) -> None:
    width = cells(title)

    written = anchored(f"\x1b[3;5H\x1b[1m{title}\x1b[0m\x1b[2m    7 │\x1b[0m\n\x1b[4;1Hplain │")

    assert written == (
        f"\x1b[3;5H\x1b[1m{' ' * width}\x1b[0m\x1b[2m    \x1b[5G\x1b[1m{title}\x1b[0m"
        f"\x1b[2m\x1b[{9 + width}G7 │\x1b[0m\n\x1b[4;1Hplain │"
    )


def test_a_rule_behind_a_title_takes_no_letter_of_it() -> None:
    title = "नमस्ते हिन्दी"
    width = cells(title)

    written = anchored(f"\x1b[3;5H\x1b[1m─ {title} \x1b[0m\x1b[2m──── telegram ─\x1b[0m")

    blank = f"\x1b[3;5H\x1b[1m─ {' ' * width} \x1b[0m"
    rule = f"\x1b[2m\x1b[2m\x1b[{8 + width}G──── "
    late = f"\x1b[7G\x1b[1m{title}\x1b[0m"
    assert written == f"{blank}{rule}{late}\x1b[2m\x1b[{13 + width}Gtelegram ─\x1b[0m"


def test_words_at_the_end_of_a_line_are_written_before_the_next() -> None:
    written = anchored("\x1b[1;1H\x1b[1mहिन्दी\x1b[0m\n\x1b[2;1H\x1b[1mதமிழ்\x1b[0m")

    first, second = written.split("\n")
    assert first.endswith("\x1b[1G\x1b[1mहिन्दी\x1b[0m")
    assert second.endswith("\x1b[1G\x1b[1mதமிழ்\x1b[0m")


@pytest.mark.parametrize("frame", ["\x1b[3;5Hplain ─── 中文 한국어 │", "\x1b[?25l", "", "नमस्ते without a column"])
def test_any_other_frame_is_written_as_it_is(frame: str) -> None:
    assert anchored(frame) == frame
