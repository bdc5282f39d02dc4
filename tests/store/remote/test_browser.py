"""A home on another machine reads like the same home here, through a stand-in for `ssh` that starts the real server;
and whatever else answers in its place ends the connection with one sentence."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from store import Browser, Count, Home, Session, StoreError
from store.base.errors import CannotOpen, Damaged, HomeMissing, Locked, ReadOnly, Unreachable
from store.base.models import Change
from store.base.remote_address import parse_remote
from store.browse.browser import HomeBrowser
from store.open import open_to_read
from store.profiles.opening import open_home
from store.query.parse import parse
from store.remote import connection, wire
from store.remote.browser import RemoteBrowser

SERVER = f"exec '{sys.executable}' -m hermes_tui serve-stdio"
Ssh = Callable[[str], Path]
PATIENCE = 60.0
"""Seconds after which what hangs is ended."""


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ssh:
    """A function that puts a shell script into PATH as `ssh`; it records its arguments and its process group."""
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setattr(connection, "HELLO_SECONDS", 600.0)
    monkeypatch.setattr(connection, "SILENCE_SECONDS", 600.0)

    def _stand_in(script: str) -> Path:
        program = tmp_path / "bin" / "ssh"
        program.parent.mkdir(exist_ok=True)
        said = tmp_path / "said"
        program.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$@\" >> '{said}'\necho $$ > '{tmp_path / 'pid'}'\n{script}\n")
        program.chmod(0o755)
        return said

    return _stand_in


def there(folder: Path, host: str = "far") -> RemoteBrowser:
    """The browser of a folder on another machine."""
    return RemoteBrowser(parse_remote(f"ssh://{host}{folder}"))


def every_session(browser: Browser) -> list[Session]:
    """All sessions, by small pages."""
    page = browser.sessions(limit=5)
    found = [*page.items]
    while page.more:
        page = browser.sessions(limit=5, cursor=page.cursor)
        found += page.items
    return found


def answers(browser: Browser) -> Iterator[tuple[str, object]]:
    """What every kind of verb answers."""
    sessions = every_session(browser)
    ids = [session.id for session in sessions]
    yield "sessions", sessions
    yield "recent", browser.recent(limit=9)
    yield "file sessions", browser.file_sessions()
    yield "outlines", browser.outlines(ids)
    yield "scope", browser.scope()
    yield "versions", browser.versions(ids)
    yield "glance", browser.glance(limit=9)
    yield "facts", sorted(browser.all_facts(), key=lambda facts: facts.session_id)
    for session_id in ids[:4]:
        heads = browser.heads(session_id, limit=50)
        yield "heads", heads
        yield "messages", browser.messages([head.id for head in heads.items])
        reading = browser.reading(session_id)
        pieces = list(browser.pieces(reading))
        yield "pieces", (reading, pieces)
        yield "records", [record for piece in pieces for record in browser.records(piece)]
        yield "record", browser.session_record(session_id)
        yield "check", browser.check(session_id)
        yield "family", browser.family(session_id)
        yield "chain", browser.chain(session_id)
    hits = [hit for batch in browser.search("a* OR e*", limit=30) for hit in batch.hits]
    assert hits
    yield "hits", hits
    yield "context", [browser.context(hit.session_id, hit.message_id, width=2) for hit in hits[:5]]
    yield "count", browser.count("a*", cap=1000)
    yield "ranked", browser.rank("a*", limit=5).hits


@pytest.mark.slow
def test_a_home_there_reads_as_it_does_here_over_one_connection_that_ends_with_us(
    era_home: Callable[[str], Path], ssh: Ssh, tmp_path: Path
) -> None:
    folder = era_home("v31") / ".hermes"
    said = ssh(SERVER)
    with closing(HomeBrowser(open_to_read(Home(folder)))) as here, closing(there(folder, "me@far:2222")) as far:
        for (what, local), (_, remote) in zip(answers(here), answers(far), strict=True):
            assert remote == local, what
        with pytest.raises(ReadOnly):
            far.plan("s1")
        assert (far.refused(), far.operations()) == ((), ())
        with pytest.raises(StoreError, match="no session"):
            far.reading("no such session")
        with pytest.raises(StoreError):
            list(far.search("after:never"))
        assert far.watch().poll() is not None
        group = int((tmp_path / "pid").read_text())
        assert os.getpgid(group) == group != os.getpgid(0)
    assert said.read_text().splitlines() == connection.command(parse_remote("ssh://me@far:2222/x"))[1:]
    assert said.read_text().splitlines()[-3:] == ["--", "ssh://me@far:2222", "hermes-tui serve-stdio"]
    with pytest.raises(ProcessLookupError):
        os.killpg(group, 0)


HELLO = "echo '{\"protocol\": 1}'; read hello; read request; "
WRONG = {
    "echo Welcome to this machine": "no hermes-tui on far",
    "exit 127": "no hermes-tui on far; install it",
    "echo 'far: Permission denied (publickey).' >&2; exit 255": "Permission denied",
    "read hello; echo '{\"protocol\": 2}'; sleep 9": "another protocol",
    "echo '[1, 2]'; sleep 9": "no hermes-tui on far",
    'read hello; echo \'{"protocol": 1, "error": "HomeMissing", "text": "no such folder"}\'': "no such folder",
    f"{HELLO} echo 'a motd'; sleep 9": "no answer",
    f"{HELLO} head -c 5000 /dev/zero | tr '\\0' x; sleep 9": "over 16 MB",
    f'{HELLO} echo \'{{"id": 1, "value": {{"total": "many"}}}}\'; sleep 9': "wrong answer",
    f'{HELLO} echo \'{{"id": 1, "end": true}}\'; sleep 9': "part of an answer",
    f'{HELLO} echo \'{{"id": 1, "value": {{"total": 1{"0" * 400}}}}}\'; sleep 9': "wrong answer",
    f'{HELLO} echo \'{{"id": 1, "value": {{"total": NaN}}}}\'; sleep 9': "no answer",
    f"{HELLO} exit 1": "connection ended",
    f'{HELLO} yes \'{{"id": 7, "value": 1}}\'': "no answer",
    f"{HELLO} yes '{{\"id\": 0}}'": "no answer",
    f'{HELLO} echo \'{{"id": true, "value": 1}}\'; sleep 9': "no answer",
    f'{HELLO} yes \'{{"id": 1, "value": {{"total": 1}}}}\'': "part of an answer",
    f"{HELLO} sleep 9": "not answered",
    "sleep 9": "did not answer",
}


@pytest.mark.parametrize("script", WRONG)
def test_whatever_else_answers_ends_the_connection_and_says_so_in_a_row(
    ssh: Ssh, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    monkeypatch.setattr(wire, "MAX_BYTES", 4096)
    ssh(script)
    if WRONG[script] == "did not answer":
        monkeypatch.setattr(connection, "HELLO_SECONDS", 0.5)
    if WRONG[script] == "not answered":
        monkeypatch.setattr(connection, "SILENCE_SECONDS", 0.5)
    with closing(there(Path("/home"))) as far:
        with pytest.raises(Unreachable, match=WRONG[script]) as caught:
            far.scope()
        assert "\n" not in str(caught.value)
        if "wrong" not in WRONG[script] and "part" not in WRONG[script]:
            assert far.file_sessions()[0].problem == str(caught.value)


def test_a_machine_that_reads_nothing_stops_no_request_and_no_other(ssh: Ssh, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mutant: who asks writes to the pipe, and waits while it is full."""
    monkeypatch.setattr(connection, "SILENCE_SECONDS", 0.0)
    ssh("echo '{\"protocol\": 1}'; exec sleep 600")
    with closing(there(Path("/x"))) as far, pytest.raises(Unreachable, match="has not answered"):
        far.versions(["x" * 99] * 9999)


