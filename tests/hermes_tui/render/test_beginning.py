"""First messages of a session, as a family shows them."""

from __future__ import annotations

from hermes_tui.render.beginning import beginning_lines
from hermes_tui.render.glyphs import UNICODE
from hermes_tui.render.line import plain
from store.models import ContextLine


def test_a_result_is_its_text_and_what_describes_the_session_is_left_out() -> None:
    """Mutant: with the stored text of a result its envelope of JSON is read."""
    result = '{"output": "1 failed\\n2 passed", "exit_code": 1, "error": null}'
    texts = (("session_meta", "tools"), ("user", "again"), ("tool", result), ("assistant", ""))
    lines = [ContextLine(number, role, text) for number, (role, text) in enumerate(texts)]
    drawn = [plain(line) for line in beginning_lines(lines, width=60, glyphs=UNICODE)]
    assert [line.split("│ ")[-1] for line in drawn] == ["again", "1 failed 2 passed"]
