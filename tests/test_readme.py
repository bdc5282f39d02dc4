"""What the README promises is what there is."""

from __future__ import annotations

import json
import re
from pathlib import Path

from hermes_tui.commands.key_table import key_table
from tests.benchmarks import growth, ledger_text

README = (Path(__file__).parents[1] / "README.md").read_text()
BENCHMARKS = Path(__file__).parent / "benchmarks"
LEDGERS = json.loads((BENCHMARKS / "ledger.json").read_text())


def test_the_key_table_is_the_table_of_commands() -> None:
    between = README.split("<!-- keys -->")[1].split("<!-- /keys -->")[0]
    assert between.strip() == key_table().strip(), "paste hermes_tui.commands.key_table.key_table() between the marks"


def test_every_picture_is_there() -> None:
    pictures = re.findall(r"\]\((screenshots/[^)]+)\)", README)
    assert pictures
    assert [name for name in pictures if not (Path(__file__).parents[1] / name).is_file()] == []


def test_there_are_two_commands_that_do_everything() -> None:
    commands = re.findall(r"```sh\n(python3 -m venv .*)\n```", README)
    assert len(commands) == 2
    assert commands[0].endswith("--demo")
    assert commands[1].endswith("-m pytest -n auto --dist worksteal")


def test_the_table_and_the_plot_are_those_of_the_largest_ledger() -> None:
    size = ledger_text.largest(LEDGERS)
    assert _section(README, "ledger") == ledger_text.short(size, LEDGERS[size])
    assert (BENCHMARKS / "growth.svg").read_text() == growth.plot(LEDGERS[size]["growth"])


def test_the_results_have_every_ledger() -> None:
    results = (BENCHMARKS / "RESULTS.md").read_text()
    assert LEDGERS
    for size, ledger in LEDGERS.items():
        assert _section(results, f"ledger {size}") == ledger_text.table(size, ledger)


def _section(text: str, name: str) -> str:
    begin, end = ledger_text.marks(name)
    return text.partition(begin)[2].partition(end)[0]
