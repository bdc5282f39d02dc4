"""All profiles as one list: nothing lost, nothing mixed up, ids that lead back (docs/format.md §1.1)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from store import Change, Count, Damaged, FallbackKind, Home, Origin, Session, SessionDB
from store.base.errors import Unreachable
from store.browse.browser import HomeBrowser
from store.engine.fleet import State
from store.files.home import ALL_PROFILES
from store.profiles import newest, searches
from store.profiles import watch as watch_module
from store.profiles.browser import ProfilesBrowser
from store.profiles.naming import ProfileNames
from store.profiles.opening import open_home
from store.profiles.watch import ProfilesWatch
from tests.builders import home, jsonl, say, store


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root and two profiles with the same ids, one of them without a state.db."""
    folder = home(tmp_path)
    for place, part in enumerate((folder, folder / "profiles" / "work")):
        (part / "sessions").mkdir(parents=True, exist_ok=True)
        db = SessionDB(part / "state.db")
        texts = [say("user", f"walrus {place}", timestamp=1.7e9 + place), say("assistant", f"reply {place}")]
        store(db, "same", texts)
        db.end_session("same", "compression")
        db.create_session("next", "cli", parent_session_id="same")
        db.append_messages("next", [say("user", f"and then {place}")])
        db.close()
    jsonl(folder / "profiles" / "work", "same", [say("user", f"line {number}") for number in range(4)])
    (folder / "profiles" / "bare" / "sessions").mkdir(parents=True)
    jsonl(folder / "profiles" / "bare", "file", [say("user", "walrus in a file")])
    return folder


@pytest.fixture
def db(root: Path) -> Iterator[ProfilesBrowser]:
    """All of them as one."""
    merged = ProfilesBrowser(Home(root).profiles())
    yield merged
    merged.close()


@pytest.fixture
def partial(root: Path) -> Iterator[ProfilesBrowser]:
    """The same, and two profiles whose state.db is none, one of them with a file."""
    (root / "profiles" / "torn" / "sessions").mkdir(parents=True)
    (root / "profiles" / "void").mkdir()
    for name in ("torn", "void"):
        (root / "profiles" / name / "state.db").write_text("this is no database, not by any means" * 9)
    jsonl(root / "profiles" / "torn", "kept", [say("user", "walrus in a torn profile")])
    merged = ProfilesBrowser(Home(root).profiles())
    yield merged
    merged.close()


def test_a_whole_id_of_one_profile_comes_before_ids_of_the_root_that_start_so(root: Path, db: ProfilesBrowser) -> None:
    """Mutant: the root's answer whatever it is."""
    with (
        closing(SessionDB(root / "state.db")) as own,
        closing(SessionDB(root / "profiles" / "work" / "state.db")) as its,
    ):
        own.create_session("walk-2", "cli")
        its.create_session("walk", "cli")
    assert db.resolve("walk") == "work/walk"
    assert db.resolve("walk-") == "walk-2"
    assert db.resolve("same") == "same"
    assert db.resolve("nothing") is None


def test_a_beginning_of_several_in_one_profile_names_none_of_another(root: Path, db: ProfilesBrowser) -> None:
    """Mutant: the root says none of two, and the one of the other profile is taken."""
    with (
        closing(SessionDB(root / "state.db")) as own,
        closing(SessionDB(root / "profiles" / "work" / "state.db")) as its,
    ):
        its.create_session("walk-3", "cli")
        assert db.resolve("walk") == "work/walk-3"
        for name in ("walk-1", "walk-2"):
            own.create_session(name, "cli")
    assert db.resolve("walk") is None
    assert (db.resolve("walk-3"), db.resolve("work/wa")) == ("work/walk-3", "work/walk-3")


@pytest.mark.slow
def test_a_store_that_several_profiles_name_is_listed_and_found_once(root: Path) -> None:
    profiles = root / "profiles"
    (profiles / "again").symlink_to(profiles / "work")
    (profiles / "hard" / "sessions").mkdir(parents=True)
    (profiles / "hard" / "state.db").hardlink_to(root / "state.db")
    jsonl(profiles / "hard", "own", [say("user", "walrus of its own")])
    every = Home(root, ALL_PROFILES)

    merged = open_home(every)
    listed = sorted(session.id for session in (*merged.recent(), *merged.file_sessions()))
    found = sorted({hit.session_id for batch in merged.search("walrus") for hit in batch.hits})

    assert listed == ["bare/file", "hard/own", "next", "same", "work/next", "work/same"]
    assert found == ["bare/file", "hard/own", "same", "work/same"]
    assert merged.problems() == ()
    merged.close()


