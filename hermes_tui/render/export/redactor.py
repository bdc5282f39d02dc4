"""Redactor of one export: every decoded string that leaves is looked at, and masked where that was asked for."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from hermes_tui.render.export.model import About, Record
from hermes_tui.render.secrets import SecretKind, kind_of_named, label, masked, secrets
from hermes_tui.render.time import many
from store.base.strict_json import BadJson, load
from store.models import Message, ToolCall

DEEPEST = 4
"""JSON inside of JSON texts that is looked into."""
_IDS = frozenset({"id", "session_id", "tool_call_id", "call_id", "parent_session_id", "origin", "role", "type"})
"""Fields of a row that name something and hold no text."""

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
        if text[:1] in ("{", "[") and depth < DEEPEST:
            try:
                value = load(text)
            except BadJson:
                pass
            else:
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
            return {self.text(name, depth): self._named(name, item, depth) for name, item in value.items()}
        return value

    def message(self, message: Message) -> Message:
        """A message as it is shown."""
        calls = tuple(ToolCall(call.id, self.text(call.name), self.text(call.arguments)) for call in message.tool_calls)
        return replace(
            message,
            text=self.text(message.text),
            reasoning=self.text(message.reasoning),
            tool_name=message.tool_name and self.text(message.tool_name),
            tool_calls=calls,
        )

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
            cwd=self.text(about.cwd),
            model=self.text(about.model),
            notes=tuple(map(self.text, about.notes)),
            record=self.record(about.record),
        )

    def _named(self, name: str, value: object, depth: int) -> object:
        kind = kind_of_named(name, value) if isinstance(value, str) else None
        if kind is None:
            return self.value(value, depth)
        self.counts[kind] += 1
        return label(kind) if self.is_masking else value

    def _changed(self, before: int) -> bool:
        return self.is_masking and self.counts.total() > before


def in_words(counts: Counter[SecretKind]) -> str:
    """Counts by kind, most first: `2 keys, 1 e-mail`."""
    return ", ".join(many(number, str(kind)) for kind, number in counts.most_common())
