"""Term graphs as C: one block per instance, its guard tested part by part, nested where neighbours share parts.

One rule: the text is definitions that the search loop (`invariants/exploration/search.c`) includes; it decides nothing
about how states are kept. A state is an array of small ints `s[column]`; packed, it is words of bits.
"""

from collections.abc import Iterator, Sequence

from model.columns import emit_lanes
from model.columns.layout import Layout
from model.columns.order import in_order
from model.columns.terms import Operand, Term, members_of
from model.columns.tracing import Instance, Tracing

SIMPLE = {
    "add": "({0} + {1})",
    "subtract": "({0} - {1})",
    "not": "(!{0})",
    "equal": "({0} == {1})",
    "at_most": "({0} <= {1})",
    "minimum": "least({0}, {1})",
    "maximum": "greatest({0}, {1})",
    "choice": "({0} ? {1} : {2})",
    "bits_and": "({0} & {1})",
    "bits_or": "({0} | {1})",
    "bits_without": "({0} & ~{1})",
    "bit": "(1 << {0})",
    "has_bit": "(({0} >> {1}) & 1)",
    "count_bits": "__builtin_popcount({0})",
}


LONG = 60
"""Operations beyond which a condition's shared parts are computed once, first, rather than written out where used."""


def expression(x: Operand, names: dict[Term, str]) -> str:
    if not isinstance(x, Term):
        return str(int(x))
    if x in names:
        return names[x]
    if x.operation == "column":
        return f"s[{x.operands[0]}]"
    shown = [expression(operand, names) for operand in x.operands]
    if x.operation in ("and", "or"):
        return "(" + (" && " if x.operation == "and" else " || ").join(shown) + ")"
    if x.operation == "has_bit" and isinstance(x.operands[1], Term) and x.operands[1].low < 0:
        return f"({shown[1]} >= 0 && (({shown[0]} >> {shown[1]}) & 1))"
    return SIMPLE[x.operation].format(*shown)


def shared(roots: Sequence[Operand]) -> tuple[list[str], dict[Term, str]]:
    """Statements for the terms that are used more than once, and their names."""
    order = in_order(roots)
    uses: dict[Term, int] = {}
    for term in order:
        if term.operation != "column":
            for operand in term.operands:
                if isinstance(operand, Term):
                    uses[operand] = uses.get(operand, 0) + 1
    for root in roots:
        if isinstance(root, Term):
            uses[root] = uses.get(root, 0) + 1
    names: dict[Term, str] = {}
    lines = []
    for at, term in enumerate(order):
        if term.operation != "column" and uses.get(term, 0) > 1:
            lines.append(f"const int t{at} = {expression(term, names)};")
            names[term] = f"t{at}"
    return lines, names


def change(layout: Layout, at: int, value: Operand, names: dict[Term, str]) -> str:
    """One column's change: `CHANGE(column, old, new, word, shift)`, checked where the term could leave the range."""
    column = layout.columns[at]
    word, shift = layout.shifts[at]
    new = expression(value, names)
    low, high = (value.low, value.high) if isinstance(value, Term) else (int(value), int(value))
    if low < column.low or high > column.high:
        new = f"checked({new}, {column.low}, {column.high}, {at})"
    return f"CHANGE({at}, s[{at}], {new}, {word}, {shift});"


def written(x: Operand) -> int:
    """How many operations a term has when it is written out, what it uses twice being written twice."""
    sizes: dict[Term, int] = {}
    for term in in_order([x]):
        below = () if term.operation == "column" else term.operands
        sizes[term] = 1 + sum(sizes[operand] for operand in below if isinstance(operand, Term))
    return sizes[x] if isinstance(x, Term) else 1


def block(layout: Layout, number: int, instance: Instance) -> Iterator[str]:
    """What to do where an instance's guard holds."""
    lines, names = shared(list(instance.updates.values()))
    yield f"{{ /* {instance.name}{instance.arguments} */"
    yield from lines
    yield "BEGIN();"
    for at, value in instance.updates.items():
        yield change(layout, at, value, names)
    yield f"END({number}); }}"


