"""Messages of the trash that the store has again under other ids, as an import of an export writes them."""

from __future__ import annotations

from collections.abc import Iterable

from ..base.errors import Refused
from ..engine.managed import MESSAGES, Image, ManagedRows, TrashHeader
from ..engine.operations import Cell, RawRow
from ..formats import message_codec

PAGE = 256
"""Messages that are read in one transaction."""
_SAID = ("role", "content", "tool_calls", "tool_call_id")


def refuse_doubles(managed: ManagedRows, header: TrashHeader, own: Iterable[int], trash: Iterable[Image]) -> None:
    """Refuse an undo that would write messages twice; what others said meanwhile is no such message.

    A message is the same where session, time and all that was said are.

    Args:
        header: The deletion.
        own: Ids of the messages in the trash.
        trash: The rows in it; they are read only where the sessions have messages of other ids.

    Raises:
        Refused: At least one of them is there.
    """
    others = sorted(set(managed.message_ids(header.session_ids)).difference(own))
    if not others:
        return
    pages = (managed.messages(others[start : start + PAGE]) for start in range(0, len(others), PAGE))
    known = {_key(image.row) for page in pages for image in page}
    kept = [image.row for image in trash if image.table == MESSAGES]
    there = [row for row in kept if _key(row) in known]
    if there:
        session = _text(there[0]["session_id"])
        raise Refused(
            f"{len(there)} of the {len(kept)} messages are there already under other ids, as an import writes them, so"
            f" nothing was put back; delete {session}, which moves these into the trash too,"
            f" then undo {header.operation}"
        )


def _key(row: RawRow) -> tuple[str | None, float | None, bytes]:
    said = message_codec.identity(*(_text(row.get(name)) for name in _SAID))
    return _text(row["session_id"]), message_codec.timestamp(row.get("timestamp")), said


def _text(cell: Cell) -> str | None:
    return cell if isinstance(cell, str) else None
