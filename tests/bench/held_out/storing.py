"""Held-out bugs of storage and recovery: what is on the disk when, and what a start makes of it."""

from tests.bench.held_out.edit import Edit

BUGS = (
    Edit(
        "recovery-point-left-above",
        "A log is cut before its recovery point on the disk is lowered, and that only with the next checkpoint.",
        "impl.storage.log_directory",
        "        self._lower_recovery_point(partition, log.cut_point(to))\n        log.truncate_to(to)",
        "        log.truncate_to(to)",
    ),
    Edit(
        "names-not-synced",
        "A flush syncs what is in the files, and not the names of those that are new.",
        "impl.storage.log",
        "            self._wait_for_syncing()\n        self.sync_names()\n        self.recovery_point",
        "            self._wait_for_syncing()\n        self.recovery_point",
    ),
    Edit(
        "read-from-the-recovery-point",
        "Recovery reads from the recovery point on, also where the high watermark lies further back.",
        "impl.storage.recovery",
        "min(found.recovery_point, found.high_watermark) if epochs is not None else 0",
        "found.recovery_point if epochs is not None else 0",
    ),
    Edit(
        "marker-before-the-logs",
        "A broker that stops says that it stopped cleanly, and then syncs and closes its logs.",
        "impl.storage.log_directory",
        """        for log in self.logs.values():
            log.close()
        self._write_recovery_points({partition: log.recovery_point for partition, log in self.logs.items()})
        self._write_log_starts({})
        self.disk.write_file(CLEAN_SHUTDOWN, b'{"version":0,"brokerEpoch":%d}' % broker_epoch)
""",
        """        self.disk.write_file(CLEAN_SHUTDOWN, b'{"version":0,"brokerEpoch":%d}' % broker_epoch)
        for log in self.logs.values():
            log.close()
        self._write_recovery_points({partition: log.recovery_point for partition, log in self.logs.items()})
        self._write_log_starts({})
""",
    ),
    Edit(
        "fallen-watermark-not-written",
        "The checkpoint is written at once when a follower's watermark rises, and not when it falls: `>` for `<`.",
        "impl.core.fetchers",
        "                    if partition.high_watermark < watermark:\n",
        "                    if partition.high_watermark > watermark:\n",
    ),
)
