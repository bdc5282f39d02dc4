"""Strings that mean harm to a terminal, to Textual or to SQL; each carries the mark `x9k` so that it can be found."""

from __future__ import annotations

HOSTILE = [
    "x9k\x1b[31;7;95mred\x1b[0m",
    "x9k\x1b]52;c;cm0gLXJmIH4=\x07 clipboard",
    "x9k\x1b]0;owned title\x07",
    "x9k\x1b]8;;https://evil.example/\x1b\\link\x1b]8;;\x1b\\",
    "x9k\x1bP$q q\x1b\\ dcs",
    "x9k\x9b31m c1 \x9d0;c1 title\x9c",
    "x9k [@click=app.quit]click me[/] [bold]x[/bold]",
    "x9k [/] [/foo] [red",
    "x9k \u202egnp.exe\u202c \u2066isolate\u2069 \u200b\ufeff zero",
    "x9k \x00nul\x08\x08\x7f back",
    "x9k\r\nover\rwritten\x0b\x0c",
    "x9k ESC end \x1b[201~\x1b[?1049l\x1bc",
    "x9k 桂林 \U0001f468\u200d\U0001f469\u200d\U0001f467 \u0627\u0644\u0639\u0631\u0628\u064a\u0629 e\u0301",
    "x9k tag \U000e0041\U000e007f",
    "'; DROP TABLE sessions; --x9k",
]
"""Escape sequences, OSC 52, markup that acts, bidi, NUL: what reliability.md lists under E1 to E5."""
