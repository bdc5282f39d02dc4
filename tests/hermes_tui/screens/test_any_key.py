"""Whatever is pressed, clicked and resized, on a home whose every text is hostile: the app stands."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from tests.hermes_tui.browsing import Stage, browsing
from tests.hostile import poison

KEYS = (
    *("down", "down", "up", "enter", "enter", "escape", "tab", "slash", "left", "right", "space", "backspace"),
    *("pagedown", "pageup", "home", "end", "left_square_bracket", "right_square_bracket", "question_mark", "f1"),
    *("colon", "exclamation_mark", "1"),
    *"nNJKtTfgGvdryuFMRmIYDeojka",
)
TEXTS = ("docker ", "部署 ", "is:flagged ", "sou", "after:7d ", "after:nonsense ", "the ", "-x ", '"a b" ', "[/]")
SIZES = ((80, 24), (140, 40), (100, 30), (60, 14), (41, 11), (30, 8))
STEPS = 100


async def step(stage: Stage, random: Random) -> None:
    """Do one thing that a hand, or a cat, can do."""
    match random.random():
        case chance if chance < 0.06:
            await stage.type(random.choice(TEXTS))
        case chance if chance < 0.09:
            await stage.pilot.resize_terminal(*random.choice(SIZES))
        case chance if chance < 0.15:
            size = stage.app.size
            await stage.pilot.click(offset=(random.randrange(size.width), random.randrange(size.height)))
        case _:
            await stage.press(random.choice(KEYS))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
async def test_no_order_of_keys_ends_the_app(tmp_path: Path, seed: int) -> None:
    """Mutant: where `n` takes for granted that the cursor stands on a hit, the first seed ends it."""
    poison(tmp_path)
    random = Random(seed)
    async with browsing(tmp_path, random.choice(SIZES[:3])) as stage:
        for number in range(STEPS):
            await step(stage, random)
            assert stage.app.is_running, f"ended by step {number}"
        assert stage.app.return_code is None
