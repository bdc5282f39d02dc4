"""A damaged page hides from a search what lies on it and nothing else, and the search says how much that is at most.

Mutants that these tests are for:
- `read_hits` in one part: no hit at all
- a scan that ends at the first page it cannot read, and one that does not say what it passed over
- an upper bound `id < ?`, whose search for its place reads the damaged page: one message too few
- hits read with their sessions only; filters of sessions loaded in one part
- `readable_window` without the index: no context beside a message that cannot be read
"""

from __future__ import annotations

import io
import json
from contextlib import closing
from pathlib import Path

import pytest

from hermes_tui.cli import search as verb
from hermes_tui.cli.options import Options
from hermes_tui.cli.output import Streams
from store import Batch, Fallback, FallbackKind, Home, SessionDB
from store.models import UNREADABLE
from store.sqlite.connect.reader import Reader
from store.sqlite.rows.damage import readable_below
from store.sqlite.search import hit_rows
from tests.builders import home, talk
from tests.store.sqlite_files import leaves, smash

SESSIONS, EACH = 12, 10
ALL = SESSIONS * EACH


def damaged(folder: Path, table: str) -> Path:
    """A store in which a leaf in the midst of a table or an index is damaged."""
    path = home(folder) / "state.db"
    db = SessionDB(path)
    for number in range(SESSIONS):
        db.create_session(f"s{number:02}", "cli", system_prompt="p" * 900)
        db.append_messages(f"s{number:02}", talk(EACH, word="heron " + "x" * 300))
    db.close()
    pages = leaves(path, table)
    smash(path, pages[len(pages) // 2])
    return path


def in_one(batches: list[Batch]) -> tuple[set[int], int, bool]:
    """Ids of the hits, what is said to be left out, and whether that is said at the end."""
    unread = [item.unread for item in batches[-1].fallbacks if item.kind is FallbackKind.PAGES_DAMAGED]
    return {hit.message_id for batch in batches for hit in batch.hits}, sum(unread), batches[-1].partial


@pytest.mark.slow
@pytest.mark.parametrize("order", ["newest", "best", "oldest", "prefix", "filter"])
def test_every_message_beside_a_damaged_page_is_found_and_the_others_are_counted(tmp_path: Path, order: str) -> None:
    path = damaged(tmp_path, "messages")
    with closing(SessionDB(path, read_only=True)) as db:
        words = {"prefix": "he*", "filter": "heron source:cli role:user"}.get(order, "heron")
        rank = {"best": db.rank, "oldest": db.oldest}.get(order)
        found, unread, partial = in_one([rank(words, limit=999)] if rank else list(db.search(words, limit=999)))
        readable = {
            message.id
            for number in range(SESSIONS)
            for message in db.messages([head.id for head in db.heads(f"s{number:02}", limit=EACH).items])
            if message.role != UNREADABLE and (order != "filter" or message.role == "user")
        }

    assert partial
    assert found == readable
    assert unread == ALL - len(found) if order != "filter" else unread


@pytest.mark.slow
def test_the_verb_prints_what_it_found_and_says_what_is_missing(tmp_path: Path) -> None:
    path = damaged(tmp_path, "messages")
    out, err = io.StringIO(), io.StringIO()

    code = verb.search(Home(path.parent), Options(json=True, query=("heron",), limit=999, context=1), Streams(out, err))

    *hits, _ = map(json.loads, out.getvalue().splitlines())
    assert code == 2
    assert len(hits) < ALL
    assert f"{ALL - len(hits)} messages on damaged pages of state.db left out" in err.getvalue()
    assert any(line["role"] == UNREADABLE for hit in hits for line in hit["context"])


@pytest.mark.slow
@pytest.mark.parametrize("table", ["sessions", "messages_fts_data", "idx_messages_session"])
def test_no_message_is_lost_with_a_page_of_another_table(tmp_path: Path, table: str) -> None:
    path = damaged(tmp_path, table)
    with closing(SessionDB(path, read_only=True)) as db:
        found, unread, _ = in_one(list(db.search("heron", limit=999)))
        labelled, *_ = in_one(list(db.search("heron source:cli", limit=999)))

    assert (len(found), unread) == (ALL, 0)
    assert len(labelled) >= ALL // 2


@pytest.mark.slow
def test_rows_of_hits_on_a_damaged_page_are_named_and_all_others_read(tmp_path: Path) -> None:
    with closing(Reader(damaged(tmp_path, "messages"))) as reader:
        rows = hit_rows.read_hits(reader, range(1, ALL + 1))

    unread = [row.id for row in rows if row.role == UNREADABLE]
    assert [row.id for row in rows] == list(range(1, ALL + 1))
    assert unread == list(range(unread[0], unread[0] + len(unread)))
    assert 0 < len(unread) < ALL // 4


def test_the_bound_beside_damage_is_found_by_halves() -> None:
    asked: list[int] = []

    def can_read(below: int) -> bool:
        asked.append(below)
        return below <= 700

    assert readable_below(can_read, 1_000) == 700
    assert len(asked) < 25
    assert readable_below(lambda _: False, 1_000) is None
    assert Fallback(FallbackKind.PAGES_DAMAGED).unread == 0
