"""Choice of the source that a session is read from: the one with more messages (docs/format.md §8)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..base.errors import StoreMissing
from ..formats import message_codec

if TYPE_CHECKING:
    from ..base.models import JsonlFacts
    from ..files.jsonl_files import JsonlFiles

Conversation = list[dict[str, object]]


def load_transcript(
    session_id: str, *, files: JsonlFiles, count: Callable[[str], int], conversation: Callable[[str], Conversation]
) -> Conversation:
    """The messages of a session from the source that has more of them; a tie goes to SQLite, which knows more of each.

    Neither session_meta nor damaged lines count as messages.
    Undone and compacted rows count for SQLite though they are not returned: their presence in JSONL is no reason to
    return them.

    Args:
        session_id: Any id; an id that must not become a path has no file.
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
    if is_longer(facts, lambda: count(session_id)):
        return [message_codec.conversation_of_record(record.value) for record in files.message_records(session_id)]
    return conversation(session_id)


def is_longer(facts: JsonlFacts | None, count: Callable[[], int]) -> bool:
    """True where a session is read from its JSONL file: it has more messages, or alone can report why there are none.

    Args:
        facts: The file, None where there is none: nothing is counted then.
        count: Rows in SQLite without session_meta, inactive ones included.
    """
    if facts is None:
        return False
    try:
        rows = count()
    except StoreMissing:
        return True
    return facts.messages > rows or bool(facts.problem and not rows)
