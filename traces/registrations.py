"""Brokers that come back in `survival`: one step of the model, of which two tell.

One rule: the broker's own `restart`, which says what its disk held, waits for the controller's fact that it registered,
and until then the broker may do nothing. It then knows the newest epoch, for it acts on no metadata older than its
registration. Kafka's broker epochs are numbered from 0 for each replica.
"""

from abc import abstractmethod
from typing import Any, ClassVar

from model.design import Model
from model.survival import SURVIVAL
from traces.abstraction import DivergedError, action_of
from traces.refine import Refinement
from traces.restarts import returned

_OWN = ("leader_epoch", "leading", "registered_in", "flushed")
"""What of a replica's state a power loss changes besides what is asked of the disk."""


class Registrations(Refinement):
    """Who is registered, and what became of the log of whoever comes back. With `synced`, whatever is told is on
    disk."""

    model: ClassVar[Model] = SURVIVAL

    def __init__(self, created: Any, *, synced: bool = False) -> None:
        self.synced = synced
        self.heard: set[int] = set()
        """Those of `unsaid` that have become followers since."""
        self.taken_out: set[int] = set()
        """Those that were taken out of the partition and have not told that they deleted their log."""
        self.apart: set[int] = set()
        """Those that were taken out and may have registered since without a fact that told it, until a registration of
        theirs is told or lets them in."""
        self.again_in: set[int] = set()
        """Those that were taken out and are replicas again."""
        self.registrations: dict[int, dict[int, int]] = {}
        """By node: Kafka's broker epochs, and the model's."""
        self.overtaken: dict[int, int] = {}
        """The registration that a process goes by, of the model's numbers, where a later one of its broker has come
        without a restart: that of its former life, on its way until then. It has not heard, and registers anew."""
        super().__init__(created)

    def before_it_is_back(self, node: int, fact: Any) -> None:
        if node in self.returning and type(fact).__name__ in AT_A_MEMBER:
            told = f"n{node} has restarted, and acts before the controller has told that it registered"
            raise DivergedError(action_of(fact), told)
        if node in self.unsaid and type(fact).__name__ in AT_A_MEMBER:
            self._say(node, fact)

    def ends(self, node: int) -> tuple[int, int] | None:
        back = self.returning.get(node)
        if node in self.unsaid:
            return None
        return super().ends(node) if back is None else (back.log_end, back.high_watermark)

    def restart(self, node: int, fact: Any) -> None:
        if node in self.unsaid:
            self._say(node, fact)
        returned(self, node, fact)
        self.returning[node] = fact

    # ------------------------------------------------------------ registrations
    def goes_by(self, node: int, fact: Any) -> int:
        """The registration under which an overtaken process fetches: its own, until it has heard of a later one.

        That is no step of the model. What a leader makes of the fetch is: nobody is added under an older registration.
        """
        number = self.registration(node, fact.broker_epoch, action_of(fact))
        if number < self.overtaken[node]:
            self.same_registration(fact, node, self.overtaken[node])
        self.overtaken[node] = number
        if number == self.state.broker_epoch[node]:
            del self.overtaken[node]
        return number

    def registration(self, node: int, broker_epoch: int, action: str, expected: int | None = None) -> int:
        """The model's number of a broker's registration. One that nobody has told of is named by whoever first speaks
        of it: the one it was created under, and one from while it was no replica. Later ones have higher numbers;
        where several are left it is the one that is expected."""
        known = self.registrations.setdefault(node, {})
        number = known.get(broker_epoch)
        if number is None:
            if broker_epoch < 0:
                told = f"it does not say under which registration of n{node}"
                raise DivergedError(action, told, outside=True)
            newest = self.state.broker_epoch[node] if node in self.machine.members else 0
            before = max((number for epoch, number in known.items() if epoch < broker_epoch), default=-1)
            after = min((number for epoch, number in known.items() if epoch > broker_epoch), default=newest + 1)
            number = 0 if before < 0 else after - 1
            if expected is not None and before < expected < after:
                number = expected
            if not before < number < after:
                raise DivergedError(action, f"n{node} has no registration {broker_epoch}; it has {sorted(known)}")
            known[broker_epoch] = number
        return int(number)

    def same_registration(self, fact: Any, node: int, expected: int) -> None:
        """The registration that the fact names is that of the model."""
        number = self.registration(node, fact.broker_epoch, action_of(fact), expected)
        if number != expected:
            numbers = {number: epoch for epoch, number in self.registrations[node].items()}
            model = numbers.get(expected, "a later one" if expected > number else "an earlier one")
            told = f"it says broker_epoch of n{node} is {fact.broker_epoch}, in the model it is {model}"
            raise DivergedError(action_of(fact), told)

    def registered_apart(self, node: int, broker_epoch: int) -> bool:
        """Whether what a broker goes by shows that it registered while it was no replica.

        The model counts that registration only now: it was of a broker in neither set, which lost nothing by it, and
        nothing since has depended on its number.
        """
        known = self.registrations.get(node)
        newest = self.state.broker_epoch[node]
        if not known or broker_epoch <= max(known) or newest not in known.values():
            return False
        self.state.broker_epoch[node] = newest + 1
        return True

    def overtaken_apart(self, node: int) -> None:
        """A broker may have registered while it was no replica, and may go by that for a while, or not even know it."""
        newest = self.state.broker_epoch[node]
        if node in self.again_in and newest in self.registrations.get(node, {}).values():
            self.overtaken.setdefault(node, newest)
            self.state.broker_epoch[node] = newest + 1
        self.apart.discard(node)

    def _registered(self, fact: Any) -> None:
        """A broker's newest registration. A member that leaves both sets under the one it has, because a directory of
        its has failed, counts as registered anew: what it showed before adds it no more."""
        known = self.registrations.setdefault(fact.replica, {})
        again = action_of(fact) in ("member_loses_power", "leader_loses_power")
        if any(epoch > fact.broker_epoch or (epoch == fact.broker_epoch and not again) for epoch in known):
            told = f"n{fact.replica} registers with broker epoch {fact.broker_epoch}, after {max(known)}"
            raise DivergedError(action_of(fact), told)
        known[fact.broker_epoch] = self.state.broker_epoch[fact.replica]

    def register(self, _node: int, fact: Any) -> None:
        if fact.replica in self.apart:
            self.overtaken_apart(fact.replica)
        kept, high_watermark = self._back(fact)
        end = len(self.state.log[fact.replica])
        if kept != end:
            told = f"n{fact.replica} registers as stopped cleanly, and has come back with {kept} of its {end} records"
            raise DivergedError("register", told)
        self.step("restart", replica=fact.replica, high_watermark=high_watermark)
        self._registered(fact)

    def registered_outside(self, node: int) -> None:
        """A broker came back while it was no replica, so that no fact told of its registration; now it is one again."""
        back = self.returning.pop(node, None)
        if back is not None:
            newest = self.state.newest_leader_epoch
            kept = {"kept": back.log_end, "high_watermark": back.high_watermark}
            self.step("lose_power", replica=node, known=newest, **kept)
        if node in self.apart:
            self.again_in.add(node)
        if node in self.taken_out and len(self.state.log[node]):
            # It may have deleted its log while it was out, and not have lived to tell.
            self.unsaid[node] = self.state.flushed[node]

    def lose_power(self, _node: int, fact: Any) -> None:
        newest = self.state.newest_leader_epoch
        self._lose(fact, newest)

    def member_loses_power(self, _node: int, fact: Any) -> None:
        self._lose(fact, self.state.newest_leader_epoch, enough=fact.enough)
        self._committed(fact)

    def leader_loses_power(self, _node: int, fact: Any) -> None:
        self._lose(fact, self.state.newest_leader_epoch + 1, enough=fact.enough)
        self._committed(fact)

    def _lose(self, fact: Any, known: int, **record: bool) -> None:
        """A process that goes on has lost nothing, and has not heard: it leads or follows as before, and nothing was
        written to its disk by that."""
        node = fact.replica
        if node in self.apart:
            self.overtaken_apart(node)
        goes_on = node in self.machine.members and node not in self.returning
        kept, high_watermark = self._back(fact)
        if self.synced:
            self.step("flush", replica=node)
        state = self.state
        own = {name: getattr(state, name)[node] for name in _OWN}
        self.step(action_of(fact), replica=node, known=known, kept=kept, high_watermark=high_watermark, **record)
        if goes_on:
            for name, value in own.items():
                getattr(state, name)[node] = value
        self._registered(fact)

    def _back(self, fact: Any) -> tuple[int, int]:
        """What the disk of a broker that registers has kept.

        Where no `restart` was told, either the process is the one that was registered before (its former life's
        registration came late, and it had to register anew), and has all of its log; or recovery found nothing of this
        partition, and it has none. Its next fact shows which.
        """
        node = fact.replica
        if node not in self.machine.members:
            raise DivergedError(action_of(fact), f"n{node} is no replica of {fact.partition}")
        back = self.returning.pop(node, None)
        if back is not None:
            self.overtaken.pop(node, None)
            return back.log_end, back.high_watermark
        log_end = len(self.state.log[node])
        if log_end:
            self.unsaid[node] = self.state.flushed[node]
        self.overtaken.setdefault(node, self.state.broker_epoch[node])
        return log_end, self.state.high_watermark[node]

    def _say(self, node: int, fact: Any) -> None:
        """The first fact that shows what the log of such a broker is: nothing in between depended on it."""
        name = type(fact).__name__
        if name == "BecomeFollower":
            self.heard.add(node)
            return
        flushed = self.unsaid.pop(node)
        heard = node in self.heard
        self.heard.discard(node)
        shown = {"BecomeLeader": "start_offset", "Reconcile": "log_end", "SendFetch": "offset", "Restart": "log_end"}
        if getattr(fact, shown.get(name, ""), None) != 0 or not self.state.log[node]:
            return
        self.overtaken.pop(node, None)
        deleted = node in self.taken_out
        if (flushed or self.synced) and not deleted:
            if name == "BecomeLeader":
                # The election was of the replica that is gone.
                told = f"n{node} was elected, and has nothing of the log that it had on its disk: the disk was replaced"
                raise DivergedError(
                    action_of(fact), f"{told}, which is outside the model {self.model.name}", outside=True
                )
            self.replaced(node, heard=heard)
            return
        # Deleted while it was out: the new leader epoch keeps what this replica and the one before it have shown apart.
        self.taken_out.discard(node)
        self.state.log[node] = self.state.log[node][:0]
        self.state.flushed[node] = 0
        self.state.high_watermark[node] = 0
        self.state.flushed[node] = 0

    @abstractmethod
    def replaced(self, node: int, *, heard: bool) -> None:
        """A broker has another disk than it had. `heard`: it has become a follower since it registered."""


AT_A_MEMBER = frozenset(
    {
        *("BecomeLeader", "Resume", "BecomeFollower", "Append", "AcknowledgeProduce", "AdvanceHighWatermark"),
        *("ExpandIsr", "ShrinkIsr", "LearnIsr", "Acknowledge", "AnswerFetch", "AnswerProbe"),
        *("FallBehind", "Truncate", "Reconcile", "SendFetch", "ReceiveFetch"),
        "AcknowledgeDeletion",
    }
)
"""Facts of a replica at work."""
