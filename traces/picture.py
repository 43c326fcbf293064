"""A drawing as Graphviz source: the look of the space-time diagram, and nothing else.

One rule: every position is pinned, so that any Graphviz engine that honours positions gives the same picture. The words
are ASCII, whose widths every renderer knows.

How to read it. A lane per process, time downwards. A box is a step: what was done, the log after it, and the line of
the trace. A log is a row of cells, one for each batch, coloured by the leader epoch that wrote it; cells left of the
black bar are below the node's high watermark. A lane is thick, in its epoch's colour, while its node leads by its own
view, and dotted while its process is down.
"""

import html

import graphviz

from traces.drawing import FOOT, HEAD, Arrow, Box, Drawing, Stretch
from traces.story import Event, View

COLUMN = 2.7
"""Inches between lanes."""
FONT = "Helvetica"
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
ARROWS = {
    "metadata": ("#8250b0", "solid"),
    "proposal": ("#8250b0", "dashed"),
    "request": ("#52606d", "solid"),
    "answer": ("#2f7d6b", "solid"),
    "client": ("#52606d", "dashed"),
}
KINDS = {"ok": "#e8f5e9", "fail": "#f1f3f5", "unknown": "#f1f3f5", "invoke": "#ffffff", "step": "#ffffff"}
WRAP = 34
"""Characters in a line of a box."""


def source(drawing: Drawing) -> graphviz.Digraph:
    """The picture of a drawing, to be laid out by neato."""
    graph = graphviz.Digraph(
        "trace",
        engine="neato",
        graph_attr={
            "outputorder": "edgesfirst",
            "splines": "line",
            "fontname": FONT,
            "labelloc": "t",
            "label": _title(drawing),
            "pad": "0.3",
            "bgcolor": "white",
        },
        node_attr={"shape": "plain", "fontname": FONT, "fontsize": "10", "fontcolor": INK},
        edge_attr={"fontname": FONT, "fontsize": "8", "arrowsize": "0.7", "penwidth": "1.1"},
    )
    heights = _heights(drawing)
    _lanes(graph, drawing, heights)
    for box in drawing.boxes:
        _box(graph, drawing, box, heights[box.row])
    for stretch in drawing.stretches:
        _stretch(graph, stretch)
    for arrow in drawing.arrows:
        _arrow(graph, drawing, arrow)
    _legend(graph, drawing, heights[-1] - 0.75)
    return graph


def _heights(drawing: Drawing) -> list[float]:
    """The y of each row's middle, from 0 downwards, and at the end that of the lanes' feet."""
    rows = max((box.row for box in drawing.boxes), default=-1) + 1
    tall = [0.3] * rows
    for box in drawing.boxes:
        tall[box.row] = max(tall[box.row], _tall(box))
    middles, y = [], -0.35
    for height in tall:
        middles.append(round(y - height / 2, 3))
        y -= height + 0.22
    return [*middles, round(y - 0.05, 3)]


def _tall(box: Box) -> float:
    """A box's height in inches, as the renderers draw it."""
    lines = sum(len(_wrapped(word)) for word in box.event.words)
    cells = 0.31 if box.shows_log or box.event.record else 0.0
    return 0.2 * lines + cells + 0.26


# ---------------------------------------------------------------- words
def _ascii(text: str) -> str:
    return html.escape(text.encode("ascii", "replace").decode())


def _wrapped(text: str, width: int = WRAP) -> list[str]:
    lines: list[str] = []
    for word in text.split():
        if lines and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += " " + word
        else:
            lines.append(word)
    return lines or [""]


def _title(drawing: Drawing) -> str:
    story = drawing.story
    if not story.sentence:
        return f'<<FONT POINT-SIZE="15"><B>{_ascii(story.partition or "trace")}</B></FONT><BR/> >'
    sentence = "<BR/>".join(_ascii(line) for line in _wrapped(story.sentence, 46 + 22 * len(drawing.lanes)))
    return (
        f'<<FONT POINT-SIZE="15" COLOR="{RED}"><B>{_ascii(story.invariant)} violated</B></FONT>'
        '<BR/><FONT POINT-SIZE="5"> </FONT><BR/>'
        f'<FONT POINT-SIZE="12" COLOR="{INK}">{sentence}</FONT><BR/> >'
    )


