"""A word of an uncertain width stands between columns that are set by number.

Mutants: no column behind the word; cells not blanked; a part that begins in another column.
"""

from __future__ import annotations

import re

import pytest

from hermes_tui.render.columns import anchored
from hermes_tui.render.line import cells


@pytest.mark.parametrize("title", ["नमस्ते हिन्दी", "தமிழ்", "⚠️ bare", "🇩🇪 flags", "e\u0302\u0303", "ที่นี่"])
def test_what_follows_stands_in_its_column_whatever_the_terminal_takes(title: str) -> None:
    frame = f"\x1b[3;5H\x1b[1m{title}\x1b[0m 7 │\n\x1b[4;1Hplain │"
    written = anchored(frame)

    stop = 5 + cells(title)
    words = [word for word in title.split() if not word.isascii()]
    ends_in_one = title.rsplit(maxsplit=1)[-1] in words
    assert re.findall(r"\x1b\[(\d+)G\x1b\[0m 7", written) == ([str(stop)] if ends_in_one else [])
    for word in words:
        start = 5 + cells(title[: title.index(word)])
        assert f"{' ' * cells(word)}\x1b[{start}G{word}\x1b[{start + cells(word)}G" in written
    assert re.sub(r" +\x1b\[\d+G(.*?)\x1b\[\d+G", r"\1", written).replace(" ", "") == frame.replace(" ", "")


@pytest.mark.parametrize("frame", ["\x1b[3;5Hplain ─── 中文 한국어 │", "\x1b[?25l", "", "नमस्ते without a column"])
def test_any_other_frame_is_written_as_it_is(frame: str) -> None:
    assert anchored(frame) == frame
