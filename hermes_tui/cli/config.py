"""The verb `config`: where the config file is, every setting with its default, and what is wrong with it."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import TextIO

from hermes_tui import config
from hermes_tui.cli.options import Options
from hermes_tui.cli.output import remark
from hermes_tui.cli.servers import without_secret
from hermes_tui.commands.key_names import shown_name
from hermes_tui.commands.registry import TABLE
from hermes_tui.commands.user_keys import rebound
from hermes_tui.kept.state_file import StateFile
from hermes_tui.render.safe import one_line

SETTINGS = ("theme", "ascii", "mouse", "start", "wrap", "history")


def show_config(options: Options, out: TextIO, err: TextIO) -> int:
    """Print it; with `--forget` remove what is kept across runs instead.

    Returns:
        0, or 1 where something in the file could not be used.
    """
    if options.forget:
        forgot = StateFile(config.state_file()).forget()
        remark("everything that was kept is forgotten" if forgot else "nothing was kept", err)
        return 0
    defaults = {key.id: " ".join(map(shown_name, key.names)) for command in TABLE for key in command.keys}
    read = config.load(config.locate())
    read = read.with_refused(rebound(TABLE, read.keys)[1])
    print(f"# {config.locate()}", file=out)
    for name in SETTINGS:
        default = next(setting.default for setting in fields(config.Config) if setting.name == name)
        _print(out, name, getattr(read, name), default)
    if read.homes:
        print("\n[homes]", file=out)
        for name, address in read.homes.items():
            print(f"{json.dumps(name)} = {json.dumps(without_secret(address))}", file=out)
    print("\n[keys]", file=out)
    for name, default in sorted(defaults.items()):
        _print(out, name, read.keys.get(name, default), default)
    for complaint in read.complaints:
        remark(one_line(complaint), err)
    return 1 if read.complaints else 0


def _print(out: TextIO, name: str, value: object, default: object) -> None:
    """A setting as the file would have it; one that has its default is a comment."""
    said, usual = ("unset" if each is None else json.dumps(each, ensure_ascii=False) for each in (value, default))
    print(f"# {name} = {said}" if value == default else f"{name} = {said}  # default: {usual}", file=out)
