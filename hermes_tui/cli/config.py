"""The verb `config`: where the config file is, every setting with its default, and what is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import TextIO, TypeAlias

from hermes_tui import config
from hermes_tui.cli.options import Options
from hermes_tui.cli.output import Output, remark
from hermes_tui.cli.servers import without_secret
from hermes_tui.commands.key_names import shown_name
from hermes_tui.commands.registry import TABLE
from hermes_tui.commands.user_keys import rebound
from hermes_tui.kept.state_file import StateFile
from hermes_tui.render.safe import one_line

Setting: TypeAlias = tuple[str, object, object]
"""Name, value and default of a setting."""
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
    read = config.load(config.locate())
    read = read.with_refused(rebound(TABLE, read.keys)[1])
    homes = {name: without_secret(address) for name, address in read.homes.items()}
    if options.json:
        _print_objects(Output(out), read, homes)
    else:
        _print_file(out, read, homes)
    for complaint in read.complaints:
        remark(one_line(complaint), err)
    return 1 if read.complaints else 0


def _settings(read: config.Config) -> Iterator[Setting]:
    for name in SETTINGS:
        yield name, getattr(read, name), next(each.default for each in fields(config.Config) if each.name == name)


def _keys(read: config.Config) -> Iterator[Setting]:
    defaults = {key.id: " ".join(map(shown_name, key.names)) for command in TABLE for key in command.keys}
    for name, default in sorted(defaults.items()):
        yield name, read.keys.get(name, default), default


def _print_objects(output: Output, read: config.Config, homes: Mapping[str, str]) -> None:
    output.json({"setting": "file", "value": str(config.locate()), "default": None})
    named = [*_settings(read), *((f"homes.{name}", address, None) for name, address in homes.items())]
    for name, value, default in (*named, *((f"keys.{name}", key, usual) for name, key, usual in _keys(read))):
        output.json({"setting": name, "value": value, "default": default})


def _print_file(out: TextIO, read: config.Config, homes: Mapping[str, str]) -> None:
    print(f"# {config.locate()}", file=out)
    for setting in _settings(read):
        _print(out, *setting)
    if homes:
        print("\n[homes]", file=out)
        for name, address in homes.items():
            print(f"{json.dumps(name)} = {json.dumps(address)}", file=out)
    print("\n[keys]", file=out)
    for key in _keys(read):
        _print(out, *key)


def _print(out: TextIO, name: str, value: object, default: object) -> None:
    """A setting as the file would have it; one that has its default is a comment."""
    said, usual = ("unset" if each is None else json.dumps(each, ensure_ascii=False) for each in (value, default))
    print(f"# {name} = {said}" if value == default else f"{name} = {said}  # default: {usual}", file=out)
