"""The black-box checker: judges what clients saw, whoever's cluster they talked to.

It reads `op` lines and nothing else, and imports nothing of the broker, the model or the step checker.

Conventions of a history, as the recording clients keep them:

- Operations are in the order in which they happened, as one observer saw them.
- A record that is produced has a value no other record of its key has: the value names the record.
- A record read is one `consume` that ends `ok`, with partition, offset, key and value; an invoke before it may be
absent.
- A `consume` that ends `ok` with an empty value and error `PARTITION_EOF` says that nothing more could be read at
`offset`.
- One process reads a partition by ascending offsets; an offset that does not go up begins a new reading.
- `fail` says that the record is certainly in no log, `unknown` that nobody knows.
"""

from invariants.history.judge import Anomaly, Judgement, judge, verdict

__all__ = ["Anomaly", "Judgement", "judge", "verdict"]