@pytest.mark.parametrize("hour", ["1e308", "-1e308", f"1{'0' * 400}"])
def test_a_time_that_no_calendar_has_is_a_wrong_answer(hour: str) -> None:
    """Mutants: no bound; a whole number is made a fraction unseen."""
    with pytest.raises(wire.WrongForm):
        wire.decoded(json.loads(hour), float | None)
    assert wire.decoded(1_700_000_000, float | None) == 1_700_000_000.0


SAYS = {
    "Whatever": Damaged,
    "StoreError": Damaged,
    "Interrupted": Damaged,
    "Locked": Locked,
    "HomeMissing": HomeMissing,
}


@pytest.mark.parametrize("name", SAYS)
def test_an_error_of_the_other_side_is_one_of_reading_which_leaves_the_other_homes_in_one_list(
    ssh: Ssh, era_home: Callable[[str], Path], name: str
) -> None:
    """Mutants: an unknown error is of the whole list; a lock there is one of a file here."""
    ssh(ANSWERS.replace('\\"value\\": null', f'\\"error\\": \\"{name}\\", \\"text\\": \\"it broke\\"'))
    with closing(there(Path("/x"))) as far, pytest.raises(StoreError, match="it broke") as caught:
        far.recent()
    assert type(caught.value) is SAYS[name]
    near = Home(era_home("v31") / ".hermes")
    far_home = Home(Path("nowhere"), "far", remote=parse_remote("ssh://far/x"))
    with closing(open_home(Home(near.root, "all", members=(near, far_home)))) as both:
        assert both.recent(limit=5)
        assert both.context("far/s1", 1) == ()
        assert both.problems() == ("profile far: it broke",)


