"""Likely secrets in text: keys, tokens, private keys, passwords, connection strings, cookies, addresses of people.

A pattern is tried only where a literal part of it was found, which is what makes this fast enough for every export.
What is masked includes every kind that the redactor of hermes-agent 0.19.0 masks; ids, hashes and UUIDs stay.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from functools import lru_cache
from itertools import chain

from hermes_tui.render import secret_patterns as patterns
from store.base.late_dataclass import dataclass, replace


class SecretKind(StrEnum):
    """Kind of a likely secret, by its noun."""

    KEY = "key"
    TOKEN = "token"
    PRIVATE_KEY = "private key"
    PASSWORD = "password"
    CONNECTION = "connection string"
    COOKIE = "cookie"
    EMAIL = "e-mail"
    PHONE = "phone number"


PERSONAL = frozenset({SecretKind.EMAIL, SecretKind.PHONE})
"""Kinds that name a person and open nothing."""

LONGEST = 4096
"""Characters of the longest value of a field that is known by its name."""
LOOKED_AT = 400
"""Characters of a value in a text that are looked at; the rest of it is masked with them."""
QUOTES = "\"'`"
BETWEEN = "\n\x1e"
"""Between texts: no pattern goes on behind it, and what begins a text or ends it does so beside it, too."""
AT_ONCE = 1 << 18
"""Characters that are looked through as one."""
SHORTEST = 6
"""Characters of the shortest text that holds a likely secret, such as `a@b.de`."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A likely secret in a text: characters `start` to `end`, half open."""

    kind: SecretKind
    start: int
    end: int


def secrets(text: str) -> list[Secret]:
    """The likely secrets of a text, in order; those that overlap are one, of the kind of the first."""
    if len(text) < SHORTEST:
        return []
    found = [secret for is_there, search in _SEARCHES if is_there(text) for secret in search(text)]
    if len(found) < 2:
        return found
    found.sort(key=lambda secret: secret.start)
    apart = found[:1]
    for secret in found[1:]:
        if secret.start >= apart[-1].end:
            apart.append(secret)
        elif secret.end > apart[-1].end:
            apart[-1] = replace(apart[-1], end=secret.end)
    return apart


def have_secrets(texts: Iterable[str]) -> bool:
    """Whether one of some texts holds a likely secret; they are looked through as one, which costs less."""
    held, size = list[str](), 0
    for text in texts:
        held.append(text)
        size += len(text)
        if size > AT_ONCE:
            if _has_secret(BETWEEN.join(held)):
                return True
            held, size = [], 0
    return _has_secret(BETWEEN.join(held))


def _has_secret(text: str) -> bool:
    """Whether a text holds one; it is looked through as far as the first."""
    return any(True for is_there, search in _SEARCHES if is_there(text) for _ in search(text))


def is_secret(text: str) -> bool:
    """True for a text that holds what may open something: a key, a token, a password; an e-mail alone does not."""
    return any(secret.kind not in PERSONAL for secret in secrets(text))


@lru_cache(maxsize=1024)
def is_secret_name(name: str) -> bool:
    """True for the name of a field, a variable or a setting that holds a secret."""
    return patterns.SECRET_NAME.fullmatch(name) is not None


def kind_of_named(name: str, value: str) -> SecretKind | None:
    """The kind of a value by the name of its field; None for what is no secret: a number, a placeholder, code."""
    if not 4 <= len(value) <= LONGEST or not is_secret_name(name):
        return None
    return _kind_of_name(name) if _is_secret(name, value) else None


def masked(text: str, found: list[Secret]) -> str:
    """The text with a label in place of each of its secrets, which says nothing of their length."""
    pieces, done = [], 0
    for secret in found:
        pieces += [text[done : secret.start], label(secret.kind)]
        done = secret.end
    return "".join([*pieces, text[done:]])


def label(kind: SecretKind) -> str:
    """Text in place of a secret of a kind."""
    return f"[redacted: {kind}]"


def _has(mark: str) -> Callable[[str], bool]:
    """A look for a mark; for its last character first, which is found in a twentieth of the time."""
    last = mark[-1]
    return lambda text: last in text and mark in text


