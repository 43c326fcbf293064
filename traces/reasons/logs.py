"""Why a log is not what it must be: a disk that comes back with less (recovery), two records in one place
(log_matching), one record twice or out of order (per_key_order).

One rule: each record is named by what its client wrote, by its letter in the drawing, and by the step that put it
there.
"""

from traces.chronicle import Chronicle, Life, Moment
from traces.reasons.past import Past
from traces.replicas import Cell
from traces.sides import ENDS_A_PROCESS
from traces.where import REFUSED


# ------------------------------------------------------------ recovery
def recovered(past: Past) -> str:
    for moment in past.last:
        if type(moment.fact).__name__ == "Restart" and (said := _comes_back(past, moment)):
            return said
    verdict = past.trace.verdict
    assert verdict is not None, "asked of a trace with a verdict"
    return _refused(past, verdict.sentence) if verdict.sentence.startswith(REFUSED) else ""


def _comes_back(past: Past, moment: Moment) -> str:
    """Less, or something else, than it had told."""
    name, chronicle = moment.node, past.chronicle
    after = past.ended(name, moment)
    gone = [life for life in chronicle.lives.values() if life.lost.get(name) == moment]
    for life in sorted(gone, key=lambda life: life.cell.base_offset):
        offset, had = life.cell.base_offset, life.copied.get(name)
        whence = "" if had is None else f", which it had {_verb(had)} at offset {offset} ({had.words})"
        instead = chronicle.there(name, offset)
        if instead is not None:
            return f"{name} came back{after} with {past.record(instead)} ({moment.words}) in the place of " + (
                f"{past.record(life)}{whence}"
            )
        return (
            f"{name} came back{after} with a log that ends at {moment.fact.log_end} ({moment.words}), without "
            f"{past.record(life)}{whence}: its machine never stopped, so what was written was there to be found"
        )
    return ""


def _refused(past: Past, sentence: str) -> str:
    """A broker does not start on a disk on which everything is that was promised to be."""
    struck = next(
        ((line, fault) for line, fault in reversed(past.faults) if fault.kind in ENDS_A_PROCESS and fault.targets), None
    )
    if struck is None:
        return ""
    line, fault = struck
    reason = sentence.removeprefix(REFUSED).partition(", although it was synced")[0].partition("; ")[0]
    name = fault.targets[0]
    replica = past.chronicle.replicas.get(name)
    cells = replica.cells if replica is not None else []
    had = "an empty log" if not cells else f"{past.record(past.chronicle.life(cells[-1]))} the last of it"
    partition = past.chronicle.partition
    ended = "" if replica is None else f"; its log of {partition} had ended at offset {replica.log_end}, {had}"
    return (
        f"{name}, back after its {_end(fault.kind)} ({fault.at / 1000:.3f} s, line {line}), refuses a disk that has "
        f"kept all it promised, and does not start: {reason}{ended}"
    )


def _end(kind: str) -> str:
    return "clean stop" if kind == "stopped" else kind


# ------------------------------------------------------------ log matching
def mismatched(past: Past) -> str:
    """Two records under one offset and one epoch, or one record behind different ones."""
    chronicle = past.chronicle
    for moment in past.last or chronicle.last[-1:]:
        name = moment.node
        for cell in chronicle.replicas[name].cells if name in chronicle.replicas else ():
            for other in sorted(set(chronicle.replicas) - {name}):
                if said := _beside(past, name, cell, other) or _behind(past, name, cell, other):
                    return said
        if said := _hole(past, name) or _as_written(past, name):
            return said
    return ""


def _as_written(past: Past, name: str) -> str:
    """A record behind another one than its leader had when it wrote it, whoever has that leader's log by now."""
    for cell in past.chronicle.replicas[name].cells if name in past.chronicle.replicas else ():
        life = past.chronicle.life(cell)
        if life.written is None or life.written.node == name:
            continue
        then = Chronicle(past.trace, past.chronicle.partition, life.written.line)
        theirs = then.replicas[life.written.node].cells
        if said := _differs_before(past, name, cell, theirs, f"{life.written.node} had when it wrote it"):
            return said
    return ""


def _beside(past: Past, name: str, cell: Cell, other: str) -> str:
    """Another record of the same epoch at the same offset."""
    theirs = next((life.cell for life in _lives(past, other) if _place(life.cell) == _place(cell)), None)
    if theirs is None or theirs.crc == cell.crc:
        return ""
    own, its = past.chronicle.life(cell), past.chronicle.life(theirs)
    return (
        f"{name} has {past.record(own)} at offset {cell.base_offset} of epoch {cell.leader_epoch}{_got(own, name)}, "
        f"where {other} has {past.record(its)} of the same epoch{_got(its, other)}: two records under one name"
    )


