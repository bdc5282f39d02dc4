"""Parser of CREATE TRIGGER and CREATE VIRTUAL TABLE statements, as far as it decides what a trigger writes.

Pure. Tokens are SQLite's: strings, comments and quoted names hide nothing, keywords are ASCII in any case.
A statement of a trigger's body writes the one table at its head; expressions and selects inside it write nothing.
Whatever is not understood is unknown, never harmless.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice, pairwise

from ...base.late_dataclass import dataclass
from ...base.late_pattern import late_pattern

_TOKEN = late_pattern(
    r"""[ \t\n\f\r]+|--[^\n]*|/\*.*?(?:\*/|\Z)
    |(?P<string>'(?:[^']|'')*')
    |(?P<quoted>"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\])
    |(?P<word>[^\x00-@\[-^`{-\x7f][^\x00-#%-/:-@\[-^`{-\x7f]*)
    |(?P<number>[0-9][A-Za-z0-9_$.]*|\.[0-9][A-Za-z0-9_$]*)
    |(?P<sign>[(),;.=<>!+\-*/%&|~])""",
    re.VERBOSE | re.DOTALL,
)
_BEGINS = ("INSERT", "REPLACE", "UPDATE", "DELETE", "SELECT")
_CONFLICTS = ("ROLLBACK", "ABORT", "REPLACE", "FAIL", "IGNORE")
_CACHED = 256
"""Statements that are not parsed again."""
_USING = 6
"""Tokens of CREATE VIRTUAL TABLE name USING module."""
_ENDS_SET = ("WHERE", "FROM", "ORDER", "LIMIT", "RETURNING")


class NotUnderstood(ValueError):
    """SQL that this parser does not know."""


@dataclass(frozen=True, slots=True)
class Write:
    """A table that a trigger writes."""

    table: str
    """Its name in lower case."""
    columns: frozenset[str] | None
    """The columns that it sets by a plain UPDATE, in lower case; None for an insert, a delete, or another UPDATE."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """What a trigger watches and writes."""

    table: str
    """In lower case."""
    writes: tuple[Write, ...]
    raises: bool
    """It may end or skip the statement that fires it."""


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    """A word in upper case; what a quoted name or a string means; a sign."""
    kind: str

    def is_word(self, *words: str) -> bool:
        """True for one of these keywords, which are never quoted."""
        return self.kind == "word" and self.text in words

    def is_sign(self, sign: str) -> bool:
        """True for this sign."""
        return self.kind == "sign" and self.text == sign


_END = _Token("", "end")


class _Tokens:
    """Tokens of a statement, read one after the other."""

    def __init__(self, tokens: Sequence[_Token]) -> None:
        self._tokens, self._at = tokens, 0

    @property
    def next(self) -> _Token:
        """The token that `take` will return."""
        return self._tokens[self._at] if self._at < len(self._tokens) else _END

    def take(self) -> _Token:
        """Take the next token."""
        token = self.next
        self._at += 1
        return token

    def skip(self, *words: str) -> bool:
        """Take the next token if it is one of these keywords."""
        found = self.next.is_word(*words)
        self._at += found
        return found

    def expect(self, *words: str) -> str:
        """Take one of these keywords."""
        token = self.take()
        if not token.is_word(*words):
            raise NotUnderstood(f"{token.text!r} in place of {' or '.join(words)}")
        return token.text

    def name(self) -> str:
        """Take a name, in lower case; SQLite takes a string for one as well."""
        token = self.take()
        if token.kind not in ("word", "quoted", "string"):
            raise NotUnderstood(f"{token.text!r} in place of a name")
        return _lower(token.text)


@lru_cache(_CACHED)
def watched_table(sql: str) -> str:
    """The table, in lower case, that a stored CREATE TRIGGER statement is on.

    Raises:
        NotUnderstood: It is none, or its head has something unknown in it.
    """
    return _head(_Tokens(list(_tokens(sql))))


@lru_cache(_CACHED)
def parse_trigger(sql: str) -> Trigger:
    """What a stored CREATE TRIGGER statement does.

    Raises:
        NotUnderstood: It is none, or has something unknown in it.
    """
    tokens = list(_tokens(sql))
    return Trigger(_head(_Tokens(tokens)), tuple(map(_write, _statements(tokens))), _has_raise(tokens))


@lru_cache(_CACHED)
def full_text_table(sql: str) -> str | None:
    """The name, in lower case, of the table that a stored CREATE VIRTUAL TABLE … USING fts5 makes; None for others."""
    if "VIRTUAL" not in _upper(sql):
        return None
    try:
        tokens = _Tokens(list(islice(_tokens(sql), _USING)))
        for word in ("CREATE", "VIRTUAL", "TABLE"):
            tokens.expect(word)
        name = tokens.name()
        tokens.expect("USING")
        return name if tokens.name() == "fts5" else None
    except NotUnderstood:
        return None


@lru_cache(_CACHED)
def has_keyword(sql: str, keyword: str) -> bool:
    """True where a keyword stands in a statement outside of strings, comments and quoted names, or may stand there."""
    try:
        return keyword in _upper(sql) and any(token.is_word(keyword) for token in _tokens(sql))
    except NotUnderstood:
        return True


def _tokens(sql: str) -> Iterator[_Token]:
    at = 0
    while at < len(sql):
        match = _TOKEN.match(sql, at)
        if match is None:
            raise NotUnderstood(f"{sql[at : at + 20]!r}")
        at = match.end()
        if kind := match.lastgroup:
            yield _Token(_meaning(match[0], kind), kind)


def _meaning(text: str, kind: str) -> str:
    if kind == "word":
        return _upper(text)
    if kind not in ("string", "quoted"):
        return text
    quote = text[-1]
    return text[1:-1] if quote == "]" else text[1:-1].replace(quote * 2, quote)


def _head(tokens: _Tokens) -> str:
    """The table that a trigger is on."""
    tokens.expect("CREATE")
    tokens.expect("TRIGGER")
    if tokens.skip("IF"):
        tokens.expect("NOT")
        tokens.expect("EXISTS")
    tokens.name()
    if not tokens.skip("BEFORE", "AFTER") and tokens.skip("INSTEAD"):
        raise NotUnderstood("INSTEAD OF is for views")
    event = tokens.expect("INSERT", "DELETE", "UPDATE")
    if event == "UPDATE" and tokens.skip("OF"):
        tokens.name()
        while tokens.next.is_sign(","):
            tokens.take()
            tokens.name()
    tokens.expect("ON")
    return tokens.name()


def _statements(tokens: Sequence[_Token]) -> list[list[_Token]]:
    """The statements of the body, without their semicolons."""
    parts: list[list[_Token]] = [[]]
    for token in tokens[_body(tokens) :]:
        if token.is_sign(";"):
            parts.append([])
        else:
            parts[-1].append(token)
    if len(parts) < 2 or len(parts[-1]) != 1 or not parts[-1][0].is_word("END"):
        raise NotUnderstood("no END")
    return parts[:-1]


def _body(tokens: Sequence[_Token]) -> int:
    """Place behind BEGIN; a column of that name in the condition is not followed by a statement."""
    depth = 0
    for place, token in enumerate(tokens[:-1]):
        depth += token.is_sign("(") - token.is_sign(")")
        if not depth and token.is_word("BEGIN") and tokens[place + 1].is_word(*_BEGINS):
            return place + 1
    raise NotUnderstood("no BEGIN")


def _write(statement: Sequence[_Token]) -> Write:
    """What one statement writes."""
    tokens = _Tokens(statement)
    verb = tokens.expect("INSERT", "REPLACE", "DELETE", "UPDATE")
    resolves = verb != "DELETE" and tokens.skip("OR")
    if resolves:
        tokens.expect(*_CONFLICTS)
    if verb != "UPDATE":
        tokens.expect("FROM" if verb == "DELETE" else "INTO")
        return Write(tokens.name(), None)
    table = tokens.name()
    if resolves or not tokens.skip("SET"):
        return Write(table, None)
    return Write(table, frozenset(_columns_set(tokens)))


def _columns_set(tokens: _Tokens) -> Iterator[str]:
    """The columns of a SET list."""
    while True:
        if tokens.next.is_sign("("):
            yield from _column_list(tokens)
        else:
            yield tokens.name()
        if not tokens.take().is_sign("="):
            raise NotUnderstood("SET without =")
        if not _skip_expression(tokens):
            return


def _column_list(tokens: _Tokens) -> Iterator[str]:
    tokens.take()
    yield tokens.name()
    while not (sign := tokens.take()).is_sign(")"):
        if not sign.is_sign(","):
            raise NotUnderstood("a list of columns")
        yield tokens.name()


def _skip_expression(tokens: _Tokens) -> bool:
    """Take an expression of a SET list; True where another column follows."""
    depth = 0
    while (token := tokens.take()) is not _END:
        depth += token.is_sign("(") - token.is_sign(")")
        if depth < 0:
            raise NotUnderstood("a bracket too many")
        if not depth and token.is_sign(","):
            return True
        if not depth and token.is_word(*_ENDS_SET):
            return False
    return False


def _has_raise(tokens: Sequence[_Token]) -> bool:
    """True for RAISE(…): with IGNORE it skips the statement that fires the trigger, without an error."""
    return any(token.is_word("RAISE") and behind.is_sign("(") for token, behind in pairwise(tokens))


def _lower(name: str) -> str:
    """As SQLite compares names: ASCII alone."""
    return name.lower() if name.isascii() else "".join(char.lower() if char.isascii() else char for char in name)


def _upper(name: str) -> str:
    return name.upper() if name.isascii() else "".join(char.upper() if char.isascii() else char for char in name)