def _named(
    pattern: re.Pattern[str], kind: SecretKind, excluded: re.Pattern[str] = patterns.NO_SECRET
) -> Callable[[str], Iterator[Secret]]:
    """A search for the group `value` of a pattern."""

    def _search(text: str) -> Iterator[Secret]:
        for match in pattern.finditer(text):
            if not excluded.match(match["value"]):
                yield Secret(kind, *match.span("value"))

    return _search


def _jwts(text: str) -> Iterator[Secret]:
    for match in patterns.JWT.finditer(text):
        yield Secret(SecretKind.TOKEN, *match.span())


def _query_values(text: str) -> Iterator[Secret]:
    places = chain(_places(text, "?"), _places(text, "&"))
    for match in filter(None, (patterns.QUERY.match(text, place) for place in places)):
        group = "value" if match["value"] else "long"
        if not patterns.NO_SECRET.match(match[group]):
            yield Secret(SecretKind.TOKEN, *match.span(group))


def _runs(text: str) -> Iterator[Secret]:
    """Keys by their prefixes and tokens of bots: they stand in the long runs of letters and digits of a text."""
    runs = text.encode("ascii", "replace").translate(patterns.AS_RUNS)
    end = 0
    while (start := runs.find(patterns.LONG_RUN, end)) >= 0:
        end = runs.find(b" ", start)
        end = len(runs) if end < 0 else end
        done = start
        for part in patterns.PARTS.finditer(text, start, end):
            secret = _at(text, part.start()) if part.start() >= done else None
            if secret is not None:
                done = secret.end
                yield secret


def _at(text: str, place: int) -> Secret | None:
    if text[place : place + 2] in patterns.BEGINNINGS and (found := patterns.KEY.match(text, place)):
        return Secret(SecretKind.KEY, *found.span())
    is_bots = place > 8 and text[place - 1] == ":" and text[place - 9 : place - 1].isdecimal()
    found = patterns.BOT.match(text, place) if is_bots else None
    return Secret(SecretKind.TOKEN, *found.span()) if found else None


def _places(text: str, mark: str) -> Iterator[int]:
    place = text.find(mark)
    while place >= 0:
        yield place
        place = text.find(mark, place + len(mark))


def _assigned(text: str) -> Iterator[Secret]:
    """Values of names that say so: settings, variables, fields, headers."""
    lower = text.lower() if text.isascii() else text.encode("ascii", "replace").decode().lower()  # of the same length
    places = sorted(place for mark in patterns.NAME_MARKS for place in _places(lower, mark))
    done = 0
    for place in places:
        secret = _assigned_at(text, place) if place >= done else None
        if secret is not None:
            done = secret.end
            yield secret
    if places and any(mark in lower for mark in patterns.HEADERS):
        yield from _named(patterns.HEADER, SecretKind.TOKEN, patterns.NO_HEADER)(text)


def _emails(text: str) -> Iterator[Secret]:
    for place in _places(text, "@"):
        local = patterns.LOCAL.search(text, max(place - 64, 0), place)
        domain = patterns.DOMAIN.match(text, place) if local else None
        if local and domain:
            yield Secret(SecretKind.EMAIL, local.start(), domain.end())


def _assigned_at(text: str, place: int) -> Secret | None:
    """The value of the name that has one of `NAME_MARKS` at a place, None where it has none or no secret one."""
    match = patterns.ASSIGNED.match(text, place) or patterns.FLAG.match(text, place)
    before = patterns.BEFORE_NAME.search(text, max(place - 50, 0), place) if match else None
    if match is None or before is None:
        return None
    name, is_flag = before[0] + match["name"], match.re is patterns.FLAG
    if not is_secret_name(name) or (is_flag and not name.startswith("--")):
        return None
    kind = _kind_of_name(name)
    start, end = match.end(), _end_of_quoted(text, match.end())
    if end is not None:
        return Secret(kind, start + 1, end) if end - start > 4 and _is_secret(name, text[start + 1 : end]) else None
    start += text[start : start + 1] in QUOTES  # what was cut off has no second one
    begins_line = not is_flag and patterns.LINE_BEGINS.search(text, max(before.start() - 40, 0), before.start())
    pattern = patterns.AS_SETTING if begins_line else patterns.BARE
    bare = pattern.match(text, start, start + LOOKED_AT)
    if bare is None or len(bare[0]) < 4 or not _is_secret(name, bare[0]):
        return None
    rest = pattern.match(text, bare.end()) if len(bare[0]) == LOOKED_AT else None
    is_alone = bool(begins_line and patterns.LINE_ENDS.match(text, bare.end()))
    if not _is_bare_secret(name, match["between"], bare[0], is_alone):
        return None
    return Secret(kind, start, rest.end() if rest else bare.end())


