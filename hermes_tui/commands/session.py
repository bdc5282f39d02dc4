"""Commands about one session: the one that is read, or the one under the cursor."""

from __future__ import annotations

from hermes_tui.commands.model import PANES, Command, Key, Place, Text, When

COMMANDS: tuple[Command, ...] = (
    Command(
        "family",
        Text(
            "L",
            "family",
            "the family of the session as a tree: sections that went on, branches, subagents; `enter` opens one",
        ),
        When(PANES, 68, needs="family", words={Place.TRANSCRIPT: "", Place.HITS: ""}),
        (Key("L", "family", "Family of this session as a tree"),),
    ),
    Command(
        "copy",
        Text("y", "copy", "copy the message with the bar"),
        When(frozenset({Place.TRANSCRIPT}), 92),
        (Key("y", "copy('message')", "Copy the message"),),
    ),
    Command(
        "copy_resume",
        Text("Y", "", "copy the command that resumes the session in Hermes"),
        keys=(Key("Y", "copy('resume')", "Copy the resume command"),),
    ),
    Command(
        "copy_id", Text("I", "", "copy the id of the session"), keys=(Key("I", "copy('id')", "Copy the session id"),)
    ),
)
