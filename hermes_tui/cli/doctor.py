"""The verb `doctor`: the health of a store, and the replay of the messages that wait beside it."""

from __future__ import annotations

from typing import TextIO

from hermes_tui.cli.options import Options
from hermes_tui.cli.output import Output, Streams, complain, remark
from hermes_tui.cli.stores import EVERY, opened, opened_to_write
from hermes_tui.render.safe import safe
from hermes_tui.render.time import many
from store import Home, ReadOnly, StoreError, replay
from store.files import outbox

WORDS = {True: "ok", False: "NO", None: "?"}


def doctor(home: Home, options: Options, streams: Streams) -> int:
    """Print the finding of every check; with `--replay` first write the messages that a store would not take.

    Returns:
        1 where a check failed, else 0; 2 where waiting messages could not be written, or all profiles are asked to.

    Raises:
        ReadOnly: A replay into a home that is only read.
    """
    if options.replay and options.read_only:
        raise ReadOnly("--replay writes, and --read-only was given; leave one of them out")
    if options.replay and home.elsewhere:
        raise ReadOnly(f"nothing was written: {home.elsewhere} is only read")
    if options.replay and home.is_every:
        return complain(EVERY, streams.err)
    output = Output(streams.out)
    failed = _replay(home, streams.err) if options.replay else 0
    ill = False
    with opened(home) as db:
        for finding in db.health():
            ill = ill or finding.ok is False
            if options.json:
                output.json({"check": finding.check, "ok": finding.ok, "detail": finding.sentence})
            else:
                output.line(safe(f"{WORDS[finding.ok]:<3} {finding.check:<12} {finding.sentence}"))
    return failed or int(ill)


def _replay(home: Home, err: TextIO) -> int:
    """Write every file that waits; one that fails is reported and kept."""
    if not outbox.pending_files(outbox.folder_of(home.state_db)):
        return 0
    outbox.require_store(home.state_db)
    failed = 0
    with opened_to_write(home) as db:
        for path in db.refused():
            try:
                written = replay(db, path)
            except StoreError as error:
                failed = complain(error, err)
            else:
                remark(f"{many(written, 'message')} of {path.name} written, the others were there", err)
    return failed
