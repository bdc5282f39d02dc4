"""Which filesystems are written to, by a made-up table of mounts."""

from __future__ import annotations

from pathlib import Path

import pytest

from store import ForeignHandle, SessionDB, UnsafeFilesystem
from store.sqlite.base import filesystems
from tests.store import sqlite_files

TABLE = """\
22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
23 22 0:20 / /m/xfs rw shared:1 - xfs /dev/vdb rw
24 22 0:21 / /m/btrfs rw - btrfs /dev/vdc rw
25 22 0:22 / /m/zfs rw - zfs pool/home rw
26 22 0:23 / /m/tmpfs rw - tmpfs tmpfs rw
27 22 0:24 / /m/overlay rw master:5 propagate_from:2 - overlay overlay rw,lowerdir=/a
28 22 0:25 / /m/exfat rw - fuseblk /dev/sdb1 rw
29 22 0:26 / /m/crypt rw - fuse.gocryptfs /cipher rw
30 22 0:27 / /m/nfs rw - nfs4 server:/home rw,vers=4.2
31 22 0:28 / /m/nfs3 rw - nfs server:/home rw,nolock
32 22 0:29 / /m/smb rw - cifs //server/share rw
33 22 0:30 / /m/smb3 rw - smb3 //server/share rw
34 22 0:31 / /m/9p rw - 9p C:\\134 rw,aname=drvfs
35 22 0:32 / /m/virtiofs rw - virtiofs home rw
36 22 0:33 / /m/sshfs rw - fuse.sshfs me@there:/ rw
37 22 0:34 / /m/rclone rw - fuse.rclone remote: rw
38 22 0:35 / /m/vbox rw - vboxsf share rw
39 22 0:36 / /m/gluster rw - fuse.glusterfs vol rw
40 22 0:37 / /m/with\\040blank rw - ceph mon:/ rw
41 22 0:38 / /m/docker rw - fakeowner /run/host rw
42 30 0:39 / /m/nfs/local rw - ext4 /dev/vdd rw
a line that is none
"""

SAFE = ("", "xfs", "btrfs", "zfs", "tmpfs", "overlay", "exfat", "crypt", "nfs/local", "nfsx")
UNSAFE = ("nfs", "nfs3", "smb", "smb3", "9p", "virtiofs", "sshfs", "rclone", "vbox", "gluster", "with blank", "docker")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "mountinfo"
    path.write_text(TABLE)
    return path


@pytest.mark.parametrize("name", SAFE)
def test_a_local_disk_is_written_to(table: Path, name: str) -> None:
    mount = filesystems.mount_of(Path("/m") / name / ".hermes" / "state.db", table)

    assert mount is not None
    assert mount.trouble == ""


@pytest.mark.parametrize("name", UNSAFE)
def test_a_share_is_not(table: Path, name: str) -> None:
    mount = filesystems.mount_of(Path("/m") / name / ".hermes" / "state.db", table)

    assert mount is not None
    assert mount.point == f"/m/{name}"
    assert mount.trouble


def test_a_mount_over_another_one_counts(table: Path) -> None:
    table.write_text(TABLE + "50 23 0:50 / /m/xfs rw - nfs server:/ rw\n")

    mount = filesystems.mount_of(Path("/m/xfs/state.db"), table)

    assert mount is not None
    assert mount.kind == "nfs"


def test_without_a_table_nothing_is_known(tmp_path: Path) -> None:
    assert filesystems.mount_of(tmp_path, tmp_path / "absent") is None


def test_a_store_on_a_share_is_read_and_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = sqlite_files.make(tmp_path, "hello")
    db = SessionDB(path)
    monkeypatch.setattr(filesystems, "MOUNTS", tmp_path / "mountinfo")
    (tmp_path / "mountinfo").write_text(f"22 1 0:1 / {tmp_path} rw - nfs4 server:/home rw\n")

    assert len(db.get_messages("s1")) == 1
    with pytest.raises(UnsafeFilesystem, match=r"network share.*nfs4.*local disk"):
        db.append_message("s1", "user", "more")
    with pytest.raises(UnsafeFilesystem):
        SessionDB(tmp_path / "new" / "state.db")
    assert not (tmp_path / "new").exists()


@pytest.mark.slow
def test_a_file_with_a_second_name_is_read_and_not_written(tmp_path: Path) -> None:
    """Each name has a WAL of its own. Mutant: writes through both, which destroy the file."""
    path = sqlite_files.make(tmp_path, "one")
    db = SessionDB(path)
    db.append_message("s1", "user", "before")

    (tmp_path / "copy").mkdir()
    other = tmp_path / "copy" / "state.db"
    other.hardlink_to(path)
    copy = SessionDB(other)
    for opened in (db, SessionDB(path), copy):
        with pytest.raises(UnsafeFilesystem, match="has 2 names"):
            opened.append_message("s1", "user", "beside it")
    db.get_messages("s1")
    with pytest.raises(ForeignHandle, match="open by another name"):
        copy.get_messages("s1")
    db.close()
    assert copy.message_count("s1") > 0
    copy.close()

    db = SessionDB(path)

    other.unlink()
    db.append_message("s1", "user", "after")
    assert [row["content"] for row in db.get_messages("s1")] == ["one", "before", "after"]


def test_a_symbolic_link_is_no_second_name(tmp_path: Path) -> None:
    path = sqlite_files.make(tmp_path, "one")
    (tmp_path / "link").symlink_to(path)
    SessionDB(tmp_path / "link").append_message("s1", "user", "two")

    assert SessionDB(path).message_count("s1") == 2
    assert not list(tmp_path.glob("link-*"))


def test_a_file_that_is_mounted_without_its_folder_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a container is given one file: its WAL is not where the host's is."""
    path = sqlite_files.make(tmp_path, "one")
    (tmp_path / "mountinfo").write_text(f"22 1 0:1 / / rw - ext4 disk rw\n23 22 0:1 /x {path} rw - ext4 disk rw\n")
    monkeypatch.setattr(filesystems, "MOUNTS", tmp_path / "mountinfo")

    with pytest.raises(UnsafeFilesystem, match="mounted by itself"):
        SessionDB(path).append_message("s1", "user", "two")
