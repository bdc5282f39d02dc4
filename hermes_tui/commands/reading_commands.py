"""Commands of the transcript and of the details beside it: a part of the table of commands."""

from __future__ import annotations

from hermes_tui.commands.model import PANES, Command, Place

TRANSCRIPT = Place.TRANSCRIPT

DETAILS: tuple[Command, ...] = (
    Command("i", "details", "what is stored about the session: times, tokens, cost, prompt, files; `tab` goes there")
    .when(*PANES, rank=73, needs="session", words=dict.fromkeys(PANES, ""))
    .key("i", "go('details')", "Details of this session")
    .mentioning("to_details"),
    Command("tab", "other pane", "from the details of the session to the list beside them, else to the text")
    .when(Place.DETAILS, rank=20)
    .key("tab", "go('from_details')", "From the details to the list")
    .key("shift+tab", "go('from_details_back')", "From the details to the text"),
    Command("space", "system prompt", "unfold the system prompt, or fold it again")
    .when(Place.DETAILS, rank=30)
    .key("space,enter", "go('fold_details')", "System prompt: folded or open"),
    Command("esc", "close", "close the details of the session; `i` too")
    .when(Place.DETAILS, rank=10)
    .key("escape,i", "go('close_details')", "Close the details"),
)

MOVING: tuple[Command, ...] = (
    Command("J K", "message", "go to the next or the previous message")
    .when(TRANSCRIPT, rank=70)
    .key("J", "reader('next_message')")
    .key("K", "reader('previous_message')"),
    Command("{ }", "", "go to the previous or the next message that the user wrote")
    .when(TRANSCRIPT)
    .key("left_curly_bracket", "reader('previous_prompt')", "Previous prompt")
    .key("right_curly_bracket", "reader('next_prompt')", "Next prompt"),
    Command("( )", "", "go to the previous or the next day, section or run of undone messages")
    .when(TRANSCRIPT)
    .key("left_parenthesis", "reader('previous_seam')", "Previous day or section")
    .key("right_parenthesis", "reader('next_seam')", "Next day or section"),
    Command("o", "outline", "the messages that the user wrote, filtered while you type; `enter` goes to one")
    .when(TRANSCRIPT, rank=72, words={TRANSCRIPT: ""})
    .key("o", "outline", "Outline: the messages of the user"),
    Command("!", "", "go to the next call of a tool that failed, from the last one to the first")
    .when(TRANSCRIPT)
    .key("exclamation_mark", "go('error')", "Next tool error"),
    Command("ctrl+d ctrl+u", "", "half a page down or up; `ctrl+f` `ctrl+b` a page")
    .when(TRANSCRIPT)
    .key("ctrl+d", "reader('half_down')")
    .key("ctrl+u", "reader('half_up')")
    .key("ctrl+f", "reader('page_down')")
    .key("ctrl+b", "reader('page_up')"),
)

FOLDING: tuple[Command, ...] = (
    Command("space", "fold", "unfold the message with the bar step by step, and fold it again")
    .when(TRANSCRIPT, rank=80)
    .key("space", "reader('fold')", "Fold or unfold"),
    Command("t", "tools", "tool calls short, in full or hidden")
    .when(TRANSCRIPT, rank=85)
    .key("t", "reader('tools')", "Tool calls: short, in full, hidden"),
    Command("T", "reasoning", "reasoning folded or open")
    .when(TRANSCRIPT, rank=86)
    .key("T", "reader('reasoning')", "Reasoning: folded or open"),
    Command("e", "source", "the message with the bar as it is stored, and back")
    .when(TRANSCRIPT, rank=87)
    .key("e", "reader('source')", "Source of the message, and back"),
    Command("w", "wrap", "let long lines go on to the right, or break them again")
    .when(TRANSCRIPT, rank=89, words={TRANSCRIPT: ""})
    .key("w", "reader('wrap')", "Wrap long lines or not"),
    Command("→ ←", "sideways", "move along lines that are not broken")
    .when(TRANSCRIPT, rank=84, needs="unwrapped")
    .key("right", "reader('right')")
    .key("left", "reader('left')"),
    Command("f", "follow", "stay at the end while the session grows")
    .when(TRANSCRIPT, rank=88)
    .key("f", "reader('follow')", "Follow the end"),
)
