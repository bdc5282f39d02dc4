"""A title is asked after before it is given: whose it is is what a rename would be refused for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import builders


def test_the_holder_of_a_title_is_the_session_that_a_rename_is_refused_for(tmp_path: Path) -> None:
    """Mutants: a session holds its own title against itself; an older section its against a later one."""
    db = builders.db(builders.home(tmp_path))
    for name, parent in (("root", None), ("tip", "root"), ("other", None)):
        db.create_session(name, "cli", parent_session_id=parent)
        db.append_message(name, "user", "hello")
        db.set_session_title(name, f"of {name}")
        if name == "root":
            db.end_session("root", "compression")
    for session_id, title, holder in (
        ("root", "of tip", "tip"),
        ("other", "of tip", "tip"),
        ("other", "of other", None),
        ("other", "of nobody", None),
        ("tip", "of root", None),
    ):
        assert db.title_holder(session_id, title) == holder, (session_id, title)
        if holder is None:
            assert db.rename(session_id, title) == title
        else:
            with pytest.raises(ValueError, match=holder):
                db.rename(session_id, title)
    db.close()
