"""Strings that mean harm to a terminal, to Textual or to SQL; each carries the mark `x9k` so that it can be found."""

from __future__ import annotations

import json
from pathlib import Path

from store import SessionDB

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


def poisoned_calls(text: str) -> list[dict[str, str]]:
    """Calls of every shape that is drawn in its own way, hostile in each value."""
    arguments: dict[str, object] = {
        text: {"command": text},
        "write_file": {"path": text, "content": f"{text}\n{text}"},
        "patch": {"path": text, "old_string": text, "new_string": f"{text} more"},
        "execute_code": {"code": text, "language": text},
        "todo": {"todos": [{"content": text, "status": "pending"}], text: [{"title": text, "url": text}]},
        "apply_patch": f"*** Begin Patch\n+{text}\n-{text}",
    }
    return [
        {"name": name, "arguments": value if isinstance(value, str) else json.dumps(value)}
        for name, value in arguments.items()
    ]


def poison(home: Path) -> None:
    """A home in which every text column of every row is hostile, and a JSONL file too."""
    db = SessionDB(home / "state.db")
    for number, text in enumerate(HOSTILE):
        session = db.create_session(f"poison_{number}", source=text[:60], model=text, model_config={"x": text})
        db.set_session_title(session, f"{number} {text}"[:100])
        calls = [
            {"id": f"{text}{place}" if place else text, "type": "function", "function": function}
            for place, function in enumerate(poisoned_calls(text))
        ]
        db.append_message(session, "user", text)
        shown = f"{text}\n\n[{text}]({text}) <https://x9k.example/{text}>\n\n```diff\n-{text}\n+{text}\n```"
        db.append_message(session, "assistant", shown, tool_calls=calls, reasoning=text, finish_reason=text)
        db.append_message(
            session, "tool", json.dumps({"output": text, "exit_code": 1}), tool_name=text, tool_call_id=text
        )
        db.append_message(session, text, "\x1b[31;7;95m" + "long line " * 100_000 if number == 0 else text)
    db.close()
    lines = "".join(json.dumps({"role": "user", "content": text, "timestamp": text}) + "\n" for text in HOSTILE)
    surrogate = '{"role": "user", "content": "x9k \\ud800 lone"}\n'
    (home / "sessions").mkdir()
    (home / "sessions" / "poison_file.jsonl").write_text(lines + surrogate, encoding="utf-8")
