"""Reads of the terminal, as Textual's own parser takes them apart."""

from __future__ import annotations

import os
import threading
from types import SimpleNamespace
from typing import Any, cast

import pytest
from textual import events
from textual._xterm_parser import XTermParser

from hermes_tui import terminal_input
from hermes_tui.terminal_input import PAUSE, Burst, ReadGrouping, TerminalInput, WakingEvent, read_together

DOWN = "\x1b[B"


def grouped(*reads: str, pace: float = 1.0) -> list[str]:
    """What comes of some reads: names of keys, texts of bursts in quotes, of pastes in brackets."""
    parser, grouping = XTermParser(), ReadGrouping()
    names: list[str] = []
    for number, read in enumerate(reads):
        for message in grouping.group(parser.feed(read), number * pace):
            match message:
                case Burst():
                    names.append(repr(message.text))
                case events.Paste():
                    names.append(f"[{message.text}]")
                case events.Key():
                    names.append(message.key)
    return names


@pytest.mark.parametrize(
    ("reads", "names"),
    [
        (["docker"], ["'docker'"]),
        (["d", "o", "c", "k", "e", "r"], list("docker")),
        ([f"{DOWN}retry\r"], ["down", "'retry\\r'"]),
        ([f"jj{DOWN}kk"], ["j", "j", "down", "k", "k"]),
        (["jjjjjjjjjjjj"], ["j"] * 12),
        ([DOWN * 9], ["down"] * 9),
        (["sql\ndrop"], ["'sql\\ndrop'"]),
        (["ab\tcdef"], ["'ab\\tcdef'"]),
        (["\x1b[200~sql\ny\x1b[201~"], ["[sql\ny]"]),
        (["dock\x11er\x11"], ["'dock'", "'er'", "ctrl+q"]),
        (["\x1b[<0;3;4M\x1b[<0;3;4m"], []),
    ],
)
def test_a_read_of_many_characters_is_text_and_anything_else_is_keys(reads: list[str], names: list[str]) -> None:
    assert grouped(*reads) == names


def test_the_rest_of_a_long_text_is_text_too() -> None:
    """A paste is longer than one read; mutant: without the pause its last letters are commands."""
    assert grouped("docker ps", "ry", pace=PAUSE / 2) == ["'docker ps'", "'ry'"]
    assert grouped("docker ps", "ry", pace=PAUSE * 2) == ["'docker ps'", "r", "y"]


def test_a_paste_in_pieces_is_counted_as_one() -> None:
    """The notice says how much was pasted; mutant: with a count for each read it says what the last one had."""
    parser, grouping = XTermParser(), ReadGrouping()
    reads = ((0.0, "docker\x11 ps"), (PAUSE / 2, "ry"), (PAUSE * 3, "another"))
    counted = [each for at, read in reads for each in grouping.group(parser.feed(read), at) if isinstance(each, Burst)]
    assert [(each.text, each.total) for each in counted] == [("docker", 6), (" ps", 9), ("ry", 11), ("another", 7)]


@pytest.mark.parametrize(
    ("reads", "first"),
    [
        (["re", "try", " yes", "\r"], "retry yes"),
        (["q", "\ry", "es"], "q\rye"[:3]),
        (["j", "", "k"], "j"),
        (["jj", "jj", "jj", "jj", ""], "jjjjjjjj"),
        (["\x1b[B", "retry yes"], "\x1b[B"),
        (["sql query"], "sql query"),
    ],
)
def test_a_paste_that_comes_in_pieces_is_one_read_and_keys_are_not(reads: list[str], first: str) -> None:
    """Mutant: with `more` never asked, the first piece runs commands in the list."""
    pieces = iter([*reads[1:], ""])
    assert read_together(reads[0], lambda _: next(pieces)) == first


def test_who_leaves_does_not_wait_for_the_next_look_at_the_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mutants: Textual's own event; its end of the pipe not looked at, so that leaving takes a whole `PAUSE`."""
    monkeypatch.setattr(terminal_input, "PAUSE", 3600.0)
    keys, terminal = os.pipe()
    driver = cast("Any", SimpleNamespace(fileno=keys, exit_event=WakingEvent(), _debug=False, _app=None))
    reading = threading.Thread(target=TerminalInput.run_input_thread, args=(driver,), daemon=True)
    reading.start()
    driver.exit_event.set()
    reading.join(20)
    assert not reading.is_alive()

    driver.exit_event.clear()
    driver.exit_event.clear()
    assert not driver.exit_event.is_set()
    for descriptor in keys, terminal:
        os.close(descriptor)
