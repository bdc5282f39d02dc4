"""Regular expressions and functions that see stored text, on runs of one piece: the time per byte must not grow.

Both are found in the sources, so a new one is tried without being named here: every compiled or literal pattern with
the verbs that the code calls it with, and every function of the pure rooms whose parameters can be made from a text.
The pieces are special characters, and what the patterns themselves are made of.
A ratio of CPU time in one run is compared, never a time.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from heapq import nlargest
from itertools import count, pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

from hermes_tui.render.glyphs import UNICODE
from hermes_tui.render.line import Role, span
from hermes_tui.render.look import Look
from hermes_tui.render.marks import Marker
from hermes_tui.render.safe import safe
from store.base.late_pattern import late_pattern
from store.models import Message, ToolCall
from store.query.parse import parse

ROOT = Path(__file__).parents[2]
ROOMS = ("store/formats", "store/query", "store/base", "store/search", "store/sqlite", "hermes_tui/render",
         "hermes_tui/state", "hermes_tui/feed")  # fmt: skip
"""Where functions take texts; patterns are looked for everywhere."""
SMALL = 1_024
"""Characters by which the larger sizes are measured."""
MOST = 6.0
"""Times that the time per character may grow from the small size to the largest."""
CUBE = 2
"""What a size that is not tried is left by: not even a cube of the text could grow past `MOST` up to it."""
AT_ONCE = 5.0
"""Seconds of CPU after which the small size has failed."""
TICK = 30e-6
"""Seconds below which a small size counts as so long: the clock and the call itself."""
STEP = 32
"""Times that a size is larger than the one before."""
SPECIAL = " \t\n\r\0\\\"'`{}[]()<>*+-_=~^.,:;!?/|&%$#@aA0é\u0301中한\u200d\ufe0f\x1b\ud800\U0001f600"
SHAPES = ("a ", '\\"', '{"', '"a",', "\\u0041", "\\\\u", "[[", '{"role": "', "\x1b[31m", "<a>", "\r\n", " #1", "a\n")
LONGEST = 40
"""Characters of two neighbours in a pattern that are tried as one piece."""
VERBS = ("match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer")
SEARCHING = frozenset(VERBS[2:])
"""Verbs that look from place to place: `finditer` does that to the end of the text, and stands for all of them."""


@dataclass(frozen=True, slots=True)
class Tried:
    """Something that a text is given to."""

    name: str
    call: Callable[[str], object]
    pieces: tuple[str, ...]
    """What its runs are made of."""


_ENDS = count()
"""What follows a run, other at each call: no cache in a function's depth has the text."""


class TooLong(BaseException):
    """A call took longer than one that is linear; such a time cannot always be waited for."""


@dataclass(slots=True)
class Outcome:
    """What was found."""

    subjects: int = 0
    calls: int = 0
    worst: float = 0.0
    """The greatest growth of the time per character that was let pass."""
    wrong: tuple[str, ...] = ()


def run(tried: Iterable[Tried], *, size: int, finalists: int = 0) -> Outcome:
    """Try each on runs of `size` characters.

    Args:
        finalists: Pieces of each that are tried in that size, those that grew most up to `SMALL * STEP` characters;
            0 for all.
    """
    outcome = Outcome()
    for subject in tried:
        outcome.subjects += 1
        pieces: Sequence[str] = subject.pieces
        if finalists and size > SMALL * STEP:
            grown = _tried(subject, pieces, SMALL * STEP, outcome)
            pieces = nlargest(finalists, grown, key=grown.__getitem__) if len(grown) == len(pieces) else ()
        _tried(subject, pieces, size, outcome)
    return outcome


def _tried(subject: Tried, pieces: Sequence[str], size: int, outcome: Outcome) -> dict[str, float]:
    """The growth for each piece up to a size, until one grows too much."""
    found: dict[str, float] = {}
    for piece in pieces:
        grown = _growth(subject.call, piece, size)
        outcome.calls += 1
        if grown > MOST:
            outcome.wrong += (f"{subject.name} on a run of {piece!r}: more than {MOST:.0f} times",)
            break
        found[piece] = grown
        outcome.worst = max(outcome.worst, grown)
    return found


def patterns() -> Iterator[Tried]:
    """Every pattern of the sources, with what it is called with."""
    modules = list(_modules())
    uses = _uses(modules)
    for module, tree, path in modules:
        for name, pattern in _patterns_of(module):
            if _is_assigned(tree, name):
                verbs = {verb for where, used, verb in uses if used == name and (where == path or name[0] != "_")}
                yield from _tried_pattern(f"{path}:{name}", pattern, verbs or set(VERBS))
        for verb, literal in _literals(tree):
            yield from _tried_pattern(f"{path}:{literal!r}", re.compile(literal), {verb})


