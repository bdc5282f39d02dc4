"""Calls of tools: what they did, in a line."""

from __future__ import annotations

import json

import pytest

from hermes_tui.render.glyphs import UNICODE
from hermes_tui.render.line import Role, line_cells, plain
from hermes_tui.render.look import Look
from hermes_tui.render.time import n_bytes
from hermes_tui.render.tools.call import CallDrawing
from hermes_tui.render.tools.outcome import outcome
from hermes_tui.render.tools.summary import output, summary
from store.models import Message, ToolCall


def answer(text: str) -> Message:
    return Message(1, "s", "tool", text)


@pytest.mark.parametrize(
    ("text", "wide", "narrow", "role"),
    [
        ('{"output": "x", "exit_code": 0, "error": null}', "✓ ok", "✓", Role.DIM),
        ('{"output": "x", "exit_code": 1}', "✗ exit 1", "✗ 1", Role.ERROR),
        ('{"output": "", "exit_code": -1, "error": "blocked"}', "✗ exit -1", "✗ -1", Role.ERROR),
        ('{"output": "", "exit_code": 127}', "✗ 127", "✗ 12", Role.ERROR),
        ('{"error": "no such file"}', "✗ error", "✗", Role.ERROR),
        ('{"success": false}', "✗ error", "✗", Role.ERROR),
        ('{"status": "error"}', "✗ error", "✗", Role.ERROR),
        ('{"success": true, "error": ""}', "✓ ok", "✓", Role.DIM),
        ("Error: not found", "✗ error", "✗", Role.ERROR),
        ("Errors were few", "✓ ok", "✓", Role.DIM),
        ("plain words", "✓ ok", "✓", Role.DIM),
        ('{"broken": ', "✓ ok", "✓", Role.DIM),
        ("[" * 100_000, "✓ ok", "✓", Role.DIM),
        ('{"a":' * 100_000, "✓ ok", "✓", Role.DIM),
        ('{"exit_code": 2, "output": "' + "x" * 300_000 + '"}', "✗ exit 2", "✗ 2", Role.ERROR),
        ('{"output": "' + "x" * 300_000 + '", "exit_code": 0}', "✓ ok", "✓", Role.DIM),
    ],
)
def test_the_outcome_is_read_from_the_result(text: str, wide: str, narrow: str, role: Role) -> None:
    end = outcome(answer(text), UNICODE)
    assert (end.wide, end.narrow, end.role) == (wide, narrow, role)
    assert len(end.wide) <= 9
    assert len(end.narrow) <= 4


def test_a_call_without_a_result_runs_or_was_never_answered() -> None:
    assert outcome(None, UNICODE, running=True).wide == "… running"
    assert outcome(None, UNICODE).wide == "no answer"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ('{"command": "ls -l\\n  /tmp", "timeout": 5}', "ls -l /tmp"),
        ('{"path": "a.txt", "content": "long"}', "a.txt"),
        ('{"urls": ["http://a", "http://b"]}', "http://a http://b"),
        ('{"action": "add", "name": "x"}', "add x"),
        ('{"target": "memory", "n": 3}', "target=memory n=3"),
        ('{"command": "", "n": null}', "command= n=null"),
        ("{}", ""),
        ("not json", "not json"),
        ('["a"]', '["a"]'),
    ],
)
def test_arguments_are_shown_by_what_tells_most(arguments: str, expected: str) -> None:
    assert summary(ToolCall(None, "t", arguments)) == expected


def test_an_output_is_the_text_in_its_envelope_and_nothing_is_left_out() -> None:
    assert output('{"output": "a\\nb\\n", "exit_code": 0, "error": null}') == "a\nb"
    assert output('{"output": "a", "error": "late", "truncated": true}') == "a\nlate\ntruncated: true"
    assert output('{"results": [1]}') == json.dumps({"results": [1]}, indent=2)
    assert output("plain") == "plain"
    assert output('{"output": ""}') == ""


@pytest.mark.parametrize("measure", [27, 40, 55, 56, 67, 96])
def test_a_line_of_a_call_keeps_its_columns(measure: int) -> None:
    call = ToolCall(None, "terminal", json.dumps({"command": "docker build " * 20}))
    line = plain(CallDrawing(call, answer('{"exit_code": 1}')).line(Look(measure, UNICODE)))
    narrow = measure < 56
    assert line.endswith("✗ 1" if narrow else "    16 B  ✗ exit 1")
    assert len(line) == measure - 1
    assert line.index("16 B") + 4 == measure - (5 if narrow else 11)


def test_a_name_that_is_too_long_is_cut_and_its_arguments_left_out() -> None:
    line = CallDrawing(ToolCall(None, "x" * 200, '{"command": "ls"}'), None).line(Look(40, UNICODE))
    assert line_cells(line) <= 40
    assert "…" in plain(line)
    assert "ls" not in plain(line)
    assert "(no name)" in plain(CallDrawing(ToolCall(None, "", ""), None).line(Look(60, UNICODE)))


def test_sizes_are_bytes() -> None:
    assert n_bytes("桂") == 3
    assert n_bytes("\ud800") == 3
    assert n_bytes("ab") == 2
