"""Sentences that say why an execution is wrong, by what was violated; `traces.why` chooses among them."""
