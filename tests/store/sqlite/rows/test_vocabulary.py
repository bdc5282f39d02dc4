"""What was meant, where nothing was found."""

from __future__ import annotations

from pathlib import Path

import pytest

from store import Cancel, Interrupted
from store.sqlite.connect.reader import Reader
from store.sqlite.rows import vocabulary
from tests.builders import db
from tests.store.sqlite_files import make, run


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return make(tmp_path, "docker compose", "docker dokker Café", "doctor timeout", "podman 大别山")


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("dockre", {"dockre": "docker"}),
        ("odcker", {"odcker": "docker"}),
        ("dacker", {"dacker": "docker"}),
        ("Timeuot", {"Timeuot": "timeout"}),
        ("cafè", {}),
        ("caffe", {"caffe": "cafe"}),
        ("docker", {}),
        ("docker timeot", {"timeot": "timeout"}),
        ("zzzz", {}),
        ("do", {}),
        ("dockr*", {}),
        ("大山", {}),
        ("", {}),
    ],
)
def test_the_closest_word_is_offered_for_one_that_the_index_lacks(
    path: Path, words: str, meant: dict[str, str]
) -> None:
    assert db(path.parent, read_only=True).meant(words) == meant


@pytest.mark.slow
def test_of_equally_close_words_the_more_common_is_offered(path: Path) -> None:
    reader = Reader(path)
    assert vocabulary.similar_words(reader, "doccer", limit=9)[:1] == ("docker",)
    reader.close()


def test_it_ends_when_time_is_up_and_when_it_is_withdrawn(path: Path) -> None:
    reader, cancel = Reader(path), Cancel()
    ticks = [0.2, 0.0]
    assert vocabulary.similar_words(reader, "dacker", limit=1, clock=ticks.pop) == ()
    cancel.cancel()
    with pytest.raises(Interrupted):
        vocabulary.similar_words(reader, "dacker", limit=1, cancel=cancel)
    reader.close()


@pytest.mark.slow
def test_without_an_index_nothing_is_offered(path: Path) -> None:
    run(path, "UPDATE messages_fts_data SET block = x'ffffffffff' WHERE id = 10")
    assert db(path.parent, read_only=True).meant("dockre") == {}
    run(path, "DROP TABLE messages_fts")
    assert db(path.parent, read_only=True).meant("dockre") == {}
