"""Texts for the clipboard."""

from __future__ import annotations

import re
from enum import StrEnum

from store.files.home import safe_id

CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


class CopyTarget(StrEnum):
    """What a key copies."""

    MESSAGE = "message"
    RESUME = "resume"
    ID = "id"


def copied(text: str) -> str:
    """A text for the clipboard: line ends and tabs stay, other control characters and unpaired surrogates go."""
    return CONTROL.sub("", text.replace("\r\n", "\n"))


def resume_command(session_id: str) -> str:
    """The command that goes on with a session in Hermes.

    Raises:
        UnsafeId: The id must not become an argument.
    """
    return f"hermes --resume {safe_id(session_id)}"
