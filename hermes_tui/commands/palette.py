"""Command palette: every command that works where the palette was called, and the themes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial

from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from hermes_tui.commands.model import Offer, Offers, OffersChoices


class Palette(CommandPalette):
    """Textual's palette, which stands while a page is asked for that its list has not laid out yet."""

    def _action_command_list(self, action: str) -> None:
        with suppress(KeyError):
            super()._action_command_list(action)


class Choices(Provider):
    """Finds what the screen offers in one list, in its order."""

    async def discover(self) -> Hits:
        """All of it."""
        for offer in self.offers():
            yield DiscoveryHit(Content(offer.title), offer.run, text=offer.title)

    async def search(self, query: str) -> Hits:
        """What has all words of the query."""
        words = query.casefold().split()
        for place, offer in enumerate(self.offers()):
            if all(word in offer.title.casefold() for word in words):
                yield Hit(1.0 / (1 + place), Content(offer.title), offer.run, text=offer.title)

    def offers(self) -> Iterator[Offer]:
        """The offers of the screen."""
        if isinstance(self.screen, OffersChoices):
            yield from self.screen.choices()


class Profiles(Choices):
    """Finds profiles by their names."""

    def offers(self) -> Iterator[Offer]:
        """The offers of the app."""
        if isinstance(self.app, Offers):
            yield from self.app.offered()


class Commands(Provider):
    """Finds commands by the words of their titles.

    What is handed to Textual is `Content`, never text: a string would be read as markup.
    """

    async def discover(self) -> Hits:
        """Everything, in the order of the table."""
        for offer in self._offers():
            yield DiscoveryHit(self._shown(offer, ()), offer.run, text=offer.title)

    async def search(self, query: str) -> Hits:
        """The commands with all words of the query, the earliest match first, and commands before themes."""
        words = query.casefold().split()
        for offer in self._offers():
            places = [offer.title.casefold().find(word) for word in words]
            if min(places, default=0) >= 0:
                score = (1.0 if offer.shown else 0.5) / (1.0 + sum(places) / 1000)
                yield Hit(score, self._shown(offer, words), offer.run, text=offer.title)

    def _offers(self) -> Iterator[Offer]:
        """The commands of the screen, those of the app, the themes."""
        for source in (self.screen, self.app):
            if isinstance(source, Offers):
                yield from source.offered()
        for theme in sorted(self.app.available_themes):
            yield Offer(f"Theme {theme}", "", partial(setattr, self.app, "theme", theme))

    def _shown(self, offer: Offer, words: Sequence[str]) -> Content:
        """The title with its matches marked, and the keys."""
        content = Content(offer.title)
        for word in words:
            at = offer.title.casefold().find(word)
            content = content.stylize(self.match_style or "bold", at, at + len(word))
        return content + Content.styled(f"  {offer.shown}", "dim") if offer.shown else content
