"""Parameters of a large family of tests: a few of them for the fast loop, the others for the gate alone."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from _pytest.mark import ParameterSet


def few(values: Iterable[object], *fast: object) -> list[ParameterSet]:
    """Every value as a parameter, slow where it is none of `fast`; those of `fast` have to be among them."""
    listed = list(values)
    assert all(value in listed for value in fast), fast
    return [pytest.param(value, marks=() if value in fast else pytest.mark.slow) for value in listed]
