"""The command palette: every command that works where the palette was called, and the themes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from hermes_tui.commands import TABLE, Place, applying


class Commands(Provider):
    """Finds commands by the words of their titles.

    What is handed to Textual is `Content`, never text: a string would be read as markup.
    """

    async def discover(self) -> Hits:
        """Everything, in the order of the table."""
        for title, help_text, run in self._entries():
            yield DiscoveryHit(self._shown(title, help_text), run, text=title)

    async def search(self, query: str) -> Hits:
        """What has all words of the query in it, the earliest place first."""
        words = query.casefold().split()
        for title, help_text, run in self._entries():
            places = [title.casefold().find(word) for word in words]
            if min(places, default=0) >= 0:
                score = 1.0 / (1.0 + sum(places))
                yield Hit(score, self._shown(title, help_text, words), run, text=title)

    def _entries(self) -> Iterator[tuple[str, str, Callable[[], object]]]:
        """Title, keys and what to run."""
        place = getattr(self.screen, "place", None)
        conditions = getattr(self.screen, "conditions", ())
        for command in applying(place, conditions) if isinstance(place, Place) else TABLE:
            for key in command.keys:
                if key.title:
                    yield key.title, command.shown, partial(self.screen.run_action, key.action)
        for theme in sorted(self.app.available_themes):
            yield f"Theme {theme}", "", partial(setattr, self.app, "theme", theme)

    def _shown(self, title: str, keys: str, words: list[str] | None = None) -> Content:
        """The title with its matches marked, and the keys."""
        content = Content(title)
        for word in words or ():
            at = title.casefold().find(word)
            content = content.stylize(self.match_style or "bold", at, at + len(word))
        return content + Content.styled(f"  {keys}", "dim") if keys else content
