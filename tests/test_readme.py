"""What the README promises is what there is."""

from __future__ import annotations

import re
from pathlib import Path

from hermes_tui.commands.key_table import key_table

README = (Path(__file__).parents[1] / "README.md").read_text()


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
