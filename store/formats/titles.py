"""Title rules: cleaning, length limit, numbering in a lineage (docs/format.md §4.2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..base.late_pattern import late_pattern
from .row_encoding import storable

MAX_LENGTH = 100
"""Characters of a title after cleaning."""

_CONTROLS = late_pattern(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufffc\ufff9-\ufffb]"
)
_NUMBERED = late_pattern(r"^(.*?) #(\d+)$")
_LAST_NUMBER = late_pattern(r"^.* #(\d+)$")


def sanitize(title: str | None) -> str | None:
    """The title without control characters, runs of whitespace as one space; None for an empty title.

    Raises:
        ValueError: More than `MAX_LENGTH` characters are left.
    """
    cleaned = " ".join(_CONTROLS.sub("", storable(title) or "").split())
    if len(cleaned) > MAX_LENGTH:
        raise ValueError(f"Title too long ({len(cleaned)} chars, max {MAX_LENGTH})")
    return cleaned or None


def title_from_file(value: object) -> str | None:
    """The title in a file's session_meta, cut at the length limit; None for none."""
    return sanitize(" ".join(value.split())[:MAX_LENGTH]) if isinstance(value, str) else None


def base_of(title: str) -> str:
    """The title without its “ #N”."""
    numbered = _NUMBERED.match(title)
    return numbered[1] if numbered else title


def next_in_lineage(base: str, taken: Iterable[str]) -> str:
    """The next free title of a lineage: the base itself, then “base #2” and so on."""
    numbers = [int(match[1]) if (match := _LAST_NUMBER.match(title)) else 1 for title in taken]
    return f"{base} #{max(numbers) + 1}" if numbers else base


def restored(title: str) -> Iterator[str]:
    """Titles for a session whose own was taken meanwhile: “title (restored)”, then with a number, within the limit."""
    for number in range(1, 100):
        end = " (restored)" if number == 1 else f" (restored {number})"
        yield title[: MAX_LENGTH - len(end)].rstrip() + end