def _patterns_of(module: ModuleType) -> Iterator[tuple[str, re.Pattern[Any]]]:
    """The patterns of a module by their names, those too that are compiled at their first use."""
    late: Any = type(late_pattern(""))
    for name, value in vars(module).items():
        if isinstance(value, re.Pattern):
            yield name, value
        elif isinstance(value, late):
            yield name, re.compile(value.pattern, value.flags)


def _tried_pattern(name: str, pattern: re.Pattern[Any], verbs: set[str]) -> Iterator[Tried]:
    pieces = _pieces(_runs_of(pattern))
    for verb in sorted({"finditer" if verb in SEARCHING else verb for verb in verbs}):
        yield Tried(f"{name}.{verb}", partial(_call_pattern, pattern, verb), pieces)


def _call_pattern(pattern: re.Pattern[Any], verb: str, text: str) -> None:
    data: Any = text.encode("utf-8", "surrogatepass") if isinstance(pattern.pattern, bytes) else text
    found = getattr(pattern, verb)(data)
    if verb == "finditer":
        for _ in found:
            pass


def functions(*, rooms: tuple[str, ...] = ROOMS) -> Iterator[Tried]:
    """Every function of the rooms that can be given a text."""
    for module, tree, path in _modules(rooms):
        own = {run for _, pattern in _patterns_of(module) for run in _runs_of(pattern)}
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and (made := _filled(node)) is not None:
                yield Tried(f"{path}:{node.name}", partial(_call_function, getattr(module, node.name), made),
                            _pieces(own))  # fmt: skip


def _call_function(function: Callable[..., object], made: dict[str, Callable[[str], object]], text: str) -> None:
    function = inspect.unwrap(function)  # a cache would answer the second time
    parameters = inspect.signature(function).parameters
    positional, named = [], {}
    for name, make in made.items():
        if parameters[name].kind is inspect.Parameter.KEYWORD_ONLY:
            named[name] = make(text)
        else:
            positional.append(make(text))
    with suppress(Exception):  # what it makes of nonsense is no business of this
        found = function(*positional, **named)
        if isinstance(found, Iterator):
            list(found)


def _message(text: str) -> Message:
    calls = (ToolCall("1", "n", text),)
    return Message(1, "s", "assistant", text, None, tool_calls=calls, tool_name=text, reasoning=text)


_TEXTS: dict[str, Callable[[str], object]] = {
    "str": str,
    "str | None": str,
    "object": str,
    "SafeText": safe,
    "bytes": lambda text: text.encode("utf-8", "surrogatepass"),
    "Iterable[bytes]": lambda text: [text.encode("utf-8", "surrogatepass")],
    "Message": _message,
    "Message | None": _message,
    "ToolCall": lambda text: ToolCall("1", "n", text),
    "Sequence[Message]": lambda text: [_message(text)],
    "Sequence[str]": lambda text: [text],
    "dict[str, object]": lambda text: {"role": "assistant", "content": text, "type": "image", "url": text},
    "Mapping[str, object]": lambda text: {"role": "assistant", "content": text},
}
_OTHERS: dict[str, Callable[[str], object]] = {
    "int": lambda _: 80,
    "int | None": lambda _: 1_000,
    "float": lambda _: 1.0,
    "bool": lambda _: False,
    "Glyphs": lambda _: UNICODE,
    "Look": lambda _: Look(80, UNICODE, Marker()),
    "Span": lambda _: span(""),
    "Line": lambda _: (span("front"),),
    "Role": lambda _: Role.TEXT,
    "Query": lambda _: parse("heron a", now=1.0),
    "datetime": lambda _: datetime(2026, 3, 1, tzinfo=UTC),
    "Sequence[Range]": lambda _: (),
    "Iterable[Mark]": lambda _: (),
    "Spans": lambda _: (),
}
_NAMED: dict[str, Callable[[str], object]] = {
    "role": lambda _: "assistant",
    "session_id": lambda _: "s1",
    "key": lambda _: "title",
    "keyword": lambda _: "RAISE",
    "kind": lambda _: "string",
    "table": lambda _: "messages",
    "words": lambda _: "heron",
    "start": lambda _: 0,
    "words_from": lambda _: 0,
    "indent": lambda _: 2,
    "names": lambda _: ("messages_fts",),
}


def _filled(node: ast.FunctionDef) -> dict[str, Callable[[str], object]] | None:
    """What each parameter without a default is made by; None where no text goes in or one cannot be made."""
    given = node.args
    needed = [*given.posonlyargs, *given.args]
    needed = needed[: len(needed) - len(given.defaults)]
    needed += [name for name, default in zip(given.kwonlyargs, given.kw_defaults, strict=True) if default is None]
    made: dict[str, Callable[[str], object]] = {}
    for parameter in needed:
        kind = ast.unparse(parameter.annotation) if parameter.annotation else ""
        maker = _NAMED.get(parameter.arg) if kind in ("str", "int", "Sequence[str]") else None
        maker = maker or _TEXTS.get(kind) or _OTHERS.get(kind)
        if maker is None:
            return None
        made[parameter.arg] = maker
    return made if any(maker in _TEXTS.values() for maker in made.values()) else None


