"""JSONL as Hermes' own `import_sessions` reads it: a session on a line, its active messages under `messages`.

What was undone or compacted stands under `inactive_messages`, which Hermes ignores: there it would come back as said.
Each of those has `after`, the number of messages before it. A field is of the type that Hermes asks for
(hermes-agent 0.19.0, `import_sessions`), or left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from math import isfinite
from tempfile import SpooledTemporaryFile

from hermes_tui.render.export.json import as_json
from hermes_tui.render.export.model import MANIFEST, About, ExportOptions, Record, Totals, manifest
from store.base.strict_json import load_or
from store.formats.message_codec import timestamp

INACTIVE = "inactive_messages"
HELD = 8 << 20
"""Bytes of inactive messages that are held in memory; more of them lie in an unnamed file."""

_SESSION_TEXTS = (
    *("user_id", "model", "system_prompt", "end_reason", "cwd", "git_branch", "git_repo_root", "billing_provider"),
    *("billing_base_url", "billing_mode", "cost_status", "cost_source", "pricing_version", "title"),
    *("parent_session_id", "profile_name"),
)
_SESSION_NUMBERS = (
    *("ended_at", "input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens"),
    *("estimated_cost_usd", "actual_cost_usd", "api_call_count", "archived", "pinned", "hidden"),
)
_MESSAGE_TEXTS = frozenset(
    {
        *("tool_call_id", "tool_name", "effect_disposition", "finish_reason", "reasoning", "reasoning_content"),
        *("platform_message_id", "message_id", "api_content", "display_kind"),
    }
)
_MESSAGE_VALUES = frozenset(
    {"tool_calls", "reasoning_details", "codex_reasoning_items", "codex_message_items", "display_metadata"}
)
_PLAIN = (str, int, float)
_SURROGATE = re.compile(r"\\ud[89a-f][0-9a-f]{2}")
_PAIR = re.compile(r"(?<!\\)((?:\\\\)*)(\\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}|\\ud[89a-f][0-9a-f]{2})")


class JsonlWriter:
    """Implements `RecordWriter`."""

    def __init__(self) -> None:
        self._between, self._written = "", 0
        self._inactive = SpooledTemporaryFile[str](HELD, "w+", encoding="ascii")
        self._last_time: float | None = None

    def head(self, about: About) -> str:
        """The session's own fields."""
        self._last_time = about.started_at
        notes = {"notes": list(about.notes)} if about.notes else {}
        return f'{line(session_fields(about) | notes)[:-1]}, "messages": ['

    def seam(self, section_id: str, place: int, sections: int) -> str:  # noqa: ARG002  a section has a line of its own
        """Nothing."""
        return ""

    def record(self, record: Record) -> str:
        """A message; one that does not stand has its state, and the number of those before it."""
        fields = message_fields(record, self._last_time)
        self._last_time = fields["timestamp"] if isinstance(fields["timestamp"], float) else self._last_time
        if not record.get("active", 1):
            fields |= {"active": 0, "compacted": int(bool(record.get("compacted"))), "after": self._written}
        return line(fields)

    def put(self, text: str, *, is_active: bool) -> str:
        """A message behind a comma, unless it is the first; nothing for one that stands further behind."""
        if not is_active:
            self._inactive.write(f", {text}" if self._inactive.tell() else text)
            return ""
        self._written += 1
        between, self._between = self._between, ", "
        return between + text

    def tail(self, about: About, totals: Totals, options: ExportOptions) -> Iterator[str]:
        """The messages that do not stand, and the manifest."""
        yield f'], "message_count": {totals.messages}'
        if self._inactive.tell():
            self._inactive.seek(0)
            yield f', "{INACTIVE}": ['
            while chunk := self._inactive.read(1 << 16):
                yield chunk
            yield "]"
        self._inactive.close()
        yield f', "{MANIFEST}": {line(manifest(about, totals, options))}}}\n'


def line(fields: Mapping[str, object]) -> str:
    """An object as JSON in ASCII without lone surrogates, which Hermes refuses.

    A text by itself is encoded in a third of the time that an object with one takes.
    """
    parts = [
        f'"{name}": {value!r}' if type(value) is float and isfinite(value) else f'"{name}": {as_json(value)}'
        for name, value in fields.items()
    ]
    text = f"{{{', '.join(parts)}}}"
    return _PAIR.sub(_paired, text) if "\\" in text and _SURROGATE.search(text) else text


def _paired(match: re.Match[str]) -> str:
    return match[0] if len(match[2]) > 6 else f"{match[1]}\\ufffd"


def session_fields(about: About) -> dict[str, object]:
    """The fields of a session that can be imported."""
    row = about.record
    fields: dict[str, object] = {
        "id": str(row.get("id") or about.id),
        "source": str(row.get("source") or about.source or "import"),
    }
    fields |= {"started_at": about.started_at}
    fields |= {name: str(row[name]) for name in _SESSION_TEXTS if row.get(name) not in (None, "", b"")}
    fields |= {name: row[name] for name in _SESSION_NUMBERS if _is_number(row.get(name))}
    fields |= {"title": about.title} if about.title else {}
    fields |= {"model": about.model} if about.model else {}
    config = _object_or_none(row.get("model_config"))
    return fields | ({"model_config": config} if config is not None else {})


def _object_or_none(value: object) -> object:
    if not isinstance(value, str):
        return value if isinstance(value, dict) else None
    found = load_or(value, None)
    return found if isinstance(found, dict) else None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and isfinite(value)


def message_fields(record: Mapping[str, object], before: float | None) -> dict[str, object]:
    """The fields of a message that can be imported.

    Args:
        before: Time of the message before, which one without a time gets.
    """
    role, tokens = record.get("role"), record.get("token_count")
    time = timestamp(record.get("timestamp"))
    fields: dict[str, object] = {
        "role": str(role) if role not in (None, "") else "unknown",
        "content": record.get("content"),
        "timestamp": before if time is None else time,
    }
    for name, value in record.items():
        if value is None:  # most
            continue
        if name in _MESSAGE_TEXTS:
            if isinstance(value, _PLAIN):
                fields[name] = str(value)
        elif name in _MESSAGE_VALUES and value:
            fields[name] = value
    if isinstance(tokens, int) and not isinstance(tokens, bool):
        fields["token_count"] = tokens
    if (observed := record.get("observed")) and not isinstance(observed, str):
        fields["observed"] = True
    if role == "tool" and "tool_name" not in fields and isinstance(record.get("name"), str):
        fields["tool_name"] = record["name"]
    return fields
