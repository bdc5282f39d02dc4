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


def test_a_cycle_ends() -> None:
    lineage = Lineage([compressed("a", "b", 1.0), compressed("b", "a", 2.0), compressed("c", "c", 3.0)])
    assert set(lineage.chain("a")) == {"a", "b"}
    assert lineage.chain("c") == ("c",)


def test_a_walk_takes_at_most_a_thousand_steps_each_way() -> None:
    links = [compressed("0", None, 0.0), *(compressed(str(n), str(n - 1), float(n)) for n in range(1, 2500))]
    chain = Lineage(links).chain("1250")
    assert chain == tuple(str(n) for n in range(250, 2251))


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
