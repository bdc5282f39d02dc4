"""What every test stands on: no colour settings of the developer's, real homes where they are, async tests."""

from __future__ import annotations

import asyncio
import inspect
import os
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

os.environ["TEXTUAL_ANIMATIONS"] = "none"
os.environ.pop("NO_COLOR", None)
os.environ["TZ"] = "UTC"
os.environ["LC_ALL"] = "C.UTF-8"

import hypothesis
import pytest

# A noisy machine is no counter-example; and the gate tries the same examples each time.
hypothesis.settings.register_profile(
    "noisy",
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
    derandomize=bool(os.environ.get("CI")),
)
hypothesis.settings.load_profile("noisy")

HOMES = Path(__file__).parents[2] / "shared" / "homes"
HOME_NAMES = sorted(path.name.removesuffix(".tar.xz") for path in HOMES.glob("*.tar.xz"))


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
def _unpacked(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Unpack a real home once a run; the copies that tests open are made from it."""
    root = tmp_path_factory.mktemp("homes")

    def unpack(name: str) -> Path:
        if not (root / name).exists():
            with tarfile.open(HOMES / f"{name}.tar.xz") as archive:
                archive.extractall(root, filter="data")
        return root / name

    return unpack


@pytest.fixture
def real_home(tmp_path: Path, _unpacked: Callable[[str], Path]) -> Callable[[str], Path]:
    """A function from a name in HOME_NAMES to a private copy of its folder (.hermes, expected.json, wal-live)."""

    def copy(name: str) -> Path:
        if name not in HOME_NAMES:
            pytest.skip("the real homes are not here")
        target = tmp_path / "real" / name
        shutil.copytree(_unpacked(name), target)
        return target

    return copy


@pytest.fixture(params=HOME_NAMES or ["absent"])
def each_home(request: pytest.FixtureRequest, real_home: Callable[[str], Path]) -> Path:
    """A private copy of each real home in turn; skips where there are none."""
    return real_home(request.param)
