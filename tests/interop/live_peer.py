"""The real hermes-agent 0.19.0 in a program of its own that acts on one session as it is told."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PEER = os.environ.get("HERMES_019_PYTHON", "")

Dict = dict[str, Any]

_PROGRAM = """
import json, sys
from pathlib import Path
from hermes_state import SessionDB
db = SessionDB(Path(sys.argv[1]))
for line in sys.stdin:
    method, args, options = json.loads(line)
    try:
        print(json.dumps([getattr(db, method)(*args, **options), None], default=str), flush=True)
    except Exception as error:
        print(json.dumps([None, repr(error)]), flush=True)
"""


class RealHermes:
    """The acts of `tests.hermes_acts.Hermes`, each by the method of the real SessionDB that does it."""

    def __init__(self, path: Path, session_id: str = "s1") -> None:
        self.path, self.session_id = path, session_id
        self._numbers = itertools.count(1)
        self._program = subprocess.Popen(
            [PEER, "-c", _PROGRAM, str(path)],
            env={**os.environ, "HERMES_HOME": str(path.parent)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.call_method("create_session", session_id, "cli")

    def close(self) -> None:
        """End the program."""
        self._program.communicate(timeout=60)

    def call_method(self, method: str, *args: object, **options: object) -> Any:
        """What a method of the real SessionDB gives."""
        assert self._program.stdin is not None
        assert self._program.stdout is not None
        self._program.stdin.write(json.dumps([method, args, options]) + "\n")
        self._program.stdin.flush()
        answer, error = json.loads(self._program.stdout.readline())
        if error:
            raise AssertionError(error)
        return answer

    def append(self, *messages: Dict) -> None:
        """A turn."""
        for message in messages:
            self.call_method("append_message", self.session_id, **message)

    def turn(self, text: str) -> None:
        """A question and its answer."""
        self.append({"role": "user", "content": text}, {"role": "assistant", "content": f"answer to {text}"})

    def call(self, text: str) -> None:
        """A question that the agent answers after a tool call."""
        name = f"call-{next(self._numbers)}"
        call = {"id": name, "type": "function", "function": {"name": "terminal", "arguments": "{}"}}
        self.append(
            {"role": "user", "content": text},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "content": f"output of {text}", "tool_call_id": name, "tool_name": "terminal"},
            {"role": "assistant", "content": f"answer to {text}"},
        )

    def active(self) -> list[Dict]:
        """The live conversation, as an agent that resumes loads it."""
        found: list[Dict] = self.call_method("get_messages", self.session_id)
        names = ("role", "content", "tool_calls", "tool_call_id", "tool_name", "timestamp")
        return [{name: one[name] for name in names if one.get(name) is not None} for one in found]

    def undo(self) -> None:
        """/undo: the last question and what follows it."""
        questions = [one for one in self.call_method("get_messages", self.session_id) if one["role"] == "user"]
        if questions:
            self.call_method("rewind_to_message", self.session_id, questions[-1]["id"])

    def retry(self) -> None:
        """/retry: the last question is asked again."""
        self.undo()
        self.turn("again")

    def restore(self) -> None:
        """`restore_rewound` of all."""
        self.call_method("restore_rewound", self.session_id, 1)

    def compact(self, first: int, last: int, *, timed: bool = True) -> None:
        """`archive_and_compact` with the first and the last messages around a summary."""
        kept = [one if timed else {**one, "timestamp": None} for one in self.active()]
        tail = kept[max(first, len(kept) - last) :]
        self.call_method("archive_and_compact", self.session_id, [*kept[:first], self._summary(), *tail])

    def replace(self, messages: Sequence[Dict], *, active_only: bool = False) -> None:
        """`replace_messages`: a rewrite."""
        self.call_method("replace_messages", self.session_id, list(messages), active_only=active_only)

    def clear(self) -> None:
        """`clear_messages`."""
        self.call_method("clear_messages", self.session_id)

    def split(self) -> None:
        """A compaction that rotates: the session ends, and a continuation has a summary and the last messages."""
        tail, parent = self.active()[-2:], self.session_id
        self.session_id = f"{parent}-{next(self._numbers)}"
        self.call_method("end_session", parent, "compression")
        self.call_method("create_session", self.session_id, "cli", parent_session_id=parent)
        self.call_method("replace_messages", self.session_id, [self._summary(), *tail])

    def delete(self) -> None:
        """`delete_session`."""
        self.call_method("delete_session", self.session_id)

    def prune(self) -> None:
        """`prune_sessions` of all that ended."""
        self.call_method("end_session", self.session_id, "done")
        self.call_method("prune_sessions", older_than_days=-1)

    def _summary(self) -> Dict:
        return {"role": "user", "content": f"[CONTEXT COMPACTION] {next(self._numbers)}"}
