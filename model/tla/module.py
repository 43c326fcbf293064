"""A whole model as a TLA+ module, with a configuration for TLC.

One rule: bounds are constants of the configuration, and a step that leads beyond them is no step: `Next` asks for
`WithinBounds'`, so that TLC visits, counts and judges the states that a search of this project does, and no others.
"""

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass

from model.design import Model, syntax
from model.reading_values import Bounds
from model.syntax import Function
from model.tla import domains, names
from model.tla.documents import variable_docs
from model.tla.refusals import refuse
from model.tla.scope import Local, Used, parameters
from model.tla.steps import InitialWriter, Writer, comment, definition, listed, operator
from model.tla.terms import JUNCTION, Quantified, Term, Text, bulleted, shifted

GRAINS = ("asynchronous", "synchronous")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """A module by name, its text, and the text of its configuration."""

    name: str
    module: str
    configuration: str
    properties: tuple[str, ...]

    @property
    def command(self) -> str:
        """How TLC is asked; `-deadlock` because a search that reaches its bounds is no failure."""
        return command(self.name)


def export(
    model: Model,
    *,
    replicas: Iterable[int] = (0, 1, 2),
    bounds: Bounds | None = None,
    variant: str | None = None,
    grain: str = "asynchronous",
) -> Exported:
    """Prints a model, or a variant of it. Raises Unprintable at the first construct that TLA+ has no rendering for
    here, UnknownVariant."""
    printer = Printer(model, variant, grain)
    return printer.exported(tuple(sorted(replicas)), bounds or Bounds())


def command(name: str) -> str:
    return f"java -cp tla2tools.jar tlc2.TLC -deadlock {name}"


