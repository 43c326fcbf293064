"""Held-out bugs of fetch sessions and of requests that wait."""

from tests.bench.held_out.edit import Edit

BUGS = (
    Edit(
        "session-gone-on-with",
        "A follower whose fetch failed goes on with its session where it was, and does not begin anew.",
        "impl.core.fetchers",
        """            self._session_epoch = FULL
            if isinstance(reply, Fetched):
                self._session_id = NO_SESSION
""",
        """            if isinstance(reply, Fetched):
                self._session_id = NO_SESSION
""",
    ),
    Edit(
        "registered-and-not-told-anew",
        "A follower that has registered again goes on with the session its leader knows it by.",
        "impl.core.fetchers",
        "            self._registered = self._member.broker_epoch\n            self._anew = True\n",
        "            self._registered = self._member.broker_epoch\n",
    ),
    Edit(
        "answered-and-still-there",
        "Whoever has been answered stays in the lots where it waited, and is answered again.",
        "impl.core.parking",
        "        return [waiter for waiter in items if not waiter.done]",
        "        return items",
    ),
    Edit(
        "no-deadline-after-the-first",
        "When a parked request has come to its deadline, nobody looks when the others do.",
        "impl.core.clients",
        "        self.due = min((parked.deadline for parked in self._parked.items), default=NEVER)",
        "        self.due = NEVER",
    ),
    Edit(
        "watches-the-first-source",
        "A fetch session goes on watching the partition it watched first, when another has taken its name.",
        "impl.core.fetch_sessions",
        "        if entry.source is not source:\n            self._unwatch(entry)",
        "        if entry.source is None:\n            self._unwatch(entry)",
    ),
)