@pytest.mark.slow
def test_a_profile_that_cannot_be_read_hides_no_other(partial: ProfilesBrowser) -> None:
    """Mutants: `_stored`, `_hits`, `checks` and the watch, each of them passing its error on."""
    listed: list[Session] = []
    page = partial.sessions(limit=1)
    while page.more:
        listed += page.items
        page = partial.sessions(limit=1, cursor=page.cursor)
    assert {row.id for row in (*listed, *page.items)} == {"next", "same", "work/next", "work/same"}
    assert {row.id for row in partial.file_sessions()} == {"bare/file", "torn/kept"}
    assert partial.scope().total == 4
    assert [said.partition(": ")[0] for said in partial.problems()] == ["profile torn", "profile void"]
    assert {row.id for row in partial.recent()} == {"next", "same", "work/next", "work/same"}
    batches = list(partial.search("walrus"))
    assert {hit.session_id for batch in batches for hit in batch.hits} == {
        "same",
        "work/same",
        "bare/file",
        "torn/kept",
    }
    assert batches[-1].partial
    assert {(fallback.kind, fallback.profile) for fallback in batches[-1].fallbacks} == {
        (FallbackKind.STORE_UNREAD, "torn"),
        (FallbackKind.PROFILE_UNREAD, "void"),
        (FallbackKind.NO_STORE, ""),
    }
    assert partial.watch().poll() is not None
    seen: list[str] = []
    with pytest.raises(Damaged, match="profile torn"):
        seen.extend(check.session_id for check in partial.checks())
    assert {"same", "work/next", "bare/file"} <= set(seen)
    [body] = partial.file_messages("torn/kept")
    assert body.text == "walrus in a torn profile"


@pytest.mark.slow
def test_a_profile_that_was_mended_is_read_again(partial: ProfilesBrowser, root: Path) -> None:
    assert partial.scope().total == 4
    assert partial.problems()
    for name in ("torn", "void"):
        (root / "profiles" / name / "state.db").unlink()
        SessionDB(root / "profiles" / name / "state.db").close()
    assert partial.scope().total == 4
    assert partial.problems() == ()


@pytest.mark.slow
def test_a_repair_of_any_profile_can_be_looked_at(db: ProfilesBrowser) -> None:
    plan = db.plan("work/same")
    assert plan.session_id == "work/same"
    assert plan.check.jsonl_messages == 4
    assert list(db.difference("work/same"))
    assert db.operations() == ()


@pytest.mark.slow
def test_every_session_of_every_profile_is_listed(db: ProfilesBrowser) -> None:
    listed: list[Session] = []
    page = db.sessions(limit=1)
    while page.more:
        listed += page.items
        page = db.sessions(limit=1, cursor=page.cursor)
    listed += page.items
    assert sorted((row.id, row.profile) for row in listed) == [
        ("next", "default"),
        ("same", "default"),
        ("work/next", "work"),
        ("work/same", "work"),
    ]
    assert {row.id for row in db.recent()} == {row.id for row in listed}
    assert [(row.id, row.profile, row.origin) for row in db.file_sessions()] == [("bare/file", "bare", Origin.JSONL)]
    assert db.scope().total == 4
    assert db.scope().children == 2
    assert db.outlines(["same", "work/same", "bare/file"])["work/same"].first_words == "walrus 1"


@pytest.mark.slow
def test_a_transcript_leads_to_its_own_profile(db: ProfilesBrowser) -> None:
    for prefix, place in (("", 0), ("work/", 1)):
        assert db.chain(f"{prefix}next") == (f"{prefix}same", f"{prefix}next")
        heads = db.heads(f"{prefix}same").items
        assert [one.text for one in db.messages([head.id for head in heads])] == [f"walrus {place}", f"reply {place}"]
        assert db.heads(f"{prefix}same", after=heads[0].id).items == heads[1:]
        assert [line.id for line in db.context(f"{prefix}same", heads[0].id)] == [head.id for head in heads]
        row = db.session(f"{prefix}next")
        assert row is not None
        assert row.parent_id == f"{prefix}same"
        assert [kin.session.id for kin in db.family(row.id)] == [f"{prefix}same", f"{prefix}next"]
        assert db.carried(f"{prefix}next", f"{prefix}same") == frozenset()
    ids = [head.id for one in ("same", "work/same") for head in db.heads(one).items]
    assert len(set(ids)) == 4
    assert [message.id for message in db.messages(ids[::-1])] == ids[::-1]


