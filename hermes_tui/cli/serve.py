"""`hermes-tui serve-stdio`: answers another machine's hermes-tui over standard input and output, reading only."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from store import Browser, Home, open_home
from store.base.late_dataclass import replace
from store.files.home import ALL_PROFILES
from store.remote.server import serve


def serve_stdio() -> int:
    """Answer until the input ends."""
    source, target = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # a stray line would be taken for an answer
    serve(source, target, _opened)
    return 0


def _opened(path: str) -> Browser:
    """The home at a path, "" for the user's own; with other profiles all of them as one."""
    folder = Path(path).expanduser() if path else None
    home = Home.locate(os.environ, home_option=folder, profile=None, platform=sys.platform, user_home=Path.home())
    return open_home(replace(home, profile=ALL_PROFILES) if len(Home(home.root).profiles()) > 1 else home)
