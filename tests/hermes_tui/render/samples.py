"""What the captures in docs/look.md show, as values; made up, like theirs."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count

from hermes_tui.render.glyphs import UNICODE
from hermes_tui.render.line import Line, plain
from store.models import Drift, Outline, Session, Status

NOW = datetime(2026, 11, 22, 17, 10, tzinfo=UTC)
GLYPHS = UNICODE
HOUR = 3600.0
DAY = 24 * HOUR

_ids = count(1)

L, D, E = Status.LIVE, Status.DONE, Status.ERROR
HALF = Status.INTERRUPTED

Row = tuple[Session, Outline, Drift | None]


def at(day: int, clock: str, *, month: int = 11, year: int = 2026) -> float:
    """Give a moment of the captures' calendar."""
    hour, minute = clock.split(":")
    return datetime(year, month, day, int(hour), int(minute), tzinfo=UTC).timestamp()


def row(  # noqa: PLR0917  the columns, in their order
    status: Status,
    drift: Drift | None,
    ago: float,
    title: str | None,
    source: str,
    messages: int,
    chain: int = 1,
) -> Row:
    """Give a session that was active `ago` seconds before NOW."""
    timestamp = NOW.timestamp() - ago
    session = Session(
        f"s{next(_ids)}",
        source,
        title,
        "anthropic/claude-opus-4.1",
        started_at=timestamp - HOUR,
        last_active=timestamp,
        messages=messages,
        chain=chain,
        section=chain,
        live=status is Status.LIVE,
    )
    return session, Outline(status), drift


DOCKER = row(D, Drift.JSONL_AHEAD, 3 * HOUR, "Fix the docker build on the bot", "telegram", 2, 3)
GATEWAY = row(L, None, 10, "Deploy the new gateway to staging", "telegram", 148)
PYTEST = row(D, None, 1 * DAY, "Why does pytest hang on the runner?", "cli", 1204, 4)
BLOG = row(HALF, None, 6 * DAY, "Migrate the blog to static pages", "cli", 310)
WEBSOCKET = row(D, Drift.JSONL_AHEAD, 14 * DAY, "Debug the flaky websocket reconnect", "discord", 4)
TENTS = row(D, None, 45 * DAY, "Onboarding checklist for the new hires", "slack", 57)
DOWNLOADS = row(D, None, 45 * DAY, "Tidy the downloads folder every night", "cron", 180)
ROWS: list[Row] = [
    GATEWAY,
    row(L, None, 120, "Weekly digest of the mailing list", "cron", 12),
    DOCKER,
    row(D, None, 5 * HOUR, "Compare three vector stores for the notes app, with prices", "cli", 86),
    row(HALF, None, 6 * HOUR, "Rename the photo library by EXIF date", "cli", 41),
    row(D, None, 9 * HOUR, "桂林旅行計画：三泊四日、雨の場合の代案も", "telegram", 64),
    row(E, None, 11 * HOUR, "Transcribe the interview and pull quotes", "discord", 7),
    row(D, Drift.DIVERGED, 1 * DAY, "Backup script for the NAS", "cli", 233, 2),
    PYTEST,
    row(D, None, 2 * DAY, "Translate the lease to plain words", "whatsapp", 18),
    row(Status.EMPTY, None, 2 * DAY, None, "cli", 0),
    row(D, Drift.DAMAGED, 3 * DAY, "Sort receipts for the tax year", "telegram", 97),
    row(D, None, 3 * DAY, "Draft a reply to the landlord", "whatsapp", 9),
    row(D, Drift.JSONL_ONLY, 4 * DAY, "Plan the garden beds", "telegram", 55),
    row(D, None, 5 * DAY, "Read the paper on log-structured merge trees, again", "cli", 132, 2),
    BLOG,
    row(D, None, 7 * DAY, "Sketch a schema for the recipe box", "cli", 48),
    row(D, None, 8 * DAY, "Summarise yesterday’s stand-up", "slack", 6),
    row(D, None, 9 * DAY, "Find flights under 400 in October", "telegram", 73),
    WEBSOCKET,
]
"""The list of browse-80x24, which browse-140x40 goes on."""

LATER: list[Row] = [
    row(D, None, 15 * DAY, "Unit tests for the parser", "cli", 164, 2),
    row(E, None, 21 * DAY, "Resize the root partition", "cli", 22),
    row(D, None, 22 * DAY, "A birthday poem in the style of Rilke", "whatsapp", 11),
    row(D, None, 28 * DAY, "Port the shell scripts to fish", "cli", 90),
    TENTS,
    row(D, None, 40 * DAY, "Regex for the invoice numbers", "cli", 14),
    row(D, None, 41 * DAY, "Which tent survives a storm?", "telegram", 29),
    DOWNLOADS,
    row(HALF, None, 60 * DAY, "Rewrite the resume in two columns", "cli", 38),
    row(D, None, 61 * DAY, "Cron job that never ran", "cron", 44),
    row(D, None, 62 * DAY, "Explain the borrow checker with pictures", "telegram", 66),
    row(D, None, 63 * DAY, "Label the spectrogram", "cli", 81, 2),
    row(D, None, 100 * DAY, "Phone plan comparison", "whatsapp", 16),
    row(D, None, 101 * DAY, "Turn the whiteboard photo into a diagram", "telegram", 25),
]


def texts(lines: list[Line]) -> list[str]:
    """Give lines as a capture has them: text alone, no spaces at the end."""
    return [plain(line).rstrip() for line in lines]
