"""The printing reading: every part of a model is printed, in the words of the model, and what cannot be is refused."""

import re
from pathlib import Path

import pytest

from model.design import Model
from model.kip320 import KIP320
from model.models import MODELS
from model.reading_values import Bounds
from model.tla import GRAINS, Exported, Unprintable, export
from model.tla.names import lower, upper
from model.tla.terms import Choice, Implication, Junction, Quantified, Term, Text, binary, either, layout, line, negated
from tests.model import tla_broken
from tests.model.tla_example import EXAMPLE

GOLDEN = Path(__file__).parent / "golden"
BOUNDS = Bounds(leader_epochs=2, partition_epochs=2, log=2, values=1)
VARIANTS = [(model, variant) for model in MODELS.values() for variant in (None, *(v.id for v in model.variants))]


def printed(model: Model, variant: str | None = None, grain: str = "asynchronous") -> Exported:
    return export(model, replicas=(0, 1), bounds=BOUNDS, variant=variant, grain=grain)


def operators(module: str) -> set[str]:
    """What the module defines, by name."""
    return set(re.findall(r"^(\w+)(?:\([^)]*\))? ==", module, re.M))


@pytest.mark.parametrize("grain", GRAINS)
@pytest.mark.parametrize("variant", [None, "take-anything"])
def test_the_example_is_printed_as_it_was_read_by_a_person(grain, variant):
    """The golden files were accepted by TLC; its counts are in docs/benchmarks-tlc.md."""
    exported = printed(EXAMPLE, variant, grain)
    golden = GOLDEN / grain / f"{exported.name}.tla"
    assert exported.module == golden.read_text()
    assert exported.configuration == golden.with_suffix(".cfg").read_text()


@pytest.mark.parametrize("grain", GRAINS)
@pytest.mark.parametrize(("model", "variant"), VARIANTS, ids=lambda each: getattr(each, "name", each))
def test_every_action_variable_and_property_is_printed(model, variant, grain):
    exported = printed(model, variant, grain)
    defined = operators(exported.module)
    steps = model.synchronous(variant) if grain == "synchronous" else model.actions_of(variant)
    assert {upper(name) for name in steps} <= defined
    assert {upper(f.name) for f in model.safety_of(ghosts=False)} <= defined
    for name in steps:
        assert re.search(rf"^    \\/ .*\b{upper(name)}\b|^ +{upper(name)}\(", exported.module, re.M), name
    kept = [v for v in model.variables.values() if not v.ghost]
    declared = exported.module.partition("VARIABLES")[2].partition("\n\n")[0]
    messages = {lower(v.name) for v in kept if v.message and grain == "synchronous"}
    assert set(re.findall(r"^    (\w+),?$", declared, re.M)) == {lower(v.name) for v in kept} - messages
    assert messages <= defined
    assert re.findall(r"^INVARIANT (\w+)$", exported.configuration, re.M) == list(exported.properties)


@pytest.mark.parametrize("grain", GRAINS)
@pytest.mark.parametrize(("model", "variant"), VARIANTS, ids=lambda each: getattr(each, "name", each))
def test_every_variable_has_one_next_value_in_every_action(model, variant, grain):
    """TLC refuses a step that leaves a variable open; here without TLC."""
    module = printed(model, variant, grain).module
    variables = re.findall(r"\w+", module.partition("vars == <<")[2].partition(">>")[0])
    steps = model.synchronous(variant) if grain == "synchronous" else model.actions_of(variant)
    for name in steps:
        (body,) = re.findall(rf"^{upper(name)}(?:\([^)]*\))? ==\n((?:    .*\n)+)", module, re.M)
        unchanged = re.findall(r"\w+", body.partition("UNCHANGED <<")[2].partition(">>")[0])
        assigned = re.findall(r"^    /\\ (\w+)' = ", body, re.M)
        assert sorted([*unchanged, *assigned]) == sorted(variables), name


def test_ghosts_are_left_out():
    module = printed(EXAMPLE).module
    assert "longest" not in module
    assert "LongestKnown" not in module


def test_bounds_are_constants_of_the_configuration():
    exported = export(EXAMPLE, replicas=(0, 1, 2), bounds=Bounds(leader_epochs=3, log=4, values=2))
    chosen = dict(re.findall(r"^    (\w+) = (.*)$", exported.configuration, re.M))
    assert chosen == {"Replica": "{0, 1, 2}", "MaxLeaderEpoch": "3", "MaxEndOffset": "4", "Values": "2"}
    assert exported.module == export(EXAMPLE).module


def test_the_model_of_others_has_its_authors_invariants():
    assert printed(KIP320).properties == ("WeakIsr", "StrongIsr")


@pytest.mark.parametrize(
    ("model", "line_holds", "found"),
    [
        (tla_broken.UNKNOWN_WORD, "majority_of_two(", "a call of `majority_of_two`"),
        (tla_broken.CLASH, "def init(", "`Init`, a name that the module uses otherwise,"),
        (tla_broken.NO_MEMBERS, "def nobody(", "an initial state without one ReplicaSet"),
        (tla_broken.OPEN_SLICE, "[1:]", "`s.log[r][1:]`"),
    ],
)
def test_what_cannot_be_printed_is_refused_with_its_place(model, line_holds, found):
    with pytest.raises(Unprintable) as refused:
        printed(model)
    assert refused.value.found == found
    assert refused.value.file.endswith("tla_broken.py")
    source = Path(refused.value.file).read_text().splitlines()
    assert line_holds in source[refused.value.line - 1]
    assert str(refused.value).startswith(f"{refused.value.file}:{refused.value.line}: ")


A, B, C = Text("a"), Text("b"), Text("c")
SUM_OF_TWO = binary(A, "+", B, 7)


@pytest.mark.parametrize(
    ("term", "text"),
    [
        (Junction("/\\", (either([A, B]), C)), "(a \\/ b) /\\ c"),
        (either([A, either([B, C])]), "a \\/ b \\/ c"),
        (Implication(Implication(A, B), C), "(a => b) => c"),
        (negated(Junction("/\\", (A, B))), "~(a /\\ b)"),
        (negated(binary(A, "=", B, 5)), "~(a = b)"),
        (binary(SUM_OF_TWO, "-", SUM_OF_TWO, 7), "a + b - (a + b)"),
        (binary(Choice(A, B, C), "<", A, 5), "(IF a THEN b ELSE c) < a"),
        (Implication(A, Quantified("\\A", ("x \\in S",), B)), "a => (\\A x \\in S : b)"),
    ],
)
def test_parentheses_stand_where_the_meaning_needs_them(term: Term, text: str):
    assert line(term) == text


def test_two_implications_are_told_apart_on_several_lines():
    long = Text("x" * 70)
    lines = layout(Implication(long, Implication(long, long)), 0)
    assert [each.strip()[:4] for each in lines] == ["xxxx", "=> (", "=> x"]
    assert lines[-1].endswith(")")
