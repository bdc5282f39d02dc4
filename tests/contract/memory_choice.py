"""Conditions on the sessions of the in-memory engine, and their chains."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from fnmatch import fnmatch

from store.engine.operations import RawRow
from store.engine.session_choice import SessionChoice
from tests.contract.memory_tables import Tables, number, text


def chosen(tables: Tables, choice: SessionChoice) -> list[RawRow]:
    """The rows of a choice, newest start first."""
    return [row for row in tables.rows() if _has_state(tables, row, choice) and _is_meant(tables, row, choice)]


def heard_in_chain(tables: Tables, row: RawRow) -> tuple[float, float, str]:
    """Key of a list by activity."""
    last = max(_heard(tables, section) for section in chain(tables, row))
    return last, number(row, "started_at") or 0.0, text(row, "id")


def tip(tables: Tables, session_id: str) -> str:
    """The last continuation, one step after the other."""
    seen = [session_id]
    while following := [row for row in _continuations(tables, seen[-1]) if row["id"] not in seen]:
        states = {text(row, "id"): (_goes_on(row), _heard(tables, row), text(row, "id")) for row in following}
        seen.append(max(states, key=lambda name: states[name]))
    return seen[-1]


def chain(tables: Tables, row: RawRow) -> list[RawRow]:
    """A session and all its continuations."""
    found = [row]
    for section in found:
        found += [child for child in _continuations(tables, text(section, "id")) if child not in found]
    return found


def _continuations(tables: Tables, session_id: str) -> Iterator[RawRow]:
    parent = tables.sessions.get(session_id)
    if parent is None or parent["end_reason"] != "compression":
        return
    for row in tables.sessions.values():
        marked = {"_branched_from", "_delegate_from"} & _config(row).keys()
        if row["parent_session_id"] == session_id and not marked and row["source"] != "tool":
            yield row


def _goes_on(row: RawRow) -> int:
    if row["end_reason"] == "compression":
        return 2
    return 1 if row["ended_at"] is None else 0


def _heard(tables: Tables, row: RawRow) -> float:
    times = [number(message, "timestamp") or 0.0 for message in tables.of(text(row, "id"))]
    return max(times, default=number(row, "started_at") or 0.0)


def _config(row: RawRow) -> dict[str, object]:
    found: dict[str, object] = json.loads(text(row, "model_config") or "{}")
    return found


def _has_state(tables: Tables, row: RawRow, choice: SessionChoice) -> bool:
    if choice.ended and row["ended_at"] is None:
        return False
    if choice.archived is not None and bool(row["archived"]) is not choice.archived:
        return False
    if choice.children or row["parent_session_id"] is None:
        return choice.children or "_delegate_from" not in _config(row)
    parent = tables.sessions.get(text(row, "parent_session_id"), {})
    ended = parent.get("end_reason") == "branched"
    later = ended and (number(row, "started_at") or 0.0) >= (number(parent, "ended_at") or 0.0)
    return ("_branched_from" in _config(row) or later) and "_delegate_from" not in _config(row)


def _is_meant(tables: Tables, row: RawRow, choice: SessionChoice) -> bool:
    exact = ("source", "end_reason", "user_id", "chat_id", "chat_type")
    if any(wanted and text(row, name) != wanted for name in exact if (wanted := getattr(choice, name))):
        return False
    if choice.exclude_sources and row["source"] in choice.exclude_sources:
        return False
    if choice.provider and text(row, "billing_provider").lower() != choice.provider.lower():
        return False
    likes = (("title_like", "title"), ("model_like", "model"), ("branch_like", "git_branch"))
    if any(not _like(text(row, column), wanted) for name, column in likes if (wanted := getattr(choice, name))):
        return False
    return _is_below(row, choice) and _is_within(row, choice) and _is_asked_for(tables, row, choice)


def _like(value: str, wanted: str) -> bool:
    pattern = f"*{wanted.lower()}*".replace("%", "*").replace("_", "?")
    return fnmatch(value.lower(), pattern)


def _is_below(row: RawRow, choice: SessionChoice) -> bool:
    prefix = (choice.cwd_prefix or "").rstrip("/")
    return not prefix or text(row, "cwd") == prefix or text(row, "cwd").startswith(f"{prefix}/")


def _is_within(row: RawRow, choice: SessionChoice) -> bool:
    cost = number(row, "actual_cost_usd")
    measured = {
        "messages": number(row, "message_count") or 0,
        "tokens": (number(row, "input_tokens") or 0) + (number(row, "output_tokens") or 0),
        "cost": cost if cost is not None else number(row, "estimated_cost_usd") or 0,
        "tool_calls": number(row, "tool_call_count") or 0,
    }
    started = number(row, "started_at") or 0.0
    lows = {f"min_{name}": value for name, value in measured.items()} | {"started_after": started}
    highs = {f"max_{name}": value for name, value in measured.items()}
    if any(value < low for name, value in lows.items() if (low := getattr(choice, name)) is not None):
        return False
    if any(value > high for name, value in highs.items() if (high := getattr(choice, name)) is not None):
        return False
    return choice.started_before is None or started < choice.started_before


def _is_asked_for(tables: Tables, row: RawRow, choice: SessionChoice) -> bool:
    sections = chain(tables, row)
    ids, titles = [text(one, "id").lower() for one in sections], [text(one, "title").lower() for one in sections]
    if (wanted := (choice.id_query or "").strip().lower()) and not any(wanted in name for name in ids):
        return False
    wanted = (choice.search_query or "").strip().lower()
    compact = re.sub(r"[\W_]+", "", wanted)
    return not wanted or any(
        wanted in name or wanted in title or (compact and compact in re.sub(r"[-_. ]", "", title))
        for name, title in zip(ids, titles, strict=True)
    )
