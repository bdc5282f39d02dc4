"""Commands about one session: the one that is read, or the one under the cursor."""

from __future__ import annotations

from hermes_tui.commands.model import PANES, Command, Key, Place

COMMANDS: tuple[Command, ...] = (
    Command(
        "family",
        "L",
        "family",
        "the family of the session as a tree: sections that went on, branches, subagents; `enter` opens one",
        PANES,
        68,
        keys=(Key("L", "family", "Family of this session as a tree"),),
        words={Place.TRANSCRIPT: "", Place.HITS: ""},
        needs="family",
    ),
    Command(
        "copy",
        "y",
        "copy",
        "copy the message with the bar",
        frozenset({Place.TRANSCRIPT}),
        92,
        keys=(Key("y", "copy('message')", "Copy the message"),),
    ),
    Command(
        "copy_resume",
        "Y",
        "",
        "copy the command that resumes the session in Hermes",
        keys=(Key("Y", "copy('resume')", "Copy the resume command"),),
    ),
    Command("copy_id", "I", "", "copy the id of the session", keys=(Key("I", "copy('id')", "Copy the session id"),)),
)