def _legend(graph: graphviz.Digraph, drawing: Drawing, y: float) -> None:
    epochs = sorted(
        {cell.leader_epoch for box in drawing.boxes if box.event.view for cell, _ in box.event.view.cells}
        | {stretch.leading for stretch in drawing.stretches if stretch.leading is not None}
    )
    swatches = "".join(
        f'<TD BORDER="1" COLOR="{_line(epoch)}" BGCOLOR="{_fill(epoch)}" FIXEDSIZE="TRUE" WIDTH="16" HEIGHT="14"></TD>'
        f'<TD><FONT POINT-SIZE="9">written in epoch {epoch}</FONT></TD>'
        for epoch in epochs[:6]
    )
    notes = ["cells left of the bar: below the high watermark", "thick lane: leads", "dotted lane: down"]
    if drawing.folded:
        total = drawing.folded + len(drawing.boxes)
        notes.append(f"{drawing.folded} of {total} steps of {drawing.story.partition} are folded")
    rows = f"<TR>{swatches}</TR>" if swatches else ""
    span = max(1, 2 * len(epochs[:6]))
    rows += f'<TR><TD COLSPAN="{span}" ALIGN="LEFT"><FONT POINT-SIZE="9">{_ascii("; ".join(notes))}</FONT></TD></TR>'
    x = COLUMN * (len(drawing.lanes) - 1) / 2
    table = f'<TABLE BORDER="0" CELLSPACING="4" CELLPADDING="1" COLOR="{FAINT}">{rows}</TABLE>'
    graph.node("legend", f"<{table}>", pos=f"{x:g},{y:g}!", fontcolor=FAINT)


# ---------------------------------------------------------------- nodes
def _fill(epoch: int) -> str:
    return EPOCHS[epoch % len(EPOCHS)][0]


def _line(epoch: int) -> str:
    return EPOCHS[epoch % len(EPOCHS)][1]


def _name(lane: str, line: int) -> str:
    return {HEAD: f"head {lane}", FOOT: f"foot {lane}"}.get(line, f"{lane} {line}")


def _lanes(graph: graphviz.Digraph, drawing: Drawing, heights: list[float]) -> None:
    for column, lane in enumerate(drawing.lanes):
        table = (
            '<TABLE BORDER="0" CELLPADDING="5" STYLE="ROUNDED" BGCOLOR="#323f4b"><TR><TD>'
            f'<FONT COLOR="white" POINT-SIZE="12"><B> {_ascii(lane)} </B></FONT></TD></TR></TABLE>'
        )
        graph.node(_name(lane, HEAD), f"<{table}>", pos=f"{column * COLUMN:g},0!")
        graph.node(
            _name(lane, FOOT),
            "",
            pos=f"{column * COLUMN:g},{heights[-1]:g}!",
            shape="point",
            width="0.05",
            color=FAINT,
        )


def _box(graph: graphviz.Digraph, drawing: Drawing, box: Box, y: float) -> None:
    event = box.event
    label = _fault(event) if event.kind == "fault" else _step(event, box.shows_log)
    for lane in (event.lane, *event.others):
        x = drawing.lanes.index(lane) * COLUMN
        graph.node(_name(lane, event.line), f"<{label}>", pos=f"{x:g},{y:g}!", tooltip=_ascii("; ".join(event.words)))
    for other in event.others:
        graph.edge(
            _name(event.lane, event.line),
            _name(other, event.line),
            arrowhead="none",
            style="dotted",
            color=FAULT,
        )


def _fault(event: Event) -> str:
    words = "<BR/>".join(_ascii(line) for word in event.words for line in _wrapped(word))
    colour = RED if event.violating else FAULT
    return (
        f'<TABLE BORDER="0" CELLPADDING="3" STYLE="ROUNDED" BGCOLOR="{colour}"><TR><TD>'
        f'<FONT COLOR="white" POINT-SIZE="10"><B>{words}</B></FONT></TD></TR></TABLE>'
    )


