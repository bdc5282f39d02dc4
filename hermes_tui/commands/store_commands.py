"""Commands on the store as a whole: its health, what waits, what was repaired and deleted; a part of the table."""

from __future__ import annotations

from hermes_tui.commands.model import Command, Place

DOCTOR = frozenset({Place.DOCTOR})
JOURNAL = frozenset({Place.JOURNAL})

OF_THE_STORE: tuple[Command, ...] = (
    Command("D", "doctor", "how the store is, check by check, and what waits to be written into it").key(
        "D", "over('doctor')", "Doctor: how the store is"
    ),
    Command(
        "y",
        "write what waits",
        "write the messages that wait in files because a store would not take them; it is asked first",
    )
    .when(*DOCTOR, rank=5, needs="waiting")
    .key("y", "replay", "Write what waits"),
    Command("R", "look again", "look at the store's health again")
    .when(*DOCTOR, rank=20, needs="idle")
    .key("R", "look_again", "Look again"),
    Command("esc", "back", "go back to the browser; while files are written, stop after this one")
    .when(*DOCTOR, rank=30)
    .key("escape", "back", "Back"),
    Command("U", "repairs", "the repairs and deletions that were made: the receipt and the undo of each").key(
        "U", "over('repairs')", "Repairs that were made"
    ),
    Command("enter", "receipt", "see the receipt of the repair or the deletion under the cursor")
    .when(*JOURNAL, rank=5, needs="rows")
    .key("enter", "receipt", "Receipt of this repair"),
    Command("u", "undo", "see the plan of its undo")
    .when(*JOURNAL, rank=10, needs="undoable")
    .key("u", "undo", "Undo this repair"),
    Command("esc", "back", "go back from them to the browser").when(*JOURNAL, rank=20).key("escape", "back"),
)