def _modules(rooms: tuple[str, ...] = ("",)) -> Iterator[tuple[ModuleType, ast.Module, str]]:
    """Each module of the packages whose path begins with one of the rooms, its tree and its path."""
    for path in sorted((*ROOT.glob("store/**/*.py"), *ROOT.glob("hermes_tui/**/*.py"))):
        name = path.relative_to(ROOT).as_posix()
        if path.name not in ("__init__.py", "__main__.py") and name.startswith(rooms):
            module = importlib.import_module(name.removesuffix(".py").replace("/", "."))
            yield module, _tree(path), name


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def _uses(modules: Iterable[tuple[ModuleType, ast.Module, str]]) -> set[tuple[str, str, str]]:
    """(path, name, verb) for each `NAME.verb` that the sources have."""
    return {
        (path, node.value.id if isinstance(node.value, ast.Name) else node.value.attr, node.attr)
        for _, tree, path in modules
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in VERBS and isinstance(node.value, ast.Name | ast.Attribute)
    }


def _is_assigned(tree: ast.Module, name: str) -> bool:
    targets = (target for node in tree.body if isinstance(node, ast.Assign) for target in node.targets)
    return any(isinstance(target, ast.Name) and target.id == name for target in targets)


def _literals(tree: ast.Module) -> Iterator[tuple[str, str | bytes]]:
    """(verb, pattern) of calls like `re.sub(r"…", …)`."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id == "re"
            and node.func.attr in VERBS
            and isinstance(node.args[0], ast.Constant)
            and isinstance(literal := node.args[0].value, str | bytes)
        ):
            yield node.func.attr, literal


def _runs_of(pattern: re.Pattern[Any]) -> set[str]:
    """The runs of literals in a pattern, each of its characters, and pairs of neighbours."""
    source: str = pattern.pattern.decode("latin-1") if isinstance(pattern.pattern, bytes) else pattern.pattern
    parser: Any = sys.modules.get("re._parser") or importlib.import_module("re._parser")
    runs: list[str] = []
    _collect(parser.parse(source, pattern.flags & ~(re.UNICODE if isinstance(pattern.pattern, bytes) else 0)), runs)
    found = [run for run in runs if run]
    near = {left + right for left, right in (*pairwise(found), *zip(found, found[2:], strict=False))}
    return {*found, *(run[0] for run in found), *(run for run in near if len(run) < LONGEST)}


def _collect(tree: Any, runs: list[str]) -> None:
    """Add what a parsed pattern can begin with at each place, literals in a row as one."""
    literal = ""
    for operator, value in tree:
        if str(operator) == "LITERAL":
            literal += chr(value)
            continue
        runs.append(literal)
        literal = ""
        if str(operator) == "IN":
            runs.append(next((chr(item[1] if str(item[0]) == "LITERAL" else item[1][0]) for item in value
                              if str(item[0]) in ("LITERAL", "RANGE")), "a"))  # fmt: skip
        elif isinstance(value, tuple | list):
            for part in value:
                for inner in part if isinstance(part, list) else [part]:
                    if hasattr(inner, "pattern") or hasattr(inner, "data"):
                        _collect(inner, runs)
    runs.append(literal)


def _pieces(own: set[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*SPECIAL, *SHAPES, *sorted(own)]))


def _growth(call: Callable[[str], object], piece: str, size: int) -> float:
    """Times that the time per character grows; at a size in between as soon as it is too much, or far too little."""
    grown = 0.0
    for _ in range(3):
        grown = 0.0
        base, length = max(_seconds(call, piece, SMALL, AT_ONCE), TICK), SMALL
        if base == float("inf"):
            return base
        while length < size and grown <= MOST:
            length = min(length * STEP, size)
            linear = base * length / SMALL
            grown = _seconds(call, piece, length, linear * MOST) / linear
            if grown * (size / length) ** CUBE <= MOST:
                break
        if grown <= MOST:
            break
    return grown


def _seconds(call: Callable[[str], object], piece: str, length: int, most: float) -> float:
    """CPU time of a call on a run, infinite where it is more than so many seconds."""
    text = f"{piece * (length // len(piece))}\x01{next(_ENDS)}"

    def ring(number: int, frame: object) -> None:
        del number, frame
        raise TooLong

    before = signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, most)
    start = time.thread_time()
    try:
        call(text)
        return time.thread_time() - start
    except TooLong:
        return float("inf")
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
