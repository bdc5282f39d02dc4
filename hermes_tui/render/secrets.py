"""Likely secrets in text: keys, tokens, private keys, passwords, connection strings, cookies, addresses of people.

A pattern is tried only where a literal part of it was found, which is what makes this fast enough for every export.
What is masked includes every kind that the redactor of hermes-agent 0.19.0 masks; ids, hashes and UUIDs stay.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from enum import StrEnum
from functools import lru_cache

from store.base.late_dataclass import dataclass, replace
from store.base.late_pattern import late_pattern


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

SHORTEST = 6
"""Characters of the shortest text that holds a likely secret, such as `a@b.de`."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A likely secret in a text: characters `start` to `end`, half open."""

    kind: SecretKind
    start: int
    end: int


_PREFIXED = (
    *(
        r"sk-[\w-]{10,}",
        r"gh[pousr]_[A-Za-z0-9]{10,}",
        r"github_pat_\w{10,}",
        r"glpat-[\w-]{10,}",
        r"hsk-[a-zA-Z0-9]{10,}",
    ),
    *(r"xapp-\d+-[A-Za-z0-9-]{10,}", r"xox[abeprs]-[A-Za-z0-9-]{10,}", r"AIza[\w-]{30,}", r"pplx-[A-Za-z0-9]{10,}"),
    *(r"fal_[\w-]{10,}", r"fc-[A-Za-z0-9]{10,}", r"bb_live_[\w-]{10,}", r"gAAAA[\w=-]{20,}", r"A[KS]IA[A-Z0-9]{16}"),
    *(r"[sr]k_(?:live|test)_[A-Za-z0-9]{10,}", r"SG\.[\w-]{10,}(?:\.[\w-]+)?", r"hf_[A-Za-z0-9]{10,}"),
    *(
        r"r8_[A-Za-z0-9]{10,}",
        r"npm_[A-Za-z0-9]{10,}",
        r"pypi-[\w-]{10,}",
        r"do[op]_v1_[A-Za-z0-9]{10,}",
        r"am_[\w-]{10,}",
    ),
    *(r"sk_\w{10,}", r"tvly-[\w-]{10,}", r"exa_[A-Za-z0-9]{10,}", r"gsk_[A-Za-z0-9]{10,}", r"syt_[A-Za-z0-9_]{10,}"),
    *(r"retaindb_[A-Za-z0-9]{10,}", r"mem0_[A-Za-z0-9]{10,}", r"brv_[A-Za-z0-9]{10,}", r"xai-[A-Za-z0-9]{30,}"),
    *(r"ntn_[A-Za-z0-9]{10,}", r"fw[-_][A-Za-z0-9]{30,}", r"fpk_[A-Za-z0-9]{30,}", r"ya29\.[\w-]{20,}"),
)
"""Keys by their makers' prefixes; each has a digit somewhere, which names in code seldom have."""

_KEY = late_pattern(
    rf"(?<![A-Za-z0-9_-])(?=[A-Za-z_.=-]{{0,256}}[0-9])(?:{'|'.join(_PREFIXED)})(?![A-Za-z0-9])",
    re.ASCII,
)
_MARKS = (
    *("sk", "ghp", "github", "glpat", "hsk", "xapp", "xox", "AIza", "pplx", "fal", "fc", "bb", "gAAAA", "AKIA", "rk"),
    *(
        "SG",
        "hf",
        "r8",
        "npm",
        "pypi",
        "do",
        "am",
        "tvly",
        "exa",
        "gsk",
        "syt",
        "retaindb",
        "mem0",
        "brv",
        "xai",
        "ntn",
    ),
    *("fw", "fpk", "ya29"),
)
_LONG_RUN = b"x" * 13
"""The shortest of these, and of a JWT and of a bot's token, with each character of a run as an x."""
_AS_RUNS = bytes(ord("x") if re.match(rb"[\w:.-]", bytes([code]), re.ASCII) else ord(" ") for code in range(256))
_BEGINNINGS = frozenset({mark[:2] for mark in (*_MARKS, "eyJ", "ASIA")})
"""First two characters of `_PREFIXED` and of a JWT."""
_PARTS = late_pattern(r"[^:.]+")
_JWT = late_pattern(r"eyJ[\w-]{10,}(?:\.[\w=-]{4,}){0,2}", re.ASCII)
_BOT = late_pattern(r"[\w-]{30,}", re.ASCII)

_VALUE = r"""(?P<value>(?:Bearer|Basic|Token)\ +[^\s"'\\]{4,}|[^\s"'\\,;&<>]{4,})"""
_HEADERS = ("authorization", "x-api", "x-goog-api-key", "api-key", "x-auth-token", "x-access-token")
_HEADER = late_pattern(
    r"\b(?:(?:proxy-)?authorization|x-api-key|x-goog-api-key|api-key|apikey|x-api-token|x-auth-token|x-access-token)"
    rf"""["']?\s{{0,4}}:\s{{0,4}}["']?{_VALUE}""",
    re.IGNORECASE,
)
_COOKIE = late_pattern(r"""\b(?:set-)?cookie["']?\s{0,4}:\s{0,4}["']?(?P<value>[^\r\n"']{4,})""", re.IGNORECASE)

