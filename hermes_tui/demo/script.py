"""Conversations of the demo: script.txt -> messages as an agent holds them; open choices are drawn by lot."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from random import Random
from typing import Any

from store.base.late_dataclass import dataclass, field

Message = dict[str, object]

TEXT = Path(__file__).with_suffix(".txt")
SIGNS = "><~$|"
SECONDS = {"now": 30.0, "h": 3600.0, "d": 86400.0, "w": 7 * 86400.0}
ARGUMENT = {
    "terminal": "command",
    "read_file": "path",
    "write_file": "path",
    "patch": "path",
    "search_files": "pattern",
    "web_search": "query",
    "delegate_task": "goal",
    "memory": "content",
    "transcribe": "path",
    "vision": "path",
}
"""Tool -> the name of the argument that the script gives."""

LOTS: Mapping[str, tuple[str, ...]] = {
    "file": ("store/queue.py", "bot/handlers.py", "compose.yml", "parser/lines.py", "ci/run.sh", "app/views.py"),
    "service": ("gateway", "mailer", "indexer", "cache", "scheduler"),
    "word": ("ledger", "harbour", "lantern", "compass", "archive", "orchard", "beacon", "quill"),
}


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch of a conversation between two compactions; texts are still in the script's signs."""

    summary: str
    """The summary of the stretch before; "" for the first."""
    opening: str
    ending: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """One session of the script."""

    title: str | None
    source: str
    model: str
    age: float
    """Seconds since its newest message."""
    sections: tuple[Section, ...]
    parent: str | None = None
    """Title of the session that it belongs to, as a subagent or (word `branch`) as a branch."""
    words: frozenset[str] = frozenset()
    """Of: `interrupted` (never ended), `empty` (the same), `error` (cut off), `archived`, `branch`."""
    pool: str = ""
    """Follow-up turns to grow with."""
    grow: int = 0
    """Messages of each section, as far as turns fit."""
    jsonl: str = ""
    """Its legacy file: `ahead`, `diverged`, `damaged`, `only`, or "" for none."""
    sqlite: int = 0
    """With `jsonl=ahead`, messages at least that reached SQLite."""
    live: str = ""
    """It goes on being written, with turns of this pool."""


@dataclass(frozen=True, slots=True)
class Script:
    """The whole text."""

    conversations: tuple[Conversation, ...]
    pools: Mapping[str, tuple[str, ...]]
    """Name -> turns, each begins with a user's message."""

    def messages(self, conversation: Conversation, section: Section, rng: Random) -> list[Message]:
        """One section as the agent held it, grown to its length."""
        summary = [_user(section.summary)] if section.summary else []
        opening, ending = (messages(text, rng) for text in (section.opening, section.ending))
        missing = conversation.grow - len(summary) - len(opening) - len(ending)
        return [*summary, *opening, *self._grown(conversation.pool, missing, rng), *ending]

    def turn(self, pool: str, rng: Random) -> list[Message]:
        """One turn of a pool."""
        return messages(rng.choice(self.pools[pool]), rng)

    def _grown(self, pool: str, missing: int, rng: Random) -> list[Message]:
        """Turns that fit into so many messages; each comes once before any comes again."""
        grown: list[Message] = []
        sizes = {turn: len(messages(turn, rng)) for turn in self.pools.get(pool, ())}
        left: list[str] = []
        while fitting := [turn for turn, size in sizes.items() if size <= missing - len(grown)]:
            left = [turn for turn in left if turn in fitting] or rng.sample(fitting, len(fitting))
            grown += messages(left.pop(), rng)
        return grown


def load() -> Script:
    """Read the script that lies beside this module."""
    lines = (line for line in TEXT.read_text(encoding="utf-8").splitlines() if not line.startswith(";"))
    text, *pools = "\n".join(lines).split("\n%% ")
    parts = f"\n{text}".split("\n#")[1:]
    named = (pool.partition("\n") for pool in pools)
    return Script(
        tuple(_conversation(part) for part in parts),
        {name: tuple(f">{turn}" for turn in f"\n{body}".split("\n>")[1:]) for name, _, body in named},
    )


def messages(text: str, rng: Random) -> list[Message]:
    """Turn a piece of the script into messages without times; names in braces are drawn once for the whole piece."""
    text = text.replace("{n}", str(rng.randint(2, 48)))
    for name, lots in LOTS.items():
        text = text.replace(f"{{{name}}}", rng.choice(lots))
    written = _Pen(rng)
    for sign, block in _blocks(text):
        written.put(sign, block)
    return written.done()


