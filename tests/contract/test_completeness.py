"""The contract has no hole: each verb of the interface is called by a contract test, each capability has its mark.

The contract tests run once more here, on an engine in memory that notes which verbs they call.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import pytest

from store.engine import ports
from store.engine.ports import Engine
from store.engine.rows import Capabilities
from tests.builders import home
from tests.contract.cases import Case, MemoryCase
from tests.contract.memory_engine import MemoryEngine
from tests.contract.memory_tables import MemoryDatabase

PARTS = {
    "sessions": ports.SessionRows,
    "messages": ports.MessageRows,
    "records": ports.AgentRows,
    "search": ports.TextSearch,
    "repairs": ports.RepairRows,
    "changes": ports.Changes,
    "health": ports.Health,
}
"""Attribute of an engine -> its protocol."""

LEFT_OUT = {
    "repairs": {
        "Engine.repairs",
        *(f"RepairRows.{name}" for name in ("facts", "operations", "free_ids", "session_row", "message_rows", "copy")),
        "RepairRows.active_counts",
        *(f"Transaction.{name}" for name in ("apply_step", "undo_step")),
    },
    "files": set[str](),
}
"""Capability -> the verbs that an engine without it need not have."""

Test = Callable[[Case], None]


class Noted:
    """An object whose verbs are noted as they are used.

    Args:
        target: What does the work.
        protocol: What it implements.
        seen: Names of the verbs, with their protocol.
        refused: Verbs that must not be used.
    """

    def __init__(self, target: object, protocol: type, seen: set[str], refused: frozenset[str] = frozenset()) -> None:
        self._target, self._protocol = target, protocol
        self._seen, self._refused = seen, refused

    def __getattr__(self, name: str) -> Any:
        verb = f"{self._protocol.__name__}.{name}"
        assert verb not in self._refused, f"{verb} was used by a test that does not need it"
        self._seen.add(verb)
        found = getattr(self._target, name)
        if self._protocol is not Engine:
            return found
        if name in PARTS:
            return Noted(found, PARTS[name], self._seen, self._refused)
        return self._write if name == "write" else found

    def _write(self, work: Callable[[Any], object]) -> object:
        def _work(tx: object) -> object:
            return work(Noted(tx, ports.Transaction, self._seen, self._refused))

        return cast("MemoryEngine", self._target).write(_work)


def protocols() -> list[type]:
    """The protocols of the interface."""
    return [
        kind
        for kind in vars(ports).values()
        if inspect.isclass(kind) and kind.__module__ == ports.__name__ and getattr(kind, "_is_protocol", False)
    ]


def verbs() -> set[str]:
    """Every public verb of the interface, with its protocol."""
    return {
        f"{protocol.__name__}.{name}" for protocol in protocols() for name in vars(protocol) if not name.startswith("_")
    }


def modules() -> list[ModuleType]:
    """The modules of contract tests, without this one."""
    names = sorted(path.stem for path in Path(__file__).parent.glob("test_*.py") if path != Path(__file__))
    return [importlib.import_module(f"tests.contract.{name}") for name in names]


def contract_tests(module: ModuleType) -> Iterator[tuple[Test, dict[str, str]]]:
    """The tests of a module, each with the values of its parameters."""
    for name, test in vars(module).items():
        if name.startswith("test_"):
            marks = [mark for mark in getattr(test, "pytestmark", ()) if mark.name == "parametrize"]
            values = [{mark.args[0]: value} for mark in marks for value in mark.args[1]]
            yield from ((test, more) for more in values or [{}])


def run(folder: Path, engine: Engine, database: MemoryDatabase, test: Callable[..., None], **more: str) -> None:
    """One contract test on a fresh home."""
    case = MemoryCase(home(folder), database, engine)
    test(case, **more)
    case.store.close()


def noted(tmp_path: Path, *, refused: frozenset[str] = frozenset(), left_out: frozenset[str] = frozenset()) -> set[str]:
    """The verbs that all contract tests use, but for those that need a capability that is left out."""
    seen: set[str] = set()
    for module in modules():
        if getattr(module, "NEEDS", "") in left_out:
            continue
        for number, (test, more) in enumerate(contract_tests(module)):
            database = MemoryDatabase()
            engine = cast("Engine", Noted(MemoryEngine(database), Engine, seen, refused))
            run(tmp_path / f"{module.__name__}-{number}", engine, database, test, **more)
    return seen


@pytest.mark.slow
def test_every_verb_of_the_interface_is_called_by_a_contract_test(tmp_path: Path) -> None:
    assert len(verbs()) > 60
    assert {protocol.__name__ for protocol in protocols()} == {
        *(protocol.__name__ for protocol in PARTS.values()),
        *("Transaction", "Engine"),
    }
    assert noted(tmp_path) >= verbs()


def test_the_interface_names_the_parts_of_an_engine() -> None:
    engine: Engine = MemoryEngine()
    assert PARTS.keys() <= set(vars(Engine))
    assert all(hasattr(engine, name) for name in vars(Engine) if not name.startswith("_"))


def test_every_capability_names_the_verbs_that_may_be_left_out() -> None:
    assert LEFT_OUT.keys() == {field.name for field in fields(Capabilities)}
    named = set().union(*LEFT_OUT.values())
    assert named <= verbs()
    assert {verb for verb in verbs() if verb.startswith("RepairRows.")} <= named


@pytest.mark.slow
@pytest.mark.parametrize("capability", sorted(name for name, refused in LEFT_OUT.items() if refused))
def test_only_tests_that_are_marked_need_what_may_be_left_out(tmp_path: Path, capability: str) -> None:
    refused = frozenset(LEFT_OUT[capability])
    used = noted(tmp_path, refused=refused, left_out=frozenset({capability}))
    assert used >= verbs() - refused
