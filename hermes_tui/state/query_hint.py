"""Hints on a query: what exists in place of a filter or a value that does not."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

from hermes_tui.state.rows import SessionRow
from hermes_tui.state.session_filter import OF_FEW_VALUES, unknown_value
from store.query.filters import KEYS
from store.query.parse import Query

OTHER_NAMES = {
    "from": "source",
    "platform": "source",
    "channel": "source",
    "dir": "cwd",
    "folder": "cwd",
    "path": "cwd",
    "since": "after",
    "until": "before",
    "name": "title",
    "state": "is",
    "status": "is",
    "by": "role",
}
"""What people call filters elsewhere."""
EXAMPLES = {
    "source": "source:telegram",
    "model": "model:opus",
    "role": "role:user",
    "tool": "tool:terminal",
    "after": "after:7d",
    "before": "before:2026-04",
    "cwd": "cwd:project",
    "title": "title:docker",
    "profile": "profile:default",
    "host": "host:laptop",
    "is": "is:flagged",
    "has": "has:reasoning",
}
_PREFIXED = re.compile(r"(?<!\S)-?(?P<name>[a-z]{2,10}):(?!//)(?P<value>[^\s\"]*)", re.IGNORECASE)


def hint(text: str, query: Query | None, rows: Iterable[SessionRow]) -> str:
    """What might be typed instead, "" where nothing seems wrong.

    `from: is no filter · source:telegram?`, `no source xyz here: cli cron discord`

    Args:
        text: As typed.
        query: What it was parsed to.
        rows: All sessions.
    """
    for found in _PREFIXED.finditer(text):
        name, value = found["name"], found["value"].casefold()
        if not (meant := _known(name)):
            continue
        example = f"{meant}:{value}" if value and meant in {*OF_FEW_VALUES, "cwd", "title"} else EXAMPLES[meant]
        return f"{name}: is no filter · {example}?"
    unknown = unknown_value(query, rows) if query is not None else None
    if unknown is None:
        return ""
    key, value, known = unknown
    return f"no {key} {value} here: {' '.join(known)}"


def with_known_filters(text: str) -> str:
    """The text with the names of filters that exist in place of those that do not."""
    return _PREFIXED.sub(lambda found: found[0].replace(found["name"], _known(found["name"]) or found["name"], 1), text)


def _known(name: str) -> str:
    """The filter that is meant by a name that is none; "" for one that is, and for none."""
    if name in {*KEYS, "id"}:
        return ""
    low = name.casefold()
    return OTHER_NAMES.get(low) or next(iter(get_close_matches(low, KEYS, n=1, cutoff=0.75)), "")
