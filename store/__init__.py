"""The public API of the store: sessions and messages of Hermes homes. What is not named here may change."""

from __future__ import annotations

from .agent.messages import ImportedSession
from .agent.recorder import SessionRecorder, replay
from .base.cancel import Cancel
from .browse.protocol import Browser, Repairs
from .browse.reading import Piece, SessionReading
from .errors import *
from .files.home import Home
from .files.outbox import Pending
from .models import *
from .open import open_store
from .profiles.browser import ProfilesBrowser, open_home
from .repair.model import DifferenceRow, Operation, Phase, Plan, Progress, Receipt, Refusal, Run, State, Why
from .session_db import SessionDB

__all__ = [
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
    "Count",
    "Damaged",
    "DifferenceRow",
    "DiskFull",
    "Drift",
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
    "Message",
    "NoPermission",
    "NotADatabase",
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
    "UnsafeFilesystem",
    "UnsafeId",
    "Verdict",
    "Why",
    "open_home",
    "open_store",
    "replay",
]