def _step(event: Event, shows_log: bool) -> str:
    rows = [
        f'<TR><TD ALIGN="LEFT"><FONT POINT-SIZE="10">{_ascii(line)}</FONT></TD></TR>'
        for word in event.words
        for line in _wrapped(word)
    ]
    if event.view is not None and shows_log:
        rows.append(f'<TR><TD ALIGN="LEFT">{_log(event.view)}</TD></TR>')
    elif event.record:
        rows.append(f'<TR><TD ALIGN="LEFT">{_cells([_cell(event.record, FAINT, "#ffffff")])}</TD></TR>')
    rows.append(f'<TR><TD ALIGN="LEFT"><FONT POINT-SIZE="7" COLOR="{FAINT}">{_place(event)}</FONT></TD></TR>')
    line, fill, width = ("#9aa5b1", KINDS[event.kind], 1)
    if event.violating:
        line, fill, width = RED, "#fde8e8", 3
    inner = f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1">{"".join(rows)}</TABLE>'
    return (
        f'<TABLE BORDER="{width}" CELLBORDER="0" CELLSPACING="0" CELLPADDING="3" STYLE="ROUNDED" COLOR="{line}"'
        f' BGCOLOR="{fill}"><TR><TD>{inner}</TD></TR></TABLE>'
    )


def _place(event: Event) -> str:
    where = f"line {event.line}, {event.at / 1000:.3f} s"
    return f"{where}, log end {event.view.log_end}" if event.view is not None else where


def _log(view: View) -> str:
    """The log as a row of cells, with a bar at the high watermark."""
    bar = (3, f'<TD FIXEDSIZE="TRUE" WIDTH="3" HEIGHT="19" BGCOLOR="{INK}"></TD>')
    row: list[tuple[int, str]] = []
    barred = False
    if view.hidden:
        row.append(_note(f"{view.hidden} more"))
    for cell, name in view.cells:
        end = cell.base_offset + cell.record_count
        if not barred and view.high_watermark <= cell.base_offset:
            row.append(bar)
            barred = True
        label = name if cell.record_count == 1 else f"{name} x{cell.record_count}"
        below = end <= view.high_watermark
        row.append(_cell(label, _line(cell.leader_epoch), _fill(cell.leader_epoch), strong=below))
        if not barred and view.high_watermark < end:
            row.append(bar)
            barred = True
    if not barred:
        row.append(bar)
    if not view.cells:
        row.append(_note("empty"))
    return _cells(row)


def _cells(row: list[tuple[int, str]]) -> str:
    """A row of fixed width: a table that may grow would spread its cells over the box."""
    width = sum(1 + own for own, _ in row) + 3
    cells = "".join(cell for _, cell in row)
    return (
        f'<TABLE FIXEDSIZE="TRUE" WIDTH="{width}" HEIGHT="21" BORDER="0" CELLBORDER="0" CELLSPACING="1"'
        f' CELLPADDING="0"><TR>{cells}</TR></TABLE>'
    )


def _cell(label: str, line: str, fill: str, strong: bool = False) -> tuple[int, str]:
    width = max(17, 7 * len(label) + 6)
    text = f"<B>{_ascii(label)}</B>" if strong else _ascii(label)
    return width, (
        f'<TD BORDER="1" FIXEDSIZE="TRUE" WIDTH="{width}" HEIGHT="17" COLOR="{line}" BGCOLOR="{fill}">'
        f'<FONT POINT-SIZE="9">{text}</FONT></TD>'
    )


def _note(text: str) -> tuple[int, str]:
    width = 5 * len(text) + 6
    words = f'<FONT POINT-SIZE="9" COLOR="{FAINT}">{_ascii(text)}</FONT>'
    return width, f'<TD FIXEDSIZE="TRUE" WIDTH="{width}" HEIGHT="17">{words}</TD>'


# ---------------------------------------------------------------- edges
def _stretch(graph: graphviz.Digraph, stretch: Stretch) -> None:
    look = {"color": "#cbd2d9", "penwidth": "1.4"}
    if stretch.down:
        look = {"color": FAULT, "style": "dotted", "penwidth": "1.4"}
    elif stretch.leading is not None:
        look = {"color": _line(stretch.leading), "penwidth": "5"}
    graph.edge(_name(stretch.lane, stretch.source), _name(stretch.lane, stretch.target), arrowhead="none", **look)


def _arrow(graph: graphviz.Digraph, drawing: Drawing, arrow: Arrow) -> None:
    lanes = {box.event.line: box.event for box in drawing.boxes}
    target = lanes[arrow.target]
    colour, style = ARROWS[arrow.kind]
    if target.violating:
        colour = RED
    graph.edge(
        _name(lanes[arrow.source].lane, arrow.source),
        _name(target.lane, arrow.target),
        color=colour,
        style=style,
        tooltip=arrow.kind,
    )
