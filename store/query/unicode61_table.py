"""Separators of FTS5's tokenizer `unicode61`, so that scans and marks agree with the index exactly.

The table is SQLite's own (categories L*, N* and Co of its Unicode version; code points it does not know count as
letters, newer emoji among them), read from its tokenizer.
Python's `unicodedata` follows another version of Unicode with every release, so it cannot stand in for it.
"""

from __future__ import annotations

_FIRST = 0x80
_GAPS = (
    "0.16 1.7 2 1.3 2 3 n v cq.4 c.e 5.7 1 1.3l 5 8 5.2 1 32 3v.8 5s.6 15.2 4 1.1j 17.2 b.5 1.m 2.2 17.l a.4 2 2r 1.f "
    "2.7 f.2 1.e 1 1 u.r 2j.b 1m.9 2.4 s.4 1.9 1.3 1.5 2.f q.3 2 3p.r 1.4 1i.3 1.i 1.7 a.4 a g.3 1k 1.7 2.2 2.3 9 a.2 "
    "e.2 6.2 5.3 1k 1.5 4.2 2.3 3 u.2 3 b.3 1k 1.8 1.3 1.3 k.2 c.2 f.3 1k 1.7 2.2 2.3 8.2 a.2 c h 1n.5 3.3 1.4 9 r.8 "
    "6.3 1m.7 1.3 1.4 7.2 b.2 r 2.2 1k 1.7 1.3 1.4 7.2 b.2 u.2 1m.7 1.3 1.4 9 a.2 l 8.2 1y 4.6 1 1.8 i.3 1o 2.7 4 7.9 "
    "a.2 2d 2.6 1.2 b.6 1f.v k.c 1d.n 5.b 1.10 1.f 1.d 28.k b.6 6.4 4.3 1.3 2.7 3.4 d.c 1 a.6 2j gx.c 13.a 2u h8.2 h "
    "q.2 26.3 10.3 t.5 r.2 u.2 1s.z 1.4 1 y.f 4a 3a.c 4.c 4 3.2 2y.h 7.2 k.y n.5 2.2 1h.a 1.t 2 w.7 1.6 2a.5 1b.h l.z "
    "3.3 u.d 1k.e 8.4 10.k 3.5 1q.2 1s.8 8.p 4 4.3 5n.13 l.4 cd 1.3 b.3 d.3 d.3 d.2 1.2t 5.6 a.5 b.5 h.q m.x f.2 1.4 "
    "1.2 a 1.3 5.6 1 1 1 4 b.2 4.5 5.4 1 1s.h0 c.13 p.b 29.26 m.e8 1.39 u.qh 3.a az.6 4.3 7.4 1.2 34 e 2o.27 1.c 1w.q "
    "1.2h c.5y q.c 4.5 3.p 9.7 5.2 5.3 2h.4 3 2i 44.2 4.a w.10 s.v b.u 8 f.w a.13 f.1r 1.74 534.1s h3k.1j 1j.2 7h.3 "
    "2n.g w 28.8 8.n 9.2 2v.2 3b 3 4 n.9 a.4 1m.4 8.2 1e.h 9.2 g.i 6.3 17.a n.d b w.4 1b.r g.2 21.e c 8.2 e.4 n.3 1 "
    "1g 1.3 2.2 5.2 1 s.2 b.7 3.2 6k.b 8pe.1kw 5cu a 3s.g ak.2 58.2 2.q 6.7 9.z 1.j 1.4 43 1.f a.7 q.6 q.b 3e.7 1.7 "
    "a.7 74.3 1g.9 1l.h 6.c 1g.1a bl 1c w6 5j v 5d.3 1.2 5.4 14.3 4 g.9 12 55.7 xs.3 1h.m 1e.3 19.i 1q.3 10.e b.4 "
    "1o.3 1c.e 4.4 yq.d 2pk.4 esd.1a g.4 j1p.6u a.13 2.51 y.1y 56.2f oa p v p v p v p v p 4ks.2 7i.18 4.2s c.f 2.e "
    "2.f 1.f 1c.v 1.1o 4.17 23.t d.17 5.9 7.2 4u.x f.6 1.1y 3.k c.11 1.5 l.h f.1r 1 1.52 1.4 3.1q 2.4 c.o 43.1y 4.b "
    "1c.1y 1m.38 gwi5 u.2o 3k.6o"
)
"""Runs of separators from U+0080 up: letters in between, then the run's length after a dot unless 1, in base 36."""


def separators() -> list[range]:
    """Runs of separator code points from U+0080 up, lone surrogates included."""
    runs: list[range] = []
    position = _FIRST
    for gap in _GAPS.split():
        letters, _, length = gap.partition(".")
        start = position + int(letters, 36)
        position = start + int(length or "1", 36)
        runs.append(range(start, position))
    return runs
