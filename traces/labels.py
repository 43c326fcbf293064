"""The words and boxes of a picture, as Graphviz's HTML-like labels.

One rule: text is escaped and ASCII, whose widths every renderer knows; a row of cells has a fixed width, so that it
looks the same in every box.
"""

import html

from traces.replicas import Cell
from traces.story import Event, Story, View

INK, FAINT, RED, FAULT = "#1f2933", "#7b8794", "#c62828", "#b45309"
EPOCHS = (
    ("#cfe3f7", "#3a78b5"),
    ("#fbdcb8", "#c77a1e"),
    ("#d3ecd0", "#3f8f46"),
    ("#e6d6f2", "#8250b0"),
    ("#f8d3dc", "#c2436a"),
    ("#e9e2b8", "#8f7f1a"),
)
"""Fill and line by leader epoch, going round."""
KINDS = {"ok": "#e8f5e9", "fail": "#f1f3f5", "unknown": "#f1f3f5", "invoke": "#ffffff", "step": "#ffffff"}
WRAP = 34
"""Characters in a line of a box."""
LINES = 4
"""Lines of words in a box; the rest is counted."""
CELLS = 125
"""Points that the cells of a log may take: more would reach into the next lane."""


def _ascii(text: str) -> str:
    return html.escape(text.encode("ascii", "replace").decode())


def _wrapped(text: str, width: int = WRAP) -> list[str]:
    parts: list[str] = []
    for word in text.split():
        if parts and len(parts[-1]) + 1 + len(word) <= width:
            parts[-1] += " " + word
        else:
            parts.append(word)
    return parts or [""]


def lines(event: Event) -> list[str]:
    """The words of a box, line by line."""
    told = [part for word in event.words for part in _wrapped(word)]
    return told if len(told) <= LINES else [*told[: LINES - 1], f"and {len(told) - LINES + 1} more"]


def plain(event: Event) -> str:
    """The words of a box in one line."""
    return _ascii("; ".join(event.words))


def title(story: Story, lanes: int) -> str:
    """What was violated, in one sentence, on top; else which partition this is."""
    if not story.sentence:
        return f'<<FONT POINT-SIZE="15"><B>{_ascii(story.partition or "trace")}</B></FONT><BR/> >'
    sentence = "<BR/>".join(_ascii(part) for part in _wrapped(story.sentence, 46 + 22 * lanes))
    return (
        f'<<FONT POINT-SIZE="15" COLOR="{RED}"><B>{_ascii(story.invariant)} violated</B></FONT>'
        '<BR/><FONT POINT-SIZE="5"> </FONT><BR/>'
        f'<FONT POINT-SIZE="12" COLOR="{INK}">{sentence}</FONT><BR/> >'
    )


def legend(epochs: list[int], notes: list[str]) -> str:
    """What the colours mean, and what else there is to know."""
    row = [part for epoch in epochs for part in (_cell(" ", line(epoch), fill(epoch)), _note(f"epoch {epoch}"))]
    rows = f"<TR><TD>{_cells(row)}</TD></TR>" if row else ""
    rows += f'<TR><TD><FONT POINT-SIZE="9">{_ascii("; ".join(notes))}</FONT></TD></TR>'
    return f'<<TABLE BORDER="0" CELLSPACING="2" CELLPADDING="1">{rows}</TABLE>>'


def head(lane: str) -> str:
    """The name on top of a lane."""
    return (
        '<<TABLE BORDER="0" CELLPADDING="5" STYLE="ROUNDED" BGCOLOR="#323f4b"><TR><TD>'
        f'<FONT COLOR="white" POINT-SIZE="12"><B> {_ascii(lane)} </B></FONT></TD></TR></TABLE>>'
    )


def fill(epoch: int) -> str:
    """The colour inside what was written in an epoch."""
    return EPOCHS[epoch % len(EPOCHS)][0]


def line(epoch: int) -> str:
    """The colour around what was written in an epoch, and of its leader's lane."""
    return EPOCHS[epoch % len(EPOCHS)][1]


def fault(event: Event) -> str:
    """What the world did, white on a dark ground."""
    words = "<BR/>".join(_ascii(part) for part in lines(event))
    colour = RED if event.violating else FAULT
    return (
        f'<<TABLE BORDER="0" CELLPADDING="3" STYLE="ROUNDED" BGCOLOR="{colour}"><TR><TD>'
        f'<FONT COLOR="white" POINT-SIZE="10"><B>{words}</B></FONT></TD></TR></TABLE>>'
    )


