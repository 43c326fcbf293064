"""The commands that read the model: prove, search, explore, export-model.

One rule: no work is done here; each calls its file in `campaign/commands/`.
"""

from pathlib import Path
from typing import Any

import click

from campaign.durations import DURATION
from campaign.front import JSON, MODEL, perform
from campaign.sizes import SIZE


@click.command()
@MODEL
@click.option("--replicas", default="any", show_default=True, help="A number of replicas, or `any`.")
@click.option("--variant", help="A historical or broken design in place of the model's.")
@click.option("--seed", type=click.IntRange(min=0), multiple=True, help="Solver seed; give several to try each.")
@JSON
def prove(model: str, replicas: str, variant: str | None, seed: tuple[int, ...], json_output: bool) -> None:
    """Prove every safety property by induction; each obligation is timed, and unknown is no pass."""
    from campaign.commands.prove import run

    perform("prove", json_output, lambda console: run(model, replicas, variant, seed or (0,), console.progress))


@click.command()
@MODEL
@click.option("--depth", type=click.IntRange(min=1), default=12, show_default=True, help="Steps at most.")
@click.option("--variant", help="A historical or broken design in place of the model's.")
@click.option("--log", type=click.IntRange(1, 4), help="Records in a log at most; needs --epochs. Default: grows.")
@click.option("--epochs", type=click.IntRange(1, 5), help="Leader epochs at most; needs --log. Default: grows.")
@click.option("--budget", type=DURATION, default="300s", show_default=True)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the trace here.")
@JSON
def search(
    model: str,
    depth: int,
    variant: str | None,
    log: int | None,
    epochs: int | None,
    budget: float,
    out: Path | None,
    json_output: bool,
) -> None:
    """Search symbolically, within bounds, for a trace that violates a safety property."""
    from campaign.commands.search import run

    if (log is None) != (epochs is None):
        raise click.UsageError("--log and --epochs bound the search together: give both, or neither")
    bounds = None if log is None or epochs is None else (log, epochs)
    perform("search", json_output, lambda console: run(model, variant, depth, bounds, budget, out, console.progress))


@click.command()
@MODEL
@click.option("--variant", help="A historical or broken design in place of the model's.")
@click.option("--replicas", type=click.IntRange(1, 5), help="[default: 3; a variant's grow]")
@click.option("--log", type=click.IntRange(1, 5), help="Records in a log at most.  [default: 1; a variant's grows]")
@click.option("--epochs", type=click.IntRange(1, 5), help="Leader epochs at most.  [default: 2; a variant's grow]")
@click.option(
    "--partition-epochs", type=click.IntRange(1, 20), help="Partition epochs at most; default: twice --epochs."
)
@click.option(
    "--grain",
    type=click.Choice(["asynchronous", "synchronous"]),
    help="[default: synchronous; a variant's may be the other]",
)
@click.option("--form", type=click.Choice(["auto", "c", "numpy", "values"]), default="auto", show_default=True)
@click.option(
    "--reduce/--plain",
    default=True,
    show_default=True,
    help="Whether to count states that differ by names of replicas, or not at all later, once.",
)
@click.option("--threads", type=click.IntRange(1, 8), default=2, show_default=True, help="Threads of the C form.")
@click.option("--memory", type=SIZE, help="Memory at most, as in 4GiB; default: half of the machine's.")
@click.option("--budget", type=DURATION, default="600s", show_default=True)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the counterexample here.")
@JSON
def explore(model: str, variant: str | None, out: Path | None, json_output: bool, **asked: Any) -> None:
    """Visit every state of the model within bounds, breadth first."""
    from campaign.commands.explore import Asked, run

    perform("explore", json_output, lambda console: run(model, variant, Asked(**asked), out, console.progress))


@click.command("export-model")
@MODEL
@click.option("--to", "form", type=click.Choice(["tla"]), default="tla", show_default=True)
@click.option("--variant", help="A historical or broken design in place of the model's.")
@click.option("--grain", type=click.Choice(["asynchronous", "synchronous"]), default="asynchronous", show_default=True)
@click.option("--replicas", type=click.IntRange(1, 5), default=3, show_default=True)
@click.option("--log", type=click.IntRange(1, 5), default=1, show_default=True, help="Records in a log at most.")
@click.option("--epochs", type=click.IntRange(1, 5), default=2, show_default=True, help="Leader epochs at most.")
@click.option(
    "--partition-epochs", type=click.IntRange(1, 20), help="Partition epochs at most; default: twice --epochs."
)
@click.option("--values", type=click.IntRange(1, 5), default=1, show_default=True, help="Different records.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Write the module and its .cfg here.")
@JSON
def export_model(
    model: str,
    form: str,
    variant: str | None,
    grain: str,
    replicas: int,
    log: int,
    epochs: int,
    partition_epochs: int | None,
    values: int,
    out: Path | None,
    json_output: bool,
) -> None:
    """Print a model as a TLA+ module, with a TLC configuration for these bounds."""
    from campaign.commands.export_model import run

    bounds = (log, epochs, partition_epochs, values)
    perform("export-model", json_output, lambda _: run(model, form, variant, grain, replicas, bounds, out))


COMMANDS = (prove, search, explore, export_model)
