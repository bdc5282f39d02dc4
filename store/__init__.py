"""The public API of the store: sessions and messages of Hermes homes. What is not named here may change.

A name brings its module with it when it is first used: a program that reads needs nothing of what repairs.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .agent.messages import ImportedSession
    from .agent.recorder import SessionRecorder, replay
    from .base.cancel import Cancel
    from .base.fallbacks import Fallback, FallbackKind, IndexGap, ScanProgress
    from .base.models import (
        Batch,
        Census,
        Change,
        Check,
        ContextLine,
        Count,
        Drift,
        FamilyMember,
        Finding,
        Head,
        Hit,
        JsonlFacts,
        Message,
        Origin,
        Outline,
        Page,
        Relation,
        Scope,
        Session,
        SessionLocation,
        Status,
        ToolCall,
        Verdict,
    )
    from .browse.protocol import Browser, Repairs
    from .browse.reading import Piece, SessionReading
    from .engine.managed import Mark
    from .errors import *
    from .files.home import Home
    from .files.outbox import Pending
    from .manage.management import MarkPlan
    from .manage.model import (
        Against,
        CopyKind,
        CopyLeft,
        DeletePlan,
        DeletionRefused,
        EmptyPlan,
        Objection,
        TrashEntry,
        TrashReceipt,
    )
    from .open import open_store
    from .profiles.browser import ProfilesBrowser
    from .profiles.opening import open_home
    from .repair.model import DifferenceRow, Operation, Phase, Plan, Progress, Receipt, Refusal, Run, State, Why
    from .session_db import SessionDB

__all__ = [
    "Against",
    "BackupFailed",
    "Batch",
    "Browser",
    "Cancel",
    "CannotOpen",
    "Census",
    "Change",
    "Check",
    "ColumnMissing",
    "ContextLine",
    "CopyKind",
    "CopyLeft",
    "Count",
    "Damaged",
    "DeletePlan",
    "DeletionRefused",
    "DifferenceRow",
    "DiskFull",
    "Drift",
    "EmptyPlan",
    "Fallback",
    "FallbackKind",
    "FamilyMember",
    "Finding",
    "ForeignHandle",
    "Head",
    "Hit",
    "Home",
    "HomeMissing",
    "ImportedSession",
    "IndexGap",
    "Interrupted",
    "JsonlFacts",
    "KeyReused",
    "Locked",
    "Mark",
    "MarkPlan",
    "Message",
    "NoPermission",
    "NotADatabase",
    "Objection",
    "Operation",
    "OperationMissing",
    "Origin",
    "Outline",
    "Page",
    "Pending",
    "Phase",
    "Piece",
    "Plan",
    "PlanChanged",
    "ProfilesBrowser",
    "Progress",
    "QueryInvalid",
    "ReadOnly",
    "Receipt",
    "Refusal",
    "Refused",
    "Relation",
    "Repairs",
    "Replaced",
    "Run",
    "ScanProgress",
    "Scope",
    "Session",
    "SessionDB",
    "SessionLocation",
    "SessionMissing",
    "SessionReading",
    "SessionRecorder",
    "State",
    "Status",
    "StoreError",
    "StoreMissing",
    "ToolCall",
    "TrashEntry",
    "TrashReceipt",
    "Unreachable",
    "UnsafeFilesystem",
    "UnsafeId",
    "Verdict",
    "Why",
    "open_home",
    "open_store",
    "replay",
]

_MODULES = {
    "agent.messages": "ImportedSession",
    "agent.recorder": "SessionRecorder replay",
    "base.cancel": "Cancel",
    "base.fallbacks": "Fallback FallbackKind IndexGap ScanProgress",
    "base.models": "Batch Census Change Check ContextLine Count Drift FamilyMember Finding Head Hit JsonlFacts Message"
    " Origin Outline Page Relation Scope Session SessionLocation Status ToolCall Verdict",
    "browse.protocol": "Browser Repairs",
    "browse.reading": "Piece SessionReading",
    "engine.managed": "Mark",
    "files.home": "Home",
    "files.outbox": "Pending",
    "manage.management": "MarkPlan",
    "manage.model": "Against CopyKind CopyLeft DeletePlan DeletionRefused EmptyPlan Objection TrashEntry TrashReceipt",
    "open": "open_store",
    "profiles.browser": "ProfilesBrowser",
    "profiles.opening": "open_home",
    "repair.model": "DifferenceRow Operation Phase Plan Progress Receipt Refusal Run State Why",
    "session_db": "SessionDB",
}
"""Modules of the names; the errors are in `errors`."""
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names.split()}

if not TYPE_CHECKING:  # a type checker knows the names from above, and no others

    def __getattr__(name: str) -> object:
        """A name of the API, from the module that has it."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f".{_MODULE_OF.get(name, 'errors')}", __name__), name)
        globals()[name] = value
        return value
