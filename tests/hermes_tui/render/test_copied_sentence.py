"""Words on a copy. Mutants: a large text copied like any other; left-out characters not said."""

from __future__ import annotations

from hermes_tui.render.status import SURELY_TAKEN, copied_sentence
from hermes_tui.state.copy_text import copied


def test_a_copy_says_what_is_not_in_it() -> None:
    text = copied("déjà\r\n\tnul:\0: esc:\x1b")
    assert (text.text, text.left_out) == ("déjà\n\tnul:: esc:", 2)
    said = copied_sentence("the id", text.text, text.left_out)
    assert said == "copied the id, 16 characters, not 2 control characters"


def test_a_copy_that_a_terminal_may_refuse_claims_nothing() -> None:
    assert copied_sentence("it", "x" * SURELY_TAKEN, 0) == "copied it, 50 000 characters"
    said = copied_sentence("it", "é" * SURELY_TAKEN, 0)
    assert said == "the terminal may not have copied all 50 000 characters of it"


def test_the_file_of_a_long_copy_is_named_where_a_narrow_terminal_shows_it() -> None:
    """Mutant: the file named last."""
    said = copied_sentence("the message", "é" * SURELY_TAKEN, 1, "also in /run/user/1000/hermes-tui/copied-4194304.txt")
    assert ".txt:" in said[:77]
    assert said.endswith("50 000 characters, of which the terminal may lack some, not 1 control character")
