"""An oracle for comparison and repair: conversations that are known, what two sources kept of them, and a judge.

It shares neither code nor assumptions with `store.formats`: it numbers what was said and looks at numbers alone.
"""
