"""Sections of a transcript by the ids of their messages."""

from __future__ import annotations

from collections.abc import Sequence

from hermes_tui.widgets.message_index import MessageIndex, Section
from hermes_tui.widgets.section_spans import SectionSpans
from store.models import Head

CHAIN = 4_000


def _index(sections: Sequence[Sequence[int]]) -> MessageIndex:
    index = MessageIndex()
    for place, ids in enumerate(sections):
        index.add(Section(f"s{place}", tuple(Head(message_id, "user", 4) for message_id in ids)))
    return index


def test_every_message_is_found_where_sections_overlap_and_are_out_of_order() -> None:
    sections = [(500, 510), (), (1, 9, 700), (-8, -7), (505, 506), (600, 601)]
    flat = [message_id for section in sections for message_id in section]
    index = _index(sections)
    assert [index.index_of(message_id) for message_id in flat] == list(range(len(flat)))
    assert [index.index_of(message_id) for message_id in (-9, 0, 8, 507, 650, 701)] == [None] * 6


def test_a_message_that_comes_later_is_found() -> None:
    index = _index([(1, 2), (3, 4)])
    assert index.index_of(5) is None
    index.extend([Head(5, "user", 4)])
    assert index.index_of(5) == 4
    index.add(Section("s2", (Head(6, "user", 4),)))
    assert index.index_of(6) == 5


def test_a_message_of_a_long_chain_is_looked_for_in_one_section() -> None:
    spans = SectionSpans(range(2 * CHAIN), range(0, 2 * CHAIN, 2))
    assert [list(spans.holding(message_id)) for message_id in (0, CHAIN, 2 * CHAIN - 1)] == [
        [(0, 2)],
        [(CHAIN, CHAIN + 2)],
        [(2 * CHAIN - 2, 2 * CHAIN)],
    ]
