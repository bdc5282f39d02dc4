"""Commands that keep sessions in order and hand them over: a part of the table of commands."""

from __future__ import annotations

from hermes_tui.commands.model import LISTS, PANES, Command, Place

MANAGE = frozenset({Place.MANAGE})
RESUME = frozenset({Place.RESUME})
EXPORT = frozenset({Place.EXPORT})
STATS = frozenset({Place.STATS})

RESUMING: tuple[Command, ...] = (
    Command("@", "session link", "copy the link `@session:<profile>/<id>` that newer versions of Hermes take")
    .when(*PANES, needs="session")
    .key("at", "copy('link')", "Copy the session link"),
    Command("O", "", "resume the session in Hermes, which gets the terminal until it ends; the folder is asked for")
    .when(*PANES, needs="session")
    .key("O", "act('resume')", "Resume in Hermes"),
    Command("y", "resume", "start Hermes with the session")
    .when(*RESUME, rank=5)
    .key("y", "answer(True)", "Start Hermes"),
    Command("esc", "back", "resume nothing").when(*RESUME, rank=10).key("escape,n", "answer(False)", "Resume nothing"),
)

KEEPING: tuple[Command, ...] = (
    Command("F2", "", "give the session a title, by Hermes' rules; `enter` shows what it would be, then `y`")
    .when(*PANES, needs="managed")
    .key("f2", "act('rename')", "Rename this session")
    .mentioning("apply"),
    Command("A", "", "archive the session with its whole chain, or bring it back: a plan, then `y`")
    .when(*PANES, needs="managed")
    .key("A", "act('archive')", "Archive this session, or bring it back")
    .mentioning("apply"),
    Command("P", "", "pin the session, or take the pin from it, where the file has a column for it")
    .when(*PANES, needs="managed")
    .key("P", "act('pin')", "Pin this session"),
    Command("X", "", "delete the session with its whole chain into a trash of ours: a plan, then `y`; `u` undoes it")
    .when(*PANES, needs="deletable")
    .key("X", "act('delete')", "Delete this session")
    .mentioning("apply", "undo"),
    Command("y", "apply", "do what the plan of a deletion, a title or a mark says, once it has stood for 0.8 s")
    .when(*MANAGE, rank=5, needs="applies")
    .key("y", "apply", "Do what the plan says"),
    Command("u", "undo", "see the plan of the undo of what was deleted here")
    .when(*MANAGE, rank=10, needs="undoable")
    .key("u", "undo", "Undo the deletion"),
    Command("M", "even so", "delete also what was in use a moment ago, or leave it alone again")
    .when(*MANAGE, rank=20, needs="forceable")
    .key("M", "force", "Delete even so"),
    Command("c", "children", "delete branches and subagents too, or keep them")
    .when(*MANAGE, rank=30, needs="children")
    .key("c", "children", "Branches and subagents too"),
    Command("F2", "another title", "type another title")
    .when(*MANAGE, rank=30, needs="renames")
    .key("f2", "retitle", "Another title"),
    Command("esc", "stop after this step", "stop a deletion between two steps")
    .when(*MANAGE, rank=40, needs="running")
    .key("escape", "back"),
    Command("esc", "back", "go back to the browser").when(*MANAGE, rank=45, needs="idle").key("escape", "back"),
)

MARKING: tuple[Command, ...] = (
    Command("space", "", "mark the session for one act on all that are marked: export, archive, pin, delete, …")
    .when(*LISTS, rank=96, needs="rows")
    .key("space", "mark", "Mark this session"),
    Command("*", "", "mark all sessions that are shown, or no session any more")
    .when(*LISTS, rank=96, needs="rows")
    .key("asterisk", "mark(True)", "Mark all sessions that are shown"),
)
COUNTING: tuple[Command, ...] = (
    Command("S", "", "what the home holds and what it cost, or the sessions that are searched for")
    .when(*PANES)
    .key("S", "over('statistics')", "Statistics: activity, tokens, cost, tools"),
    Command("enter", "list these", "list the sessions of the day, source, model or tool under the cursor")
    .when(*STATS, rank=5, needs="rows")
    .key("enter", "choose", "List these sessions"),
    Command("esc", "back", "go back from the statistics to the browser").when(*STATS, rank=20).key("escape", "back"),
)
EXPORTING: tuple[Command, ...] = (
    Command("E", "", "export the session, or all that are marked, to files: a plan with likely secrets, then `y`")
    .when(*PANES, needs="rows")
    .key("E", "act('export')", "Export to files")
    .mentioning("apply"),
    Command("y", "write", "write the files that the plan names, once it has stood for 0.8 s")
    .when(*EXPORT, rank=5, needs="applies")
    .key("y", "apply", "Write the files"),
    Command("f", "format", "Markdown, HTML, JSON, JSONL or text")
    .when(*EXPORT, rank=10, needs="choosing")
    .key("f", "choose('format')", "Other format"),
    Command("o", "messages", "all messages, prompts, replies or tools alone")
    .when(*EXPORT, rank=20, needs="choosing")
    .key("o", "choose('only')", "Other messages"),
    Command("r", "mask", "put a mask in place of each likely secret, or leave them in")
    .when(*EXPORT, rank=15, needs="maskable")
    .key("r", "choose('redact')", "Mask likely secrets, or leave them in"),
    Command("l", "chain", "the whole chain of compressions as one reading, or the session alone")
    .when(*EXPORT, rank=30, needs="chained")
    .key("l", "choose('lineage')", "Whole chain, or the session alone"),
    Command("t", "by title", "name the files by title, or by id")
    .when(*EXPORT, rank=35, needs="choosing")
    .key("t", "choose('title')", "Files by title, or by id"),
    Command("F2", "another place", "type another file or folder; `enter` shows the plan for it")
    .when(*EXPORT, rank=25, needs="choosing")
    .key("f2", "retype", "Another file or folder"),
    Command("esc", "stop", "stop writing; the files of this run are removed")
    .when(*EXPORT, rank=40, needs="running")
    .key("escape", "back"),
    Command("esc", "back", "go back to the browser").when(*EXPORT, rank=16, needs="idle").key("escape", "back"),
)
