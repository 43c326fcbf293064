"""Third set, storage: where logs begin and end on the disk, and what is found by time."""

from tests.bench.held_out.edit import Edit

BUGS = (
    Edit(
        "begins-at-nought-again",
        "A log is dropped and begun anew further on before that is written down.",
        "impl.storage.log_directory",
        """        if to > log.start_offset:
            self._write_log_starts({**self._log_starts, partition: to})
        log.reset_to(to)""",
        "        log.reset_to(to)",
        "stuck",
    ),
    Edit(
        "time-finds-the-deleted",
        "A look-up by time may find a record that is deleted, in the batch in which the log begins.",
        "impl.storage.segment",
        "            if record.timestamp >= timestamp and record.offset >= start:",
        "            if record.timestamp >= timestamp:",
        "wrong answer",
    ),
    Edit(
        "time-finds-the-uncommitted",
        "A look-up by time may find a record that is not committed.",
        "impl.storage.log",
        "return found if found.offset < limit else None",
        "return found",
        "stale read",
    ),
    Edit(
        "watermark-of-the-former-log",
        "A new log of an old name is believed to be committed as far as the one before.",
        "impl.storage.log_directory",
        """        if self._watermarks.get(partition):
            self._write_watermarks({name: at for name, at in self._watermarks.items() if name != partition})
""",
        "",
        "stale read",
    ),
    Edit(
        "finished-and-its-youngest-unsaid",
        "A finished segment's time index lacks what came after its last entry.",
        "impl.storage.segment",
        "        if entry:\n            self.time_index.file.append(entry)\n        self._offsets",
        "        self._offsets",
        "wrong answer",
    ),
    Edit(
        "as-old-as-its-first-record",
        "Retention by time takes a segment to be as old as its first record, and not as young as its youngest.",
        "impl.storage.retention",
        "not 0 <= segment.max_timestamp < now - log.config.retention_ms",
        "not 0 <= (segment.first_timestamp or 0) < now - log.config.retention_ms",
        "loss",
    ),
)
