"""The store of one Hermes home, for agents and for the browser."""

from __future__ import annotations

from .repair.repairs import RepairVerbs


class SessionDB(RepairVerbs):
    """Every verb there is; which ones agents know: docs/format.md §8.

    Any method may be called from any thread; reads never wait for a writer of this process.
    Reading writes nothing: no migration, no checkpoint.
    What a write returned is on the disk: it survives `kill -9` of any process and a loss of power.
    A write waits `patience` seconds at most, 30 unless told, for the lock and then raises `Locked`, which names who is
    in the way; it is done whole or not at all. Where the file was replaced or lost its WAL it raises `Replaced`, and
    reads go on with the new file; `SessionRecorder` then keeps the turn in a file. Where locks lie it raises
    `UnsafeFilesystem`.
    A handle is for the process that opened it: after a fork, open another one.
    Times are seconds since 1970 UTC. Lone surrogates in what is written become U+FFFD.

    `SessionDB(path, *, read_only=False, sessions_dir=path.parent / "sessions", patience=30.0)`; the arguments are
    `Handle`'s.

    Raises:
        StoreError: From every verb, the leaf that says what is wrong and what to do.
    """
