"""The verbs that mend: repair and undo. They show, ask, and only then write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TextIO

from hermes_tui.cli.output import Paper, complain, remark
from hermes_tui.cli.show import checked, now, opened, session_named
from hermes_tui.render.repair_plan import sentences
from hermes_tui.render.safe import SafeText, safe
from hermes_tui.render.time import in_words, many
from store import Browser, Home, Operation, OperationMissing, Plan, Receipt, Refused, Repairs, SessionDB, State

REFUSED = 1
MERGE_HINT = "; --merge inserts them all the same"
EVERY = "all profiles as one are only read; name the one to write to with --profile NAME"
NO_TERMINAL = "asks before it writes, and there is no terminal here to ask on; add --yes"

Ask = Callable[[str], bool]
"""Puts a question to who sits at the terminal."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked of `repair`."""

    names: Sequence[str] = ()
    """Ids of sessions, the start of them, or ids of stopped repairs."""
    every: bool = False
    dry_run: bool = False
    yes: bool = False
    merge: bool = False
    adopt: bool = False
    full_backup: bool = False
    read_only: bool = False

    @property
    def wrong(self) -> str:
        """Why it cannot be done so; "" where it can."""
        if bool(self.names) == self.every:
            return "name the sessions to repair, or all of them with --all"
        if self.merge and len(self.names) != 1:
            return "--merge is for one session: name it"
        return "--read-only and a repair don't go together; --dry-run shows the plan" if self._would_write else ""

    @property
    def _would_write(self) -> bool:
        return self.read_only and not self.dry_run


@dataclass(frozen=True, slots=True)
class Streams:
    """Where results, complaints and questions go; `ask` is None where nobody can be asked."""

    out: TextIO
    err: TextIO
    ask: Ask | None = None


def repair(home: Home, wish: Wish, *, as_json: bool, streams: Streams) -> int:
    """Show what a repair would do, ask, do it, print receipts.

    Returns:
        0; 1 where something was refused; 2 where nobody could be asked or the wish makes no sense: a repair of all
        profiles as one is none.
    """
    if wish.wrong:
        return complain(wish.wrong, streams.err)
    if home.is_every and not wish.dry_run:
        return complain(EVERY, streams.err)
    paper = Paper(streams.out, now=now())
    with opened(home) as db:
        plans = _plans(db, wish)
    refused = any(plan.refusals for plan in plans)
    todo = [plan for plan in plans if plan.applies]
    if not as_json:
        _show(paper, plans)
    if wish.dry_run or not todo:
        if as_json:
            for plan in plans:
                paper.json(_line(plan, None))
        return REFUSED if refused else 0
    if not wish.yes:
        if streams.ask is None:
            return complain(f"repair {NO_TERMINAL}", streams.err)
        if not streams.ask(_question(todo)):
            remark("nothing was written", streams.err)
            return 0
    with closing(SessionDB(home.state_db, sessions_dir=home.sessions_dir)) as db:
        return max(REFUSED if refused else 0, _apply(db, plans, wish, paper, streams, as_json=as_json))


def undo(home: Home, name: str, *, yes: bool, read_only: bool, as_json: bool, streams: Streams) -> int:
    """Take a repair back: show what goes, ask, do it.

    Returns:
        0; 1 where it was refused; 2 where nobody could be asked, or nothing may be written.
    """
    if read_only:
        return complain("--read-only and an undo don't go together", streams.err)
    if home.is_every:
        return complain(EVERY, streams.err)
    paper = Paper(streams.out, now=now())
    with opened(home) as db:
        found = next((one for one in db.operations() if one.id == name), None)
    if found is None:
        raise OperationMissing(f"no repair “{name}” here; its receipt and its folder in backups/hermes-tui have the id")
    if not yes and found.state is not State.UNDONE:
        if streams.ask is None:
            return complain(f"undo {NO_TERMINAL}", streams.err)
        if not streams.ask(_undo_question(found)):
            remark("nothing was written", streams.err)
            return 0
    with closing(SessionDB(home.state_db, sessions_dir=home.sessions_dir)) as db:
        try:
            receipt = db.undo(found.id)
        except Refused as refusal:
            complain(refusal, streams.err)
            return REFUSED
    if as_json:
        paper.json(_undone(receipt))
    else:
        paper.line(_undone_line(receipt))
    return 0


