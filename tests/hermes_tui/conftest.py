"""What all apps of a process share: the rules of stylesheets, which each of them would parse again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet

_parse = Stylesheet._parse_rules
_parsed: dict[tuple[object, ...], list[RuleSet]] = {}


def _parsed_once(sheet: Stylesheet, *source: Any, **more: Any) -> list[RuleSet]:
    key = (source, *sorted(more.items()), *sorted(sheet._variables.items()))
    if key not in _parsed:
        _parsed[key] = _parse(sheet, *source, **more)
    return _parsed[key]


@pytest.fixture(autouse=True, scope="session")
def _stylesheets_are_parsed_once() -> Iterator[None]:
    """A text with the same variables has the same rules; Textual keeps them too, but for one app."""
    with mock.patch.object(Stylesheet, "_parse_rules", _parsed_once):
        yield
