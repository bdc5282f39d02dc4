"""The store of one Hermes home, for agents and for the browser."""

from __future__ import annotations

from .mending import RepairVerbs


class SessionDB(RepairVerbs):
    """Every verb there is; which ones agents know: facts/hermes-format.md §8.

    Any method may be called from any thread; reads never wait for a writer of this process.
    Reading writes nothing: no migration, no checkpoint.
    A write waits up to 30 seconds for the lock and then raises `Locked`; what it returned is on the disk.
    Times are seconds since 1970 UTC. Lone surrogates in what is written become U+FFFD.

    `SessionDB(path, *, read_only=False, sessions_dir=path.parent / "sessions")`; the arguments are `Handle`'s.

    Raises:
        StoreError: From every verb, the leaf that says what is wrong and what to do.
    """
