"""Commands of the screen of the doctor alone."""

from __future__ import annotations

from hermes_tui.commands.model import Command, Key, Place, Text, When

DOCTOR = frozenset({Place.DOCTOR})

COMMANDS: tuple[Command, ...] = (
    Command(
        "replay",
        Text(
            "y",
            "write what waits",
            "write the messages that wait in files because a store would not take them; it is asked first",
        ),
        When(DOCTOR, 5, needs="waiting"),
        (Key("y", "replay", "Write what waits"),),
    ),
    Command(
        "look_again",
        Text("R", "look again", "look at the store's health again"),
        When(DOCTOR, 20, needs="idle"),
        (Key("R", "look_again", "Look again"),),
    ),
    Command(
        "doctor_back",
        Text("esc", "back", "go back to the browser; while files are written, stop after this one"),
        When(DOCTOR, 30),
        (Key("escape", "back", "Back"),),
    ),
)
