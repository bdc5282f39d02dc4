"""The list of all profiles as one."""

from __future__ import annotations

from heapq import merge
from itertools import chain

from ..browse.listed import Listing, in_pages, place_of
from ..browse.protocol import Browser
from .members import Members, asking


def listing_of_members(members: Members, *, by_start: bool) -> Listing:
    """Every session of all profiles in one order, page by page; the problems of profiles are noted on the way."""
    ask, none = asking(Browser.listing, by_start=by_start), Listing((), iter(()))
    parts = [members.answer(place, ask, none) for place in members.places]
    ids = [members.names.renamed(place, key) for place, part in enumerate(parts) for key in part.ids]
    rows = [members.readable(place, chain.from_iterable(part.pages)) for place, part in enumerate(parts)]
    merged = merge(*rows, key=lambda row: (place_of(row[0], by_start=by_start), row[0].id), reverse=True)
    return Listing(ids, in_pages(merged))
