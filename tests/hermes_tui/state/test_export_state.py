"""What is chosen on the screen of exports."""

from __future__ import annotations

from hermes_tui.render.export.model import ExportOptions, Format
from hermes_tui.state.export_state import ExportState


def test_a_typed_file_chooses_the_format_that_its_ending_names() -> None:
    """Mutants: the ending not looked at; another one taken for Markdown."""
    state = ExportState(("s1",), ExportOptions(Format.MARKDOWN))
    state.place("~/all.jsonl")
    assert (state.request().output, state.options.format) == ("~/all.jsonl", Format.JSONL)
    state.place("notes.d")
    assert state.options.format is Format.JSONL
