"""Table of commands: the bindings, the palette, the help, the footer and the README's key table come from it.

It has only keys that work.
"""

from __future__ import annotations

from collections.abc import Iterable

from hermes_tui.commands.model import BROWSER, EVERYWHERE, LISTS, PANES, REPAIRS, Command, Key, Offer, Place, Text, When

__all__ = ["BROWSER", "DOCTOR", "REPAIRS", "TABLE", "Command", "Offer", "Place", "applying", "footer", "key_table"]

SEARCH, SESSIONS, HITS, TRANSCRIPT = Place.SEARCH, Place.SESSIONS, Place.HITS, Place.TRANSCRIPT
REPAIR, FLAGGED, DIFFERENCE = Place.REPAIR, Place.FLAGGED, Place.DIFFERENCE
DOCTOR = frozenset({Place.DOCTOR})

TABLE: tuple[Command, ...] = (
    Command(
        Text("R", "try again", "read state.db again after an error"),
        When(frozenset({SESSIONS, TRANSCRIPT}), 5, needs="failed"),
        (Key("R", "retry", "Try again"),),
    ),
    Command(
        Text("↓", "list", "go from the search row to the list; `enter` and `tab` too"),
        When(frozenset({SEARCH}), 10),
        (Key("tab,enter", "go('list')", "Go to the list"), Key("down", "go('down')")),
    ),
    Command(
        Text("↑", "before", "what was searched for before; `↓` goes back to what was typed"),
        When(frozenset({SEARCH}), 68, needs="history"),
        (Key("up", "go('recall')", "What was searched for before"),),
    ),
    Command(
        Text("↑↓", "rows", "move in the list; `j` `k` `pgup` `pgdn` too"),
        When(LISTS, 10, needs="rows", words={HITS: "hits"}),
    ),
    Command(Text("enter", "open", "open the session, or the hit in its place"), When(LISTS, 20, needs="rows")),
    Command(
        Text("tab", "transcript", "go to the other pane"),
        When(PANES, 30, needs="wide", words={TRANSCRIPT: "list", HITS: ""}),
        (Key("tab,shift+tab", "go('other_pane')", "Go to the other pane"),),
    ),
    Command(
        Text("/", "search", "type a search"),
        When(PANES, 40, words={HITS: "", TRANSCRIPT: ""}),
        (Key("slash", "go('search')", "Search"),),
    ),
    Command(
        Text("[ ]", "context", "show 1, 3, 10 messages around the hit, then the whole session, and back"),
        When(frozenset({HITS, TRANSCRIPT}), 50, needs="hits", words={TRANSCRIPT: ""}),
        (
            Key("left_square_bracket", "context(-1)", "Less context around the hit"),
            Key("right_square_bracket", "context(1)", "More context around the hit"),
        ),
    ),
    Command(
        Text("n N", "next", "go to the next or the previous hit"),
        When(frozenset({HITS, TRANSCRIPT}), 60, needs="hits"),
        (Key("n", "next_hit(1)", "Next hit"), Key("N", "next_hit(-1)", "Previous hit")),
    ),
    Command(
        Text("esc", "clear", "take the search out"),
        When(frozenset({SEARCH, HITS}), 65, needs="typed"),
        (Key("escape", "go('clear')", "Clear the search"),),
    ),
    Command(
        Text("esc", "back", "go back, from the transcript to the list, from the list to the search row"),
        When(frozenset({SESSIONS, TRANSCRIPT}), 65, words={SESSIONS: ""}),
        (Key("escape", "go('back')", "Back"),),
    ),
    Command(Text("→ ←", "more, fewer", "show all hits of a session, or three of them"), When(frozenset({HITS}), 70)),
    Command(
        Text("J K", "message", "go to the next or the previous message"),
        When(frozenset({TRANSCRIPT}), 70),
        (Key("J", "reader('next_message')"), Key("K", "reader('previous_message')")),
    ),
    Command(
        Text("R", "re-rank", "put the best hits first, or the newest again"),
        When(frozenset({HITS}), 75, needs="rankable"),
        (Key("R", "rerank", "Rank hits, or newest first again"),),
    ),
    Command(
        Text("space", "fold", "unfold the message with the bar step by step, and fold it again"),
        When(frozenset({TRANSCRIPT}), 80),
        (Key("space", "reader('fold')", "Fold or unfold"),),
    ),
    Command(
        Text("t", "tools", "tool calls short, in full or hidden"),
        When(frozenset({TRANSCRIPT}), 85),
        (Key("t", "reader('tools')", "Tool calls: short, in full, hidden"),),
    ),
    Command(
        Text("T", "reasoning", "reasoning folded or open"),
        When(frozenset({TRANSCRIPT}), 86),
        (Key("T", "reader('reasoning')", "Reasoning: folded or open"),),
    ),
    Command(
        Text("f", "follow", "stay at the end while the session grows"),
        When(frozenset({TRANSCRIPT}), 88),
        (Key("f", "reader('follow')", "Follow the end"),),
    ),
    Command(
        Text(
            "v",
            "hidden",
            "what is hidden and why, and where a session is; `v` again shows it; "
            "in the transcript, messages taken back",
        ),
        When(frozenset({SESSIONS, TRANSCRIPT}), 90, words={TRANSCRIPT: ""}),
        (Key("v", "hidden", "What is hidden and why"),),
    ),
    Command(
        Text(
            "L",
            "family",
            "the family of the session as a tree: sections that went on, branches, subagents; `enter` opens one",
        ),
        When(PANES, 68, needs="family", words={TRANSCRIPT: "", HITS: ""}),
        (Key("L", "family", "Family of this session as a tree"),),
    ),
    Command(
        Text("y", "copy", "copy the message with the bar"),
        When(frozenset({TRANSCRIPT}), 92),
        (Key("y", "copy('message')", "Copy the message"),),
    ),
    Command(
        Text("Y", "", "copy the command that resumes the session in Hermes"),
        keys=(Key("Y", "copy('resume')", "Copy the resume command"),),
    ),
    Command(Text("I", "", "copy the id of the session"), keys=(Key("I", "copy('id')", "Copy the session id"),)),
    Command(Text("g G", "top, end", "go to the top or to the end"), When(PANES, 95, words={SESSIONS: "", HITS: ""})),
    Command(
        Text("m", "", "give the whole width to one pane, or to both again"),
        When(needs="roomy"),
        (Key("m", "maximise", "One pane or two"),),
    ),
    Command(
        Text(
            "r",
            "repair",
            "see what a repair of the flagged session would do; a click on its flag or its banner does the same",
        ),
        When(PANES, 66, needs="flagged", words={TRANSCRIPT: ""}),
        (Key("r", "repair", "Repair this session"),),
    ),
    Command(
        Text("d", "difference", "see where the two sources of the flagged session differ"),
        When(PANES, 67, needs="flagged", words={TRANSCRIPT: "", SESSIONS: "", HITS: ""}),
        (Key("d", "repair(True)", "Difference of this session's sources"),),
    ),
    Command(
        Text("F", "", "see what a repair of all flagged sessions would do"),
        When(needs="any_flagged"),
        (Key("F", "repair_all", "Repair all flagged sessions"),),
    ),
    Command(
        Text("y", "apply", "repair what is shown, or go on with a repair that was stopped"),
        When(frozenset({REPAIR, FLAGGED}), 5, needs="applies"),
        (Key("y", "apply", "Apply the repair"),),
    ),
    Command(
        Text("enter", "read the session", "read the repaired session; of all flagged ones look at one"),
        When(frozenset({REPAIR, FLAGGED}), 10, needs="readable", words={FLAGGED: "look at it"}),
        (Key("enter", "read", "Read the session"),),
    ),
    Command(
        Text("u", "undo", "take a repair back: its messages go out again, what came later stays"),
        When(frozenset({REPAIR, FLAGGED}), 12, needs="undoable"),
        (Key("u", "undo", "Undo the repair"),),
    ),
    Command(
        Text("Y", "copy operation id", "copy the id by which the repair can be undone from a shell"),
        When(frozenset({REPAIR}), 14, needs="done"),
        (Key("Y", "copy_operation", "Copy the operation id"),),
    ),
    Command(
        Text("d", "whole difference", "see all that differs, and back"),
        When(frozenset({REPAIR, DIFFERENCE}), 20, needs="idle", words={DIFFERENCE: "plan"}),
        (Key("d", "whole", "Whole difference"),),
    ),
    Command(
        Text("esc", "stop after this step", "stop a repair between two steps"),
        When(REPAIRS, 25, needs="running"),
    ),
    Command(
        Text("esc", "back", "go back to where the repair was called"),
        When(REPAIRS, 30, needs="idle"),
        (Key("escape", "back", "Back"),),
    ),
    Command(
        Text("n", "next flagged", "go to the next flagged session"),
        When(frozenset({REPAIR}), 40, needs="next"),
        (Key("n", "next_flagged", "Next flagged session"),),
    ),
    Command(Text("esc", "back", "go back after a repair"), When(frozenset({REPAIR}), 45, needs="done")),
    Command(
        Text("space", "leave this one out", "leave a flagged session out, or take it in again"),
        When(frozenset({FLAGGED}), 50, needs="idle"),
        (Key("space", "leave_out", "Leave this one out, or take it in"),),
    ),
    Command(
        Text(
            "M",
            "merge",
            "insert also what may have been undone, compacted or has no certain place; again takes that back",
        ),
        When(frozenset({REPAIR}), 60, needs="mergeable"),
        (Key("M", "merge", "Insert also what is refused"),),
    ),
    Command(
        Text("D", "", "how the store is, check by check, and what waits to be written into it"),
        keys=(Key("D", "doctor", "Doctor: how the store is"),),
    ),
    Command(
        Text(
            "y",
            "write what waits",
            "write the messages that wait in files because a store would not take them; it is asked first",
        ),
        When(DOCTOR, 5, needs="waiting"),
        (Key("y", "replay", "Write what waits"),),
    ),
    Command(
        Text("R", "look again", "look at the store's health again"),
        When(DOCTOR, 20, needs="idle"),
        (Key("R", "look_again", "Look again"),),
    ),
    Command(
        Text("esc", "back", "go back to the browser; while files are written, stop after this one"),
        When(DOCTOR, 30),
        (Key("escape", "back", "Back"),),
    ),
    Command(Text("ctrl+p", "all commands", "find a command by its name, or a theme"), When(EVERYWHERE, 97)),
    Command(
        Text("?", "", "all keys and the search language; `f1` in the search row"),
        When(EVERYWHERE),
        (Key("f1", "app.help"), Key("question_mark", "app.help", "Help")),
    ),
    Command(
        Text("ctrl+q", "quit", "quit, wherever you are"),
        When(EVERYWHERE, 98, words=dict.fromkeys(PANES | REPAIRS | DOCTOR, "")),
    ),
    Command(Text("q", "quit", "quit"), When(PANES | REPAIRS | DOCTOR, 98), (Key("q", "app.quit", "Quit"),)),
)


def applying(place: Place, conditions: Iterable[str] = ()) -> tuple[Command, ...]:
    """The commands that work in a place, most needed first."""
    met = {"", *conditions}
    commands = (command for command in TABLE if place in command.when.places and command.when.needs in met)
    return tuple(sorted(commands, key=lambda command: command.when.rank))


def footer(place: Place, conditions: Iterable[str] = ()) -> tuple[tuple[str, str], ...]:
    """Keys and words for the footer, most needed first; the help has a place of its own there."""
    commands = applying(place, conditions)
    return tuple((command.text.shown, word) for command in commands if (word := command.word_in(place)))


def key_table() -> str:
    """The README's table of keys, in Markdown."""
    lines = ["| Key | What it does |", "|---|---|"]
    for command in TABLE:
        keys = " ".join(f"`{key}`" for key in command.text.shown.split())
        lines.append(f"| {keys} | {command.text.sentence} |")
    return "\n".join(lines) + "\n"
