"""Patterns of likely secrets: keys, tokens, names that say so, placeholders that are none; pure."""

from __future__ import annotations

import re

_PREFIXED = (
    *(
        r"sk-[\w-]{10,}",
        r"gh[pousr]_[A-Za-z0-9]{10,}",
        r"github_pat_\w{10,}",
        r"glpat-[\w-]{10,}",
        r"hsk-[a-zA-Z0-9]{10,}",
    ),
    *(r"xapp-\d+-[A-Za-z0-9-]{10,}", r"xox[abeprs]-[A-Za-z0-9-]{10,}", r"AIza[\w-]{30,}", r"pplx-[A-Za-z0-9]{10,}"),
    *(r"fal_[\w-]{10,}", r"fc-[A-Za-z0-9]{10,}", r"bb_live_[\w-]{10,}", r"gAAAA[\w=-]{20,}"),
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
"""Keys by their makers' prefixes."""

_LOT = "(?:[0-9]|[A-Z][a-z][A-Z]|[a-z][A-Z]{2}|[A-Z]{2}[a-z])"
"""A digit, or letters in cases that are drawn by lot: names in code seldom have either."""
KEY = re.compile(
    rf"(?<![A-Za-z0-9_-])(?:A[KS]IA[A-Z0-9]{{16}}|(?=[\w.=-]{{0,256}}?{_LOT})(?:{'|'.join(_PREFIXED)}))(?![A-Za-z0-9])",
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
LONG_RUN = b"x" * 13
"""The shortest of these, and of a bot's token, with each character of a run as an x."""
AS_RUNS = bytes(ord("x") if re.match(rb"[\w:.-]", bytes([code]), re.ASCII) else ord(" ") for code in range(256))
BEGINNINGS = frozenset({mark[:2] for mark in (*_MARKS, "ASIA")})
"""First two characters of `_PREFIXED`."""
IN_RUNS = ("-", "_", ":", "A", "SG.", "ya29.")
"""Characters of which each key and each bot's token has some; most texts of words have none."""
PARTS = re.compile(r"[^:.]+")
JWT = re.compile(r"(?<![A-Za-z0-9])eyJ[\w-]{10,}(?:\.[\w=-]{4,}){0,2}|eyJ[\w-]{10,300}(?:\.[\w=-]{4,}){1,2}", re.ASCII)
"""Of one that begins inside of a word the first part is at most 300 characters: each place is looked at."""
BOT = re.compile(r"[\w-]{30,}", re.ASCII)

_VALUE = (
    r"""(?P<value>(?:Digest|OAuth|Hawk|AWS4-[A-Z0-9-]+)\ +[^\r\n'\\]{4,}"""
    r"""|(?:Bearer|Basic|Bot|Token|Key|ApiKey|[A-Z][\w-]{2,30}(?=\ +[^\s"'\\]*[0-9]))\ +[^\s"'\\]{4,}"""
    r"""|[^\s"'\\,;&<>]{4,})"""
)
HEADERS = ("authorization", "x-api", "x-goog-api-key", "api-key", "x-auth-token", "x-access-token")
HEADER = re.compile(
    r"\b(?:(?:proxy-)?authorization|x-api-key|x-goog-api-key|api-key|apikey|x-api-token|x-auth-token|x-access-token)"
    rf"""["']?\s{{0,4}}:\s{{0,4}}["']?{_VALUE}""",
    re.IGNORECASE | re.ASCII,
)
COOKIE = re.compile(r"""\b(?:set-)?cookie["']?\s{0,4}:\s{0,4}["']?(?P<value>[^\r\n"']{4,})""", re.IGNORECASE)

_NAME = (
    r"(?:api[_.\- ]?key|(?:access|account|private)[_.\-]?key|key[_.\-]?material|passwd|password|passphrase|pwd"
    r"|secret(?!ar)|token(?!s?[_.\-]?(?:s\b|iz|count|limit|type|usage|budget|window|cost|price|name|url|len))"
    r"|credential|bearer|(?<![a-z])auth(?![a-z.\-]))"
)
SECRET_NAME = re.compile(rf"[\w.\-]{{0,50}}?{_NAME}[\w.\-]{{0,50}}", re.IGNORECASE | re.ASCII)
NAME_MARKS = ("key", "pass", "pwd", "secret", "token", "credential", "bearer", "auth")
BEFORE_NAME = re.compile(r"[\w.\-]{0,50}(?:api )?\Z", re.ASCII | re.IGNORECASE)
ASSIGNED = re.compile(
    r"""(?P<name>\w[\w.\-]{0,60}+)(?P<between>\\{0,3}["'`*]{0,3}\s{0,4}(?::=|=>|[:=])\*{0,2}\s{0,4}(?:\\{1,3}(?=["'`]))?)""",
    re.ASCII,
)
"""A name and what stands between it and its value; in JSON that is itself in a text, quotes are escaped."""
FLAG = re.compile(r"(?P<name>\w[\w\-]{0,60}+)(?P<between> )(?=[^\s/.-])", re.ASCII)
"""An option of a command and its argument; the name follows `--`."""
BARE = re.compile(r"""[^\s"'`&;,)}\]<>\\]+""")
AS_SETTING = re.compile(r"""[^\s"'`&;,)}\]<>\\]+(?:(?:[;,)}\]<>]|\\(?!n)|&(?!\w+=))+[^\s"'`&;,)}\]<>\\]+)*""")
"""A value of a name that begins a line."""
LINE_BEGINS = re.compile(r"(?:\A|\n|\x1e|\\n)[ \t]*(?:- |export |set |ENV )?[\"']?\Z", re.ASCII)
LINE_ENDS = re.compile(r"[ \t\r]*(?:#[^\n]*)?(?:\n|\Z)")
PASSWORD_NAME = re.compile(r"pass(?:wd|word|phrase)|pwd", re.IGNORECASE)
KEY_NAME = re.compile(r"key", re.IGNORECASE)
NO_SECRET = re.compile(
    r"""\[redacted|[*(\[\\]|\$(?:[{(]|(?-i:[A-Z_][A-Z0-9_]*|[a-z_]+)\Z)|<[^<>]*>?\Z|\{[^{}]*\}{0,2}\Z|\{\{"""
    r"""|%(?:s\b|\(|\w+%\Z)|\.\.\.|x{4,}|os\.|process\.|self\.|env\.|https?:|(?:null|none|true|false|undefined|string|required|optional"""
    r"""|empty|unset|change_?me|todo|str|bytes|number|boolean)(?![\w-])|your[-_ ]|[A-Za-z_][\w.]*[(\[]""",
    re.IGNORECASE | re.ASCII,
)
"""How code that looks a value up begins, a placeholder, a type."""
NO_HEADER = re.compile(
    rf"\A(?:(?:Bearer|Basic|Bot|Token|Digest)(?:\Z|\ +(?:[*<$%{{]|[\w-]*\.\.\.|your))|{NO_SECRET.pattern})",
    re.IGNORECASE | re.ASCII,
)
TEMPLATE = re.compile(r"\A(?:\[redacted|\\|\$[{(A-Za-z_]|\{|<|%[s(]|\*+\Z|\.\.\.|x{4,})", re.IGNORECASE)
NUMBER = re.compile(r"[0-9.,_]{1,8}\Z", re.ASCII)
OF_NO_VALUE = re.compile(
    r"(?:any|hidden|invalid|expired|missing|enabled|disabled|incorrect|wrong|correct|valid|object|float)\Z|"
    r"(?-i:(?:[A-Z][a-z]+){2,}\Z)",
    re.IGNORECASE,
)
"""Words and names of types that are no value of a setting."""
QUERY = re.compile(
    r"[?&](?:(?:access_token|refresh_token|id_token|auth_token|token|api_?key|client_secret|password|jwt|secret)="
    r"""(?P<value>[^&#\s"'<>]{6,})|(?:auth|code|key|session|sig|signature|x-amz-signature)=(?P<long>[^&#\s"'<>]{16,}))""",
    re.IGNORECASE,
)
LOGIN = re.compile(r"""://[^\s:/@"'<>]{0,100}:(?P<value>(?![0-9]{1,5}/)[^\s@"'<>]{1,256})@""")
BARE_LOGIN = re.compile(
    rf"""://(?P<value>(?:(?<=https://)|(?<=http://)|(?<=wss://)|(?<=ws://)|(?=[^\s@/]{{0,256}}?{_LOT})|(?=[^\s@/]{{20}}))[^\s:@/"'<>]{{8,256}})@""",
    re.ASCII,
)
USER = re.compile(
    r"""(?<=[ \t])(?:-u|--user)[ =]["']?[^\s:"']{1,64}:(?P<value>(?![0-9]+(?![^\s"']))[^\s"']{4,256})""", re.ASCII
)
LOCAL = re.compile(r"(?<![\w.+%@/-])(?!git\Z)[A-Za-z0-9][\w.+%-]{0,63}\Z", re.ASCII)
DOMAIN = re.compile(
    r"@(?:[A-Za-z0-9-]{1,63}\.){1,6}(?!(?:png|jpe?g|svg|gif|webp|js|ts|py|css|service)\b)[A-Za-z]{2,24}(?![\w@-])",
    re.ASCII,
)
PHONE = re.compile(r"(?P<value>\+(?<![\w+]\+)(?!(?<=\n\+)20[0-9]{12})[1-9][0-9]{7,14})(?!\w|\.\w)", re.ASCII)
BEGIN = re.compile(r"-----BEGIN[A-Z0-9 ]{0,40}PRIVATE KEY[A-Z ]{0,10}-----")
END = re.compile(r"-----END[A-Z0-9 ]{0,40}PRIVATE KEY[A-Z ]{0,10}-----")
BODY = re.compile(r"(?:[A-Za-z0-9+/=]|\s|\\[nr])*")
