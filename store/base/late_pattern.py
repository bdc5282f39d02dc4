"""Regular expressions that are compiled at their first use: those of a start take as long as importing its modules."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from re import compile as late_pattern
else:

    class _LatePattern:
        """A pattern, with the attributes of a compiled one."""

        def __init__(self, pattern: str | bytes, flags: int = 0) -> None:
            self._written = pattern, flags

        def __getattr__(self, name: str) -> Any:
            """An attribute of the compiled pattern, which is kept, so that it is looked up once."""
            compiled = self.__dict__.get("_compiled") or re.compile(*self._written)
            self.__dict__["_compiled"] = compiled
            self.__dict__[name] = value = getattr(compiled, name)
            return value

    late_pattern = _LatePattern


__all__ = ["late_pattern"]
