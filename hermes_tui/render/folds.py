"""Folds of a message: how much of its calls, its reasoning and its text is shown."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum

from store.base.late_dataclass import dataclass, field, replace

REASONING = -1
"""The part of a message that is its reasoning; its calls are parts by their place from 0, a result alone is 0."""


class Fold(IntEnum):
    """Degree to which something is shown."""

    HIDDEN = 0
    SHORT = 1
    """One line."""
    OPEN = 2
    """Its first lines."""
    WHOLE = 3


@dataclass(frozen=True, slots=True)
class Folds:
    """Folds of the parts of a message."""

    tools: Fold = Fold.SHORT
    reasoning: Fold = Fold.SHORT
    text: Fold = Fold.OPEN
    parts: Mapping[int, Fold] = field(default_factory=dict)
    """Parts that are folded on their own."""
    source: bool = False
    """Everything is shown as it is stored."""

    def of_call(self, place: int) -> Fold:
        """The fold of a call."""
        return self.parts.get(place, self.tools) if self.tools else Fold.HIDDEN

    @property
    def of_reasoning(self) -> Fold:
        """The fold of the reasoning."""
        return self.parts.get(REASONING, self.reasoning)

    @property
    def has_open_call(self) -> bool:
        """Whether a call may be unfolded."""
        return self.tools > Fold.SHORT or any(fold > Fold.SHORT for part, fold in self.parts.items() if part >= 0)

    def with_part(self, part: int, fold: Fold) -> Folds:
        """The same with one part folded on its own."""
        return replace(self, parts={**self.parts, part: fold})


FOLDED = Folds()
"""Folds of a message that nobody unfolded."""