def _plans(db: Browser, wish: Wish) -> list[Plan]:
    if wish.every:
        return list(db.plans(adopt=wish.adopt))
    stopped = {one.id: one.session_id for one in db.operations() if one.unfinished}
    ids = [stopped[name] if name in stopped else session_named(db, name).id for name in wish.names]
    return [db.plan(session_id, merge=wish.merge) for session_id in dict.fromkeys(ids)]


def _show(paper: Paper, plans: Sequence[Plan]) -> None:
    """Every plan in five or more lines; or that there is nothing to mend."""
    if not plans:
        paper.line(safe("nothing to repair: SQLite has every message that a JSONL file has"))
    for plan in plans:
        paper.line(safe(f"{plan.session_id}  {plan.check.verdict}"))
        for sentence in sentences(plan, merge_hint=MERGE_HINT):
            paper.line(SafeText(f"  {sentence.verb:<9}{safe(paper.glyphs.words(sentence.text))}"))


def _question(todo: Sequence[Plan]) -> str:
    messages = many(sum(plan.insert for plan in todo), "message")
    return f"Insert {messages} into {many(len(todo), 'session')}?"


def _undo_question(found: Operation) -> str:
    taken = many(found.inserted, "message")
    return f"Take {taken} out of {safe(found.session_id)} again, and give {in_words(found.moved)} their old ids?"


def _apply(db: Repairs, plans: Sequence[Plan], wish: Wish, paper: Paper, streams: Streams, *, as_json: bool) -> int:
    """Do the plans one after the other; what is refused does not stop the others."""
    code = 0
    for plan in plans:
        receipt = None
        if plan.applies:
            try:
                receipt = db.repair(plan, full_backup=wish.full_backup)
            except Refused as refusal:
                complain(refusal, streams.err)
                code = REFUSED
        if as_json:
            paper.json(_line(plan, receipt, applied=True))
        elif receipt is not None:
            _print_receipt(paper, receipt)
    return code


def _line(plan: Plan, receipt: Receipt | None, *, applied: bool = False) -> dict[str, object]:
    """The plan's check and what was done; of a dry run what would be."""
    refusals = "; ".join(refusal.words for refusal in plan.refusals)
    done = receipt.inserted if receipt else 0 if applied else plan.insert
    return {
        **checked(plan.check),
        "reason": refusals or plan.check.reason,
        "operation": receipt.operation if receipt else None,
        "inserted": done,
        "moved": receipt.moved if receipt else 0 if applied else plan.moved,
        "backup": str(receipt.backup) if receipt and receipt.backup else None,
    }


def _print_receipt(paper: Paper, receipt: Receipt) -> None:
    counts = f"{many(receipt.inserted, 'message')} inserted in {many(receipt.steps, 'step')}"
    lines = [
        f"{receipt.session_id}  {receipt.state}: {counts}, {in_words(receipt.rows)} in SQLite now",
        f"  backup   {receipt.backup}",
        *([f"  copy     {receipt.full_backup}"] if receipt.full_backup else []),
        *(
            ["  index    not whole: `hermes-tui doctor` tells which, a rebuild by Hermes mends it"]
            if receipt.index_damaged
            else []
        ),
        f"  undo     hermes-tui undo {receipt.operation}",
    ]
    for line in lines:
        paper.line(safe(line))


def _undone(receipt: Receipt) -> dict[str, object]:
    return {
        "session_id": receipt.session_id,
        "operation": receipt.operation,
        "state": receipt.state,
        "taken_out": receipt.inserted,
        "moved": receipt.moved,
        "messages": receipt.rows,
        "backup": str(receipt.backup),
    }


def _undone_line(receipt: Receipt) -> SafeText:
    if not receipt.steps:
        return safe(f"{receipt.operation} was undone already")
    taken = many(receipt.inserted, "message")
    return safe(f"{receipt.session_id}  undone: {taken} taken out, {in_words(receipt.rows)} left")
