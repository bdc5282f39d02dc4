"""Files of others are opened with care, and read as far as they reached when they were opened."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from store.errors import CannotOpen, NoPermission
from store.files.jsonl_reader import read_records
from store.formats.jsonl import CUT_OFF, BadLine, Record


def test_a_file_is_read_as_far_as_it_reached_when_it_was_opened(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"a": 1}\n' * 3)
    lines = read_records(path)
    first = next(lines)
    with path.open("ab") as file:
        file.write(b'{"b": 2}\n' * 1000)
    assert [first, *lines] == [Record(number, (number - 1) * 9, {"a": 1}) for number in (1, 2, 3)]


@pytest.mark.slow
def test_a_file_that_shrinks_while_it_is_read_ends(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"a": 1}\n' * 300_000)
    lines = read_records(path)
    next(lines)
    os.truncate(path, 0)
    assert len(list(lines)) < 300_000


def test_what_is_no_regular_file_is_refused_without_waiting(tmp_path: Path) -> None:
    real = tmp_path / "real.jsonl"
    real.write_bytes(b"{}\n")
    (tmp_path / "link.jsonl").symlink_to(real)
    (tmp_path / "folder.jsonl").mkdir()
    os.mkfifo(tmp_path / "pipe.jsonl")
    for name in ("link", "folder", "pipe"):
        with pytest.raises(CannotOpen, match="not a regular file"):
            list(read_records(tmp_path / f"{name}.jsonl"))
    with pytest.raises(CannotOpen, match="gone"):
        list(read_records(tmp_path / "none.jsonl"))


def test_a_file_that_may_not_be_read_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(NoPermission, match="may not be read"):
        list(read_records(tmp_path / "a.jsonl"))


def test_no_file_stays_open(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"{}\n{}\n")
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    lines = read_records(path)
    next(lines)
    assert isinstance(lines, Iterator)
    lines.close()  # type: ignore[attr-defined]
    list(read_records(path))
    assert (len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0) == before


def test_the_real_homes_give_the_known_lines(each_home: Path) -> None:
    folder = each_home / ".hermes" / "sessions"
    legacy = list(read_records(folder / "20260105_120000_1e9ac1e5.jsonl"))
    assert all(isinstance(line, Record) for line in legacy)
    assert len(legacy) == 994
    odd = list(read_records(folder / "20260110_100000_bada55e5.jsonl"))
    reasons = [line.reason for line in odd if isinstance(line, BadLine)]
    assert reasons == ["not an object", "not an object"]
    assert [line.value["content"] for line in odd if isinstance(line, Record) and line.salvaged] == ["x", "two objects"]
    torn = list(read_records(folder / "20260321_130000_badbadba.jsonl"))
    assert isinstance(torn[-1], BadLine)
    assert torn[-1].reason == CUT_OFF