def test_one_list_has_the_homes_that_answer_and_a_row_for_one_that_does_not(
    era_home: Callable[[str], Path], ssh: Ssh
) -> None:
    ssh("exit 127")
    near = Home(era_home("v31") / ".hermes")
    far = Home(Path("nowhere"), "far", remote=parse_remote("ssh://far/x"))
    with closing(open_home(Home(near.root, "all", members=(near, far)))) as both:
        with closing(HomeBrowser(open_to_read(near))) as alone:
            assert [session.id for session in every_session(both)] == [session.id for session in every_session(alone)]
        assert [session.id for session in both.file_sessions() if session.profile == "far"] == ["far/no-answer"]
        assert ["no hermes-tui on far" in problem for problem in both.problems()] == [True]
        found = list(both.search("a*", limit=5))
        assert found[-1].hits or any(batch.hits for batch in found)


ANSWERS = """read hello; echo '{"protocol": 1}'; number=0; while read line; do case $line in *cancel*) ;;
*) number=$((number + 1)); echo "{\\"id\\": $number, \\"value\\": null}"; echo "{\\"id\\": $number, \\"end\\": true}" ;;
esac; done"""
"""A machine that answers every request with nothing."""


@pytest.mark.parametrize(("then", "said"), [(ANSWERS, ""), ("exit 127", "no hermes-tui on far")])
def test_a_home_that_is_not_waited_for_is_a_row_until_the_watch_says_that_it_answered_or_why_not(
    ssh: Ssh, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, then: str, said: str
) -> None:
    """Mutants: requests wait for it; the watch says nothing, or says it again and again; the row stays as it was."""
    monkeypatch.setattr(connection, "FIRST_SECONDS", 0.0)
    ssh(f"while [ ! -e '{tmp_path}/go' ]; do sleep 0.02; done; {then}")
    with closing(RemoteBrowser(parse_remote("ssh://far/x"), waits=False)) as far:
        far.connect()
        [row] = far.file_sessions()
        assert row.problem == "far has not answered yet"
        watch = far.watch()
        with pytest.raises(Unreachable, match="not answered yet"):
            watch.poll()
        (tmp_path / "go").touch()
        change, ends = None, time.monotonic() + PATIENCE
        while change is None and time.monotonic() < ends:
            with suppress(Unreachable):
                change = watch.poll()
        assert change == Change(store=True, replaced=True)
        if said:
            assert said in far.file_sessions()[0].problem
            with pytest.raises(Unreachable, match=said):
                watch.poll()
        else:
            assert watch.poll() is None


def test_changes_that_were_missed_while_the_connection_was_lost_are_looked_for_again(
    ssh: Ssh, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutant: the watch of the new connection has nothing to say of what came before it."""
    monkeypatch.setattr(connection, "RETRY_SECONDS", 0.0)
    ssh(ANSWERS.replace("*) number", "*) [ $number -lt 2 ] || exit; number"))
    with closing(there(Path("/x"))) as far:
        watch = far.watch()
        assert [watch.poll(), watch.poll()] == [None, None]
        with pytest.raises(Unreachable):
            watch.poll()
        assert [watch.poll(), watch.poll()] == [Change(store=True, replaced=True), None]


def test_all_homes_of_one_list_are_connected_to_at_once(ssh: Ssh, tmp_path: Path) -> None:
    """Mutant: each is when it is asked."""
    said = ssh(f"while [ ! -e '{tmp_path}/go' ]; do sleep 0.02; done")
    homes = [Home(tmp_path, name, remote=parse_remote(f"ssh://{name}/x")) for name in ("one", "two", "three")]
    with closing(open_home(Home(tmp_path, "all", members=tuple(homes)))):
        ends = time.monotonic() + PATIENCE
        while not said.exists() or said.read_text().count("ssh://") < len(homes):
            assert time.monotonic() < ends
        (tmp_path / "go").touch()


_KILLED = """import os, signal, sys
from store.base.remote_address import parse_remote
from store.remote.connection import RemoteConnection
RemoteConnection(parse_remote("ssh://far/x")).start()
while not os.path.exists(sys.argv[1]):
    pass
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="no other system ends a program with the one that started it")
def test_no_ssh_is_left_of_a_program_that_was_killed_while_a_machine_did_not_answer(ssh: Ssh, tmp_path: Path) -> None:
    """Mutant: `ssh` is started bare."""
    ssh(f"touch '{tmp_path}/go'; exec sleep 600")
    subprocess.run([sys.executable, "-c", _KILLED, str(tmp_path / "go")], check=False)
    process, ends = int((tmp_path / "pid").read_text()), time.monotonic() + PATIENCE
    try:
        while Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
            assert time.monotonic() < ends
    except FileNotFoundError:
        pass


