"""Hits of a search, by their sessions."""

from __future__ import annotations

from hermes_tui.state.search_results import session_of
from store import Hit


def test_a_hit_whose_session_is_not_listed_yet_names_its_profile() -> None:
    """Mutant: it is the default one's."""
    profiles = [session_of(Hit(session_id, 1, "user", "found")).profile for session_id in ("m_7/s1", "s1")]
    assert profiles == ["m_7", "default"]
