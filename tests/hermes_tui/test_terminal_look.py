"""Abilities of a terminal by its environment.

Mutants: LANG looked at first; an empty variable taken for one that is set; 16 colours wherever COLORTERM is missing.
"""

from __future__ import annotations

import pytest

from hermes_tui.terminal_look import has_few_colours, shows_unicode


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, True),
        ({"LANG": "C.UTF-8"}, True),
        ({"LANG": "C"}, False),
        ({"LANG": "POSIX"}, False),
        ({"LC_ALL": "C", "LANG": "de_DE.UTF-8"}, False),
        ({"LC_ALL": "", "LC_CTYPE": "C.UTF-8", "LANG": "C"}, True),
        ({"LC_CTYPE": "POSIX", "LANG": "de_DE.UTF-8"}, False),
        ({"LC_ALL": "C.UTF-8", "LC_CTYPE": "C"}, True),
        ({"TERM": "linux"}, False),
    ],
)
def test_the_first_variable_of_the_locale_that_is_set_decides_on_ascii(environ: dict[str, str], expected: bool) -> None:
    assert shows_unicode(environ, encoding="utf-8") is expected
    assert not shows_unicode(environ, encoding="iso8859-1")


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"TERM": "xterm"}, True),
        ({"TERM": "linux"}, True),
        ({}, True),
        ({"TERM": "xterm-256color"}, False),
        ({"TERM": "xterm-kitty"}, False),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, False),
        ({"TERM": "screen", "COLORTERM": ""}, True),
    ],
)
def test_sixteen_colours_are_what_nothing_says_more_of(environ: dict[str, str], expected: bool) -> None:
    assert has_few_colours(environ) is expected
