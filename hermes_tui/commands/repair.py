"""Commands of the screen of repairs alone."""

from __future__ import annotations

from hermes_tui.commands.model import REPAIRS, Command, Key, Place, Text, When

REPAIR, FLAGGED, DIFFERENCE = Place.REPAIR, Place.FLAGGED, Place.DIFFERENCE

COMMANDS: tuple[Command, ...] = (
    Command(
        "apply",
        Text("y", "apply", "repair what is shown, or go on with a repair that was stopped"),
        When(frozenset({REPAIR, FLAGGED}), 5, needs="applies"),
        (Key("y", "apply", "Apply the repair"),),
    ),
    Command(
        "read",
        Text("enter", "read the session", "read the repaired session; of all flagged ones look at one"),
        When(frozenset({REPAIR, FLAGGED}), 10, needs="readable", words={FLAGGED: "look at it"}),
        (Key("enter", "read", "Read the session"),),
    ),
    Command(
        "undo",
        Text("u", "undo", "take a repair back: its messages go out again, what came later stays"),
        When(frozenset({REPAIR, FLAGGED}), 12, needs="undoable"),
        (Key("u", "undo", "Undo the repair"),),
    ),
    Command(
        "copy_operation",
        Text("Y", "copy operation id", "copy the id by which the repair can be undone from a shell"),
        When(frozenset({REPAIR}), 14, needs="done"),
        (Key("Y", "copy_operation", "Copy the operation id"),),
    ),
    Command(
        "whole",
        Text("d", "whole difference", "see all that differs, and back"),
        When(frozenset({REPAIR, DIFFERENCE}), 20, needs="idle", words={DIFFERENCE: "plan"}),
        (Key("d", "whole", "Whole difference"),),
    ),
    Command(
        "stop",
        Text("esc", "stop after this step", "stop a repair between two steps"),
        When(REPAIRS, 25, needs="running"),
    ),
    Command(
        "close",
        Text("esc", "back", "go back to where the repair was called"),
        When(REPAIRS, 30, needs="idle"),
        (Key("escape", "back", "Back"),),
    ),
    Command(
        "next_flagged",
        Text("n", "next flagged", "go to the next flagged session"),
        When(frozenset({REPAIR}), 40, needs="next"),
        (Key("n", "next_flagged", "Next flagged session"),),
    ),
    Command("done_back", Text("esc", "back", "go back after a repair"), When(frozenset({REPAIR}), 45, needs="done")),
    Command(
        "leave_out",
        Text("space", "leave this one out", "leave a flagged session out, or take it in again"),
        When(frozenset({FLAGGED}), 50, needs="idle"),
        (Key("space", "leave_out", "Leave this one out, or take it in"),),
    ),
    Command(
        "merge",
        Text(
            "M",
            "merge",
            "insert also what may have been undone, compacted or has no certain place; again takes that back",
        ),
        When(frozenset({REPAIR}), 60, needs="mergeable"),
        (Key("M", "merge", "Insert also what is refused"),),
    ),
)
