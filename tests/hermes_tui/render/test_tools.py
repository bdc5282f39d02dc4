"""Calls of tools unfolded: arguments and results in the shape of what they are, and nothing left out."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from hermes_tui.render.folds import Fold, Folds
from hermes_tui.render.glyphs import ASCII, UNICODE
from hermes_tui.render.line import Line, Role, line_cells, plain
from hermes_tui.render.look import Look
from hermes_tui.render.marks import Marker
from hermes_tui.render.message import MessageDrawing
from hermes_tui.render.tools.arguments import Form, read
from hermes_tui.render.tools.call import CallDrawing
from hermes_tui.render.tools.edits import difference, is_difference
from hermes_tui.render.tools.summary import summary
from store.models import Message, ToolCall
from tests.hermes_tui.render.samples import NOW
from tests.hermes_tui.render.test_message import every
from tests.hostile import HOSTILE

DIFF = "diff --git a/x.py b/x.py\n--- a/x.py\n+++ b/x.py\n@@ -1,2 +1,3 @@\n keep\n--- old\n+new\n++ more\n"
PATCH = "*** Begin Patch\n*** Update File: x.py\n@@ def f\n-    return 1\n+    return 2\n*** End Patch"
PATCHES = f"{PATCH}\n*** Add File: b c.py\n+1\n*** Update File: x.py\n+2\n*** Delete File: d.py"

CALLS: dict[str, tuple[dict[str, object] | str, object]] = {
    "write_file": ({"path": "notes/orchard.md", "content": "# The days\n\nquinces in a row\n"}, {"bytes_written": 31}),
    "edit": (
        {"path": "v.py", "old_string": "a = list(ids)\nkeep", "new_string": "a = dict(ids)\nkeep"},
        {"success": True},
    ),
    "patch": ({"mode": "patch", "patch": PATCH}, {"success": True, "diff": DIFF}),
    "str_replace": ({"path": "v.py", "old_str": "one", "new_str": ""}, "done, replaced once"),
    "apply_patch": (PATCH, "Success. Updated x.py"),
    "terminal": (
        {"command": "for name in apples pears; do\n  grep -rn $name orchard/ | sort | uniq -c\ndone", "timeout": 90},
        {"output": "\x1b[31mred\x1b[0m 3 apples", "exit_code": 3, "error": "grep failed", "duration_seconds": 2.5},
    ),
    "execute_code": ({"code": "import os\nprint('sum', 1)  # adds"}, {"status": "success", "output": "sum 1"}),
    "read_file": (
        {"path": "app/x.py", "offset": 10},
        {"content": "    10|def f():\n    11|    return 'quince'", "total_lines": 44},
    ),
    "search_files": (
        {"pattern": "quince", "path": "src"},
        {"total_count": 1, "matches": [{"path": "a.py", "line": 7, "content": "x = quince"}]},
    ),
    "web_search": (
        {"query": "tents"},
        {
            "success": True,
            "data": {"web": [{"title": "Storm tents", "url": "https://t.example/a", "description": "held in gale"}]},
        },
    ),
    "web_extract": (
        {"urls": ["https://t.example/a"]},
        {"results": [{"url": "https://t.example/a", "title": "Tents", "content": "first\nsecond line"}]},
    ),
    "browser_navigate": (
        {"url": "https://t.example/b"},
        {"success": True, "title": "Page", "snapshot": "- heading\n- button"},
    ),
    "delegate_task": (
        {"goal": "find the price", "context": "of two\ntents"},
        {"results": [{"status": "completed", "summary": "costs 300"}]},
    ),
    "todo": (
        {"todos": [{"id": "1", "content": "pitch it", "status": "in_progress"}], "merge": False},
        {"summary": {"total": 1, "pending": 0}},
    ),
    "memory": (
        {"action": "add", "target": "user", "content": "likes\nquinces"},
        {"success": False, "error": "memory full"},
    ),
    "unknown_tool": ({"depth": {"of": [1, {"deeper": "treasure"}]}, "flag": True}, [{"any": "thing"}, "else"]),
}


def drawing(name: str, arguments: object, result: object = None) -> CallDrawing:
    said = arguments if isinstance(arguments, str) else json.dumps(arguments)
    text = result if isinstance(result, str) else json.dumps(result)
    return CallDrawing(ToolCall("c", name, said), None if result is None else Message(2, "s", "tool", text))


def unfolded(drawn: CallDrawing, measure: int = 67, limit: int | None = 40) -> list[Line]:
    look = Look(measure, UNICODE, opened=True)
    return [drawn.line(look), *drawn.arguments(look, limit), *drawn.output(look, limit)]


def shown(lines: list[Line]) -> str:
    return "\n".join(plain(line) for line in lines)


def letters(text: str) -> str:
    return re.sub(r"\s+", "", text)


def strings(value: object) -> list[str]:
    """Every text and every number in a value, without looking at how it is drawn."""
    if isinstance(value, dict):
        return [text for inner in value.values() for text in strings(inner)]
    if isinstance(value, list):
        return [text for inner in value for text in strings(inner)]
    return [str(value)] if isinstance(value, (str, int, float)) and not isinstance(value, bool) else []


@pytest.mark.parametrize("measure", [27, 40, 67, 96])
@pytest.mark.parametrize("name", CALLS)
def test_every_word_of_a_call_and_of_its_result_is_there_once_it_is_unfolded(name: str, measure: int) -> None:
    """Mutants: drawing the result alone (as before); leaving out the fields beside a known text."""
    arguments, result = CALLS[name]
    for limit in (40, None):
        lines = unfolded(drawing(name, arguments, result), measure, limit)
        text = letters(shown(lines))
        for said in [*strings(arguments), *strings(result)]:
            for row in re.sub("\x1b\\[[0-9;]*m", "", said).split("\n"):
                if row.strip() not in {"completed", "in_progress"} or limit is None:
                    assert letters(row) in text, (row, shown(lines))
        assert max(map(line_cells, lines)) <= measure


def test_a_written_file_is_its_text_highlighted_by_its_name() -> None:
    lines = unfolded(drawing("write_file", {"path": "a.py", "content": "def f():  # why\n    return 'x'"}, {"ok": 1}))
    looks = {str(part.text).strip(): (part.role, part.italic, part.tint) for part in lines[1] + lines[2]}
    assert looks["def"] == (Role.ACCENT, False, True)
    assert looks["# why"] == (Role.DIM, False, True)
    assert looks["'x'"] == (Role.TEXT, True, True)
    assert plain(lines[1]).endswith("python")
    assert "30 B" in plain(lines[0])
    assert "path" not in shown(lines), "it stands in the fold line"


def test_an_edit_is_a_difference_with_its_counts_in_the_fold_line() -> None:
    given = {"path": "app/views.py", "old": "top\nreturn list(set(ids))", "new": "top\nseen = 1\nreturn list(seen)"}
    lines = unfolded(drawing("patch", given, {"success": True}))
    assert plain(lines[0]).split()[-4:] == ["+2", "−1", "✓", "ok"]
    assert [plain(line) for line in lines[1:5]] == [
        "    top",
        "  - return list(set(ids))",
        "  + seen = 1",
        "  + return list(seen)",
    ]
    assert [line[1].role for line in lines[1:5]] == [Role.DIM, Role.ERROR, Role.GOOD, Role.GOOD]
    folded = plain(drawing("patch", given).line(Look(67, ASCII)))
    assert "+2 -1" in folded
    assert folded.isascii()


@pytest.mark.parametrize(
    "arguments", [PATCHES, json.dumps({"input": PATCHES}), json.dumps({"mode": "x", "patch": PATCHES})]
)
def test_a_patch_is_named_by_its_files(arguments: str) -> None:
    """Mutant: a file that is named twice stands twice."""
    assert summary(ToolCall("c", "apply_patch", arguments)) == "x.py, b c.py, d.py"
    assert summary(ToolCall("c", "patch", json.dumps({"diff": f"{DIFF}+++ more\n"}))) == "x.py"


def test_a_diff_counts_what_it_adds_and_removes_and_not_its_heads() -> None:
    """Mutant: counting `--- a/x.py`; taking a removed line `-- old` for a head."""
    counts = difference(DIFF).counts
    assert (counts.added, counts.removed) == (2, 1)
    assert str(difference(PATCH).counts) == "+1 −1"
    assert "+2 −1" in plain(
        drawing("terminal", {"command": "git diff"}, {"output": DIFF, "exit_code": 0}).line(Look(67, UNICODE))
    )
    assert not is_difference("- a list\n+ of things\n@@ nothing")


def test_success_is_said_where_a_result_says_nothing_else() -> None:
    """Mutants: it is never said; it is said beside what else there is."""
    assert plain(unfolded(drawing("todo", {}, {"success": True}))[-1]) == "success true"
    assert "success" not in shown(unfolded(drawing("browser_click", {}, {"success": True, "title": "Page"})))
    assert "success" not in shown(unfolded(drawing("terminal", {}, {"success": True, "output": "done"})))


def test_a_command_is_there_in_full_with_a_hanging_indent() -> None:
    command = "docker run --rm -v /srv/orchard:/data " + "--env NAME=value " * 8
    lines = unfolded(drawing("terminal", {"command": command}, {"output": "", "exit_code": 0}))
    body = [plain(line) for line in lines[1:-1]]
    assert body[0].startswith("  docker run")
    assert all(line.startswith(("    --env", "    NAME")) for line in body[1:])
    assert plain(lines[-1]) == "(no output)"
    assert len(unfolded(drawing("terminal", {"command": "ls"}, {"output": "a", "exit_code": 0}))) == 2, (
        "it is not doubled"
    )


@pytest.mark.parametrize(
    ("text", "form", "values"),
    [
        ('{"path": "a.md", "content": "one\\nline t', Form.CUT, {"path": "a.md", "content": "one\nline t"}),
        ('{"a": 1, "b": [1, 2], "c": "x\\u00', Form.CUT, {"a": 1, "b": [1, 2], "c": "x"}),
        ('{"a": "x", "b": {"c": tru', Form.CUT, {"a": "x", "b": '{"c": tru'}),
        ('{"command": "grep \\d+ \\"q\\"", "n": 3', Form.CUT, {"command": 'grep \\d+ "q"', "n": 3}),
        ('"{\\"a\\": \\"twice\\"}"', Form.WHOLE, {"a": "twice"}),
        ("ls -l", Form.TEXT, {}),
        ("[1, 2]", Form.TEXT, {}),
        ("", Form.TEXT, {}),
        ("{{{{", Form.TEXT, {}),
    ],
)
def test_arguments_are_read_as_far_as_they_go(text: str, form: Form, values: dict[str, object]) -> None:
    assert (read(text).form, read(text).values) == (form, values)


def test_broken_arguments_are_drawn_by_their_shape_and_say_so() -> None:
    lines = shown(unfolded(drawing("write_file", '{"path": "a.md", "content": "quinces\\nin a ro', "failed")))
    assert "arguments cut, or broken JSON" in lines
    assert "  quinces" in lines
    assert "  in a ro" in lines
    assert "plain words of nobody" in shown(unfolded(drawing("x", "plain words of nobody", "ok"), 27))


def test_json_is_lines_first_and_pretty_json_as_the_second_step() -> None:
    """Mutant: pretty JSON also where the first step had more lines than it showed."""
    drawn = drawing("unknown_tool", {"outer": {"inner": ["a", "b"]}}, {"found": 2})
    first, second = shown(unfolded(drawn)), shown(unfolded(drawn, limit=None))
    assert "  outer\n    inner\n      • a\n      • b\nfound 2" in first
    assert '"inner": [' in second
    assert '"found": 2' in second
    long = drawing("unknown_tool", {"deep": [{"text": "a line\n" * 50 + "\tquinces"}]}, "ok")
    assert "more lines · space shows all" in shown(unfolded(long, limit=40))
    assert "        quinces" in shown(unfolded(long, limit=None)), "what the key promised: these lines, not JSON"


def test_what_is_empty_is_there_when_all_is_asked_for_and_no_line_is_too_wide() -> None:
    """Mutants: empty arguments left out of the second step too; a note about the arguments that is not broken."""
    drawn = drawing("web_extract", {"query": ["a"], "code": None, "tags": [], "note": ""})
    first, second = shown(unfolded(drawn)), shown(unfolded(drawn, limit=None))
    assert "code" not in first
    assert '"code": null' in second
    assert '"tags": []' in second
    assert '"note": ""' in second
    cut = unfolded(drawing("todo", '{"text": 1.5} trailing'), measure=20)
    assert "broken" in shown(cut)
    assert all(line_cells(line) <= 20 for line in cut)


def test_a_match_in_the_name_of_a_tool_is_reversed_and_no_word_of_ours_is() -> None:
    """Mutants: no name marked; that of a result alone, which is no text of it, marked too."""
    look = Look(67, UNICODE, marker=Marker(every("result"), 0))
    line = drawing("result_of", {"path": "a"}).line(look)
    assert [str(part.text) for part in line if part.reverse] == ["result"]
    alone = CallDrawing(None, Message(2, "s", "tool", "x")).line(replace(look, marker=Marker(every("result"), 0)))
    assert not any(part.reverse for part in alone)


def test_results_of_a_search_are_titles_and_links() -> None:
    arguments, result = CALLS["web_search"]
    lines = unfolded(drawing("web_search", arguments, result))
    title = next(part for line in lines for part in line if part.text == "Storm tents")
    link = next(part for line in lines for part in line if part.text == "https://t.example/a")
    assert (title.bold, link.underline) == (True, True)


def test_images_and_binaries_are_labelled_blocks() -> None:
    png = "iVBORw0KGgo" + "AbC1" * 4_000
    lines = shown(unfolded(drawing("vision", {"image": f"data:image/png;base64,{png}"}, {"mime": "x", "base64": png})))
    assert lines.count("[image/png · 11.7 KB]") == 2
    assert "AbC1AbC1" not in lines
    assert "[binary · 600 B]" in shown(unfolded(drawing("x", {}, "\x00\x01\x02" * 200)))
    assert "AbC1AbC1" in shown(unfolded(drawing("x", {}, {"base64": png}), limit=None))


def test_colours_of_a_terminal_become_roles_and_every_other_sequence_stays_visible() -> None:
    said = (
        "a \x1b[1;31mred\x1b[0m \x1b[38;2;10;200;40mgreen\n\x1b[38;5;226mstill\x1b[39m x\x1b[2J \x1b]52;c;cm0=\x07 end"
    )
    lines = unfolded(drawing("terminal", {"command": "ls"}, {"output": said, "exit_code": 0}))[1:]
    looks = {str(part.text): (part.role, part.bold) for line in lines for part in line}
    assert looks["red"] == (Role.ERROR, True)
    assert looks["green"] == (Role.GOOD, False)
    assert looks["still"] == (Role.WARNING, False)
    assert "x␛[2J ␛]52;c;cm0=␇ end" in shown(lines)


def test_how_long_a_call_took_stands_in_its_line_where_that_is_known() -> None:
    drawn = drawing("terminal", {"command": "make"}, {"output": "x", "exit_code": 0, "duration_seconds": 2.5})
    assert "2.5 s" in plain(drawn.line(Look(67, UNICODE)))
    assert "2.5 s" not in plain(drawn.line(Look(50, UNICODE)))
    took = drawing("x", {}, {"elapsed_ms": 61_000})
    assert "61 s" in plain(took.line(Look(67, UNICODE)))


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_in_a_call_reaches_the_lines_raw(text: str) -> None:
    """Every shape: each value is hostile, and so are the names of tools, keys and languages."""
    shapes: list[tuple[str, object]] = [
        ("write_file", {"path": text, "content": text}),
        ("edit", {"path": text, "old": text, "new": text * 2}),
        ("apply_patch", f"{PATCH}\n+{text}"),
        ("terminal", {"command": text}),
        ("code", {"code": text, "language": text}),
        ("todo", {"todos": [{"content": text, "status": "pending"}]}),
        (text, {text: {text: [text]}}),
        (text, text),
    ]
    results = [text, {"output": text, "error": text, text: text}, {"data": [{"title": text, "url": text}]}, [text]]
    harmful = {chr(code) for code in (*range(32), *range(0x7F, 0xA0))} | set("\u202e\u2066\u200b\ufeff\u2028")
    for name, arguments in shapes:
        for result in results:
            for limit in (40, None):
                for line in unfolded(drawing(name, arguments, result), 50, limit):
                    assert not harmful & set(plain(line)), plain(line)


def test_a_call_without_an_answer_is_unfolded_too_and_only_the_one_that_was_asked_for() -> None:
    calls = tuple(ToolCall(str(n), "terminal", json.dumps({"command": f"echo {n} " + "word " * 30})) for n in range(3))
    item = Message(1, "s", "assistant", "", 0.0, calls)
    drawn = MessageDrawing(item, Look(67, UNICODE), NOW, folds=Folds().with_part(1, Fold.OPEN)).draw()
    text = [plain(line) for line in drawn.lines]
    assert sum("▾" in line for line in text) == 1
    assert sorted(drawn.folds.values()) == [0, 1, 2]
    assert all(text[place][10] in "▸▾" for place in drawn.folds)
    assert sum(line.count("word") for line in text) > 30


@pytest.mark.slow
def test_a_long_result_is_read_from_its_beginning() -> None:
    text = json.dumps({"output": "first line\n" + "line\n" * 400_000, "exit_code": 0})
    lines = shown(unfolded(drawing("terminal", {"command": "cat"}, text)))
    assert "first line" in lines
    assert lines.endswith("… 399 961 more lines · space shows all")
    assert lines.count("more line") == 1
    assert "\\n" not in lines