class Printer:
    """Prints one model, variant and grain."""

    def __init__(self, model: Model, variant: str | None, grain: str) -> None:
        self.model, self.variant, self.grain = model, variant, grain
        synchronous = grain == "synchronous"
        self.steps = model.synchronous(variant) if synchronous else model.actions_of(variant)
        self.safety = model.safety_of(ghosts=False)
        self.variables = [v for v in model.variables.values() if not v.ghost]
        self.fixed = frozenset(v.name for v in self.variables if v.message and synchronous)
        self.changing = [v for v in self.variables if v.name not in self.fixed]
        self.used = Used()
        self.claim()

    @property
    def name(self) -> str:
        """`ReplicationKip101`: the model and the variant."""
        return names.upper("_".join([self.model.name, self.variant or ""]).replace("-", "_"))

    def claim(self) -> None:
        """Takes the names of the module. Raises Unprintable where two things would have one name."""
        for name in domains.TAKEN:
            self.used.taken.claim(name)
        steps = {names.upper(name): function for name, function in self.steps.items()}
        properties = {names.upper(function.name): function for function in self.safety}
        for name, function in (*steps.items(), *properties.items()):
            if not self.used.taken.claim(name):
                raise refuse(function, function.tree, f"`{name}`, a name that the module uses otherwise,", "rename it")
        first = syntax(self.model.initial)
        for variable in self.variables:
            if not self.used.taken.claim(names.lower(variable.name)):
                raise refuse(first, first.tree, f"the variable `{variable.name}`, whose name is taken,", "rename it")

    # ------------------------------------------------------------ parts
    def initial(self) -> tuple[list[str], list[str]]:
        """Init, and what the messages of a grain that forgets them are throughout."""
        function = syntax(self.model.initial)
        sets = [parameter for parameter in function.parameters if parameter.domain == "ReplicaSet"]
        if len(sets) != 1 or len(function.parameters) != 1:
            raise refuse(function, function.tree, "an initial state without one ReplicaSet", "give it (s, members)")
        writer = InitialWriter(function, self.used, self.variables)
        writer.body(function, {sets[0].name: Local(Text("Replica"), "set")})
        writer.finish(self.fixed)
        doc = f"{function.doc}\nHere: all replicas are its members."
        fixed = [f"{names.lower(name)} == {writer.values[name]}" for name in writer.values if name in self.fixed]
        return writer.printed("Init", (), doc, ()), fixed

    def operator(self, name: str, function: Function) -> list[str]:
        writer = Writer(function, self.used, self.variables, self.fixed)
        written = function.writes(ghosts=False)
        unchanged = [names.lower(v.name) for v in self.changing if v.name not in written]
        return operator(function, self.used, writer, name, unchanged)

    def next(self) -> list[str]:
        """Any step with any parameters, as long as it stays within the bounds."""
        found: list[Term] = []
        for name, function in self.steps.items():
            called = names.upper(name)
            binders, given = list[str](), list[str]()
            for parameter in parameters(function):
                bound = self.used.taken.bound(parameter, given)
                domain = next(p.domain for p in function.parameters if p.name == parameter)
                self.used.domains.add(domain)
                binders.append(f"{bound} \\in {'BOOLEAN' if domain == 'bool' else domain}")
                given.append(bound)
            call = f"{called}({', '.join(given)})" if given else called
            step = Text(f"{call} /\\ WithinBounds'", JUNCTION)
            found.append(Quantified("\\E", tuple(binders), step) if binders else step)
        return ["Next ==", *shifted(bulleted("\\/", found, 4), 4)]

    def within(self) -> list[str]:
        doc = "What the search looks at; a step that leads beyond is not taken."
        found = domains.limits(self.changing, self.used)
        return [*comment(doc), "WithinBounds ==", *(f"    /\\ {each}" for each in found)]

    # ------------------------------------------------------------ the whole
    def exported(self, replicas: tuple[int, ...], bounds: Bounds) -> Exported:
        init, fixed = self.initial()
        steps = [text for name, f in self.steps.items() for text in (*self.operator(name, f), "")]
        safety = [text for f in self.safety for text in (*definition(f, self.used), "")]
        within, following = self.within(), self.next()
        definitions = [text for f in self.used.definitions.values() for text in (*definition(f, self.used), "")]
        constants = domains.constants(self.used, replicas, bounds)
        parts = [
            [f"---- MODULE {self.name} ----", *self.preface(), "EXTENDS Integers, FiniteSets", ""],
            self.on_logs(),
            [f"CONSTANTS {', '.join(constants)}", "", *domains.definitions(self.used), ""],
            self.declared(fixed),
            definitions,
            [*init, ""],
            steps,
            [*within, "", *following, ""],
            [*listed("vars == ", [names.lower(v.name) for v in self.changing]), ""],
            ["Spec == Init /\\ [][Next]_vars", ""],
            safety,
            ["===="],
        ]
        module = "\n".join(text for part in parts for text in part) + "\n"
        properties = tuple(names.upper(f.name) for f in self.safety)
        chosen = [f"    {name} = {value}" for name, value in constants.items()]
        configuration = ["INIT Init", "NEXT Next", "CONSTANTS", *chosen, *(f"INVARIANT {p}" for p in properties)]
        return Exported(
            name=self.name, module=module, configuration="\n".join(configuration) + "\n", properties=properties
        )

    def preface(self) -> list[str]:
        found = self.model.variant(self.variant)
        what = f"variant {found.id}: {found.sentence}" if found else "as it should be"
        variant = f" --variant {found.id}" if found else ""
        return comment(
            f"The model `{self.model.name}`, {what}\n"
            f"Printed by `fencepost export-model {self.model.name} --to tla --grain {self.grain}{variant}`, without\n"
            "the ghosts that only its proof needs: change the model, not this file.\n"
            f"Check it: {command(self.name)}"
        )

    def on_logs(self) -> list[str]:
        found = [names.HELPERS[name] for name in names.ON_LOGS if name in self.used.helpers]
        if not found:
            return []
        start = ["---- MODULE Logs ----", "LOCAL INSTANCE Integers", "LOCAL INSTANCE Sequences"]
        return [*start, *found, "====", "INSTANCE Logs", ""]

    def declared(self, fixed: list[str]) -> list[str]:
        docs = variable_docs(self.model.state)
        found = ["VARIABLES"]
        for place, variable in enumerate(self.changing):
            found += shifted(comment("\n".join(textwrap.wrap(docs.get(variable.name, ""), 100))), 4)
            found.append(f"    {names.lower(variable.name)}" + ("," if place + 1 < len(self.changing) else ""))
        if fixed:
            found += ["", "\\* At this grain no message outlives the step that sent it."]
        return [*found, *fixed, ""]
