"""When `q` quits at once, and when it is asked for again."""

from __future__ import annotations

import pytest

from hermes_tui.state.quit_key import HASTE, MOVEMENTS, QuitKey


def pressed(keys: str, *, pace: float) -> bool:
    """Whether the last of some keys quits; every `q` is asked about."""
    quit_key, quits = QuitKey(), False
    for number, key in enumerate(keys):
        quit_key.take("" if key == "↓" else key, number * pace)
        quits = key == "q" and not quit_key.holds_back()
    return quits


@pytest.mark.parametrize("keys", ["sq", "sql q", "the q", ".q", "/q", "↓ q", "jjaq", "aqaq"])
def test_a_q_right_after_a_letter_may_belong_to_a_word(keys: str) -> None:
    assert not pressed(keys, pace=0.2)
    assert pressed(keys, pace=HASTE)


@pytest.mark.parametrize("movement", sorted(MOVEMENTS))
def test_a_q_after_a_movement_quits_at_once(movement: str) -> None:
    assert pressed(f"{movement}q", pace=0.01)


@pytest.mark.parametrize("keys", ["q", "↓q", "sqq", "sql qq"])
def test_a_q_on_its_own_and_the_next_one_quit(keys: str) -> None:
    assert pressed(keys, pace=0.01)
