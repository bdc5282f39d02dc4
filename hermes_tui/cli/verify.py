"""The verb `verify`: whether the store still has what an export says."""

from __future__ import annotations

import os
from pathlib import Path

from hermes_tui.cli.options import Options
from hermes_tui.cli.output import Output, Streams, complain
from hermes_tui.cli.stores import opened
from hermes_tui.export.compare import Agreement, FileVerdict, compare, written_sessions
from hermes_tui.render.safe import safe
from hermes_tui.render.time import in_words, many
from store import Home

DIFFERS = 1


def verify(home: Home, options: Options, streams: Streams) -> int:
    """Compare the sessions of exported files with the store, by counts and digests of the text as it was written.

    Returns:
        0 where all agree, or the store only has more; 1 where one differs or is gone; 2 for a file that is no export.
    """
    output = Output(streams.out)
    code = 0
    with opened(home) as db:
        for name in options.files:
            path = Path(os.path.realpath(name))  # a link that a person names is followed
            try:
                for written in written_sessions(path):
                    verdict = compare(db, path, written)
                    code = max(code, 0 if verdict.agreement in (Agreement.SAME, Agreement.GROWN) else DIFFERS)
                    _print(output, verdict, as_json=options.json)
            except (OSError, ValueError) as error:
                reason = error.strerror if isinstance(error, OSError) else error
                code = complain(f"{name} cannot be verified: {reason}", streams.err)
    return code


def _print(output: Output, verdict: FileVerdict, *, as_json: bool) -> None:
    written = verdict.written
    if as_json:
        counts = {"messages": written.totals.messages, "store_messages": verdict.messages}
        output.json({"session_id": written.session_id, "agreement": verdict.agreement.name.lower(), **counts})
    else:
        output.line(safe(f"{written.session_id}  {_sentence(verdict)}"))


def _sentence(verdict: FileVerdict) -> str:
    has, had = verdict.messages, verdict.written.totals.messages
    match verdict.agreement:
        case Agreement.SAME:
            return f"agrees, {many(had, 'message')}"
        case Agreement.GROWN:
            return f"agrees as far as it goes, {many(had, 'message')}; the store has {in_words(has - had)} more"
        case Agreement.CHANGED:
            return f"DIFFERS: {many(had, 'message')} in the file, {in_words(has)} in the store, and not the same ones"
        case Agreement.EDITED:
            return f"DIFFERS: the file was changed after it was written; the store has its {many(had, 'message')}"
        case Agreement.GONE:
            return f"GONE: the store has no such session; the file has {many(had, 'message')}"
