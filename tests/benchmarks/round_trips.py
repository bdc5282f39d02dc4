"""Round trips of exports: `python -m tests.benchmarks.round_trips` for each home and 300 generated sessions.

JSONL is written, imported into an empty store, and the transcripts are compared; the gate runs a few of both.
"""

from __future__ import annotations

import contextlib
import io
import tarfile
import tempfile
from pathlib import Path

from hermes_tui.__main__ import main
from tests.hermes_tui.cli.test_export import come_back, home_comes_back
from tests.homes.build import ERAS, build
from tests.homes.catalog import REAL


def run(home: Path, *arguments: str) -> tuple[int, str, str]:
    """The command line in this process."""
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        code = main(["--home", str(home), *arguments])
    return code, out.getvalue(), err.getvalue()


def each() -> None:
    """Every home, then the generated sessions; a line each."""
    for name in (*ERAS, *REAL):
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder) / name
            if name in ERAS:
                build(target, name)
            else:
                with tarfile.open(REAL[name]) as archive:
                    archive.extractall(folder, filter="data")
            print(f"{name:<28} {home_comes_back(target / '.hermes', Path(folder), run)} sessions came back", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        print(f"{'generated':<28} {come_back(Path(folder), run, number=300, longest=1 << 20)} sessions came back")


if __name__ == "__main__":
    each()