@pytest.mark.slow
def test_a_search_finds_in_all_profiles_newest_first(db: ProfilesBrowser) -> None:
    batches = list(db.search("walrus"))
    hits = [hit for batch in batches for hit in batch.hits]
    assert [(hit.session_id, hit.origin) for hit in hits] == [
        ("work/same", Origin.SQLITE),
        ("same", Origin.SQLITE),
        ("bare/file", Origin.JSONL),
    ]
    assert batches[-1].done
    assert db.messages([hits[0].message_id])[0].text == "walrus 1"
    [batch] = db.search("walrus", limit=1)
    assert batch.capped
    assert len(batch.hits) == 1


@pytest.mark.slow
def test_flags_and_verdicts_are_of_their_profile(db: ProfilesBrowser) -> None:
    assert {facts.session_id for facts in db.all_facts()} == {"work/same", "bare/file"}
    facts = db.facts("work/same")
    assert facts is not None
    assert facts.messages == 4
    assert db.facts("same") is None
    assert db.check("work/same").session_id == "work/same"
    assert {check.session_id for check in db.checks()} == {"same", "next", "work/same", "work/next", "bare/file"}


@pytest.mark.slow
def test_a_change_in_any_profile_is_seen(db: ProfilesBrowser, root: Path) -> None:
    watch = db.watch()
    watch.poll()
    assert watch.poll() is None
    other = SessionDB(root / "profiles" / "work" / "state.db")
    other.append_messages("next", [say("user", "more")])
    other.close()
    change = watch.poll()
    assert change is not None
    assert change.store
    assert "work/next" in change.sessions


def test_a_new_row_whose_id_lies_below_those_of_another_profile_is_late(db: ProfilesBrowser, root: Path) -> None:
    """Mutant: a search that stands looks for it above the highest id of all, and misses it."""
    watch = db.watch()
    watch.poll()

    def _is_late(path: Path, said: int) -> bool:
        with closing(SessionDB(path / "state.db")) as other:
            other.append_messages("next", [say("user", "more")] * said)
        change = watch.poll()
        assert change is not None
        return change.late

    work = root / "profiles" / "work"
    assert [_is_late(root, 9), _is_late(work, 1), _is_late(work, 20), _is_late(root, 1)] == [False, True, False, True]


@pytest.mark.slow
def test_ranking_age_and_count_are_of_all_profiles(db: ProfilesBrowser) -> None:
    assert sorted(hit.session_id for hit in db.rank("walrus").hits) == ["bare/file", "same", "work/same"]
    assert [hit.session_id for hit in db.oldest("walrus").hits][1:] == ["same", "work/same"]
    best = db.rank("walrus", limit=1)
    assert (len(best.hits), best.capped) == (1, True)
    assert db.count("walrus") == Count(3, 3)
    assert db.count("walrus", cap=2) == Count(2, 3, capped=True)
    assert db.meant("walros") == {}


@pytest.mark.slow
def test_a_look_up_leads_into_every_profile_and_every_one_is_counted(partial: ProfilesBrowser) -> None:
    """Mutant: asked as if it were one profile's store, the merged one cannot even be made a second time."""
    found = partial.where("same")
    census = partial.census()

    assert {one.session.id for one in found} == {"same", "work/same"}
    assert all(partial.session(one.session.id) for one in found)
    assert any("profiles/work/state.db" in place for one in found for place in one.held)
    first = partial.members.browsers[0]
    assert isinstance(first, HomeBrowser)
    assert [name for name, _ in census.profiles] == [part.name for part in Home(first._store.path.parent).profiles()]
    assert dict(census.profiles)["work"] == 2
    assert dict(census.profiles)["torn"] is None
    assert census.stored == 4
    assert census.jsonl == 2