def _behind(past: Past, name: str, cell: Cell, other: str) -> str:
    """The same record behind another one than elsewhere."""
    return _differs_before(past, name, cell, past.chronicle.replicas[other].cells, f"{other} has")


def _differs_before(past: Past, name: str, cell: Cell, theirs: list[Cell], whose: str) -> str:
    mine = past.chronicle.replicas[name].cells
    if cell not in theirs:
        return ""
    before = theirs[: theirs.index(cell)]
    for at, one in enumerate(mine[: mine.index(cell)]):
        if at < len(before) and before[at] == one:
            continue
        own = past.chronicle.life(one)
        its = "nothing" if at >= len(before) else _told(past, past.chronicle.life(before[at]))
        return (
            f"{name} has {_told(past, past.chronicle.life(cell))} at offset {cell.base_offset}"
            f"{_got(past.chronicle.life(cell), name)} behind {_told(past, own)} at offset {one.base_offset}, where "
            f"{whose} {its}: logs that have a record of one epoch in common are the same before it"
        )
    return ""


def _hole(past: Past, name: str) -> str:
    """A log that does not follow on from its own beginning."""
    cells = past.chronicle.replicas[name].cells if name in past.chronicle.replicas else []
    end = 0
    for cell in cells:
        if cell.base_offset != end:
            life = past.chronicle.life(cell)
            lost = next((each for each in _lives(past, "") if each.cell.base_offset == end and name in each.lost), None)
            missing = f"{past.record(lost)}, which it had there, is gone" if lost is not None else "nothing is there"
            struck = [
                f"{fault.kind} ({fault.at / 1000:.3f} s, line {line})"
                for line, fault in past.faults
                if name in fault.targets
            ]
            after = f" after {' and '.join(struck[-2:])}" if struck else ""
            return (
                f"{name} has {past.record(life)} at offset {cell.base_offset}{_got(life, name)}{after} and nothing "
                f"before it from offset {end} on: {missing}"
            )
        end = cell.base_offset + cell.record_count
    return ""


def _lives(past: Past, name: str) -> list[Life]:
    """What a node has or once had; of nobody in particular: all there are."""
    return [life for life in past.chronicle.lives.values() if not name or name in life.copied]


def _place(cell: Cell) -> tuple[int, int]:
    return cell.base_offset, cell.leader_epoch


def _told(past: Past, life: Life) -> str:
    return f"{past.record(life)} of epoch {life.cell.leader_epoch}"


def _got(life: Life, name: str) -> str:
    moment = life.copied.get(name)
    return "" if moment is None else f" ({_verb(moment)} {moment.words})"


def _verb(moment: Moment) -> str:
    return {"Append": "written", "Restart": "found on its disk"}.get(type(moment.fact).__name__, "copied")


# ------------------------------------------------------------ order
def repeated(past: Past) -> str:
    """A record that stands in the log twice."""
    chronicle = past.chronicle
    for name, replica in sorted(chronicle.replicas.items()):
        seen: dict[object, Life] = {}
        for cell in replica.cells:
            life = chronicle.life(cell)
            # Sent again under another name, it is another batch that says the same.
            first = next((seen[key] for key in (cell.crc, life.value) if key in seen), life)
            seen.setdefault(cell.crc, life)
            if life.value:
                seen.setdefault(life.value, life)
            if first is life or first.written is None or life.written is None:
                continue
            value = life.value or first.value or past.record(life)
            sender = life.client or first.client or "its producer"
            knew = "which did not know it for a repetition" + _identities(first, life)
            return (
                f"{value}, sent once by {sender}, stands in the log of {name} twice: "
                f"written at offset {first.cell.base_offset} by {first.written.node} in epoch "
                f"{first.written.fact.leader_epoch} ({first.written.words}), and again at offset {cell.base_offset} by "
                f"{life.written.node} in epoch {life.written.fact.leader_epoch} ({life.written.words}), {knew}"
            )
    return ""


def _identities(first: Life, second: Life) -> str:
    """Where the producer had taken another name in between."""
    assert first.written is not None, "only what was written is repeated"
    assert second.written is not None, "only what was written is repeated"
    one, two = first.written.fact.batch.producer_id, second.written.fact.batch.producer_id
    return "" if one == two else f": its sender called itself producer {one} first and {two} then"
