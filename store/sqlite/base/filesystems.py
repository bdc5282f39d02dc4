"""Filesystems on which SQLite's locks or shared memory cannot be trusted.

A network share keeps locks on one machine only, a share of a virtual machine or container often none at all: files
there are corrupted without an error (docs/reliability.md §3, H#22032, H#98965, H#110848).
Read from /proc/self/mountinfo; without it nothing is refused.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from ...base import errors
from ...base.late_dataclass import dataclass

MOUNTS = Path("/proc/self/mountinfo")

_NETWORK = frozenset({"nfs", "nfs3", "nfs4", "cifs", "smb", "smb3", "smbfs", "ncpfs", "afs", "coda", "davfs"})
_CLUSTER = frozenset({"ceph", "glusterfs", "lustre", "gfs", "gfs2", "ocfs2", "orangefs", "beegfs", "gpfs", "panfs"})
_VIRTUAL = frozenset({"9p", "virtiofs", "vboxsf", "vmhgfs", "prl_fs", "drvfs", "fakeowner", "osxfs"})
_LOCAL_FUSE = frozenset({"gocryptfs", "encfs", "bindfs", "fuse-overlayfs", "ntfs-3g", "zfs"})
"""FUSE filesystems whose locks the kernel keeps; any other may be a network share (sshfs, rclone, s3fs)."""


@dataclass(frozen=True, slots=True)
class Mount:
    """One mounted filesystem."""

    point: str
    kind: str
    """The kernel's name: ext4, nfs4, fuse.sshfs."""
    source: str

    @property
    def trouble(self) -> str:
        """Reason why SQLite is not safe on it, "" for none."""
        if self.kind in _NETWORK | _CLUSTER:
            return "is on a network share, and locks hold on one machine only"
        if self.kind in _VIRTUAL:
            return "is shared by a virtual machine or a container's host, and locks are not passed on"
        program, _, kind = self.kind.partition(".")
        if program == "fuse" and kind not in _LOCAL_FUSE:
            return "is on a filesystem of another program, and whether locks hold is unknown"
        return ""


def mount_of(path: Path, mounts: Path | None = None) -> Mount | None:
    """The filesystem of a path, symbolic links followed; None where it is unknown.

    Args:
        mounts: A table in the form of /proc/self/mountinfo, which is the default.

    Raises:
        NoPermission: There is a table that cannot be read now, for one where no descriptor is left.
    """
    mounts = mounts or MOUNTS
    try:
        table = mounts.read_text(errors="surrogateescape")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise errors.NoPermission(
            f"the filesystem of {path} is unknown: {mounts} cannot be read ({error.strerror}); try again"
        ) from error
    real = os.path.realpath(path)
    deepest = None
    for mount in filter(None, map(_mount, table.splitlines())):
        contains = real == mount.point or real.startswith(mount.point.rstrip("/") + "/")
        if contains and (deepest is None or len(mount.point) >= len(deepest.point)):
            deepest = mount  # a later mount hides an earlier one
    return deepest


def second_name(path: Path, mount: Mount | None = None) -> str:
    """How else the file at `path` is reached, "" for no other way.

    SQLite keeps a WAL beside the name that it is opened by: two names have two, and two writers destroy the file.
    Symbolic links are followed and have the one of their target.

    Args:
        mount: The filesystem of the path; None to look at its links alone.
    """
    try:
        links = os.stat(path).st_nlink  # noqa: PTH116  at every write
    except OSError:
        return ""
    if links > 1:
        return f"has {links} names (hard links, as `cp -al` makes them)"
    if mount is not None and mount.point == os.path.realpath(path):
        return "is mounted by itself, without its folder"
    return ""


def refuse_second_name(path: Path, mount: Mount | None = None) -> None:
    """Refuse to write a file that is reached by another name too; see `second_name`.

    Raises:
        UnsafeFilesystem: It is.
    """
    other = second_name(path, mount)
    if other:
        raise errors.UnsafeFilesystem(
            f"{path} {other}, and SQLite would keep another WAL beside each: nothing is written; "
            "replace it by a copy of its own while nothing has it open"
        )


def refuse_unsafe(path: Path) -> None:
    """Refuse to write a file on an unsafe filesystem, or one with a second name.

    Raises:
        UnsafeFilesystem: Locks do not keep its writers apart.
    """
    mount = mount_of(path)
    refuse_second_name(path, mount)
    if mount is not None and mount.trouble:
        raise errors.UnsafeFilesystem(
            f"{path} {mount.trouble} ({mount.kind} at {mount.point}): nothing is written; "
            "move the Hermes home to a local disk"
        )


def _mount(line: str) -> Mount | None:
    """The mount of a line of the table; None for an invalid line."""
    mounted, separator, device = line.partition(" - ")
    fields, device_fields = mounted.split(" "), device.split(" ")
    if not separator or len(fields) < 5 or len(device_fields) < 2:
        return None
    return Mount(_unescaped(fields[4]), device_fields[0], _unescaped(device_fields[1]))


def _unescaped(field: str) -> str:
    """A field with its octal escapes decoded (blanks, tabs, line ends, backslashes)."""
    return re.sub(r"\\([0-7]{3})", lambda escape: chr(int(escape[1], 8)), field)
