"""Continuation of a conversation: the messages of a list that an earlier list does not have.

Messages are compared by identity (`message_codec.identity`) and by place, never by text alone: where the list continues
the earlier one, what follows is new whatever it repeats (docs/decisions/0029). Linear in both lists.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence


def continues(base: Sequence[bytes], held: Sequence[bytes]) -> bool:
    """True where `held` begins with all of `base`."""
    return list(held[: len(base)]) == list(base)


def length_of_seam(base: Sequence[bytes], held: Sequence[bytes]) -> int:
    """Number of messages of the longest end of `base` that occurs in `held`."""
    return max(shared_ends(base, held))


def contains(whole: Sequence[bytes], part: Sequence[bytes]) -> bool:
    """True where a list has the messages of another one in a row."""
    return bool(part) and length_of_seam(part, whole) == len(part)


def new_after(stored: Sequence[bytes], held: Sequence[bytes]) -> list[int]:
    """Indexes of the messages of `held` that are new; all of them where no end of what is stored occurs in it."""
    return new_places(stored, held) if length_of_seam(stored, held) else list(range(len(held)))


def new_places(base: Sequence[bytes], held: Sequence[bytes]) -> list[int]:
    """Indexes of the messages of `held` that are new.

    Where the list continues the base, the rest is new. Otherwise the longest end of the base that occurs in it is the
    seam: what follows the seam is new, and before it each message that the base has not before its own seam (a summary,
    an edited message). Where no end occurs, or only inside the common beginning, the end was taken back: what follows
    the common beginning is new.

    Args:
        base: Identities of the earlier list, oldest first.
        held: Identities of the list, oldest first.
    """
    if continues(base, held):
        return list(range(len(base), len(held)))
    shared = shared_ends(base, held)
    length, common = max(shared), _common_beginning(base, held)
    end = _end_of_seam(base, held, shared)
    if end <= common:
        return list(range(common, len(held)))
    rest = Counter(base[: len(base) - length])
    before = [place for place in range(end - length) if not _take(rest, held[place])]
    return [*before, *range(end, len(held))]


def _common_beginning(base: Sequence[bytes], held: Sequence[bytes]) -> int:
    common, shorter = 0, min(len(base), len(held))
    while common < shorter and base[common] == held[common]:
        common += 1
    return common


def _end_of_seam(base: Sequence[bytes], held: Sequence[bytes], shared: Sequence[int]) -> int:
    """Index behind the seam: where the base ends if the list only replaced messages by new ones, else the first.

    A later place could take a repeated “ok” that was just said for the one in the seam, and lose it.
    """
    length, end = max(shared), len(base)
    if len(held) >= end and shared[end] == length > 0 and _is_edited(base, held[:end]):
        return end
    return shared.index(length)


def _is_edited(base: Sequence[bytes], held: Sequence[bytes]) -> bool:
    """True where each message stands at its place or was replaced by one that the base has nowhere."""
    known = set(base)
    return all(old == new or new not in known for old, new in zip(base, held, strict=True))


def _take(rest: Counter[bytes], identity: bytes) -> bool:
    """True where the message is one of the rest, which then has one less."""
    if rest[identity] <= 0:
        return False
    rest[identity] -= 1
    return True


def shared_ends(whole: Sequence[bytes], held: Sequence[bytes]) -> list[int]:
    """For each prefix of `held`, the number of messages its end shares with the end of `whole` (Z function, linear)."""
    keys = [*reversed(whole), None, *reversed(held)]
    shared = [0] * len(keys)
    start = stop = 0
    for place in range(1, len(keys)):
        length = min(stop - place, shared[place - start]) if place < stop else 0
        while place + length < len(keys) and keys[length] == keys[place + length]:
            length += 1
        shared[place] = length
        if place + length > stop:
            start, stop = place, place + length
    return [0, *shared[: len(whole) : -1]]
