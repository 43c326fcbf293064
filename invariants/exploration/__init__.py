"""Exhaustive search of a model within bounds: every state, breadth first.

One rule: a verdict is about what was looked at. `holds` means that every state within the bounds was visited and
judged; a search that was stopped says `unknown` and why; a counterexample is replayed on the concrete reading, step by
step, before it is believed.

`explore.py` is the entrance. The same term graphs (`model/columns`) are searched by `in_numpy.py` and by `in_c.py`;
`on_values.py` searches the concrete reading, for comparison.
"""
