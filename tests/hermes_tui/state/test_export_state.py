"""What is chosen on the screen of exports."""

from __future__ import annotations

from hermes_tui.render.export.model import ExportOptions, Format
from hermes_tui.render.secrets import SecretKind
from hermes_tui.state.export_state import ExportState


def test_a_key_that_would_change_nothing_is_not_offered() -> None:
    """Mutants: a mask where no secret was found; a chain of a session that has none."""
    state = ExportState(("s1",), ExportOptions(Format.MARKDOWN))
    assert {"choosing", "maskable"} <= state.conditions, "secrets are still looked for"
    state.is_counted = True
    assert not state.conditions & {"maskable", "chained"}
    state.secrets[next(iter(SecretKind))] += 1
    state.has_chain = True
    assert {"maskable", "chained"} <= state.conditions
    state.running = True
    assert not state.conditions & {"maskable", "chained"}


def test_a_typed_file_chooses_the_format_that_its_ending_names() -> None:
    """Mutants: the ending not looked at; another one taken for Markdown."""
    state = ExportState(("s1",), ExportOptions(Format.MARKDOWN))
    state.place("~/all.jsonl")
    assert (state.request().output, state.options.format) == ("~/all.jsonl", Format.JSONL)
    state.place("notes.d")
    assert state.options.format is Format.JSONL
