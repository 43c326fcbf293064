"""Held-out bugs of liveness: what is not tried again, not noticed, or given up too soon."""

from tests.bench.held_out.edit import Edit

BUGS = (
    Edit(
        "proposal-sent-once",
        "A proposal whose answer does not come, or is an error, is not sent again.",
        "impl.core.proposals",
        """        if not isinstance(reply, AlteredPartition) or reply.error is not NO_ERROR:
            self.due = Millis(now + member.controller_backoff_ms)
            return
""",
        """        if not isinstance(reply, AlteredPartition) or reply.error is not NO_ERROR:
            return
""",
    ),
    Edit(
        "back-off-without-a-clock",
        "A follower that backs off from a leader does not say when it is to be woken.",
        "impl.core.fetchers",
        "        if now < self.retry_at:\n            self._fetchers.wake_at(self.retry_at)\n            return\n",
        "        if now < self.retry_at:\n            return\n",
    ),
    Edit(
        "stale-epoch-kept",
        "A broker that is told that its registration is not known any more goes on with it.",
        "impl.core.registration",
        "            self._member.broker_epoch = BrokerEpoch(-1)\n            self._again(now)\n",
        "            self._again(now)\n",
    ),
    Edit(
        "registration-refused-for-good",
        "A broker whose registration is refused does not ask again.",
        "impl.core.registration",
        """            # DUPLICATE_BROKER_REGISTRATION: the process before this one still has a session; it will expire.
            self._again(now)
""",
        """            # DUPLICATE_BROKER_REGISTRATION: the process before this one still has a session; it will expire.
            return
""",
    ),
    Edit(
        "resigns-for-one",
        "A leader of the quorum resigns when the voter it has heard least of is silent, and not when a majority is.",
        "impl.core.quorum.leading",
        "for node in replica.others), reverse=True)\n        needed",
        "for node in replica.others))\n        needed",
    ),
)
