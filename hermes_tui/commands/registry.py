"""Table of commands: the bindings, the palette, the help, the footer and the README's key table come from it.

It has only keys that work.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hermes_tui.commands.key_names import shown_name
from hermes_tui.commands.model import BROWSER, EVERYWHERE, INSIDE, LISTS, PANES, REPAIRS, Command, Offer, Place
from hermes_tui.commands.reading_commands import DETAILS, FOLDING, MOVING
from hermes_tui.commands.session_commands import (
    COUNTING,
    EXPORT,
    EXPORTING,
    KEEPING,
    MANAGE,
    MARKING,
    RESUME,
    RESUMING,
    STATS,
)
from hermes_tui.commands.store_commands import DOCTOR, JOURNAL, OF_THE_STORE
from hermes_tui.commands.user_keys import rebound
from hermes_tui.render import bound_keys

__all__ = [
    "BROWSER",
    "DOCTOR",
    "EXPORT",
    "INSIDE",
    "JOURNAL",
    "MANAGE",
    "REPAIRS",
    "RESUME",
    "STATS",
    "TABLE",
    "Command",
    "Offer",
    "Place",
    "applying",
    "footer",
    "rebind",
    "works",
]

SEARCH, SESSIONS, HITS, TRANSCRIPT = Place.SEARCH, Place.SESSIONS, Place.HITS, Place.TRANSCRIPT
REPAIR, FLAGGED, DIFFERENCE = Place.REPAIR, Place.FLAGGED, Place.DIFFERENCE

TABLE: list[Command] = [
    Command("R", "try again", "read state.db again after an error")
    .when(SESSIONS, TRANSCRIPT, rank=5, needs="failed")
    .key("R", "retry", "Try again"),
    Command(
        "↑↓",
        "rows",
        "move in the list, also while you type; `pgup` `pgdn` `ctrl+j` `ctrl+k` too, `j` `k` there",
    )
    .when(SEARCH, *LISTS, rank=10, needs="rows", words={HITS: "hits"})
    .key("up,ctrl+k", "rows(-1)")
    .key("down,ctrl+j", "rows(1)")
    .key("pageup", "pages(-1)")
    .key("pagedown", "pages(1)"),
    Command("enter", "open", "open the session, or the hit in its place; from the search row too")
    .when(SEARCH, *LISTS, rank=20, needs="rows")
    .key("enter", "go('open')", "Open the row under the cursor"),
    Command("tab", "list", "go from the search row into the list, where letters are commands; `esc` too")
    .when(SEARCH, rank=30)
    .key("tab,escape", "go('list')", "Go to the list"),
    Command("ctrl+r", "earlier", "earlier searches, those of earlier runs too; typing filters them")
    .when(SEARCH, rank=68, needs="history")
    .key("ctrl+r", "history", "Earlier searches"),
    Command("tab", "details", "to the details of the session, where they are shown")
    .when(TRANSCRIPT, rank=29, needs="details")
    .key("tab", "go('to_details')", "To the details of this session"),
    Command("tab", "transcript", "go to the other pane")
    .when(*PANES, rank=30, needs="wide", words={TRANSCRIPT: "list", HITS: ""})
    .key("tab,shift+tab", "go('other_pane')", "Go to the other pane"),
    Command("/", "search", "type a search")
    .when(*LISTS, rank=40, words={HITS: ""})
    .key("slash", "go('search')", "Search"),
    Command("/", "find", "find a text in this session, folded parts included; `n` `N` go on")
    .when(TRANSCRIPT, rank=87)
    .key("slash", "go('find')", "Find in this session")
    .mentioning("next_hit", "previous_hit"),
    Command("ctrl+s", "", "search all sessions, from wherever you are")
    .when(*BROWSER)
    .key("ctrl+s", "go('search_all')", "Search all sessions"),
    Command("enter", "keep", "keep the match, and give the keys back to the text")
    .when(Place.FIND, rank=10)
    .key("enter,down", "go('keep_find')"),
    Command("esc", "back", "end the find where it began").when(Place.FIND, rank=20).key("escape", "go('cancel_find')"),
    Command("tab", "scope", "find in all messages, in prompts, in replies, or in tools")
    .when(Place.FIND, rank=30)
    .key("tab", "go('next_scope')"),
    Command(":", "", "go to a message by its number, a date, or a time of the day; `:q` quits")
    .when(TRANSCRIPT)
    .key("colon", "go('ask_destination')", "Go to a message, a date or a time"),
    Command("enter", "go", "go to what was typed").when(Place.GOTO, rank=10).key("enter", "go('destination')"),
    Command("esc", "back", "stay where you are").when(Place.GOTO, rank=20).key("escape", "go('no_destination')"),
    *DETAILS,
    Command("[ ]", "context", "show 1, 3, 10 messages around the hit, then the whole session, and back")
    .when(HITS, TRANSCRIPT, rank=50, needs="hits", words={TRANSCRIPT: ""})
    .key("left_square_bracket", "context(-1)", "Less context around the hit")
    .key("right_square_bracket", "context(1)", "More context around the hit"),
    Command("n N", "next", "go to the next or the previous hit")
    .when(HITS, TRANSCRIPT, rank=60, needs="hits")
    .key("n", "next_hit(1)", "Next hit")
    .key("N", "next_hit(-1)", "Previous hit"),
    Command("s", "order", "other sessions first: the newest, the oldest, the longest, the flagged ones, or by title")
    .when(SESSIONS, rank=91)
    .key("s", "go('next_order')", "Other order of the sessions"),
    Command("b", "bookmark", "bookmark the session, in the transcript the message with the bar; `b` again removes it")
    .when(*PANES, rank=93, needs="session", words={HITS: ""})
    .key("b", "go('bookmark')", "Bookmark, or take it back"),
    Command("p", "profile", "another profile, or all of them as one list")
    .when(*PANES, rank=94, needs="profiles", words={TRANSCRIPT: "", HITS: ""})
    .key("p", "app.profiles", "Another profile"),
    Command("esc", "clear", "take the search out")
    .when(*LISTS, rank=65, needs="typed")
    .key("escape", "go('clear')", "Clear the search"),
    Command("esc", "", "without a search nothing: `q` quits")
    .when(*LISTS, needs="untyped")
    .key("escape", "go('stay')")
    .mentioning("quit"),
    Command("esc", "back", "go back to where you came from")
    .when(TRANSCRIPT, rank=65)
    .key("escape", "go('back')", "Back"),
    Command("→ ←", "more, fewer", "show all hits of a session, or three of them").when(HITS, rank=70, needs="hits"),
    *MOVING,
    Command("R", "re-rank", "put the best hits first, or the newest again")
    .when(HITS, rank=75, needs="rankable")
    .key("R", "go('rerank')", "Rank hits, or newest first again"),
    *FOLDING,
    Command(
        "v",
        "hidden",
        "what is hidden and why, and where a session is; `v` again shows it; in the transcript, undone messages",
    )
    .when(SESSIONS, TRANSCRIPT, rank=90, words={TRANSCRIPT: ""})
    .key("v", "hidden", "What is hidden and why"),
    Command("L", "family", "the session's family as a tree: sections, branches, subagents; `enter` opens one")
    .when(*PANES, rank=88, needs="family", words={HITS: ""})
    .key("L", "over('family')", "Family of this session as a tree"),
    Command("y", "copy", "copy the message with the bar as Markdown, its calls included")
    .when(TRANSCRIPT, rank=92)
    .key("y", "copy('message')", "Copy the message"),
    Command(
        "1 9 a",
        "block, answer",
        "within two seconds of `y`: copy the block `1` to `9`, or the answer without its calls",
    )
    .when(TRANSCRIPT, rank=6, needs="copying")
    .key("a", "copy_block(0)")
    .digits("copy_block")
    .mentioning("copy_message"),
    Command("Y", "resume command", "copy the command that resumes the session in Hermes")
    .when(*PANES, needs="session")
    .key("Y", "copy('resume')", "Copy the resume command"),
    *RESUMING,
    Command("I", "copy id", "copy the id of the session")
    .when(*PANES, needs="session")
    .key("I", "copy('id')", "Copy the session id"),
    Command("g G", "top, end", "go to the top or to the end").when(*PANES, rank=95, words={SESSIONS: "", HITS: ""}),
    Command("ctrl+d", "", "half a page down, `ctrl+u` up, `ctrl+f` `ctrl+b` a whole one, in lists and pages"),
    Command("m", "one pane", "give the whole width to one pane, or to both again")
    .when(*PANES, needs="roomy")
    .key("m", "go('maximise')", "One pane or two"),
    Command(
        "r",
        "repair",
        "see what a repair of the flagged session would do; a click on its flag or its banner does the same",
    )
    .when(*PANES, rank=66, needs="flagged", words={TRANSCRIPT: ""})
    .key("r", "repair", "Repair this session"),
    Command("d", "difference", "see where the two sources of the flagged session differ")
    .when(*PANES, rank=67, needs="flagged", words={TRANSCRIPT: "", SESSIONS: "", HITS: ""})
    .key("d", "repair(True)", "Difference of this session's sources"),
    Command("F", "repair all", "see what a repair of all flagged sessions would do")
    .when(*PANES, needs="any_flagged")
    .key("F", "over('repair_all')", "Repair all flagged sessions"),
    Command(
        "y",
        "apply",
        "do what the plan says, a repair or an undo, once it has stood for 0.8 s without a key",
    )
    .when(REPAIR, FLAGGED, rank=5, needs="applies")
    .key("y", "apply", "Apply the repair"),
    Command("enter", "read the session", "read the repaired session; of all flagged ones look at one")
    .when(REPAIR, FLAGGED, rank=10, needs="readable", words={FLAGGED: "look at it"})
    .key("enter", "read", "Read the session"),
    Command("u", "undo", "see the plan of an undo: the repair's messages go out again, what came later stays")
    .when(REPAIR, FLAGGED, rank=12, needs="undoable")
    .key("u", "undo", "Undo the repair"),
    Command("esc", "back", "leave the plan of an undo").when(REPAIR, rank=13, needs="asked").key("escape", "back"),
    Command("Y", "copy operation id", "copy the id by which the repair can be undone from a shell")
    .when(REPAIR, rank=14, needs="done")
    .key("Y", "copy_operation", "Copy the operation id"),
    Command("d", "whole difference", "see all that differs, and back")
    .when(REPAIR, DIFFERENCE, rank=20, needs="idle", words={DIFFERENCE: "plan"})
    .key("d", "whole", "Whole difference"),
    Command("esc", "stop after this step", "stop a repair between two steps")
    .when(*REPAIRS, rank=25, needs="running")
    .key("escape", "back"),
    Command("esc", "back", "go back to where the repair was called")
    .when(*REPAIRS, rank=30, needs="idle")
    .key("escape", "back", "Back"),
    Command("n", "next flagged", "go to the next flagged session")
    .when(REPAIR, rank=40, needs="next")
    .key("n", "next_flagged", "Next flagged session"),
    Command("esc", "back", "go back after a repair").when(REPAIR, rank=45, needs="done").key("escape", "back"),
    Command("space", "leave this one out", "leave a flagged session out, or take it in again")
    .when(FLAGGED, rank=50, needs="idle")
    .key("space", "leave_out", "Leave this one out, or take it in"),
    Command(
        "M",
        "merge",
        "insert also what may have been undone, compacted or has no certain place, or leave it out again",
    )
    .when(REPAIR, rank=60, needs="mergeable")
    .key("M", "merge", "Insert also what is refused"),
    *OF_THE_STORE,
    *MARKING,
    *EXPORTING,
    *COUNTING,
    *KEEPING,
    Command("ctrl+p", "all commands", "find a command by its name, or a theme").when(*EVERYWHERE, rank=97),
    Command("?", "", "all keys and the search language; `f1` in the search row")
    .when(*EVERYWHERE)
    .key("question_mark", "app.help", "Help"),
    Command("ctrl+q", "quit", "quit, wherever you are").when(
        *EVERYWHERE, rank=98, words=dict.fromkeys(EVERYWHERE - BROWSER | PANES | {Place.DETAILS}, "")
    ),
    Command("ctrl+z", "", "stop the program as any other; `fg` in the shell brings it back", EVERYWHERE),
    Command("q", "quit", "quit; right after a letter that moves nothing it has to be pressed again")
    .when(*PANES, Place.DETAILS, *REPAIRS, *DOCTOR, *JOURNAL, *MANAGE, *RESUME, *EXPORT, *STATS, rank=89)
    .key("q", "app.quit_by_letter", "Quit"),
]
"""Every command. Its keys are the user's once `rebind` was called."""
_BY_ACTION: dict[str, list[Command]] = {}


