"""The verbs `delete` and `trash`, and the undo of a deletion: they show, ask, and only then write."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing

from hermes_tui.cli.options import Options
from hermes_tui.cli.output import Output, Streams, complain, picked, remark
from hermes_tui.cli.stores import EVERY, opened, opened_to_write, session_named
from hermes_tui.render.safe import SafeText, safe
from hermes_tui.render.time import many, size
from hermes_tui.render.trash import empty_lines, error_words, held, plan_lines, receipt_lines, restored_lines
from store import DeletePlan, Home, ReadOnly, Refused, SessionDB, StoreError, TrashEntry, TrashReceipt

REFUSED = 1
NO_TERMINAL = "asks before it writes, and there is no terminal here to ask on; add --yes"


def delete(home: Home, options: Options, streams: Streams) -> int:
    """Show what a deletion takes, ask, do it, print receipts.

    Returns:
        0; 1 where something was refused; 2 where nobody could be asked, or nothing may be written.
    """
    if complaint := _contradiction(home, options):
        return complain(complaint, streams.err)
    output = Output(streams.out)
    with opened(home) as names:
        ids = list(dict.fromkeys(session_named(names, name).id for name in options.ids))
    with closing(_reading(home)) as db:
        plans = _plans(db, ids, with_children=options.with_children)
    todo = [plan for plan in plans if plan.refusal(force=options.force) is None]
    code = 0 if len(todo) == len(plans) else REFUSED
    _show(output, options, plans)
    if options.dry_run or not todo:
        return code
    sections = sum(len(plan.session_ids) for plan in todo)
    question = f"Move {many(sections, 'session')} with {many(sum(p.messages for p in todo), 'message')} to the trash?"
    if (asked := _asked("delete", question, options, streams)) is not None:
        return asked
    with opened_to_write(home) as db:
        for plan in todo:
            try:
                receipt = db.delete(plan, force=options.force)
            except Refused as refusal:
                complain(error_words(refusal), streams.err)
                code = REFUSED
                continue
            _print(output, options, receipt, "deleted", receipt_lines(receipt))
    return code


def trash(home: Home, options: Options, streams: Streams) -> int:
    """List, restore or empty the trash.

    Returns:
        0; 1 where something was refused; 2 where nobody could be asked, or nothing may be written.
    """
    action = options.action or "list"
    if action == "list":
        if home.is_every:
            return complain(EVERY, streams.err)
        with closing(_reading(home)) as db:
            _list(Output(streams.out), options, db.trash())
        return 0
    if complaint := _contradiction(home, options):
        return complain(complaint, streams.err)
    return _empty(home, options, streams) if action == "empty" else _restore(home, options, streams)


def restore_one(home: Home, options: Options, streams: Streams, operation: str) -> int:
    """Undo one deletion by its id; raises OperationMissing where there is none."""
    output = Output(streams.out)
    with closing(_reading(home)) as db:
        entry = next((entry for entry in db.trash() if entry.id == operation), None)
    if entry is not None and entry.can_be_restored:
        question = f"Bring {many(entry.messages, 'message')} of {safe(entry.session_id)} back?"
        if (asked := _asked("undo", question, options, streams)) is not None:
            return asked
    with opened_to_write(home) as db:
        try:
            receipt = db.restore(operation)
        except Refused as refusal:
            complain(refusal, streams.err)
            return REFUSED
    _print(output, options, receipt, "restored", restored_lines(receipt))
    return 0


def is_deletion(home: Home, operation: str) -> bool:
    """True for the id of a deletion in the journal."""
    with closing(_reading(home)) as db:
        return any(entry.id == operation for entry in db.trash())


def list_deletions(home: Home, options: Options, output: Output) -> int:
    """Print every deletion; their number."""
    if home.is_every or home.elsewhere:
        return 0
    with closing(_reading(home)) as db:
        found = db.trash()
    if found:
        _list(output, options, found)
    return len(found)


def _reading(home: Home) -> SessionDB:
    """The store of a home, to read: plans of deletions are no verb of all profiles as one."""
    if home.elsewhere:
        raise ReadOnly(f"{home.elsewhere} is only read, so it has no trash")
    return SessionDB(home.state_db, sessions_dir=home.sessions_dir, read_only=True)


def _contradiction(home: Home, options: Options) -> str:
    if options.read_only and not options.dry_run:
        return "--read-only and this verb don't go together; --dry-run shows the plan"
    return EVERY if home.is_every else ""


def _plans(db: SessionDB, ids: Sequence[str], *, with_children: bool) -> list[DeletePlan]:
    """A plan for each chain; sessions of one chain are one plan."""
    plans: list[DeletePlan] = []
    for session_id in ids:
        if not any(session_id in plan.session_ids for plan in plans):
            plans.append(db.plan_delete(session_id, with_children=with_children))
    return plans


def _show(output: Output, options: Options, plans: Sequence[DeletePlan]) -> None:
    for plan in plans:
        if options.json:
            if options.dry_run or plan.refusal(force=options.force):
                output.json(_plan_json(plan))
            continue
        title = f"  {plan.title}" if plan.title else ""
        output.line(safe(f"{plan.session_id}{title}"))
        _lines(output, plan_lines(plan, force=options.force))


def _asked(verb: str, question: str, options: Options, streams: Streams) -> int | None:
    """None for a yes; else the exit code."""
    if options.yes:
        return None
    if streams.ask is None:
        return complain(f"{verb} {NO_TERMINAL}", streams.err)
    if streams.ask(question):
        return None
    remark("nothing was written", streams.err)
    return 0


def _list(output: Output, options: Options, entries: Iterable[TrashEntry]) -> None:
    shown = 0
    for entry in entries:
        shown += 1
        if options.json:
            known = picked(entry, "id", "session_id", "started_at", "title", "messages", "files", "n_bytes")
            output.json({**known, "state": str(entry.state), "sessions": list(entry.session_ids)})
        else:
            state = "deleted" if entry.state == "done" else str(entry.state)
            counted = f"{many(entry.messages, 'message'):>14}  {size(entry.n_bytes):>8}  {state:<8}"
            output.line(
                safe(f"{entry.id}  {output.stamp(entry.started_at)}  {counted}  {entry.title or entry.session_id}")
            )
    if not shown and not options.json:
        output.line(safe("the trash is empty"))


def _restore(home: Home, options: Options, streams: Streams) -> int:
    with closing(_reading(home)) as db:
        entries = [entry for entry in db.trash() if entry.can_be_restored]
    code = 0
    for name in options.ids:
        found = [entry for entry in entries if name == entry.id or name in entry.session_ids]
        if not found:
            raise StoreError(f"no “{name}” in the trash; hermes-tui trash list prints the ids")
        if options.dry_run:
            _list(Output(streams.out), options, found[:1])
        else:
            code = max(code, restore_one(home, options, streams, found[0].id))
    return code


def _empty(home: Home, options: Options, streams: Streams) -> int:
    output = Output(streams.out)
    with closing(_reading(home)) as db:
        plan = db.plan_emptying()
    if options.json:
        output.json({"deletions": [entry.id for entry in plan.entries], "bytes": plan.n_bytes})
    else:
        _lines(output, empty_lines(plan))
    if options.dry_run or not (plan.entries or plan.leftovers):
        return 0
    if (asked := _asked("trash empty", "Remove all of this for good?", options, streams)) is not None:
        return asked
    with opened_to_write(home) as db:
        removed = db.empty(plan)
    remark(f"{many(removed, 'deletion')} removed for good", streams.err)
    return 0


def _plan_json(plan: DeletePlan) -> dict[str, object]:
    return {
        **picked(plan, "session_id", "title", "messages", "operation"),
        "sessions": list(plan.session_ids),
        "kept_children": list(plan.kept_children),
        "files": [str(path) for path in plan.files],
        "refused": [str(objection.against) for objection in plan.objections],
        "remains": [str(copy.path) for copy in plan.copies],
    }


def _print(
    output: Output, options: Options, receipt: TrashReceipt, done: str, lines: Iterable[tuple[str, str]]
) -> None:
    if options.json:
        output.json(
            {
                **picked(receipt, "operation", "session_id", "messages", "files"),
                "state": str(receipt.state),
                "sessions": list(receipt.session_ids),
                "trash": str(receipt.folder),
                "titles": dict(receipt.titles or {}),
                "left_in_trash": [str(path) for path in receipt.left_in_trash],
                "remains": [str(copy.path) for copy in receipt.copies],
            }
        )
        return
    output.line(safe(f"{receipt.session_id}  {done}: {held(receipt.messages, receipt.files)}"))
    _lines(output, lines)


def _lines(output: Output, lines: Iterable[tuple[str, str]]) -> None:
    for verb, text in lines:
        output.line(SafeText(f"  {verb:<9}{safe(output.glyphs.words(text))}"))
