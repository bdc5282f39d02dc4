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
    UnsafeId,
)
from .home import Home
from .models import (
    Batch,
    Change,
    Check,
    ContextLine,
    Count,
    Drift,
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
    Status,
    ToolCall,
    Verdict,
)
from .recorder import SessionRecorder
from .session_db import SessionDB

__all__ = [
    "Batch",
    "Cancel",
    "CannotOpen",
    "Change",
    "Check",
    "ColumnMissing",
    "ContextLine",
    "Count",
    "Damaged",
    "DiskFull",
    "Drift",
    "ForeignHandle",
    "Head",
    "Hit",
    "Home",
    "HomeMissing",
    "Interrupted",
    "JsonlFacts",
    "Locked",
    "Message",
    "NoPermission",
    "NotADatabase",
    "Origin",
    "Outline",
    "Page",
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
    "UnsafeId",
    "Verdict",
]
