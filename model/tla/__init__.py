"""A printing reading: a model as a TLA+ module, so that TLC, a tool of others, can be asked whether it means what we
think: the same distinct states, the same depth, the same verdicts.

One rule: printed from the same syntax tree that every other reading compiles; there is no hand-kept copy.
"""

from model.tla.module import GRAINS, Exported, export
from model.tla.refusals import Unprintable

__all__ = ["GRAINS", "Exported", "Unprintable", "export"]
