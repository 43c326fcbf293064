"""Kafka's protocol as bytes: messages, their schemas, batches and frames.

One rule: what Kafka calls a field and in which versions it is there, kio's schemas say, and nothing here repeats it.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import cast

# Where Hypothesis is installed kio makes its types known to it, which takes a third of the time that a broker needs to
# start. Nobody here asks Hypothesis for them: it is left out while kio is imported, unless it is in use already.
if "hypothesis" not in sys.modules:
    sys.modules["hypothesis"] = cast(ModuleType, None)
    import_module("kio.static.primitive")
    del sys.modules["hypothesis"]
