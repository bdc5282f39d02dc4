"""The verbs `export`, `verify` and `import`."""

from __future__ import annotations

import json
import os
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hermes_tui.export.file import MadeFiles, file_name
from hermes_tui.export.stream import SessionExport
from hermes_tui.render.export.markdown import MarkdownWriter
from hermes_tui.render.export.model import About, ExportOptions, Format
from store import Home, SessionDB, open_home
from tests import builders
from tests.builders import sqlite_of
from tests.hermes_tui.cli.running import Run, fingerprint
from tests.homes.catalog import FEW
from tests.transcripts import sessions, transcript

A, B, C = "20260101_100000_aaaaaa", "20260102_100000_bbbbbbbb", "20251220_070000_cccccccc"


def exported(run: Run, home: Path, *arguments: str) -> str:
    code, out, err = run(home, "export", "-o", "-", *arguments)
    assert code == 0, err
    return out


@pytest.mark.parametrize("form", ["md", "html", "json", "jsonl", "txt"])
def test_an_export_has_the_text_and_is_a_new_file_of_its_owner(home: Path, run: Run, tmp_path: Path, form: str) -> None:
    """Mutant: a file made with the umask's rights."""
    target = tmp_path / f"out.{form}"
    before = fingerprint(home)

    code, out, _ = run(home, "export", A, "-f", form, "-o", str(target))

    text = target.read_text()
    assert (code, out.strip()) == (0, str(target))
    assert target.stat().st_mode & 0o777 == 0o600
    for words in ("why does docker fail", "the docker daemon is off", "look first", "terminal", "Docker fails"):
        assert words in text
    assert fingerprint(home) == before
    assert run(home, "verify", str(target))[:2] == (0, f"{A}  agrees, 4 messages\n")


def test_a_file_that_is_there_is_left_as_it_is(home: Path, run: Run, tmp_path: Path) -> None:
    """Mutants: `write_export` without its look at what is there; a file taken for the folder of another."""
    target = tmp_path / f"{A}.md"
    target.write_text("mine")
    code, out, err = run(home, "export", A, "-o", str(tmp_path))
    assert (code, out, target.read_text()) == (2, "", "mine")
    assert "left as it is" in err
    link = tmp_path / "link.md"
    link.symlink_to(tmp_path / "nowhere")
    assert run(home, "export", A, "-o", str(link))[0] == 2
    assert not (tmp_path / "nowhere").exists()
    with pytest.raises(NotADirectoryError):
        MadeFiles().write(target / "inner.md", [], replace=False)


def test_the_ending_of_a_file_and_its_format_go_together(home: Path, run: Run, tmp_path: Path) -> None:
    """Mutants: no ending added; one added to what is there; the ending not looked at; `-f` not before it."""
    bare = tmp_path / "bare"
    assert run(home, "export", A, "-o", str(bare))[:2] == (0, f"{bare}.md\n")
    assert run(home, "export", A, B, "--yes", "-f", "jsonl", "-o", str(bare))[:2] == (0, f"{bare}.jsonl\n")
    bare.write_text("mine")
    assert f"{bare} is there already" in run(home, "export", A, "-o", str(bare))[2]
    for name, begins in (("a.HTML", "<!DOCTYPE html>"), ("a.txt", "Docker fails"), ("a.other", "---\n")):
        assert run(home, "export", A, "-o", str(tmp_path / name))[0] == 0
        assert (tmp_path / name).read_text().startswith(begins), name
    assert run(home, "export", A, "-f", "md", "-o", str(tmp_path / "b.html"))[0] == 0
    assert (tmp_path / "b.html").read_text().startswith("---\n")


def test_a_file_that_cannot_be_written_is_named(home: Path, run: Run, tmp_path: Path) -> None:
    """Mutant: the error of the system, which names a hidden file, in its place."""
    (tmp_path / "file").touch()
    code, _, err = run(home, "export", A, "-o", str(tmp_path / "file" / "inner.md"))
    assert (code, err) == (2, f"hermes-tui: {tmp_path}/file/inner.md cannot be written: Not a directory\n")
    name = "x" * 250
    code, out, err = run(home, "export", A, "-o", str(tmp_path / f"{name}.md"))
    assert (code, out, ".part" in err) == (2, "", False)


