"""The third reading: every action instance traced once over the cells of a state, for exhaustive search.

One rule: nothing here runs a search. A model and bounds come in, term graphs and program texts go out
(`emit_numpy.py`, `emit_c.py`); `invariants/exploration` compiles and drives them.

Read `terms.py`, then `values.py`, `layout.py`, `tracing.py`.
"""
