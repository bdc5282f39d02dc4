"""Keys of every verb's `--json`: scripts go by them, and one thing has one name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from hermes_tui.cli.verbs import VERBS
from tests.hermes_tui.cli.running import Run, objects

A, B = "20260101_100000_aaaaaa", "20260102_100000_bbbbbbbb"
WITHOUT = {"open", "completion", "push"}
"""Verbs without `--json`, and one that needs a server."""
CHECK = (
    "session_id verdict sqlite_messages jsonl_messages missing_in_sqlite missing_in_jsonl damaged_lines doubled"
    " repairable reason edited salvaged"
)
REPAIR = f"{CHECK} operation inserted moved backup note"
REPAIRED = "id session_id started_at inserted moved to_insert state backup"
DELETED = "id session_id started_at title messages files n_bytes state sessions"
MOVED = "operation session_id messages files state sessions trash titles left_in_trash remains"
SUMS = (
    "sessions messages input_tokens output_tokens cache_read_tokens cache_write_tokens reasoning_tokens estimated_usd"
    " actual_usd without_cost"
)
STORED = ("titles", "days", "tool_calls")
"""Objects whose keys are ids, days, or what a model wrote."""
KEYS = {
    "list": "id profile source title model started_at last_active messages shown status verdict drift parent_id"
    " archived hidden live",
    f"show {A}": "id session_id role timestamp text tool_calls tool_name reasoning active compacted origin",
    "search docker": "session_id message_id role timestamp source model title snippet context context.id context.role"
    " context.text context.hit summary summary.hits summary.sessions summary.capped summary.milliseconds summary.sort"
    " summary.fallback",
    "check": CHECK,
    f"repair {B} --dry-run": REPAIR,
    f"repair {B} --yes": REPAIR,
    "undo": REPAIRED,
    "undo {operation} --yes": "session_id operation state taken_out moved messages backup",
    "doctor": "check ok detail",
    f"export {A} -f jsonl -o {{file}}": "file sessions",
    "verify {file}": "session_id agreement messages store_messages",
    "import {file}": "session_id state",
    "stats --by source": f"total {' '.join(f'total.{name}' for name in SUMS.split())} by"
    f" groups groups.name {' '.join(f'groups.{name}' for name in SUMS.split())} days hours undated in_files"
    " longest longest.id longest.title longest.value dearest tools tools.name tools.calls tools.errors",
    "config": "setting value default",
    f"rename {A} new": "session_id title",
    f"archive {A}": "sessions changed",
    f"unarchive {A}": "sessions changed",
    f"delete {A} --dry-run": "session_id title messages operation sessions kept_children files refused remains",
    f"delete {A} --yes --force": MOVED,
    "trash list": DELETED,
    f"trash restore {A} --dry-run": DELETED,
    f"trash restore {A} --yes": MOVED,
    "trash empty --yes": "deletions bytes",
}


def test_the_keys_of_every_verb_are_these(home: Path, run: Run, tmp_path: Path) -> None:
    """Mutant: `session` in place of `session_id` in `import` or `verify`."""
    operation, found = "", {}
    for line in KEYS:
        _, out, _ = run(home, *line.format(operation=operation, file=tmp_path / "a.jsonl").split(), "--json")
        printed = objects(out)
        found[line] = list(dict.fromkeys(key for row in printed for key in _keys(row)))
        operation = operation or next((row["operation"] for row in printed if row.get("operation")), "")
    assert found == {line: keys.split() for line, keys in KEYS.items()}


def test_every_verb_that_has_json_is_among_them() -> None:
    """`pin` and `unpin` need a column, and print what `archive` does."""
    assert {line.split()[0] for line in KEYS} | {"pin", "unpin"} == {*VERBS, "config"} - WITHOUT


def _keys(row: Mapping[str, object]) -> Iterator[str]:
    """The keys of an object, and with their own those of the objects in it."""
    for key, value in row.items():
        yield key
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, dict) and key not in STORED:
                yield from (f"{key}.{name}" for name in inner)
