"""Outcome of a tool call by the text of its result (docs/format.md §3.1)."""

from __future__ import annotations

import re

from ..base.strict_json import BadJson, load

LONG = 1 << 16
"""Characters from which only both ends of a result are looked at."""
_ENDS = 2_000
_CODE = re.compile(r'"(?:exit_code|returncode)"\s*:\s*(-?\d{1,6})\b')
_FAILED = re.compile(r"\s*\[?(?:error|traceback|exception|fatal)\b", re.IGNORECASE)


def has_failed(text: str) -> bool:
    """True where the result of a call says that it failed.

    Hermes' tools answer with a JSON object as text: `exit_code` where a command ran, else `error` or `success`; other
    text fails by its first word.
    """
    if len(text) > LONG:
        found = _CODE.search(text[-_ENDS:]) or _CODE.search(text[:_ENDS])
        return found is not None and int(found[1]) != 0
    try:
        value = load(text)
    except BadJson:
        value = None
    if not isinstance(value, dict):
        return _FAILED.match(text) is not None
    code = next((value[name] for name in ("exit_code", "returncode") if name in value), None)
    if isinstance(code, int) and not isinstance(code, bool):
        return code != 0
    return bool(value.get("error")) or value.get("success") is False or value.get("status") == "error"
