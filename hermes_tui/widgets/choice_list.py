"""List of what can be chosen, by number."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from hermes_tui.commands.model import Offer
from hermes_tui.render.choice_row import choice_row, places_of
from hermes_tui.render.line import Line
from hermes_tui.widgets.theme import glyphs_of
from hermes_tui.widgets.virtual_list import VirtualList


class ChoiceList(VirtualList):
    """Offers in the order they came in; filtered, those first whose title has the words first.

    Args:
        offers: All of them.
    """

    def __init__(self, offers: Sequence[Offer]) -> None:
        super().__init__(id="choices")
        self.offers = offers
        self._words: tuple[str, ...] = ()

    def filter(self, text: str) -> None:
        """Show those whose title has all words of a text; with none all but those that are hidden."""
        self._words = tuple(text.casefold().split())
        found = [(number, places_of(offer.title, self._words)) for number, offer in enumerate(self.offers)]
        ranked = [(self.offers[number].hidden, sum(places), number) for number, places in found if places is not None]
        self.cursor.reset()
        self.set_keys([number for hidden, _, number in sorted(ranked) if self._words or not hidden])

    @property
    def cursor_offer(self) -> Offer | None:
        """What is under the cursor."""
        return None if self.cursor.key is None else self.offers[int(str(self.cursor.key))]

    def opens_at_once(self, key: Hashable) -> bool:  # noqa: ARG002  every row does something
        """A click chooses."""
        return True

    def paint(self, key: Hashable, width: int, *, cursor: bool) -> Line:
        """An offer as a row."""
        offer = self.offers[int(str(key))]
        return choice_row(offer.title, offer.shown, self._words, width=width, glyphs=glyphs_of(self.app), cursor=cursor)
