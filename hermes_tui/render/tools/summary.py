"""Arguments of a call in a few words, and the text of a result without its envelope."""

from __future__ import annotations

import json

from hermes_tui.render.safe import SafeText, one_line
from hermes_tui.render.tools.arguments import Fields, Form, read
from hermes_tui.render.tools.edits import changed_files
from store.models import ToolCall

LONGEST_SUMMARY = 1_000
"""Characters of arguments that are looked at for the line."""
SPECIFIC = (
    "command",
    "path",
    "file_path",
    "query",
    "url",
    "urls",
    "pattern",
    "code",
    "goal",
    "question",
    "prompt",
    "name",
)
"""Arguments that say on their own what a call does, the most specific first."""
TEXT_FIELDS = ("output", "content", "stdout", "stderr", "error")
"""Fields of a result that are text for people."""


def summary(call: ToolCall) -> SafeText:
    """A call's arguments in a few words: the specific ones by their values, a patch by its files, others with keys."""
    given = read(call.arguments).values
    if not given and call.arguments.startswith("*** Begin Patch"):
        given = {"patch": call.arguments}
    if not given:
        return one_line("" if call.arguments.strip() == "{}" else call.arguments[:LONGEST_SUMMARY])
    specific = next((key for key in SPECIFIC if given.get(key)), None)
    if specific:
        words = [value_text(given["action"])] if isinstance(given.get("action"), str) else []
        return one_line(" ".join([*words, value_text(given[specific])]))
    if files := changed_files(given):
        return one_line(", ".join(files))
    return one_line(" ".join(f"{key}={value_text(value)}" for key, value in given.items())[:LONGEST_SUMMARY])


def output(text: str) -> str:
    """The text of a result for people: that inside its JSON envelope, then its other fields.

    JSON without such a text comes indented, anything else as it is.
    """
    given = read(text)
    if given.form is not Form.WHOLE:
        return text
    texts = text_fields(given)
    if not texts:
        return json.dumps(given.values, ensure_ascii=False, indent=2)
    rest = [
        f"{key}: {value_text(value)}"
        for key, value in given.values.items()
        if value and key not in texts and key != "exit_code"
    ]
    return "\n".join([*(str(given.values[key]).strip("\n") for key in texts if given.values[key]), *rest])


def text_fields(given: Fields) -> list[str]:
    """The names of a result's fields that are text for people."""
    return [key for key in TEXT_FIELDS if isinstance(given.values.get(key), str)]


def value_text(value: object) -> str:
    """A value on one line, no longer than a summary."""
    if isinstance(value, str):
        return value[:LONGEST_SUMMARY]
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return " ".join(value[:20])[:LONGEST_SUMMARY]
    return json.dumps(value, ensure_ascii=False)[:LONGEST_SUMMARY]
