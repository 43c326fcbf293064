"""Second set, what clients ask for: producers' sequences, deletions, topics, addresses."""

from tests.bench.held_out.edit import Edit

BUGS = (
    Edit(
        "sequence-wraps-too-early",
        "The sequence 2^31 - 1 is left out when sequences begin again (KAFKA-7692).",
        "impl.core.producers",
        "return (sequence + steps) & SEQUENCE_MAX",
        "return (sequence + steps) % SEQUENCE_MAX",
        "stuck",
    ),
    Edit(
        "epoch-of-the-first-batch",
        "After a start a producer is in the epoch of its first batch that was read, and not of its last.",
        "impl.storage.producer_state",
        "if known is None or known[0] != entry.producer_epoch:",
        "if known is None:",
        "stuck",
    ),
    Edit(
        "deletes-past-the-watermark",
        "Whoever asks to delete what is not committed yet is not refused, and waits in vain.",
        "impl.core.deletions",
        "if not 0 <= offset <= partition.high_watermark:",
        "if not 0 <= offset <= partition.log_end:",
        "wrong answer",
    ),
    Edit(
        "fenced-in-the-address-book",
        "Clients are told the addresses of fenced brokers, too.",
        "impl.core.topics",
        """                for node, broker in sorted(image.brokers.items())
                if not broker.fenced
""",
        """                for node, broker in sorted(image.brokers.items())
""",
        "slow",
    ),
    Edit(
        "created-at-the-first-asking-or-never",
        "A topic is not created for who asks about it once the controller has not answered the first such wish.",
        "impl.core.topics",
        """        def created(_reply: Reply | None, _now: Millis, _out: list[Effect]) -> None:
            self._creating.difference_update(new)
""",
        """        def created(reply: Reply | None, _now: Millis, _out: list[Effect]) -> None:
            if reply is not None:
                self._creating.difference_update(new)
""",
        "stuck",
    ),
)
