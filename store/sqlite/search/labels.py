"""What a hit says of its session."""

from __future__ import annotations
