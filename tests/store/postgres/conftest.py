"""What goes to the server of a test."""

from __future__ import annotations

from typing import Any

import pytest

from store.postgres.connection import Connection


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that go to the server, each a round trip."""
    found: list[str] = []
    answers = Connection.answers

    def _answers(self: Connection, batch: str, params: Any) -> Any:
        found.append(batch)
        return answers(self, batch, params)

    monkeypatch.setattr(Connection, "answers", _answers)
    return found
