"""Agent of `hermes-tui --demo`, in its own process: it goes on writing into the live sessions of the demo's home."""

from __future__ import annotations

import argparse
import select
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import cycle
from pathlib import Path
from random import Random

from hermes_tui.demo.script import load
from store import SessionDB, StoreError

PAUSE = 1.1
"""Seconds between two messages of the agent, more or less."""
ENDING = 5.0
"""Seconds that the agent gets to end."""


@contextmanager
def agent(home: Path, *, pause: float = PAUSE) -> Iterator[subprocess.Popen[bytes]]:
    """Run the agent for the length of the block.

    It is a new process, not a fork of this one, and it ends with this one however that ends: its standard input is a
    pipe from here, and it stops when that closes. Behind the block it is ended at once, in the middle of what it does.
    """
    command = [sys.executable, "-m", "hermes_tui.demo.run", "--agent", str(home.resolve()), "--pause", str(pause)]
    process = subprocess.Popen(
        command,
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        if process.stdin is not None:
            process.stdin.close()
        try:
            process.wait(ENDING)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def write_on(home: Path, *, rng: Random, pause: float) -> None:
    """Be the agent: write a message into one of the live sessions each `pause` seconds, until standard input ends.

    Raises:
        StoreError: The home went away, or its store cannot be written.
    """
    script = load()
    alive = {talk.title: talk.live for talk in script.conversations if talk.title and talk.live}
    with closing(SessionDB(home / "state.db")) as db:
        for title, pool in cycle(alive.items()):
            session_id = db.resolve_session_by_title(title)
            for message in script.turn(pool, rng):
                if session_id is None or _ended(pause * rng.uniform(0.6, 1.4)):
                    return
                db.append_messages(session_id, [message])


def main(argv: Sequence[str] | None = None) -> int:
    """`python -m hermes_tui.demo.run --agent HOME`: the program that `agent` starts."""
    parser = argparse.ArgumentParser(
        prog="python -m hermes_tui.demo.run", description="The agent of hermes-tui --demo."
    )
    parser.add_argument("--agent", type=Path, metavar="HOME", required=True, help="the demo home to write into")
    parser.add_argument("--pause", type=float, default=PAUSE, metavar="S", help="seconds between two messages")
    arguments = parser.parse_args(argv)
    try:
        write_on(arguments.agent, rng=Random(time.time_ns()), pause=arguments.pause)
    except StoreError as error:
        print(f"hermes_tui.demo.run: {error}", file=sys.stderr)
        return 1
    return 0


def _ended(seconds: float) -> bool:
    """Wait so long; True as soon as the pipe from the parent closes, through which nothing ever comes."""
    return bool(select.select([sys.stdin], [], [], seconds)[0])


if __name__ == "__main__":
    sys.exit(main())
