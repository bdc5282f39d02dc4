"""Which sessions belong together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.formats.lineage import Lineage, Link
from store.models import Relation

PARENTS = {
    "compressed": Link("compressed", started_at=1.0, ended_at=10.0, end_reason="compression"),
    "branched": Link("branched", started_at=1.0, ended_at=10.0, end_reason="branched"),
    "closed": Link("closed", started_at=1.0, ended_at=10.0, end_reason="cli_close"),
    "open": Link("open", started_at=1.0),
}


def child(parent: str | None, *markers: str, source: str = "cli", started_at: float | None = 11.0) -> Link:
    return Link("child", parent, source=source, started_at=started_at, markers=frozenset(markers))


@pytest.mark.parametrize(
    ("link", "relation"),
    [
        (child(None), None),
        (child("child"), None),
        (child("gone"), None),
        (child("gone", source="subagent"), Relation.DELEGATE),
        (child("gone", "branched"), Relation.BRANCH),
        (child("compressed"), Relation.CONTINUATION),
        (child("compressed", started_at=2.0), Relation.CONTINUATION),
        (child("compressed", source="tool"), Relation.DELEGATE),
        (child("compressed", source="subagent"), Relation.DELEGATE),
        (child("compressed", "delegate"), Relation.DELEGATE),
        (child("compressed", "branched"), Relation.BRANCH),
        (child("compressed", "reset"), Relation.RESET),
        (child("branched"), Relation.BRANCH),
        (child("branched", started_at=5.0), Relation.DELEGATE),
        (child("closed"), Relation.DELEGATE),
        (child("open"), Relation.DELEGATE),
        (child("open", "branched"), Relation.BRANCH),
        (child("closed", "reset"), Relation.RESET),
    ],
)
def test_the_four_relations_are_told_apart(link: Link, relation: Relation | None) -> None:
    assert Lineage([*PARENTS.values(), link]).relation("child") is relation


def compressed(name: str, parent: str | None, started: float) -> Link:
    return Link(name, parent, started_at=started, ended_at=started + 1, end_reason="compression")


def test_a_chain_runs_from_root_to_tip_through_every_section() -> None:
    lineage = Lineage([Link("c", "b", started_at=3.0), compressed("a", None, 1.0), compressed("b", "a", 2.0)])
    for name in "abc":
        assert lineage.chain(name) == ("a", "b", "c")


def test_a_session_alone_is_its_own_chain() -> None:
    lineage = Lineage([Link("a"), Link("d", "a")])
    assert lineage.chain("a") == ("a",)
    assert lineage.chain("d") == ("d",)
    assert lineage.chain("unknown") == ("unknown",)


def test_of_several_continuations_the_chain_takes_the_one_that_went_on() -> None:
    root = compressed("root", None, 1.0)
    closed = Link("closed", "root", started_at=9.0, ended_at=99.0, end_reason="cli_close")
    early, late = Link("early", "root", started_at=2.0), Link("late", "root", started_at=3.0)
    went_on = compressed("went_on", "root", 1.5)
    assert Lineage([root, closed, early, late]).chain("root") == ("root", "late")
    assert Lineage([went_on, root, closed, early, late]).chain("root") == ("root", "went_on")
    assert Lineage([root, closed, early, late]).chain("closed") == ("root", "closed")


def test_a_ring_is_one_chain_from_its_oldest_session() -> None:
    lineage = Lineage([compressed("a", "b", 1.0), compressed("b", "a", 2.0), compressed("c", "c", 3.0)])
    assert {lineage.chain(name) for name in "ab"} == {("a", "b")}
    assert [lineage.place(name) for name in "abc"] == [(1, 2), (2, 2), (1, 1)]
    assert [lineage.relation(name) for name in "abc"] == [None, Relation.CONTINUATION, None]
    assert lineage.tree("b") == (("a", 0), ("b", 0))
    assert lineage.chain("c") == ("c",)


def test_no_chain_is_cut_and_its_sessions_share_it() -> None:
    links = [compressed("0", None, 0.0), *(compressed(str(n), str(n - 1), float(n)) for n in range(1, 3000))]
    lineage = Lineage([*links, Link("late", "1250", started_at=0.5, ended_at=0.6)])
    chain = lineage.chain("1250")
    assert chain == tuple(str(n) for n in range(3000))
    assert lineage.chain("2999") is chain
    assert lineage.place("1250") == (1251, 3000)
    assert lineage.place("late") == (1252, 1252)
    assert lineage.chain("late") == (*chain[:1251], "late")


def test_the_places_of_a_chain_of_thousands_are_found_in_one_walk() -> None:
    links = [compressed("0", None, 0.0), *(compressed(str(n), str(n - 1), float(n)) for n in range(1, 3000))]
    lineage = Lineage(links)
    asked = CountedDict(lineage._next)
    lineage._next = asked

    assert [lineage.place(str(n))[1] for n in range(3000)] == [3000] * 3000
    assert asked.number <= 2 * 3000


class CountedDict(dict[str, str]):
    """It counts how often it is asked."""

    number = 0

    def get(self, key: str, default: str | None = None) -> str | None:  # type: ignore[override]
        """The value of a key."""
        self.number += 1
        return super().get(key, default)


NAMES = st.sampled_from("abcdef")
LINKS = st.builds(
    Link,
    NAMES,
    st.none() | NAMES,
    source=st.sampled_from(["cli", "tool", "subagent"]),
    started_at=st.none() | st.floats(0, 9),
    ended_at=st.none() | st.floats(0, 9),
    end_reason=st.sampled_from([None, "compression", "branched", "cli_close"]),
    markers=st.frozensets(st.sampled_from(["branched", "delegate", "reset"]), max_size=1),
)


@pytest.mark.slow
@given(st.lists(LINKS, max_size=6))
def test_no_family_raises_and_a_chain_holds_its_session_once(links: list[Link]) -> None:
    lineage = Lineage(links)
    for name in "abcdef":
        lineage.relation(name)
        chain = lineage.chain(name)
        assert len(set(chain)) == len(chain)
        assert name in chain