_NAME = (
    r"(?:api[_.\- ]?key|(?:access|account|private)[_.\-]?key|key[_.\-]?material|passwd|password|passphrase|pwd"
    r"|secret(?!ar)|token(?!s?[_.\-]?(?:s\b|iz|count|limit|type|usage|budget|window|cost|price|name|url|len))"
    r"|credential|bearer|(?<![a-z])auth(?![a-z.\-]))"
)
_SECRET_NAME = late_pattern(rf"[\w.\-]{{0,50}}?{_NAME}[\w.\-]{{0,50}}", re.IGNORECASE | re.ASCII)
_NAME_MARKS = ("key", "pass", "pwd", "secret", "token", "credential", "bearer", "auth")
_BEFORE_NAME = late_pattern(r"[\w.\-]{0,50}\Z|(?<=api) \Z", re.ASCII)
_ASSIGNED = late_pattern(
    r"""(?P<name>\w[\w.\-]{0,60}+)(?P<between>["']?\s{0,4}(?::=|=>|[:=])\s{0,4})"""
    r"""(?:(?P<quote>["'])(?P<quoted>[^"'\r\n]{4,400})(?P=quote)|(?P<bare>[^\s"'`&;,)}\]<>]{4,400}))""",
    re.IGNORECASE | re.ASCII,
)
_PASSWORD_NAME = late_pattern(r"pass(?:wd|word|phrase)|pwd", re.IGNORECASE)
_KEY_NAME = late_pattern(r"key", re.IGNORECASE)
_NO_SECRET = late_pattern(
    r"""\[redacted|[$<{%*(\[\\]|\.\.\.|x{4,}|os\.|process\.|self\.|env\.|https?:|(?:null|none|true|false|undefined|string"""
    r"""|required|optional|empty|unset|change_?me|todo|str|bytes|number|boolean)\b"""
    r"""|your[-_ ]|[0-9.,_]{1,8}\Z|[A-Za-z_][\w.]*[(\[]""",
    re.IGNORECASE | re.ASCII,
)
_QUERY = late_pattern(
    r"[?&](?:(?:access_token|refresh_token|id_token|auth_token|token|api_?key|client_secret|password|jwt|secret)="
    r"""(?P<value>[^&#\s"'<>]{6,})|(?:auth|code|key|session|sig|signature|x-amz-signature)=(?P<long>[^&#\s"'<>]{16,}))""",
    re.IGNORECASE,
)
_LOGIN = late_pattern(r"""://[^\s:/@"'<>]{0,100}:(?P<value>(?![0-9]{1,5}/)[^\s@"'<>]{1,256})@""")
_BARE_LOGIN = late_pattern(r"""://(?P<value>(?=[^\s@/]{0,256}[0-9])[^\s:@/"'<>]{8,256})@""")
_LOCAL = late_pattern(r"(?<![\w.+%@/-])(?!git\Z)[A-Za-z0-9][\w.+%-]{0,63}\Z", re.ASCII)
_DOMAIN = late_pattern(
    r"@(?:[A-Za-z0-9-]{1,63}\.){1,6}(?!(?:png|jpe?g|svg|gif|webp|js|ts|py|css|service)\b)[A-Za-z]{2,24}(?![\w@-])",
    re.ASCII,
)
_PHONE = late_pattern(r"(?P<value>\+(?<![\w+\n]\+)[1-9][0-9]{8,14})(?![\w.])", re.ASCII)
_BEGIN = late_pattern(r"-----BEGIN[A-Z0-9 ]{0,40}PRIVATE KEY[A-Z ]{0,10}-----")
_END = late_pattern(r"-----END[A-Z0-9 ]{0,40}PRIVATE KEY[A-Z ]{0,10}-----")
_BODY = late_pattern(r"(?:[A-Za-z0-9+/=]|\s|\\[nr])*")


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


def is_secret(text: str) -> bool:
    """True for a text that holds what may open something: a key, a token, a password; an e-mail alone does not."""
    return any(secret.kind not in PERSONAL for secret in secrets(text))


@lru_cache(maxsize=1024)
def is_secret_name(name: str) -> bool:
    """True for the name of a field, a variable or a setting that holds a secret."""
    return _SECRET_NAME.fullmatch(name) is not None


def kind_of_named(name: str, value: str) -> SecretKind | None:
    """The kind of a value by the name of its field; None for what is no secret: a number, a placeholder, code."""
    if not 4 <= len(value) <= 4096 or not is_secret_name(name) or _NO_SECRET.match(value):
        return None
    return _kind_of_name(name)


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


def _has(*marks: str) -> Callable[[str], bool]:
    first, second = marks[0], marks[-1]
    return lambda text: first in text or second in text