def test_an_export_that_is_cancelled_leaves_nothing(
    home: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutants: no `finally` around the temporary file; files that were finished left; the folder left."""
    other, ends = tmp_path / "there", MarkdownWriter.tail
    other.mkdir()
    (other / "mine").touch()

    def _cancelled(writer: MarkdownWriter, about: About, *rest: Any) -> Iterator[str]:
        if about.id == B:
            raise KeyboardInterrupt
        return ends(writer, about, *rest)

    monkeypatch.setattr(MarkdownWriter, "tail", _cancelled)
    assert run(home, "export", A, B, "--yes", "-o", f"{tmp_path}/new/deep/")[0] == 130
    assert not (tmp_path / "new").exists()
    assert run(home, "export", A, B, "--yes", "-o", str(other))[0] == 130
    assert os.listdir(other) == ["mine"]


def test_any_title_is_a_name_of_a_file() -> None:
    """Mutant: so many characters in place of bytes."""
    for title in ("大别山🏔" * 60, "é" * 300, "..", "a/b\\c\0d", " .hidden", "--help", "\u202e"):
        name = file_name(title, Format.MARKDOWN)
        assert len(name.encode()) <= 200
        assert not name.startswith((".", "-"))
        assert Path(name).name == name


def test_no_two_sessions_get_one_file(run: Run, tmp_path: Path) -> None:
    """Mutants: names that differ in case alone, which some file systems have once; ids that make one name."""
    home = builders.home(tmp_path)
    titles = ("same", "Same", None, "SAME", "語" * 99 + "a", "語" * 99 + "b", "語" * 99 + "c")
    with closing(builders.db(home)) as db:
        for session_id, title in zip(("a/b", "a:b", "a*b", "A_B", "long", "longer", "longest"), titles, strict=True):
            db.create_session(session_id, "cli")
            db.append_message(session_id, "user", "hello")
            db.set_session_title(session_id, title)
    for more in ([], ["--by-title"]):
        folder = tmp_path / f"out{len(more)}"
        assert run(home, "export", "--query", "hello", "--yes", "-o", str(folder), *more)[0] == 0
        assert len({name.casefold() for name in os.listdir(folder)}) == len(titles)


def test_a_file_says_which_source_it_is_and_what_is_damaged(home: Path, run: Run) -> None:
    path = home / "sessions" / f"{B}.jsonl"
    path.write_bytes(path.read_bytes() + b"{broken\n")
    builders.aged(path)
    for form in ("md", "txt", "html", "json"):
        text = exported(run, home, B, "-f", form)
        assert "JSONL has 6 messages, SQLite 2" in text
        assert "1 line of the JSONL file cannot be read" in text


def test_parts_of_a_session_and_many_sessions(home: Path, run: Run, tmp_path: Path) -> None:
    prompts = exported(run, home, A, "--only", "prompts", "-f", "txt")
    assert "why does docker fail" in prompts
    assert "daemon is off" not in prompts
    replies = exported(run, home, A, "--only", "replies", "-f", "jsonl")
    assert [message["role"] for message in json.loads(replies)["messages"]] == ["assistant"]
    code, _, err = run(home, "export", "--query", "docker OR alone", "-o", str(tmp_path / "many"))
    assert (code, "--yes" in err) == (2, True)
    named = ["export", "--query", "docker OR alone", "--yes", "--by-title"]
    assert (run(home, *named, "-o", str(tmp_path / "many"))[0], sorted(os.listdir(tmp_path / "many"))) == (
        0,
        [f"{C}.md", "Docker fails.md"],
    )
    assert run(home, "export", "--query", "docker OR alone", "-o", "-", "--yes")[0] == 2
    assert run(home, "export")[0] == 2
    one_file = run(home, "export", "--query", "docker OR alone", "-o", str(tmp_path / "one.md"), "--yes")
    assert (one_file[0], "several sessions go into a folder" in one_file[2]) == (2, True)
    assert not (tmp_path / "one.md").exists()


def test_a_session_of_one_of_all_profiles_is_exported_as_from_its_own(run: Run, tmp_path: Path) -> None:
    """Mutants: fields under names with the profile before them; an id that no store has."""
    home = builders.home(tmp_path)
    for place in (home, home / "profiles" / "work"):
        place.mkdir(parents=True, exist_ok=True)
        with closing(SessionDB(place / "state.db")) as db:
            db.create_session("s1", "cli", cwd="/work", model=str(place))
            db.append_messages("s1", builders.talk(3))
    for form in ("json", "jsonl"):
        own = json.loads(exported(run, home, "--profile", "work", "s1", "-f", form))
        merged = json.loads(exported(run, home, "--profile", "all", "work/s1", "-f", form))
        assert merged.pop("hermes_tui")["session"] == "work/s1"
        del own["hermes_tui"]
        assert merged == own


def test_secrets_are_counted_or_masked_wherever_they_stand(home: Path, run: Run) -> None:
    """Mutant: arguments that are masked as text only, before they are decoded."""
    hidden = {"command": 'export API_TOKEN="abc123def456"', "deep": json.dumps({"password": "hunter2x"})}
    calls = [{"id": "c1", "function": {"name": "terminal", "arguments": json.dumps(hidden)}}]
    db = builders.db(home)
    turn = [builders.say("user", "I am bob@example.org"), builders.say("assistant", None, tool_calls=calls)]
    builders.store(db, "secret", turn)
    db.set_session_title("secret", "use sk-proj-Zk3abc123def456")
    db.close()
    secret = ("Zk3abc123def456", "abc123def456", "hunter2x", "bob@example.org")
    for form in ("md", "html", "json", "jsonl", "txt"):
        code, out, err = run(home, "export", "secret", "-f", form, "-o", "-")
        assert code == 0
        assert "left in: " in err
        assert "--redact masks them" in err
        assert "bob@example.org" in out
        code, out, err = run(home, "export", "secret", "-f", form, "-o", "-", "--redact")
        assert [word for word in secret if word in out] == [], form
        assert "1 e-mail" in err


def test_verify_tells_growth_from_change(home: Path, run: Run, tmp_path: Path) -> None:
    """Mutants: the beginning's digest taken one message late; bytes of the file not compared."""
    target = tmp_path / "out.md"
    run(home, "export", A, "-o", str(target))
    db = builders.db(home)
    db.append_message(A, "user", "one more")
    link = tmp_path / "link.md"
    link.symlink_to(target)
    assert "the store has 1 more" in run(home, "verify", str(link))[1]
    edited = target.read_bytes().replace(b"why does", b"how does")
    target.unlink()
    run(home, "export", A, "-o", str(target))
    target.write_bytes(target.read_bytes().replace(b"why does", b"how does"))
    code, out, _ = run(home, "verify", str(target))
    assert (code, "changed after it was written" in out) == (1, True)
    db.replace_messages(A, builders.talk(5))
    code, out, _ = run(home, "verify", str(target))
    assert (code, "DIFFERS" in out) == (1, True)
    db.delete_session(A)
    db.close()
    assert run(home, "verify", str(target))[0] == 1
    target.write_bytes(edited[:-40])
    code, out, err = run(home, "verify", str(target))
    assert (code, out) == (2, "")
    assert "cut off" in err


def test_an_import_is_done_once_and_overwrites_nothing(home: Path, run: Run, tmp_path: Path) -> None:
    """Mutant: `_take` without its comparison."""
    source, other = tmp_path / "a.jsonl", tmp_path / "other" / ".hermes"
    source.write_text(exported(run, home, A, B, C, "-f", "jsonl", "--yes"))
    other.mkdir(parents=True)

    assert run(other, "import", str(source))[1].split() == ["imported", A, "imported", B, "imported", C]
    (tmp_path / "link.jsonl").symlink_to(source)
    again = run(other, "import", str(tmp_path / "link.jsonl"))
    assert again[:2] == (0, f"known     {A}\nknown     {B}\nknown     {C}\n")
    db = builders.db(other)
    db.append_message(A, "user", "mine")
    code, out, err = run(other, "import", str(source))
    assert (code, out.splitlines()[-1]) == (1, f"differs   {A}")
    assert err == "hermes-tui: left alone, because the store has other messages: 1 session\n"
    assert db.get_messages(A)[-1]["content"] == "mine"
    db.close()
    for text in ("", "{}\n", '{"id": "x", "messages": [1]}\n', "nonsense\n", exported(run, home, A, "-f", "md")):
        source.write_text(text)
        code, out, err = run(other, "import", str(source))
        assert (code, out, len(err.splitlines())) == (2, "", 1)


def test_cells_that_nobody_should_have_written_are_exported_and_imported(home: Path, run: Run, tmp_path: Path) -> None:
    """Mutants: Infinity as a number; a session without any time refused; a text taken for the mark of the overheard."""
    with closing(builders.db(home)) as db:
        odd = "UPDATE sessions SET started_at = 'x', estimated_cost_usd = 9e999 WHERE id = ?"
        sqlite_of(db).writer.transaction(lambda connection: connection.execute(odd, (A,)))
        odd_row = "UPDATE messages SET timestamp = 'x', observed = 'x' WHERE session_id = ?"
        sqlite_of(db).writer.transaction(lambda connection: connection.execute(odd_row, (A,)))
        before = transcript(db, A)
    assert json.loads(exported(run, home, A, "-f", "json"))["session"]["estimated_cost_usd"] == "inf"
    (tmp_path / "a.jsonl").write_text(exported(run, home, A, "-f", "jsonl"))
    target = tmp_path / "new"
    target.mkdir()
    assert run(target, "import", str(tmp_path / "a.jsonl"))[0] == 0
    with closing(SessionDB(target / "state.db", read_only=True)) as new:
        assert transcript(new, A) == before


def test_generated_sessions_come_back_as_they_were(tmp_path: Path, run: Run) -> None:
    """A small version of `python -m tests.benchmarks.round_trips`."""
    assert come_back(tmp_path, run, number=30, longest=3000) == 30


@pytest.mark.slow
@pytest.mark.parametrize("form", [Format.TEXT, Format.JSONL])
def test_no_format_holds_what_it_has_written(home: Path, form: Format) -> None:
    """Mutant: texts that wait for the digest until the end."""
    with closing(builders.db(home)) as db:
        peaks = []
        for number in (300, 1200):
            db.create_session(f"long-{number}", "cli")
            db.append_messages(f"long-{number}", [builders.say("user", "x" * 2000)] * number)
            tracemalloc.start()
            for _ in SessionExport(db, f"long-{number}", ExportOptions(form)).chunks():
                pass
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
    assert peaks[1] < 2 * peaks[0]


@pytest.mark.slow
@pytest.mark.parametrize("name", FEW)
def test_every_session_of_a_home_comes_back(
    name: str, era_home: Callable[[str], Path], tmp_path: Path, run: Run
) -> None:
    """Mutants: rows without their copies; undone messages among the others; a tool's name left out."""
    assert home_comes_back(era_home(name) / ".hermes", tmp_path, run) > 20


def home_comes_back(home: Path, tmp_path: Path, run: Run) -> int:
    """Export every session of a home, import them into an empty store, compare the transcripts; their number."""
    with closing(open_home(Home(home))) as db:
        ids = [session.id for session in (*db.sessions(limit=500).items, *db.file_sessions())]
        text = exported(run, home, *ids, "-f", "jsonl", "--yes")
        (tmp_path / "all.jsonl").write_text(text)
        target = tmp_path / "new"
        target.mkdir()
        code, out, _ = run(target, "import", str(tmp_path / "all.jsonl"))
        assert (code, len(out.splitlines())) == (0, len(set(ids)))
        with closing(SessionDB(target / "state.db", read_only=True)) as new:
            for session_id in ids:
                assert transcript(new, session_id) == transcript(db, session_id), session_id
    return len(set(ids))


def come_back(tmp_path: Path, run: Run, *, number: int, longest: int) -> int:
    """Export generated sessions, import them into an empty store, and compare the transcripts."""
    first, second = builders.home(tmp_path, "first"), builders.home(tmp_path, "second")
    db = builders.db(first)
    made = list(sessions(7, number, longest=longest))
    db.import_sessions(made)
    (tmp_path / "all.jsonl").write_text(exported(run, first, *(session.id for session in made), "-f", "jsonl", "--yes"))
    assert run(second, "import", str(tmp_path / "all.jsonl"))[0] == 0
    new = builders.db(second)
    for session in made:
        assert transcript(new, session.id) == transcript(db, session.id), session.id
    db.close()
    new.close()
    return len(made)