def step(event: Event, shows_log: bool) -> str:
    """What a node or a client did, the log after it where it changed, and where in the trace it stands."""
    rows = [f'<TR><TD ALIGN="LEFT"><FONT POINT-SIZE="10">{_ascii(part)}</FONT></TD></TR>' for part in lines(event)]
    if event.view is not None and shows_log:
        rows.append(f'<TR><TD ALIGN="LEFT">{_log(event.view)}</TD></TR>')
    elif event.record:
        rows.append(f'<TR><TD ALIGN="LEFT">{_cells([_cell(event.record, FAINT, "#ffffff")])}</TD></TR>')
    rows.append(f'<TR><TD ALIGN="LEFT"><FONT POINT-SIZE="7" COLOR="{FAINT}">{_place(event)}</FONT></TD></TR>')
    edge, ground, width = "#9aa5b1", KINDS[event.kind], 1
    if event.violating:
        edge, ground, width = RED, "#fde8e8", 3
    inner = f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1">{"".join(rows)}</TABLE>'
    return (
        f'<<TABLE BORDER="{width}" CELLBORDER="0" CELLSPACING="0" CELLPADDING="3" STYLE="ROUNDED" COLOR="{edge}"'
        f' BGCOLOR="{ground}"><TR><TD>{inner}</TD></TR></TABLE>>'
    )


def _place(event: Event) -> str:
    where = f"line {event.line}"
    if event.at >= 0:
        where += f", {event.at / 1000:.3f} s"
    return f"{where}, log end {event.view.log_end}" if event.view is not None else where


def _log(view: View) -> str:
    """The log as a row of cells, with a bar at the high watermark; the first cells are only counted where many."""
    cells = list(view.cells)
    while len(cells) > 1 and sum(1 + _width(_batch(cell, name)) for cell, name in cells) > CELLS:
        cells.pop(0)
    hidden = view.hidden + len(view.cells) - len(cells)
    row: list[tuple[int, str]] = [_note(f"{hidden} more")] if hidden else []
    bar = (3, f'<TD FIXEDSIZE="TRUE" WIDTH="3" HEIGHT="19" BGCOLOR="{INK}"></TD>')
    place = len(row)
    for cell, name in cells:
        end = cell.base_offset + cell.record_count
        below = end <= view.high_watermark
        row.append(_cell(_batch(cell, name), line(cell.leader_epoch), fill(cell.leader_epoch), strong=below))
        if view.high_watermark > cell.base_offset:
            place = len(row)
    row.insert(place, bar)
    if not cells:
        row.append(_note("empty"))
    return _cells(row)


def _batch(cell: Cell, name: str) -> str:
    return name if cell.record_count == 1 else f"{name} x{cell.record_count}"


def _width(label: str) -> int:
    return max(17, 7 * len(label) + 6)


def _cells(row: list[tuple[int, str]]) -> str:
    """A row of fixed width: a table that may grow would spread its cells over the box."""
    width = sum(1 + own for own, _ in row) + 3
    cells = "".join(cell for _, cell in row)
    return (
        f'<TABLE FIXEDSIZE="TRUE" WIDTH="{width}" HEIGHT="21" BORDER="0" CELLBORDER="0" CELLSPACING="1"'
        f' CELLPADDING="0"><TR>{cells}</TR></TABLE>'
    )


def _cell(label: str, edge: str, ground: str, strong: bool = False) -> tuple[int, str]:
    width = _width(label)
    text = f"<B>{_ascii(label)}</B>" if strong else _ascii(label)
    return width, (
        f'<TD BORDER="1" FIXEDSIZE="TRUE" WIDTH="{width}" HEIGHT="17" COLOR="{edge}" BGCOLOR="{ground}">'
        f'<FONT POINT-SIZE="9">{text}</FONT></TD>'
    )


def _note(text: str) -> tuple[int, str]:
    width = 5 * len(text) + 6
    words = f'<FONT POINT-SIZE="9" COLOR="{FAINT}">{_ascii(text)}</FONT>'
    return width, f'<TD FIXEDSIZE="TRUE" WIDTH="{width}" HEIGHT="17">{words}</TD>'