@pytest.mark.parametrize("limit", [1, 3, 5, 9, 40])
def test_of_many_profiles_few_sessions_are_read_and_none_of_the_newest_is_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    """Mutants: nobody is asked again, whose few sessions are all among the newest; nothing before all have answered."""
    folder = home(tmp_path)
    for place, number in enumerate((4, 3, 12)):
        part = folder if not place else folder / "profiles" / f"p{place}"
        part.mkdir(parents=True, exist_ok=True)
        with closing(SessionDB(part / "state.db")) as db:
            for age in reversed(range(number)):
                store(db, f"s{place}-{age}", [say("user", "here", timestamp=1.7e9 + 100 * place - age)])
    with closing(ProfilesBrowser(Home(folder).profiles())) as merged:
        expected = merged.recent(limit=limit), merged.glance(limit=limit).sessions[:limit]
        monkeypatch.setattr(newest, "MOST_WHOLE", 1)
        monkeypatch.setattr(newest, "FEWEST", 2)
        assert (merged.recent(limit=limit), merged.glance(limit=limit).sessions[:limit]) == expected
        monkeypatch.setattr(newest, "FIRST_STEP", 0.0)
        parts = merged.glances(limit=limit)
        first = next(parts).sessions
        answered = {merged.members.names.own(session)[0] for session in first}
        assert answered == ({0} if limit > 2 else {0, 1, 2})
        every = {session.id: session for session in (*first, *(row for part in parts for row in part.sessions))}
        assert set(expected[1]) <= set(every.values())


def test_of_many_profiles_the_best_are_those_of_the_newest_hits_that_were_found(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutants: few hits, which may not be all, are ranked alone; each profile ranks its own."""
    monkeypatch.setattr(searches, "MOST_ALONE", 1)
    monkeypatch.setattr(searches, "SCORED", 2)
    with closing(ProfilesBrowser(Home(root).profiles())) as merged:
        every = [hit for batch in merged.search("walrus") for hit in batch.hits]
        best = merged.rank("walrus", found=every[:2])
        assert set(best.hits) == set(every[:2])
        assert [fallback.ranked for fallback in best.fallbacks] == [2]
        assert len(merged.rank("walrus", found=every[:1]).hits) == len(every) == 3


class Polled:
    """A watch that takes some time for a poll, and has a change."""

    now = 0.0

    def __init__(self, number: int) -> None:
        self._number = number

    def poll(self) -> Change | None:
        Polled.now += 0.004
        return Change(newest_id=self._number)


def test_of_many_profiles_a_poll_looks_at_some_and_the_next_one_goes_on_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mutants: every poll looks at all, or begins with the first."""
    monkeypatch.setattr(watch_module, "MOST_AT_ONCE", 6)
    names = ProfileNames([f"p{number}" for number in range(7)])
    watch = ProfilesWatch([Polled(number) for number in range(1, 8)], names, clock=lambda: Polled.now)
    seen = [change.newest_id for _ in range(4) if (change := watch.poll())]
    assert seen == [names.row(6, 7), names.row(2, 3), names.row(5, 6), names.row(6, 7)]


class Asked:
    """A server whose stamp and states are set; it notes what it is asked for."""

    def __init__(self, number: int) -> None:
        self.stamps, self.versions, self.asked = 0, [0] * number, list[int]()

    def stamp(self) -> int:
        return self.stamps

    def newest(self, places: Sequence[int]) -> list[float | None]:
        return [0.0 for _ in places]

    def states(self, places: Sequence[int]) -> list[State | None]:
        self.asked += places
        return [State(self.versions[place], place) for place in places]


class Failing(Polled):
    """A watch that cannot be polled at times."""

    fails = False

    def poll(self, *, after: int | None = None) -> Change | None:
        if Failing.fails:
            raise Unreachable("away")
        return super().poll()


def test_profiles_of_a_server_are_looked_at_after_a_commit_alone_and_again_where_that_failed() -> None:
    """Mutants: the server is asked for every state with each poll; what could not be polled is forgotten."""
    server = Asked(3)
    names = ProfileNames(["p0", "p1", "p2"])
    watch = ProfilesWatch([Failing(number) for number in range(1, 4)], names, [((0, 1, 2), server)], clock=lambda: 0.0)
    assert watch.poll() is not None
    assert [watch.poll() for _ in range(3)] == [None] * 3
    assert server.asked == [0, 1, 2]
    server.stamps, server.versions[1] = 1, 1
    Failing.fails = True
    assert watch.poll() is None
    Failing.fails = False
    change = watch.poll()
    assert change is not None
    assert change.newest_id == names.row(1, 2)
    assert watch.poll() is None
    assert server.asked == 3 * [0, 1, 2]
