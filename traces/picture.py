"""A drawing as Graphviz source: the look of the space-time diagram, and nothing else.

One rule: every position is pinned, so that any Graphviz engine that honours positions gives the same picture. The words
are ASCII, whose widths every renderer knows.

How to read it. A lane per process, time downwards. A box is a step: what was done, the log after it, and the line of
the trace. A log is a row of cells, one for each batch, coloured by the leader epoch that wrote it; cells left of the
black bar are below the node's high watermark. A lane is thick, in its epoch's colour, while its node leads by its own
view, and dotted while its process is down.
"""

import graphviz

from traces import labels
from traces.drawing import FOOT, HEAD, Arrow, Box, Drawing, Stretch

COLUMN = 2.7
"""Inches between lanes."""
FONT = "Helvetica"
ARROWS = {
    "metadata": ("#8250b0", "solid"),
    "proposal": ("#8250b0", "dashed"),
    "request": ("#52606d", "solid"),
    "answer": ("#2f7d6b", "solid"),
    "client": ("#52606d", "dashed"),
}
GAP = 0.24
"""Inches between rows."""


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
            "label": labels.title(drawing.story, len(drawing.lanes)),
            "pad": "0.3",
            "bgcolor": "white",
        },
        node_attr={"shape": "plain", "fontname": FONT, "fontsize": "10", "fontcolor": labels.INK},
        edge_attr={"fontname": FONT, "fontsize": "8", "arrowsize": "0.7", "penwidth": "1.1"},
    )
    tops = _tops(drawing)
    _lanes(graph, drawing, tops[-1])
    for box in drawing.boxes:
        _box(graph, drawing, box, (tops[box.row] + tops[box.row + 1] + GAP) / 2)
    for stretch in drawing.stretches:
        _stretch(graph, stretch)
    for arrow in drawing.arrows:
        _arrow(graph, drawing, arrow, tops[arrow.row] + GAP / 2)
    _legend(graph, drawing, tops[-1] - 0.75)
    return graph


def _tops(drawing: Drawing) -> list[float]:
    """The y of each row's top, from 0 downwards, and at the end that of the lanes' feet."""
    rows = max((box.row for box in drawing.boxes), default=-1) + 1
    tall = [0.3] * rows
    for box in drawing.boxes:
        tall[box.row] = max(tall[box.row], _tall(box))
    tops = [-0.4]
    for height in tall:
        tops.append(round(tops[-1] - height - GAP, 3))
    return tops


def _tall(box: Box) -> float:
    """A box's height in inches, as the renderers draw it."""
    lines = len(labels.lines(box.event))
    cells = 0.31 if box.shows_log or box.event.record else 0.0
    return 0.2 * lines + cells + 0.26


def _legend(graph: graphviz.Digraph, drawing: Drawing, y: float) -> None:
    epochs = {cell.leader_epoch for box in drawing.boxes if box.event.view for cell, _ in box.event.view.cells}
    epochs |= {stretch.leading for stretch in drawing.stretches if stretch.leading is not None}
    notes = ["cells left of the bar: below the high watermark", "thick lane: leads", "dotted lane: down"]
    if drawing.folded:
        total = drawing.folded + len(drawing.boxes)
        notes.append(f"{drawing.folded} of {total} steps of {drawing.story.partition} are folded")
    x = COLUMN * (len(drawing.lanes) - 1) / 2
    label = labels.legend(sorted(epochs)[:8], notes)
    graph.node("legend", label, pos=f"{x:g},{y:g}!", fontcolor=labels.FAINT)


# ---------------------------------------------------------------- nodes
def _name(lane: str, line: int) -> str:
    return {HEAD: f"head {lane}", FOOT: f"foot {lane}"}.get(line, f"{lane} {line}").replace(":", "_")


def _lanes(graph: graphviz.Digraph, drawing: Drawing, foot: float) -> None:
    for column, lane in enumerate(drawing.lanes):
        graph.node(_name(lane, HEAD), labels.head(lane), pos=f"{column * COLUMN:g},0!")
        graph.node(
            _name(lane, FOOT),
            "",
            pos=f"{column * COLUMN:g},{foot:g}!",
            shape="point",
            width="0.05",
            color=labels.FAINT,
        )


def _box(graph: graphviz.Digraph, drawing: Drawing, box: Box, y: float) -> None:
    event = box.event
    label = labels.fault(event) if event.kind == "fault" else labels.step(event, box.shows_log)
    for lane in (event.lane, *event.others):
        x = drawing.lanes.index(lane) * COLUMN
        graph.node(_name(lane, event.line), label, pos=f"{x:g},{y:g}!", tooltip=labels.plain(event))
    for other in event.others:
        graph.edge(
            _name(event.lane, event.line),
            _name(other, event.line),
            arrowhead="none",
            style="dotted",
            color=labels.FAULT,
        )


# ---------------------------------------------------------------- edges
def _stretch(graph: graphviz.Digraph, stretch: Stretch) -> None:
    look = {"color": "#cbd2d9", "penwidth": "1.4"}
    if stretch.down:
        look = {"color": labels.FAULT, "style": "dotted", "penwidth": "1.4"}
    elif stretch.leading is not None:
        look = {"color": labels.line(stretch.leading), "penwidth": "5"}
    graph.edge(_name(stretch.lane, stretch.source), _name(stretch.lane, stretch.target), arrowhead="none", **look)


def _arrow(graph: graphviz.Digraph, drawing: Drawing, arrow: Arrow, y: float) -> None:
    target = next(box.event for box in drawing.boxes if box.event.line == arrow.target)
    colour, style = ARROWS[arrow.kind]
    if target.violating:
        colour = labels.RED
    if arrow.source is None:
        start = f"{arrow.lane} above {arrow.row}"
        x = drawing.lanes.index(arrow.lane) * COLUMN
        graph.node(start, "", pos=f"{x:g},{y:g}!", shape="circle", width="0.07", style="filled", color="#9aa5b1")
    else:
        start = _name(arrow.lane, arrow.source)
    graph.edge(start, _name(target.lane, arrow.target), color=colour, style=style, tooltip=arrow.kind)
