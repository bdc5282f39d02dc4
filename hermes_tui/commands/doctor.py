"""Commands of the screen of the doctor alone."""

from __future__ import annotations

from hermes_tui.commands.model import Command, Key, Place

DOCTOR = frozenset({Place.DOCTOR})

COMMANDS: tuple[Command, ...] = (
    Command(
        "replay",
        "y",
        "write what waits",
        "write the messages that wait in files because a store would not take them; it is asked first",
        DOCTOR,
        5,
        keys=(Key("y", "replay", "Write what waits"),),
        needs="waiting",
    ),
    Command(
        "look_again",
        "R",
        "look again",
        "look at the store's health again",
        DOCTOR,
        20,
        keys=(Key("R", "look_again", "Look again"),),
        needs="idle",
    ),
    Command(
        "doctor_back",
        "esc",
        "back",
        "go back to the browser; while files are written, stop after this one",
        DOCTOR,
        30,
        keys=(Key("escape", "back", "Back"),),
    ),
)
