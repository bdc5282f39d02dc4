"""Texts for the clipboard."""

from __future__ import annotations

import re
from enum import StrEnum

from store.base.late_dataclass import dataclass
from store.files.home import LINK, safe_id
from store.models import Session

CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Copied:
    """A text for the clipboard."""

    text: str
    left_out: int = 0
    """Control characters that are not in it."""


class CopyTarget(StrEnum):
    """What a key copies."""

    MESSAGE = "message"
    RESUME = "resume"
    ID = "id"
    LINK = "link"


def copied(text: str) -> Copied:
    """A text for the clipboard: line ends and tabs stay, other control characters and unpaired surrogates go."""
    return Copied(*CONTROL.subn("", text.replace("\r\n", "\n")))


def session_text(target: CopyTarget, session: Session) -> str:
    """The id of a session, its link, or the command that resumes it.

    Raises:
        UnsafeId: The id must not become an argument.
    """
    if target is CopyTarget.ID:
        return session.id
    if target is CopyTarget.LINK:
        return session_link(session.profile, session.id)
    return resume_command(session.id)


def session_link(profile: str, session_id: str) -> str:
    """The link by which newer versions of Hermes name a session (docs/format.md §1.1).

    Raises:
        UnsafeId: The id must not become an argument.
    """
    return f"{LINK}{profile}/{safe_id(session_id)}"


def resume_command(session_id: str) -> str:
    """The command that goes on with a session in Hermes.

    Raises:
        UnsafeId: The id must not become an argument.
    """
    return f"hermes --resume {safe_id(session_id)}"
