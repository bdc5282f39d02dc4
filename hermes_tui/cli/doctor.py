"""The verb that looks at the health of a store, and writes what is waiting beside it."""

from __future__ import annotations

from contextlib import closing
from typing import TextIO

from hermes_tui.cli.output import Paper, remark
from hermes_tui.cli.show import complain, now, opened
from hermes_tui.render.safe import SafeText, safe
from hermes_tui.render.time import many
from store import Finding, Home, SessionDB, StoreError, replay
from store.files import outbox

WORDS = {True: "ok", False: "NO", None: "?"}


def doctor(home: Home, *, replaying: bool, as_json: bool, out: TextIO, err: TextIO) -> int:
    """Print what every check found.

    Args:
        replaying: First write the messages that wait in files because a store would not take them.

    Returns:
        1 where something is not well, else 0; 2 where waiting messages could not be written.
    """
    paper = Paper(out, now=now())
    failed = _replay(home, err) if replaying else 0
    ill = False
    with opened(home) as db:
        for finding in db.health():
            ill = ill or finding.ok is False
            if as_json:
                paper.json({"check": finding.check, "ok": finding.ok, "detail": finding.sentence})
            else:
                paper.line(_line(finding))
    return failed or int(ill)


def _replay(home: Home, err: TextIO) -> int:
    """Write every file that waits; one that fails is told and kept."""
    if not outbox.pending_files(outbox.folder_of(home.state_db)):
        return 0
    outbox.require_store(home.state_db)
    failed = 0
    with closing(SessionDB(home.state_db, sessions_dir=home.sessions_dir)) as db:
        for path in db.refused():
            try:
                written = replay(db, path)
            except StoreError as error:
                failed = complain(error, err)
            else:
                remark(f"{many(written, 'message')} of {path.name} written, the others were there", err)
    return failed


def _line(finding: Finding) -> SafeText:
    return safe(f"{WORDS[finding.ok]:<3} {finding.check:<12} {finding.sentence}")