def _conversation(part: str) -> Conversation:
    title, about, *lines = part.split("\n")
    source, model, age, *rest = about.removeprefix("@ ").split()
    options: dict[str, Any] = dict(word.split("=") for word in rest if "=" in word)
    options |= {name: int(options[name]) for name in ("grow", "sqlite") if name in options}
    parent = lines.pop(0).removeprefix("^ ") if lines and lines[0].startswith("^ ") else None
    first, *later = "\n".join(lines).split("\n= ")
    return Conversation(
        title=title.strip() or None,
        source=source,
        model=model,
        age=SECONDS["now"] if age == "now" else float(age[:-1]) * SECONDS[age[-1]],
        sections=(_section("", first), *(_section(*text.split("\n", 1)) for text in later)),
        parent=parent,
        words=frozenset(word for word in rest if "=" not in word),
        **options,
    )


def _section(summary: str, text: str) -> Section:
    opening, _, ending = text.partition("\n…")
    return Section(summary, opening, ending)


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    """(sign, text) of lines that belong together; each call stands alone, and lines without a sign have "" for one."""
    lines = [(line[:1] if line[:1] in SIGNS else "", place, line[2:]) for place, line in enumerate(text.split("\n"))]
    for (sign, _), block in groupby(lines, key=lambda line: (line[0], line[1] if line[0] == "$" else 0)):
        yield sign, "\n".join(said for _, _, said in block)


@dataclass(slots=True)
class _Call:
    """A call of a tool as the script has it."""

    name: str
    argument: str
    outcome: str
    output: str = ""


@dataclass(slots=True)
class _Pen:
    """Writes messages down, one block of the script after the other."""

    rng: Random
    _written: list[Message] = field(default_factory=list)
    _calls: list[_Call] = field(default_factory=list)
    _reasoning: str = ""

    def put(self, sign: str, text: str) -> None:
        """Take the next block."""
        if sign not in {"$", "|"}:
            self._flush()
        match sign:
            case ">":
                self._written.append(_user(text))
            case "<":
                self._assistant(text, "stop")
            case "~":
                self._reasoning = text
            case "$":
                call, _, outcome = text.partition(" => ")
                name, _, argument = call.partition(" ")
                self._calls.append(_Call(name, argument, outcome))
            case "|":
                self._calls[-1].output = text

    def done(self) -> list[Message]:
        """Everything that was written."""
        self._flush()
        return self._written

    def _flush(self) -> None:
        """Calls that stand together were made together; their results follow."""
        calls, self._calls = self._calls, []
        if not calls:
            return
        ids = [f"call_{self.rng.getrandbits(48):012x}" for _ in calls]
        self._assistant(None, "tool_calls", [_called(*made) for made in zip(ids, calls, strict=True)])
        for call_id, call in zip(ids, calls, strict=True):
            if call.outcome != "unanswered":
                self._written.append(
                    {"role": "tool", "content": _result(call), "tool_call_id": call_id, "tool_name": call.name}
                )

    def _assistant(self, text: str | None, finish: str, calls: Sequence[Message] = ()) -> None:
        message: Message = {"role": "assistant", "content": text, "finish_reason": finish}
        if calls:
            message["tool_calls"] = list(calls)
        if self._reasoning:
            message["reasoning"], self._reasoning = self._reasoning, ""
        self._written.append(message)


def _user(text: str) -> Message:
    return {"role": "user", "content": text}


def _called(call_id: str, call: _Call) -> Message:
    """A call in the form that Hermes stores (docs/format.md §3.3)."""
    arguments = {ARGUMENT[call.name]: call.argument}
    if call.name == "write_file":
        arguments["content"] = call.output + "\n"
    if call.name == "patch":
        lines = call.output.split("\n")
        arguments["old_string"] = "\n".join(line[1:] for line in lines if line[:1] != "+")
        arguments["new_string"] = "\n".join(line[1:] for line in lines if line[:1] != "-")
    function = {"name": call.name, "arguments": json.dumps(arguments, ensure_ascii=False)}
    return {"id": call_id, "type": "function", "function": function}


def _result(call: _Call) -> str:
    """The answer of a tool, as JSON in a text (docs/format.md §3.2)."""
    results: dict[str, Callable[[], Message]] = {
        "terminal": lambda: {"output": call.output, "exit_code": int(call.outcome), "error": None},
        "read_file": lambda: {"content": call.output, "total_lines": call.output.count("\n") + 1},
        "write_file": lambda: {"bytes_written": len(call.output.encode()) + 1, "path": call.argument},
        "patch": lambda: {"success": True, "files_modified": [call.argument]},
        "web_search": lambda: {"success": True, "data": {"web": [{"title": line} for line in call.output.split("\n")]}},
    }
    result = results.get(call.name, lambda: {"success": True, "result": call.output})()
    return json.dumps(result, ensure_ascii=False)