@pytest.mark.parametrize(
    "url",
    [
        "ssh://-oProxyCommand=x/h",
        "ssh://a b/h",
        "ssh://-l@host/h",
        "ssh://me:secret@host/h",
        "ssh://host:0/h",
        "ssh://host:70000/h",
        "ssh:///h",
        "ssh://host/a%0Ab",
        "ssh://ho\x1bst/h",
        "ssh://host/h?x=1",
    ],
)
def test_an_address_that_could_be_an_option_or_hides_something_is_refused(url: str) -> None:
    with pytest.raises(CannotOpen) as caught:
        parse_remote(url)
    assert "secret" not in str(caught.value)


def test_a_port_a_user_and_an_address_of_ipv6_are_taken() -> None:
    address = parse_remote("ssh://me@[::1]:22/~/x y")
    assert address.path == "~/x y"
    assert connection.command(address)[-5:] == ["-p", "22", "--", "me@::1", connection.COMMAND]
    assert connection.command(parse_remote("ssh://[::1]"))[-3:] == ["--", "::1", connection.COMMAND]
    assert parse_remote("ssh://host").path == ""


def test_every_verb_of_the_wire_has_types_that_can_be_read() -> None:
    for name in wire.VERBS:
        hints = wire.verb_hints(name)
        assert "return" in hints
        for kind in (wire._NAMES[field] for field in ("Session", "Message", "Piece", "SessionReading", "Batch")):
            assert {field.name for field in fields(kind)} == set(wire._hints(kind))


def test_settings_of_the_users_own_ssh_run_no_other_command_and_leave_no_connection_behind() -> None:
    """Mutants: an option left out; `RemoteCommand` of a host in ~/.ssh/config then makes ssh refuse."""
    words = connection.command(parse_remote("ssh://far/x"))
    assert {"RemoteCommand=none", "ControlMaster=no", "BatchMode=yes", "Compression=yes"} < set(words)


class Overheard(RemoteBrowser):
    """Remembers what it asks the other machine, which answers nothing."""

    def __init__(self, name: str) -> None:
        super().__init__(parse_remote("ssh://me@far.example/x"), name)
        self.asked: list[object] = []

    def values(self, name: str, given: dict[str, Any], cancel: object) -> Iterator[object]:
        del name, cancel
        query = given["query"]
        self.asked.append(query if isinstance(query, str) else (query.any_of, [rule.key for rule in query.filters]))
        yield Count(7, 1)


@pytest.mark.parametrize(
    ("query", "sent"),
    [
        ("quinces host:far.exam", "quinces"),
        ("quinces host:box role:user", "quinces role:user"),
        ("quinces -host:near", "quinces"),
        ("quinces host:near", None),
        ("quinces -host:box", None),
    ],
)
def test_the_filter_for_a_machine_is_answered_here_by_its_name_and_by_the_list_s(query: str, sent: str | None) -> None:
    """Mutants: the other machine is asked, which is `default` to itself; the name of the list is not known."""
    browser = Overheard("box")
    assert browser.count(query) == (Count(0, 0) if sent is None else Count(7, 1))
    expected = parse(sent or "", now=0.0)
    assert browser.asked == ([] if sent is None else [(expected.any_of, [rule.key for rule in expected.filters])])
    if sent is None:
        assert [batch.hits for batch in browser.search(query)] == [()]
        assert (browser.rank(query).hits, browser.oldest(query).hits, browser.asked) == ((), (), [])
    browser.close()