def _index() -> None:
    _BY_ACTION.clear()
    bound_keys.put({key.id: shown_name(key.names[0]) for command in TABLE for key in command.keys})
    for command in TABLE:
        for key in command.keys:
            _BY_ACTION.setdefault(key.action, []).append(command)


_index()


def rebind(keys: Mapping[str, str]) -> dict[str, str]:
    """Give commands other keys, by their ids; before the screens are imported, which bind the keys of the table.

    Returns:
        The ids whose keys were not taken, with the reason.
    """
    TABLE[:], refused = rebound(TABLE, keys)
    _index()
    return refused


def works(action: str, parameters: tuple[object, ...], place: Place, conditions: Iterable[str] = ()) -> bool:
    """Whether an action works in a place; one that no key of the table has works everywhere."""
    commands = _BY_ACTION.get(f"{action}({', '.join(map(repr, parameters))})" if parameters else action)
    met = {"", *conditions}
    return commands is None or any(place in command.places and command.needs in met for command in commands)


def applying(place: Place, conditions: Iterable[str] = ()) -> tuple[Command, ...]:
    """The commands that work in a place, most needed first."""
    met = {"", *conditions}
    commands = (command for command in TABLE if place in command.places and command.needs in met)
    return tuple(sorted(commands, key=lambda command: command.rank))


def footer(place: Place, conditions: Iterable[str] = ()) -> tuple[tuple[str, str], ...]:
    """Keys and words for the footer, most needed first, each word once; the help has a place of its own there.

    What has no word in a place comes last, for a screen that has room for it.
    """
    commands = applying(place, conditions)
    named = [(command, command.words.get(place, command.word)) for command in commands]
    words = {word: command.shown for command, word in reversed(named) if word}
    first = [(command.shown, word) for command, word in named if word and words[word] == command.shown]
    rest = ((command.shown, command.word) for command, word in named if not word and command.word not in {"", *words})
    return (*first, *dict.fromkeys(rest))
