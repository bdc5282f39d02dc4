"""Command palette: every command that works where the palette was called, and the themes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial

from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from hermes_tui.commands.model import Offer, Offers


class Palette(CommandPalette):
    """Textual's palette, which stands while a page is asked for that its list has not laid out yet."""

    def _action_command_list(self, action: str) -> None:
        with suppress(KeyError):
            super()._action_command_list(action)


def choices_of(offers: Callable[[], Iterator[Offer]]) -> type[Provider]:
    """A provider of what `offers` gives, in its order; typing filters it by words."""

    class _Choices(Provider):
        async def discover(self) -> Hits:
            for offer in offers():
                yield DiscoveryHit(Content(offer.title), offer.run, text=offer.title)

        async def search(self, query: str) -> Hits:
            words = query.casefold().split()
            for place, offer in enumerate(offers()):
                if all(word in offer.title.casefold() for word in words):
                    yield Hit(1.0 / (1 + place), Content(offer.title), offer.run, text=offer.title)

    return _Choices


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