def _named(pattern: re.Pattern[str], kind: SecretKind) -> Callable[[str], Iterator[Secret]]:
    """A search for the group `value` of a pattern."""

    def _search(text: str) -> Iterator[Secret]:
        for match in pattern.finditer(text):
            if not _NO_SECRET.match(match["value"]):
                yield Secret(kind, *match.span("value"))

    return _search


def _query_values(text: str) -> Iterator[Secret]:
    for match in _QUERY.finditer(text):
        group = "value" if match["value"] else "long"
        if not _NO_SECRET.match(match[group]):
            yield Secret(SecretKind.TOKEN, *match.span(group))


def _runs(text: str) -> Iterator[Secret]:
    """Keys by their prefixes, JWTs and tokens of bots: they stand in the long runs of letters and digits of a text."""
    runs = text.encode("ascii", "replace").translate(_AS_RUNS)
    end = 0
    while (start := runs.find(_LONG_RUN, end)) >= 0:
        end = runs.find(b" ", start)
        end = len(runs) if end < 0 else end
        done = start
        for part in _PARTS.finditer(text, start, end):
            secret = _at(text, part.start()) if part.start() >= done else None
            if secret is not None:
                done = secret.end
                yield secret


def _at(text: str, place: int) -> Secret | None:
    begins = text[place : place + 2] in _BEGINNINGS
    if begins and (found := _KEY.match(text, place)):
        return Secret(SecretKind.KEY, *found.span())
    is_bots = place > 8 and text[place - 1] == ":" and text[place - 9 : place - 1].isdecimal()
    found = (_JWT.match(text, place) if begins else None) or (_BOT.match(text, place) if is_bots else None)
    return Secret(SecretKind.TOKEN, *found.span()) if found else None


def _places(text: str, mark: str) -> Iterator[int]:
    place = text.find(mark)
    while place >= 0:
        yield place
        place = text.find(mark, place + len(mark))


def _assigned(text: str) -> Iterator[Secret]:
    """Values of names that say so: settings, variables, fields, headers."""
    lower = text.lower() if text.isascii() else text.encode("ascii", "replace").decode().lower()  # of the same length
    places = sorted(place for mark in _NAME_MARKS for place in _places(lower, mark))
    done = 0
    for place in places:
        match = _ASSIGNED.match(text, place) if place >= done else None
        if match is None:
            continue
        before = _BEFORE_NAME.search(text, max(place - 50, 0), place)
        name = (before[0] if before else "") + match["name"]
        group = "quoted" if match["quote"] else "bare"
        value = match[group]
        if not is_secret_name(name) or _NO_SECRET.match(value):
            continue
        if group == "quoted" or _is_bare_secret(match, value):
            done = match.end(group)
            yield Secret(_kind_of_name(name), *match.span(group))
    if places and any(mark in lower for mark in _HEADERS):
        yield from _named(_HEADER, SecretKind.TOKEN)(text)


def _emails(text: str) -> Iterator[Secret]:
    for place in _places(text, "@"):
        local = _LOCAL.search(text, max(place - 64, 0), place)
        domain = _DOMAIN.match(text, place) if local else None
        if local and domain:
            yield Secret(SecretKind.EMAIL, local.start(), domain.end())


def _is_bare_secret(match: re.Match[str], value: str) -> bool:
    """False for a word of prose or of code without quotes."""
    if any(character.isdigit() for character in value) or len(value) > 24:
        return not value.endswith("(")
    is_setting = match["name"].isupper() or "=" in match["between"]
    return is_setting and not match["between"].endswith(" ") and "." not in value


def _kind_of_name(name: str) -> SecretKind:
    if _PASSWORD_NAME.search(name):
        return SecretKind.PASSWORD
    return SecretKind.KEY if _KEY_NAME.search(name) else SecretKind.TOKEN


def _private_keys(text: str) -> Iterator[Secret]:
    """Blocks with their ends, or as far as the key goes where the text was cut off."""
    done, last = 0, text.rfind("-----END")
    while begin := _BEGIN.search(text, done):
        end = _END.search(text, begin.end()) if begin.end() <= last else None
        body = _BODY.match(text, begin.end())
        done = end.end() if end else body.end() if body else begin.end()
        yield Secret(SecretKind.PRIVATE_KEY, begin.start(), done)


_SEARCHES: tuple[tuple[Callable[[str], bool], Callable[[str], Iterator[Secret]]], ...] = (
    (_has("PRIVATE KEY"), _private_keys),
    (lambda text: len(text) >= len(_LONG_RUN), _runs),
    (_has("=", ":"), _assigned),
    (_has("ookie", "OOKIE"), _named(_COOKIE, SecretKind.COOKIE)),
    (_has("?", "&"), _query_values),
    (_has("@"), _named(_LOGIN, SecretKind.CONNECTION)),
    (_has("@"), _named(_BARE_LOGIN, SecretKind.CONNECTION)),
    (_has("@"), _emails),
    (_has("+"), _named(_PHONE, SecretKind.PHONE)),
)
"""Whether a text may have secrets, and where; of two that begin at one place the first counts."""