def nested(layout: Layout, todo: Sequence[tuple[int, Instance, tuple[Operand, ...]]]) -> Iterator[str]:
    """The blocks under their guards; neighbours whose guards begin alike test that part once."""
    at = 0
    while at < len(todo):
        number, instance, parts = todo[at]
        if not parts:
            yield from block(layout, number, instance)
            at += 1
            continue
        until = at
        while until < len(todo) and todo[until][2][:1] == parts[:1]:
            until += 1
        lines, names = shared([parts[0]]) if written(parts[0]) > LONG else ([], {})
        yield "{"
        yield from lines
        yield f"if ({expression(parts[0], names)}) {{"
        yield from nested(layout, [(n, i, rest[1:]) for n, i, rest in todo[at:until]])
        yield "}}"
        at = until


def expand(tracing: Tracing) -> Iterator[str]:
    """`EXPAND(name)`: every successor of the state in `s`, each kind of step in a function of its own: compilers take
    much longer for one function than for its parts."""
    todo: dict[str, list[tuple[int, Instance, tuple[Operand, ...]]]] = {}
    for number, instance in enumerate(tracing.instances):
        parts = () if instance.guard is True else members_of("and", instance.guard)
        todo.setdefault(instance.name, []).append((number, instance, parts))
    for name, instances in todo.items():
        yield f"EXPAND(expand_{name}) {{"
        yield from nested(tracing.layout, instances)
        yield "return n; }"
    yield "EXPAND(expand) {"
    yield from (f"n = expand_{name}(s, keys, out, n);" for name in todo)
    yield "return n; }"


def apply(tracing: Tracing) -> Iterator[str]:
    """`APPLY`: the successor of the state in `s` by one instance."""
    yield "APPLY {"
    yield "switch (instance) {"
    for number, instance in enumerate(tracing.instances):
        lines, names = shared(list(instance.updates.values()))
        yield f"case {number}: {{"
        yield from lines
        for at, value in instance.updates.items():
            word, shift = tracing.layout.shifts[at]
            yield f"PUT({at}, s[{at}], {expression(value, names)}, {word}, {shift});"
        yield "break; }"
    yield "}"
    yield "}"


def properties(tracing: Tracing) -> Iterator[str]:
    """`PROPERTIES`: the number of the first property that does not hold in `s`, or -1."""
    lines, names = shared([p.holds for p in tracing.properties])
    yield "PROPERTIES {"
    yield from lines
    for number, safety in enumerate(tracing.properties):
        yield f"if (!{expression(safety.holds, names)}) return {number}; /* {safety.name} */"
    yield "return -1;"
    yield "}"


def packing(layout: Layout) -> Iterator[str]:
    """`UNPACK`: the state in `s` from its words; `PACK`: its words."""
    yield "UNPACK {"
    for at, (column, (word, shift)) in enumerate(zip(layout.columns, layout.shifts, strict=True)):
        mask = (1 << column.bits) - 1
        low = f" + {column.low}" if column.low else ""
        yield f"s[{at}] = (cell)((int)((words[{word}] >> {shift}) & {mask}){low});"
    yield "}"
    yield "PACK {"
    for word in range(layout.words):
        parts = [
            f"(word)(s[{at}] - {column.low}) << {shift}"
            for at, (column, (w, shift)) in enumerate(zip(layout.columns, layout.shifts, strict=True))
            if w == word
        ]
        yield f"words[{word}] = {' | '.join(parts) or '0'};"
    yield "}"


def definitions(tracing: Tracing, *, exact: bool, renamings: int) -> str:
    """The sizes of one model within its bounds."""
    layout = tracing.layout
    sizes = [column.high - column.low + 1 for column in layout.columns]
    firsts = [sum(sizes[:at]) - column.low for at, column in enumerate(layout.columns)]
    figures = {
        "COLUMNS": len(layout.columns),
        "WORDS": layout.words,
        "INSTANCES": len(tracing.instances),
        "RENAMINGS": renamings,
        "EXACT": int(exact),
        "FIRSTS": f"{{{', '.join(map(str, firsts)) or '0'}}}",
        "LOWS": f"{{{', '.join(str(column.low) for column in layout.columns) or '0'}}}",
    }
    return "".join(f"#define {name} {value}\n" for name, value in figures.items())


def program(tracing: Tracing) -> str:
    """Everything the search loop needs to know about one model within its bounds, but for the sizes."""
    last = apply(tracing) if tracing.view is None else emit_lanes.view(tracing)
    parts = [packing(tracing.layout), expand(tracing), properties(tracing), last]
    return "\n".join(line for part in parts for line in part) + "\n"
