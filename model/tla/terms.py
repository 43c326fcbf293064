"""TLA+ expressions as trees that know how to print themselves: on one line where it fits, as bulleted lists where not.

One rule: parentheses come from levels, never from the caller. An operand is put in parentheses unless it binds more
tightly than the operator around it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 112
ATOM, SUM, SET, RELATION, NEGATION, JUNCTION, IMPLICATION, OPEN = range(8, 0, -1)
"""Levels from the tightest to the loosest; `OPEN` ends where the text around it ends (quantifiers, IF)."""


@dataclass(frozen=True, slots=True)
class Text:
    """An expression that is always printed on one line."""

    text: str
    level: int = ATOM


@dataclass(frozen=True, slots=True)
class Junction:
    """`/\\` or `\\/` of two or more parts."""

    operator: str
    parts: tuple["Term", ...]
    level: int = JUNCTION


@dataclass(frozen=True, slots=True)
class Implication:
    premise: "Term"
    conclusion: "Term"
    level: int = IMPLICATION


@dataclass(frozen=True, slots=True)
class Quantified:
    """`symbol` is `\\A` or `\\E`; `binders` are the texts `name \\in Set`."""

    symbol: str
    binders: tuple[str, ...]
    body: "Term"
    level: int = OPEN


@dataclass(frozen=True, slots=True)
class Choice:
    condition: "Term"
    then: "Term"
    otherwise: "Term"
    level: int = OPEN


@dataclass(frozen=True, slots=True)
class Bracketed:
    """`[head body]`: a function, or one changed in places."""

    head: str
    body: "Term"
    level: int = ATOM


@dataclass(frozen=True, slots=True)
class Conjunct:
    """`name = value` of a variable."""

    name: str
    value: "Term"
    level: int = RELATION


Term = Text | Junction | Implication | Quantified | Choice | Bracketed | Conjunct
TRUE = Text("TRUE")


def line(term: Term) -> str:
    """The expression on one line."""
    match term:
        case Text():
            return term.text
        case Junction():
            return f" {term.operator} ".join(inside(part, JUNCTION) for part in term.parts)
        case Implication():
            return f"{inside(term.premise, IMPLICATION)} => {inside(term.conclusion, IMPLICATION)}"
        case Quantified():
            return f"{head(term)} {line(term.body)}"
        case Bracketed():
            return f"[{term.head} {line(term.body)}]"
        case Conjunct():
            return f"{term.name} = {line(term.value)}"
        case Choice():
            return f"IF {line(term.condition)} THEN {line(term.then)} ELSE {line(term.otherwise)}"


def inside(term: Term, level: int) -> str:
    """An operand of an operator of this level."""
    return line(term) if term.level > level else f"({line(term)})"


def head(term: Quantified) -> str:
    return f"{term.symbol} {', '.join(term.binders)} :"


def binary(left: Term, operator: str, right: Term, level: int) -> Text:
    """Two operands; sums of sums stand from left to right without parentheses."""
    first = line(left) if left.level == level == SUM else inside(left, level)
    return Text(f"{first} {operator} {inside(right, level)}", level)


def both(parts: Sequence[Term]) -> Term:
    """The conjunction; TRUE of nothing, nested conjunctions opened."""
    return joined("/\\", [part for part in parts if part != TRUE]) if parts else TRUE


def either(parts: Sequence[Term]) -> Term:
    return joined("\\/", parts)


def joined(operator: str, parts: Sequence[Term]) -> Term:
    flat: list[Term] = []
    for part in parts:
        flat += part.parts if isinstance(part, Junction) and part.operator == operator else [part]
    if not flat:
        return TRUE
    return flat[0] if len(flat) == 1 else Junction(operator, tuple(flat))


def negated(term: Term) -> Text:
    return Text(f"~{inside(term, SUM)}", NEGATION)


def layout(term: Term, indent: int) -> list[str]:
    """The expression as lines whose first begins at column `indent`; the first line carries no indentation itself."""
    whole = line(term)
    if indent + len(whole) <= WIDTH:
        return [whole]
    match term:
        case Junction():
            return bulleted(term.operator, term.parts, indent)
        case Quantified():
            return [head(term), *shifted(layout(term.body, indent + 4), 4)]
        case Implication():
            first = layout(term.premise, indent) if term.premise.level > IMPLICATION else [inside(term.premise, 8)]
            if isinstance(term.conclusion, Implication):  # TLA+ does not say which of two `=>` binds first
                *rest, end = prefixed("=> (", term.conclusion, indent)
                return [*first, *rest, f"{end})"]
            return [*first, *prefixed("=> ", term.conclusion, indent)]
        case Choice():
            return [
                *prefixed("IF ", term.condition, indent),
                *prefixed("THEN ", term.then, indent),
                *prefixed("ELSE ", term.otherwise, indent),
            ]
        case Bracketed():
            body = layout(term.body, indent + 4)
            return [f"[{term.head}", *shifted([*body[:-1], f"{body[-1]}]"], 4)]
        case Conjunct():
            return prefixed(f"{term.name} = ", term.value, indent)
        case _:
            return [whole]


def bulleted(operator: str, parts: Sequence[Term], indent: int) -> list[str]:
    """A list with the operator as its bullet; what follows a bullet is enclosed by its indentation."""
    return [text for part in parts for text in prefixed(f"{operator} ", part, indent)]


def prefixed(prefix: str, term: Term, indent: int) -> list[str]:
    first, *rest = layout(term, indent + len(prefix))
    return [prefix + first, *shifted(rest, len(prefix))]


def shifted(lines: Sequence[str], by: int) -> list[str]:
    return [" " * by + text for text in lines]
