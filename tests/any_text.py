"""Every character that can be encoded, for strategies of hypothesis.

By category: what UTF-8 can encode hypothesis finds out one by one, which costs seconds in each fresh process.
"""

from __future__ import annotations

from hypothesis import strategies as st

CHARACTERS = st.characters(exclude_categories=["Cs"])
"""Any but the halves of a surrogate pair."""
