"""Which source speaks for a session: the promise of PR #3249, counted as design.md §5 says."""

from __future__ import annotations

from collections.abc import Callable

from ..base.errors import StoreMissing
from ..files.jsonl_files import JsonlFiles
from ..formats import message_codec

Conversation = list[dict[str, object]]


def load_transcript(
    session_id: str, *, files: JsonlFiles, count: Callable[[str], int], conversation: Callable[[str], Conversation]
) -> Conversation:
    """The messages of a session from the source that has more of them; a tie goes to SQLite, which knows more of each.

    Neither session_meta nor damaged lines count as messages.
    What was undone or compacted counts for SQLite though it is not returned: JSONL still holding it is no reason to
    bring it back.

    Args:
        session_id: Any id; one that must not become a path has no file.
        files: The JSONL files of the home.
        count: Rows of a session in SQLite without session_meta, inactive ones included.
        conversation: Its active rows, as `SessionDB.get_messages_as_conversation` gives them.

    Returns:
        Dicts of that form, from whichever source; [] where neither has messages.

    Raises:
        StoreMissing: There is neither a state.db nor a file of the session.
        CannotOpen: SQLite has no message and the file cannot be read.
    """
    facts = files.facts(session_id)
    try:
        rows = count(session_id)
    except StoreMissing:
        if facts is None:
            raise
        return _written(files, session_id)
    if facts and (facts.messages > rows or (facts.problem and not rows)):
        return _written(files, session_id)
    return conversation(session_id)


def _written(files: JsonlFiles, session_id: str) -> Conversation:
    """What the file holds, in the form that agents replay."""
    return [message_codec.conversation_of_record(record.value) for record in files.message_records(session_id)]
