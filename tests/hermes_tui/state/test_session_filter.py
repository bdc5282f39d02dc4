"""Texts in the search row that ask for sessions, not for messages, and what is proposed where one names nothing."""

from __future__ import annotations

import pytest

from hermes_tui.state.query_hint import hint, with_known_filters
from hermes_tui.state.session_filter import SessionFilter, filter_of
from store.models import Session
from store.query.parse import parse
from tests.hermes_tui.screens.browse.states import browser_state

SESSIONS = (
    Session("20260401_aa", title="Fix the build", source="telegram", model="opus-4.1", started_at=4.0, messages=3),
    Session("20260402_bb", title="Tidy up", source="cli", cwd="/srv/web", started_at=3.0, messages=3, live=True),
    Session("20260403_cc", title="Put away", source="cli", started_at=2.0, messages=3, archived=True),
    Session("20260404_dd", title="Elsewhere", source="cron", started_at=1.0, messages=3, profile="work"),
)


def listed(text: str) -> SessionFilter | None:
    """The filter that a text is."""
    return filter_of(text, parse(text, now=100.0, open_word=True))


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("source:telegram", "aa"),
        ("source:tel", "aa"),
        ("source:cli", "bb"),
        ("source:cli is:archived", "cc"),
        ("source:cli source:telegram", "bb aa"),
        ("-source:cli", "aa dd"),
        ("model:opus", "aa"),
        ("cwd:web is:live", "bb"),
        ('title:"fix the" ', "aa"),
        ("profile:work", "dd"),
        ("after:1990-01", ""),
        ("id:20260403", "cc"),
        ("id: 20260403_cc", "cc"),
        ("hermes --resume 20260403_cc", "cc"),
        ("$ ./venv/bin/hermes --profile work --resume=20260404_dd ", "dd"),
    ],
)
def test_filters_of_sessions_filter_the_list(text: str, ids: str) -> None:
    """Mutant: with `is:archived` left to the default list, an archived session is never found by it."""
    found = listed(text)
    assert found is not None
    rows = found.rows(browser_state(*SESSIONS).catalog, everything=False)
    assert [row.session.id[-2:] for row in rows] == ids.split()


@pytest.mark.parametrize("text", ["docker", "source:cli docker", "role:user", "source:cli tool:x", "-docker", "", "-"])
def test_anything_else_is_a_search_of_messages(text: str) -> None:
    assert listed(text) is None


def test_a_filter_that_does_not_exist_is_replaced_by_the_one_that_is_meant() -> None:
    """Mutants: its value changed too; a filter that is one, or a word like none."""
    assert with_known_filters("-sorce:cli x Source:sorce from:a:b") == "-source:cli x source:sorce source:a:b"
    assert with_known_filters("source:cli https://example.org foo:bar id:2026") == (
        "source:cli https://example.org foo:bar id:2026"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("from:telegram", "from: is no filter · source:telegram?"),
        ("Source:Telegram", "Source: is no filter · source:telegram?"),
        ("docker since:tuesday", "since: is no filter · after:7d?"),
        ("sorce:cli", "sorce: is no filter · source:cli?"),
        ("source:xyz", "no source xyz here: cli cron telegram"),
        ("docker model:gpt", "no model gpt here: opus-4.1"),
        ("profile:home", "no profile home here: default work"),
        ("source:tele docker", ""),
        ("https://example.org foo:bar id:2026", ""),
        ("docker", ""),
    ],
)
def test_a_filter_or_a_value_that_does_not_exist_gets_a_hint(text: str, said: str) -> None:
    rows = browser_state(*SESSIONS).catalog.shown(everything=True)
    assert hint(text, parse(text, now=100.0, open_word=True), rows) == said
