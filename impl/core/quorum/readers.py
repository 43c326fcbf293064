"""Those who read the metadata log at its leader: voters, who copy it, and observers, who are told what is committed.

One rule: a question is answered when there is something to tell or when it has waited long enough, never both.
"""

from impl.core.calls import NEVER
from impl.core.events import Effect, SendReply
from impl.core.quorum.batches import MetadataBatch, SnapshotId
from impl.core.quorum.facts import QuorumAcknowledge, QuorumAnswerDiverging
from impl.core.quorum.leading import Leading, Progress
from impl.core.quorum.messages import FetchedMetadata, FetchMetadata
from impl.core.quorum.replica import EPOCH_MAX, Replica
from impl.core.types import NO_ERROR, Connection, ErrorCode, LeaderEpoch, Millis, NodeId, Offset, Value

RECORDS_MAX = 2_000
"""In one answer, unless one batch has more."""

OBSERVERS_MAX = 1_000
"""Remembered for whoever asks how far each has come; the one silent for longest gives way."""


class Waiting(Value, frozen=True, gc=False):
    connection: Connection
    correlation: int
    request: FetchMetadata
    deadline: Millis


class Readers:
    """`due` is the earliest deadline of those who wait."""

    def __init__(self, replica: Replica, leading: Leading) -> None:
        self._replica = replica
        self._leading = leading
        self._waiting: list[Waiting] = []
        self.observers: dict[NodeId, Progress] = {}
        self.due = NEVER

    # ------------------------------------------------------------ asked
    def asked(
        self, connection: Connection, correlation: int, request: FetchMetadata, now: Millis, out: list[Effect]
    ) -> None:
        """Count the position of a voter; answer if there is news, else let the question wait."""
        answer = self._refusal(request, now, out)
        if answer is None:
            answer = self._count(request, now, out) or self._news(request)
        if answer is None and request.max_wait_ms > 0:
            deadline = Millis(now + request.max_wait_ms)
            self._waiting.append(Waiting(connection, correlation, request, deadline))
            self.due = min(self.due, deadline)
            return
        out.append(SendReply(connection, correlation, answer or self._said()))

    def _refusal(self, request: FetchMetadata, now: Millis, out: list[Effect]) -> FetchedMetadata | None:
        """Who does not lead, or leads another epoch than the asker is in, has nothing to say but that."""
        replica = self._replica
        if replica.epoch < request.epoch < EPOCH_MAX and request.replica in replica.others:
            replica.enter(request.epoch, now, out)
        if not replica.leading:
            return self._said(ErrorCode.NOT_LEADER_OR_FOLLOWER)
        if self.is_fenced(request):
            return self._said(ErrorCode.FENCED_LEADER_EPOCH)
        if request.epoch > replica.epoch:
            return self._said(ErrorCode.UNKNOWN_LEADER_EPOCH)
        return None

    def is_fenced(self, request: FetchMetadata) -> bool:
        """The asker is in an earlier epoch; an observer need not say which it is in."""
        return (request.replica in self._replica.others or request.epoch >= 0) and request.epoch < self._replica.epoch

    def _count(self, request: FetchMetadata, now: Millis, out: list[Effect]) -> FetchedMetadata | None:
        """The asker's position, if its log agrees with this one; else the answer that says where it does not."""
        replica = self._replica
        log = replica.log
        voter = request.replica in replica.others
        if not voter and not 0 <= request.offset <= log.end:
            return self._said(ErrorCode.OFFSET_OUT_OF_RANGE)
        progress = self._progress(request.replica, now)
        progress.fetched_at = now
        if log.start > 0 and self._is_before_snapshot(request):
            return self._said(snapshot=SnapshotId(log.start, log.start_epoch))
        if not voter:
            progress.offset = request.offset
            return None
        epoch, end = log.end_of_epoch(request.last_epoch)
        if epoch != request.last_epoch or end < request.offset or request.offset < 0:
            out.append(
                QuorumAnswerDiverging(
                    epoch=replica.epoch,
                    follower=request.replica,
                    offset=request.offset,
                    last_epoch=request.last_epoch,
                    diverging_epoch=epoch,
                    diverging_end=end,
                )
            )
            return self._said(diverging=(epoch, end))
        if request.offset == log.end:
            progress.caught_up_at = now
        if request.offset != progress.offset:
            progress.offset = request.offset
            out.append(
                QuorumAcknowledge(
                    epoch=replica.epoch,
                    follower=request.replica,
                    offset=request.offset,
                    last_epoch=request.last_epoch,
                )
            )
            if self._leading.advance(out):
                self.wake(out)
        return None

    def _is_before_snapshot(self, request: FetchMetadata) -> bool:
        log = self._replica.log
        if request.offset < log.start:
            return True
        if 0 <= request.last_epoch < log.start_epoch:
            return True
        return request.offset == log.start and request.last_epoch > log.start_epoch

    def _progress(self, node: NodeId, now: Millis) -> Progress:
        progress = self._leading.progress.get(node) or self.observers.get(node)
        if progress is None:
            if len(self.observers) >= OBSERVERS_MAX:
                del self.observers[min(self.observers, key=lambda each: self.observers[each].fetched_at)]
            progress = self.observers[node] = Progress(now)
        return progress

    # ------------------------------------------------------------ answers
    def _news(self, request: FetchMetadata) -> FetchedMetadata | None:
        """What there is to tell; None where there is nothing."""
        replica = self._replica
        progress = self._leading.progress.get(request.replica)
        limit = replica.high_watermark if progress is None else replica.log.end
        batches = replica.log.read(request.offset, limit, RECORDS_MAX) if request.offset < limit else ()
        if progress is not None:
            if not batches and progress.told >= replica.high_watermark:
                return None
            progress.told = replica.high_watermark
        return self._said(batches=batches) if batches or progress is not None else None

    def _said(
        self,
        error: ErrorCode = NO_ERROR,
        *,
        diverging: tuple[LeaderEpoch, Offset] | None = None,
        snapshot: SnapshotId | None = None,
        batches: tuple[MetadataBatch, ...] = (),
    ) -> FetchedMetadata:
        replica = self._replica
        return FetchedMetadata(
            error=error,
            epoch=replica.epoch,
            leader=replica.known_leader,
            high_watermark=replica.high_watermark if self._leading.established else Offset(-1),
            log_start=replica.log.start,
            diverging=diverging,
            snapshot=snapshot,
            batches=batches,
        )

    # ------------------------------------------------------------ waiting
    def wake(self, out: list[Effect]) -> None:
        """Tell those who wait for what is there now; all of them, where this voter leads no longer."""
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            if not self._replica.leading:
                answer: FetchedMetadata | None = self._said(ErrorCode.NOT_LEADER_OR_FOLLOWER)
            else:
                answer = self._news(each.request)
            if answer is None:
                self._waiting.append(each)
            else:
                out.append(SendReply(each.connection, each.correlation, answer))
        self.due = min((each.deadline for each in self._waiting), default=NEVER)

    def expire(self, now: Millis, out: list[Effect]) -> None:
        """Tell those who have waited long enough that there is nothing new."""
        out.extend(
            SendReply(each.connection, each.correlation, self._said()) for each in self._waiting if each.deadline <= now
        )
        self._waiting = [each for each in self._waiting if each.deadline > now]
        self.due = min((each.deadline for each in self._waiting), default=NEVER)

    def disconnected(self, connection: Connection) -> None:
        self._waiting = [each for each in self._waiting if each.connection != connection]
