"""Second set, what must go on: controllers that change, disks that fail, processes that begin."""

from tests.bench.held_out.edit import Edit

BUGS = (
    Edit(
        "waits-for-the-former-controller",
        "When another controller is active, what the former was asked is not given up before its time is up.",
        "impl.core.calls",
        "            self._fail(asked, now, out)\n\n    def answered(",
        "\n    def answered(",
        "stuck",
    ),
    Edit(
        "unregistered-and-never-told",
        "A broker whose disk fails while it is not registered never tells which replicas it has lost.",
        "impl.core.lost_logs",
        """        if not member.registered:
            self.due = Millis(now + member.controller_backoff_ms)
            return
""",
        """        if not member.registered:
            return
""",
        "stuck",
    ),
    Edit(
        "acts-before-its-registration",
        "A process acts on the metadata once it is registered and has read all there was, be it from before that.",
        "impl.core.metadata_reader",
        "member.registered and member.broker_epoch < member.image.offset >= reply.high_watermark >= 0",
        "member.registered and member.image.offset >= reply.high_watermark >= 0",
        "loss",
    ),
)
