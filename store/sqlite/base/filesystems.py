"""Where a file lies: filesystems on which SQLite's locks or its shared memory cannot be trusted are told first.

A network share answers locks for one machine only, a virtual one of a container or virtual machine often not at all:
such files are corrupted without an error (docs/reliability.md §3, H#22032, H#98965, H#110848).
Read from /proc/self/mountinfo; where there is none, nothing is known and nothing refused.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from ...base import errors

MOUNTS = Path("/proc/self/mountinfo")

_NETWORK = frozenset(
    {
        "nfs",
        "nfs3",
        "nfs4",
        "cifs",
        "smb3",
        "smbfs",
        "smb",
        "ncpfs",
        "afs",
        "coda",
        "ceph",
        "glusterfs",
        "lustre",
        "gfs",
        "gfs2",
        "ocfs2",
        "orangefs",
        "beegfs",
        "davfs",
        "gpfs",
        "panfs",
    }
)
_VIRTUAL = frozenset(
    {
        "9p",
        "virtiofs",
        "vboxsf",
        "vmhgfs",
        "prl_fs",
        "drvfs",
        "fakeowner",
        "osxfs",
    }
)
_LOCAL_FUSE = frozenset(
    {
        "fuseblk",
        "fuse.gocryptfs",
        "fuse.encfs",
        "fuse.bindfs",
        "fuse.fuse-overlayfs",
        "fuse.ntfs-3g",
        "fuse.zfs",
    }
)
"""FUSE leaves locks to the kernel there; any other one may be a network in disguise (sshfs, rclone, s3fs)."""


@dataclass(frozen=True, slots=True)
class Mount:
    """One mounted filesystem."""

    point: str
    kind: str
    """As the kernel names it: ext4, nfs4, fuse.sshfs."""
    source: str

    @property
    def trouble(self) -> str:
        """Why SQLite is not safe here; empty where it is."""
        if self.kind in _NETWORK:
            return "is on a network share, and locks hold on one machine only"
        if self.kind in _VIRTUAL:
            return "is shared by a virtual machine or a container's host, and locks are not passed on"
        if self.kind == "fuse" or (self.kind.startswith("fuse.") and self.kind not in _LOCAL_FUSE):
            return "is on a filesystem of another program, and whether locks hold is unknown"
        return ""


def mount_of(path: Path, mounts: Path | None = None) -> Mount | None:
    """The filesystem that a path lies on, symbolic links followed; None where the system does not tell.

    Args:
        mounts: A table in the form of /proc/self/mountinfo, that one where it is None.
    """
    try:
        table = (mounts or MOUNTS).read_text(errors="surrogateescape")
    except OSError:
        return None
    real = os.path.realpath(path)
    found = None
    for mount in filter(None, map(_mount, table.splitlines())):
        holds = real == mount.point or real.startswith(mount.point.rstrip("/") + "/")
        if holds and (found is None or len(mount.point) >= len(found.point)):  # a later one covers an earlier one
            found = mount
    return found


def refuse_unsafe(path: Path) -> None:
    """Make sure that a file may be written where it lies.

    Raises:
        UnsafeFilesystem: Locks cannot be trusted there.
    """
    mount = mount_of(path)
    if mount is not None and mount.trouble:
        raise errors.UnsafeFilesystem(
            f"{path} {mount.trouble} ({mount.kind} at {mount.point}): nothing is written; "
            "move the Hermes home to a local disk"
        )


def _mount(line: str) -> Mount | None:
    """One line of the table; None for one that is none."""
    before, separator, after = line.partition(" - ")
    fields, about = before.split(" "), after.split(" ")
    if not separator or len(fields) < 5 or len(about) < 2:
        return None
    return Mount(_unescaped(fields[4]), about[0], _unescaped(about[1]))


def _unescaped(field: str) -> str:
    """Blanks, tabs, line ends and backslashes are written in octal."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), field)
