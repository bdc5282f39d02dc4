"""What agents and other programs may rely on changes only where somebody means it to."""

from __future__ import annotations

from tests.api.public_api import KEPT, text


def test_the_public_api_is_the_one_that_is_kept() -> None:
    assert text() == KEPT.read_text(), "meant? python -m tests.api.public_api --write, and a line in CHANGELOG.md"


def test_a_verb_with_another_argument_is_another_api() -> None:
    """The text has every argument of an agent's verbs, inherited ones too."""
    assert "    def append_message(self, session_id: str, role: str" in text()
    assert "    def record(self, " in text()
