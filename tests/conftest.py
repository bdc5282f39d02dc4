"""Settings and fixtures of every test: no colour settings of the developer's, homes of every era, async tests."""

from __future__ import annotations

import asyncio
import gc
import inspect
import os
import shutil
import signal
import sys
import tarfile
from collections.abc import Callable, Generator
from pathlib import Path

os.environ["TEXTUAL_ANIMATIONS"] = "none"
os.environ.pop("NO_COLOR", None)
os.environ["TZ"] = "UTC"
os.environ["LC_ALL"] = "C.UTF-8"

import apsw
import hypothesis
import pytest

from tests.homes.build import ERAS, build
from tests.homes.catalog import REAL, WITHOUT_LIVE_WAL, homes

pytest_plugins = ["tests.postgres_server"]

# A shell starts what runs in its background with ctrl+c ignored, and so would the programs that tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Bytecode goes to a folder of its own, even where the environment wants none beside the sources: each of the programs
# that tests start would compile the store again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix = str(Path(__file__).parents[1] / ".pytest_cache" / "bytecode")
sys.dont_write_bytecode = False

# Temporary homes lie in memory where there is room for them: waiting for the disk was most of the suite's time.
MEMORY = Path("/dev/shm")
if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= 4 * 1024**3:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))

# A noisy machine is no counter-example; and the gate tries the same examples each time.
hypothesis.settings.register_profile(
    "noisy",
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
    derandomize=bool(os.environ.get("CI")),
)
hypothesis.settings.load_profile("noisy")


LONGEST = ("test_pty.py", "test_torture.py")
"""Modules whose tests wait for other programs: at the end of a run they would keep one worker busy alone."""


def _peer_of(item: pytest.Item) -> str:
    """The environment variable that names the hermes-agent a test needs, "" where it needs none."""
    mark = item.get_closest_marker("peer")
    return str(mark.args[0]) if mark else ""


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Workers of `-n auto`: two for each core, since many tests wait for an app or another program.

    Few of the fast ones do, and each worker first collects all tests, which takes it six seconds: one more than cores.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return cores + 1 if config.getoption("markexpr") == "not slow" else 2 * cores


def pytest_report_header() -> str | None:
    """One line where tests against real versions of hermes-agent are left out."""
    missing = [name for name in ("HERMES_PEERS", "HERMES_019_PYTHON") if not os.environ.get(name)]
    return f"without hermes-agent: {' and '.join(missing)} not set (CONTRIBUTING.md)" if missing else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests whose hermes-agent no environment variable names, and begin with those that take longest."""
    left_out = [item for item in items if (name := _peer_of(item)) and not os.environ.get(name)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    items.sort(key=lambda item: item.path.name not in LONGEST)


def pytest_collection_finish() -> None:
    """Modules and collected tests stay to the end: the garbage collector need not go through them in each test."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Generator[None, object, object]:
    """Close the stores that a test left to the garbage collector, as the frames of a caught exception do.

    Every later opening and closing of a store would look at them, and one could be collected in the midst of a test.
    """
    before = len(apsw.connections())
    try:
        return (yield)
    finally:
        if len(apsw.connections()) > before:
            gc.collect()


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Nothing of a run is left in the developer's cache."""
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a coroutine test on a loop of its own; no plugin is needed for that."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = inspect.signature(pyfuncitem.obj).parameters
    asyncio.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names if name in pyfuncitem.funcargs}))
    return True


@pytest.fixture(scope="session")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Make or unpack a home once for each worker; the copies that tests open are made from it."""
    root = tmp_path_factory.mktemp("homes")

    def make(name: str) -> Path:
        if not (root / name).exists():
            if name in ERAS:
                build(root / name, name)
            else:
                with tarfile.open(REAL[name]) as archive:
                    archive.extractall(root, filter="data")
        return root / name

    return make


@pytest.fixture
def era_home(tmp_path: Path, _made: Callable[[str], Path]) -> Callable[[str], Path]:
    """A function from the name of a home to a private copy of its folder (.hermes, expected.json, wal-live)."""

    def copy(name: str) -> Path:
        target = tmp_path / "era" / name
        shutil.copytree(_made(name), target)
        return target

    return copy


@pytest.fixture(params=homes())
def each_home(request: pytest.FixtureRequest, era_home: Callable[[str], Path]) -> Path:
    """A private copy of each generated home in turn, and of each real one in the gate."""
    return era_home(request.param)


@pytest.fixture(params=homes(without=WITHOUT_LIVE_WAL))
def each_live_home(request: pytest.FixtureRequest, era_home: Callable[[str], Path]) -> Path:
    """A private copy of each home whose folder wal-live was taken while a writer had rows in its WAL."""
    return era_home(request.param)
