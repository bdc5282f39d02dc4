"""Images and binaries inside texts: blocks with a label in their place."""

from __future__ import annotations

import re

from hermes_tui.render.glyphs import Glyphs
from hermes_tui.render.safe import SafeText, one_line
from hermes_tui.render.time import size

SHORTEST = 256
"""Characters of base64 from which a text is taken for a binary."""
_DATA = re.compile(r"data:([\w.+-]{1,60}/[\w.+-]{1,60})[^,]{0,100};base64,", re.IGNORECASE)
_MAGIC = {
    "iVBORw0KGgo": "image/png",
    "/9j/": "image/jpeg",
    "R0lGOD": "image/gif",
    "UklGR": "image/webp",
    "JVBER": "pdf",
}
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\ufffd]")


def media_label(text: str, glyphs: Glyphs) -> SafeText | None:
    """The label of an embedded file, `[image/png · 41.0 KB]`; None for what people read."""
    if data := _DATA.match(text):
        return _label(data[1], (len(text) - data.end()) * 3 // 4, glyphs)
    if len(text) < SHORTEST:
        return None
    if _is_base64(text):
        kind = next((kind for magic, kind in _MAGIC.items() if text.startswith(magic)), "binary")
        return _label(kind, len(text) * 3 // 4, glyphs)
    start = text[:1_000]
    return _label("binary", len(text), glyphs) if len(_CONTROLS.findall(start)) * 4 > len(start) else None


def _is_base64(text: str) -> bool:
    """Whether a text has no blank and no other sign in it, and is too mixed for a word."""
    start = text[:1_000]
    if re.search(r"[^A-Za-z0-9+/=_\s-]", start) or not re.match(r"[A-Za-z0-9+/_-]{64}", start):
        return False
    mixed = all(re.search(kind, start) for kind in ("[a-z]", "[A-Z]", "[0-9]"))
    return mixed and re.fullmatch(r"[A-Za-z0-9+/_\s-]++={0,2}\s*", text) is not None


def _label(kind: str, n_bytes: int, glyphs: Glyphs) -> SafeText:
    return one_line(f"[{kind} {glyphs.words('·')} {size(n_bytes)}]")
