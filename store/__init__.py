"""The store: sessions and messages of Hermes homes, from SQLite and from the legacy files beside it.

This is the one door; what is not named here may change.
"""

from __future__ import annotations

from .cancel import Cancel
from .errors import (
    CannotOpen,
    ColumnMissing,
    Damaged,
    DiskFull,
    ForeignHandle,
    HomeMissing,
    Interrupted,
    Locked,
    NoPermission,
    NotADatabase,
    QueryInvalid,
    ReadOnly,
    Replaced,
    SessionMissing,
    StoreError,
    StoreMissing,
    UnsafeFilesystem,
    UnsafeId,
)
from .home import Home
from .models import (
    Batch,
    Census,
    Change,
    Check,
    ContextLine,
    Drift,
    Finding,
    Head,
    Hit,
    JsonlFacts,
    Kin,
    Message,
    Origin,
    Outline,
    Page,
    Relation,
    Scope,
    Session,
    Status,
    ToolCall,
    Verdict,
    Whereabouts,
)
from .pending import Pending
from .recorder import SessionRecorder, replay
from .session_db import SessionDB

__all__ = [
    "Batch",
    "Cancel",
    "CannotOpen",
    "Census",
    "Change",
    "Check",
    "ColumnMissing",
    "ContextLine",
    "Damaged",
    "DiskFull",
    "Drift",
    "Finding",
    "ForeignHandle",
    "Head",
    "Hit",
    "Home",
    "HomeMissing",
    "Interrupted",
    "JsonlFacts",
    "Kin",
    "Locked",
    "Message",
    "NoPermission",
    "NotADatabase",
    "Origin",
    "Outline",
    "Page",
    "Pending",
    "QueryInvalid",
    "ReadOnly",
    "Relation",
    "Replaced",
    "Scope",
    "Session",
    "SessionDB",
    "SessionMissing",
    "SessionRecorder",
    "Status",
    "StoreError",
    "StoreMissing",
    "ToolCall",
    "UnsafeFilesystem",
    "UnsafeId",
    "Verdict",
<<<<<<< HEAD
    "replay",
=======
    "Whereabouts",
>>>>>>> main
]
