"""Redactor of one export: every decoded string that leaves is looked at, and masked where that was asked for."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from hermes_tui.render.export.model import About, Record
from hermes_tui.render.secrets import (
    SecretKind,
    have_secrets,
    is_secret_name,
    kind_of_named,
    label,
    masked,
    secrets,
)
from hermes_tui.render.time import many
from store.base.late_dataclass import dataclass, field, replace
from store.base.strict_json import BadJson, load
from store.models import Message, ToolCall

DEEPEST = 4
"""JSON inside of JSON texts that is looked into."""
_IDS = frozenset({"id", "session_id", "tool_call_id", "call_id", "parent_session_id", "origin", "type"})
"""Fields of a row that name something and hold no text."""

_ROLES = frozenset({"user", "assistant", "tool", "system", "session_meta"})
_NUMBERS = frozenset({int, float, bool})


@dataclass(slots=True)
class Redactor:
    """Masks likely secrets, or only counts them.

    Args:
        is_masking: Put a label in place of each.
    """

    is_masking: bool
    counts: Counter[SecretKind] = field(default_factory=Counter)
    """Number of likely secrets so far, by kind."""

    def text(self, text: str, depth: int = 0) -> str:
        """A text; one that is JSON is decoded first, so that no escape hides a secret."""
        value = _decoded(text, depth)
        if value is not None:
            before = self.counts.total()
            cleaned = self.value(value, depth + 1)
            return json.dumps(cleaned, ensure_ascii=False) if self._changed(before) else text
        if not (found := secrets(text)):
            return text
        self.counts.update(secret.kind for secret in found)
        return masked(text, found) if self.is_masking else text

    def value(self, value: object, depth: int = 0) -> object:
        """A value of JSON, with every text in it; of an object the names say which values are secret."""
        if isinstance(value, str):
            return self.text(value, depth)
        if isinstance(value, list):
            return [self.value(item, depth) for item in value]
        if isinstance(value, dict):
            return self._object(value, depth)
        return value

    def _object(self, value: Mapping[str, object], depth: int) -> Record:
        """An object; of a pair of a name and a value, such as a variable or a header, that name counts."""
        of_pair = value.get("name", value.get("key"))
        names = {"value": of_pair} if isinstance(of_pair, str) else {}
        return {self.text(name, depth): self._named(names.get(name, name), item, depth) for name, item in value.items()}

    def message(self, message: Message) -> Message:
        """A message as it is shown."""
        calls = tuple(ToolCall(call.id, self.text(call.name), self.text(call.arguments)) for call in message.tool_calls)
        return replace(
            message,
            role=message.role if message.role in _ROLES else self.text(message.role),
            text=self.text(message.text),
            display_kind=message.display_kind and self.text(message.display_kind),
            mirrored=message.mirrored and self.text(message.mirrored),
            reasoning=self.text(message.reasoning),
            tool_name=message.tool_name and self.text(message.tool_name),
            tool_calls=calls,
        )

    def messages(self, messages: Sequence[Message]) -> Sequence[Message]:
        """Messages as they are shown; the same ones where none holds a likely secret."""
        texts: list[str] = []
        for message in messages:
            parts = (message.role, message.text, message.reasoning, message.tool_name or "", message.mirrored)
            calls = [text for call in message.tool_calls for text in (call.name, call.arguments)]
            if not _gathered((*parts, message.display_kind or "", *calls), 0, texts):
                break
        else:
            if not have_secrets(texts):
                return messages
        return [self.message(message) for message in messages]

    def records(self, records: Sequence[Record]) -> Sequence[Record]:
        """Rows or lines with all their fields; the same ones where none holds a likely secret."""
        if not any(map(is_secret_name, set[str]().union(*records))):
            texts: list[str] = []
            if all(_gathered(record.values(), 0, texts) for record in records) and not have_secrets(texts):
                return records
        return [self.record(record) for record in records]

    def record(self, record: Mapping[str, object]) -> Record:
        """A row or a line with all its fields."""
        masked = dict(record)
        for name, value in record.items():
            if value is not None and type(value) not in _NUMBERS and name not in _IDS:
                masked[name] = self._named(name, value, 0)
        return masked

    def about(self, about: About) -> About:
        """The head of an export."""
        return replace(
            about,
            title=self.text(about.title),
            source=self.text(about.source),
            cwd=self.text(about.cwd),
            model=self.text(about.model),
            notes=tuple(map(self.text, about.notes)),
            record=self.record(about.record),
        )

    def _named(self, name: str, value: object, depth: int) -> object:
        if isinstance(value, list):
            return [self._named(name, item, depth) for item in value]
        kind = kind_of_named(name, value) if isinstance(value, str) else None
        if kind is None:
            return self.value(value, depth)
        self.counts[kind] += 1
        return label(kind) if self.is_masking else value

    def _changed(self, before: int) -> bool:
        return self.is_masking and self.counts.total() > before


def _gathered(values: Iterable[object], depth: int, texts: list[str]) -> bool:
    """Add the texts in some values to others; False where a name in them may say that a value is secret."""
    for value in filter(None, values):
        if type(value) in _NUMBERS:
            continue
        if isinstance(value, str):
            decoded = None if value[0].isalnum() else _decoded(value, depth)
            if decoded is None:
                texts.append(value)
            elif not _gathered((decoded,), depth + 1, texts):
                return False
        elif isinstance(value, dict):
            texts += value
            if "value" in value or any(map(is_secret_name, value)) or not _gathered(value.values(), depth, texts):
                return False
        elif isinstance(value, list) and not _gathered(value, depth, texts):
            return False
    return True


def _decoded(text: str, depth: int) -> object:
    """The list or the object that a text is, None for any other text."""
    first = text[:1] if not text[:1].isspace() else text[:100].lstrip()[:1]
    if first not in ("{", "[") or depth >= DEEPEST:
        return None
    try:
        return load(text)
    except BadJson:
        return None


def in_words(counts: Counter[SecretKind]) -> str:
    """Counts by kind, most first: `2 keys, 1 e-mail`."""
    return ", ".join(many(number, str(kind)) for kind, number in counts.most_common())