def _end_of_quoted(text: str, place: int) -> int | None:
    """The place of the quote that ends the text which one begins here; None where none begins, or ends on its line."""
    quote = text[place : place + 1]
    if quote not in QUOTES or not quote:
        return None
    if place and text[place - 1] == "\\":
        end = text.find(f"\\{quote}", place, place + LOOKED_AT)
    else:
        end = text.find(quote, place + 1, place + LOOKED_AT)
        while end > 0 and text[end - 1] == "\\":
            end = text.find(quote, end + 1, place + LOOKED_AT)
    return end if end > 0 and "\n" not in text[place:end] else None


def _is_secret(name: str, value: str) -> bool:
    """False for a placeholder, code, a type, and for a short number that is no password."""
    if patterns.NO_SECRET.match(value):
        return False
    if not patterns.NUMBER.match(value):
        return True
    return bool(patterns.PASSWORD_NAME.search(name)) or (len(value) >= 6 and "token" not in name.lower())


def _is_bare_secret(name: str, between: str, value: str, is_alone: bool) -> bool:
    """False for a word of prose or of code without quotes; `is_alone` says that the line has nothing else."""
    if any(character.isdigit() for character in value) or len(value) > 24:
        return not value.endswith("(")
    if name.lower().endswith(value.lower()) or ("_" in value and value.islower() and is_secret_name(value)):
        return False
    if is_alone and (":" in between or name.isupper()):
        return not patterns.OF_NO_VALUE.match(value)
    return (name.isupper() or "=" in between) and not between.endswith(" ") and "." not in value


def _kind_of_name(name: str) -> SecretKind:
    if patterns.PASSWORD_NAME.search(name):
        return SecretKind.PASSWORD
    return SecretKind.KEY if patterns.KEY_NAME.search(name) else SecretKind.TOKEN


def _private_keys(text: str) -> Iterator[Secret]:
    """Blocks with their ends, or as far as the key goes where the text was cut off."""
    done, last = 0, text.rfind("-----END")
    while begin := patterns.BEGIN.search(text, done):
        end = patterns.END.search(text, begin.end()) if begin.end() <= last else None
        body = patterns.BODY.match(text, begin.end())
        done = end.end() if end else body.end() if body else begin.end()
        yield Secret(SecretKind.PRIVATE_KEY, begin.start(), done)


_SEARCHES: tuple[tuple[Callable[[str], bool], Callable[[str], Iterator[Secret]]], ...] = (
    (_has("PRIVATE KEY"), _private_keys),
    (lambda text: any(mark in text for mark in patterns.IN_RUNS), _runs),
    (lambda text: ":" in text or "=" in text or ("-" in text and "--" in text), _assigned),
    (_has("eyJ"), _jwts),
    (lambda text: ":" in text and ("ookie" in text or "OOKIE" in text), _named(patterns.COOKIE, SecretKind.COOKIE)),
    (lambda text: "?" in text or "&" in text, _query_values),
    (_has("@"), _named(patterns.LOGIN, SecretKind.CONNECTION, patterns.TEMPLATE)),
    (_has("@"), _named(patterns.BARE_LOGIN, SecretKind.CONNECTION, patterns.TEMPLATE)),
    (lambda text: ":" in text and (" -u" in text or "--user" in text), _named(patterns.USER, SecretKind.PASSWORD)),
    (_has("@"), _emails),
    (_has("+"), _named(patterns.PHONE, SecretKind.PHONE)),
)
"""Whether a text may have secrets, and where; of two that begin at one place the first counts."""
