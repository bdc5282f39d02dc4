"""The verbs `repair` and `undo`: they show, ask, and only then write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace

from hermes_tui.cli.options import Options
from hermes_tui.cli.output import Output, Streams, complain, picked, remark
from hermes_tui.cli.printed_ids import ids_by_look_up
from hermes_tui.cli.stores import EVERY, opened, opened_to_write, session_named
from hermes_tui.cli.trash import is_deletion, list_deletions, restore_one
from hermes_tui.render.repair_plan import gateway_sentence, refusal_words, sentences
from hermes_tui.render.safe import SafeText, safe
from hermes_tui.render.time import in_words, many
from store import Browser, Home, Operation, OperationMissing, Plan, Receipt, Refused, Repairs, State

REFUSED = 1
MERGE_HINT = "; --merge inserts them all the same"
NO_TERMINAL = "asks before it writes, and there is no terminal here to ask on; add --yes"


def repair(home: Home, options: Options, streams: Streams) -> int:
    """Show what a repair would do, ask, do it, print receipts.

    Returns:
        0; 1 where something was refused; 2 where nobody could be asked or the options contradict each other, as for
        a repair of all profiles as one.
    """
    if complaint := _contradiction(options):
        return complain(complaint, streams.err)
    if home.is_every and not options.dry_run:
        return complain(EVERY, streams.err)
    output = Output(streams.out)
    with opened(home) as db:
        plans = _plans(db, options)
        if home.is_every:  # these are only shown
            plans = _as_printed(plans, ids_by_look_up(home, db))
        unread = db.problems()
    refused = any(plan.refusals for plan in plans)
    todo = [plan for plan in plans if plan.applies]
    if not options.json:
        _show(output, plans)
    if options.dry_run or not todo:
        if options.json:
            for plan in plans:
                output.json(_repair_json(plan, None))
        return complain(f"partial: {unread[0]}", streams.err) if unread else REFUSED if refused else 0
    if not options.yes:
        if streams.ask is None:
            return complain(f"repair {NO_TERMINAL}", streams.err)
        if not streams.ask(_question(todo)):
            remark("nothing was written", streams.err)
            return 0
    with opened_to_write(home) as db:
        return max(REFUSED if refused else 0, _apply(db, plans, options, output, streams))


def undo(home: Home, options: Options, streams: Streams) -> int:
    """Take a repair back: show what goes, ask, do it; without an id, list the repairs.

    Returns:
        0; 1 where it was refused; 2 where nobody could be asked, or nothing may be written.
    """
    if not options.ids:
        return _list(home, options, Output(streams.out))
    if complaint := _undo_contradiction(home, options):
        return complain(complaint, streams.err)
    [name] = options.ids
    with opened(home) as db:
        found = next((operation for operation in db.operations() if operation.id == name), None)
    if found is None and is_deletion(home, name):
        return restore_one(home, options, streams, name)
    if found is None:
        raise OperationMissing(
            f"no repair or deletion “{name}” here; its receipt and its folder in backups/hermes-tui have the id"
        )
    return _undo_repair(home, options, streams, found)


def _undo_repair(home: Home, options: Options, streams: Streams, found: Operation) -> int:
    """Ask, undo a repair, print what was done."""
    output = Output(streams.out)
    if not options.yes and found.state is not State.UNDONE:
        if streams.ask is None:
            return complain(f"undo {NO_TERMINAL}", streams.err)
        if not streams.ask(_undo_question(found)):
            remark("nothing was written", streams.err)
            return 0
    with opened_to_write(home) as db:
        try:
            receipt = db.undo(found.id)
        except Refused as refusal:
            complain(refusal, streams.err)
            return REFUSED
    if options.json:
        output.json(_undo_json(receipt))
    else:
        for line in (_undone_line(receipt), *map(safe, _note(receipt))):
            output.line(line)
    return 0


def _list(home: Home, options: Options, output: Output) -> int:
    """Every deletion and every repair in the journal, the last one first."""
    with opened(home) as db:
        operations, printed = db.operations(), ids_by_look_up(home, db)
        operations = tuple(replace(found, session_id=printed(found.session_id)) for found in operations)
    if not list_deletions(home, options, output) and not operations and not options.json:
        output.line(safe("no repair and no deletion was made here yet"))
    for found in operations:
        if options.json:
            known = picked(found, "id", "session_id", "started_at", "inserted", "moved", "to_insert")
            output.json({**known, "state": str(found.state), "backup": str(found.backup)})
        else:
            counted = f"{in_words(found.inserted):>7}  {found.state:<8}"
            output.line(safe(f"{found.id}  {output.stamp(found.started_at)}  {counted}  {found.session_id}"))
    return 0


def _contradiction(options: Options) -> str:
    """The reason why options do not go together; "" where they do."""
    if bool(options.ids) == options.every:
        return "name the sessions to repair, or all of them with --all"
    if options.merge and len(options.ids) != 1:
        return "--merge is for one session: name it"
    if options.read_only and not options.dry_run:
        return "--read-only and a repair don't go together; --dry-run shows the plan"
    return ""


def _undo_contradiction(home: Home, options: Options) -> str:
    """The reason why an undo cannot be done here; "" where it can."""
    if len(options.ids) > 1:
        return "undo takes one repair at a time"
    if options.read_only:
        return "--read-only and an undo don't go together"
    return EVERY if home.is_every else ""


def _plans(db: Browser, options: Options) -> list[Plan]:
    if options.every:
        return list(db.plans(adopt=options.adopt))
    stopped = {operation.id: operation.session_id for operation in db.operations() if operation.unfinished}
    ids = [stopped[name] if name in stopped else session_named(db, name).id for name in options.ids]
    return [db.plan(session_id, merge=options.merge) for session_id in dict.fromkeys(ids)]


def _as_printed(plans: Sequence[Plan], printed: Callable[[str], str]) -> list[Plan]:
    return [replace(plan, check=replace(plan.check, session_id=printed(plan.session_id))) for plan in plans]


def _show(output: Output, plans: Sequence[Plan]) -> None:
    """Every plan in five or more lines; or that there is nothing to repair."""
    if not plans:
        output.line(safe("nothing to repair: SQLite has every message that a JSONL file has"))
    for plan in plans:
        output.line(safe(f"{plan.session_id}  {plan.check.verdict}"))
        for sentence in sentences(plan, merge_hint=MERGE_HINT):
            output.line(SafeText(f"  {sentence.verb:<9}{safe(output.glyphs.words(sentence.text))}"))


def _question(todo: Sequence[Plan]) -> str:
    messages = many(sum(plan.insert for plan in todo), "message")
    return f"Insert {messages} into {many(len(todo), 'session')}?"


def _undo_question(found: Operation) -> str:
    taken = many(found.inserted, "message")
    return f"Take {taken} out of {safe(found.session_id)} again, and give {in_words(found.moved)} their old ids?"


def _apply(db: Repairs, plans: Sequence[Plan], options: Options, output: Output, streams: Streams) -> int:
    """Do the plans one after the other; what is refused does not stop the others."""
    code = 0
    for plan in plans:
        receipt = None
        if plan.applies:
            try:
                receipt = db.repair(plan, full_backup=options.full_backup)
            except Refused as refusal:
                complain(refusal, streams.err)
                code = REFUSED
        if options.json:
            output.json(_repair_json(plan, receipt, applied=True))
        elif receipt is not None:
            _print_receipt(output, receipt)
    return code


def _repair_json(plan: Plan, receipt: Receipt | None, *, applied: bool = False) -> dict[str, object]:
    """The plan's check and what was done; of a dry run what would be."""
    refusals = "; ".join(refusal_words(refusal) for refusal in plan.refusals)
    done = receipt.inserted if receipt else 0 if applied else plan.insert
    return {
        **asdict(plan.check),
        "reason": refusals or plan.check.reason,
        "operation": receipt.operation if receipt else None,
        "inserted": done,
        "moved": receipt.moved if receipt else 0 if applied else plan.moved,
        "backup": str(receipt.backup) if receipt and receipt.backup else None,
        "note": gateway_sentence(gateway) if (gateway := (receipt or plan).gateway) else None,
    }


def _print_receipt(output: Output, receipt: Receipt) -> None:
    counts = f"{many(receipt.inserted, 'message')} inserted in {many(receipt.steps, 'step')}"
    lines = [
        f"{receipt.session_id}  {receipt.state}: {counts}, {in_words(receipt.rows)} in SQLite now",
        f"  backup   {receipt.backup}",
        *([f"  copy     {receipt.full_backup}"] if receipt.full_backup else []),
        *(
            ["  index    damaged: `hermes-tui doctor` reports which, a rebuild by Hermes repairs it"]
            if receipt.index_damaged
            else []
        ),
        f"  undo     hermes-tui undo {receipt.operation}",
        *_note(receipt),
    ]
    for line in lines:
        output.line(safe(line))


def _note(receipt: Receipt) -> list[str]:
    return [f"  note     {gateway_sentence(receipt.gateway)}"] if receipt.gateway else []


def _undo_json(receipt: Receipt) -> dict[str, object]:
    return {
        **picked(receipt, "session_id", "operation", "state"),
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
