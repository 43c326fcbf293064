"""The front door: parse, call one function, print, exit.

One rule: no work is done here. Each command calls `campaign/commands/`, which says what came of it; this file turns
that into lines or one JSON document, and into the exit code: 0 holds or done, 1 violated, 2 bad input, 3 unknown.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from campaign.console import Console
from campaign.durations import DURATION
from campaign.outcome import Outcome
from campaign.refusals import refusals

Command = Callable[..., Any]
Run = Callable[[Console], Outcome]

JSON = click.option("--json", "json_output", is_flag=True, help="Print one JSON document and nothing else.")
TRACE = click.argument("trace", type=click.Path(exists=True, dir_okay=False, path_type=Path))
SEED = click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Where the search starts.")
MODEL = click.argument("model", default="replication")


def perform(command: str, json_output: bool, run: Run) -> None:
    """Run a command and leave with its verdict; bad input is one line and exit code 2."""
    console = Console(command, json_output=json_output)
    try:
        outcome = run(console)
    except refusals() as refusal:
        console.refuse(str(refusal))
    except KeyboardInterrupt:
        console.refuse("interrupted before it had a result; run it again, with a smaller --budget if it took too long")
    console.finish(outcome.verdict, outcome.document, outcome.lines)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="fencepost")
def main() -> None:
    """A Kafka-compatible broker, held to one model of what a correct log does."""


@main.command()
@click.option(
    "--budget", type=DURATION, default="60s", show_default=True, help="Time for exploring and fuzzing together."
)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=Path("report"), show_default=True)
@SEED
@JSON
def check(budget: float, out: Path, seed: int, json_output: bool) -> None:
    """The main job: prove, explore, fuzz, run live, validate, and write the invariant report."""
    from campaign.check import run

    perform("check", json_output, lambda console: run(budget, out, seed, console.progress, console.say))


@main.command()
@MODEL
@click.option("--replicas", default="any", show_default=True, help="A number of replicas, or `any`.")
@click.option("--variant", help="A historical or broken design in place of the model's.")
@click.option("--seed", type=click.IntRange(min=0), multiple=True, help="Solver seed; give several to try each.")
@JSON
def prove(model: str, replicas: str, variant: str | None, seed: tuple[int, ...], json_output: bool) -> None:
    """Prove every safety property by induction; each obligation is timed, and unknown is no pass."""
    from campaign.commands.prove import run

    perform("prove", json_output, lambda console: run(model, replicas, variant, seed or (0,), console.progress))


@main.command()
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


@main.command()
@MODEL
@click.option("--variant", help="A historical or broken design in place of the model's.")
@click.option("--replicas", type=click.IntRange(1, 5), default=3, show_default=True)
@click.option("--log", type=click.IntRange(1, 5), default=1, show_default=True, help="Records in a log at most.")
@click.option("--epochs", type=click.IntRange(1, 5), default=2, show_default=True, help="Leader epochs at most.")
@click.option("--grain", type=click.Choice(["asynchronous", "synchronous"]), default="synchronous", show_default=True)
@click.option("--form", type=click.Choice(["auto", "c", "numpy", "values"]), default="auto", show_default=True)
@click.option(
    "--reduce", is_flag=True, help="Count states that differ by names of replicas, or not at all later, once."
)
@click.option("--budget", type=DURATION, default="60s", show_default=True)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the counterexample here.")
@JSON
def explore(
    model: str,
    variant: str | None,
    replicas: int,
    log: int,
    epochs: int,
    grain: str,
    form: str,
    reduce: bool,
    budget: float,
    out: Path | None,
    json_output: bool,
) -> None:
    """Visit every state of the model within bounds, breadth first."""
    from campaign.commands.explore import run

    bounds = (replicas, log, epochs)
    perform(
        "explore",
        json_output,
        lambda console: run(model, variant, bounds, grain, form, reduce, budget, out, console.progress),
    )


@main.command("export-model")
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


@main.command()
@SEED
@click.option("--budget", type=DURATION, default="60s", show_default=True)
@click.option(
    "--profile", default="durable", show_default=True, help="`durable` (flush.messages=1) or `default` (Kafka's)."
)
@click.option("--mutant", help="Plant this bug in the broker; `--mutant list` names them.")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), default=Path("traces/found"), show_default=True
)
@click.option("--processes", type=click.IntRange(min=1), default=2, show_default=True)
@JSON
def fuzz(
    seed: int, budget: float, profile: str, mutant: str | None, out: Path, processes: int, json_output: bool
) -> None:
    """Run random failure interleavings on the simulated cluster; failures are shrunk and saved."""
    from campaign.commands.fuzz import run

    perform("fuzz", json_output, lambda console: run(seed, budget, profile, mutant, out, processes, console.progress))


@main.command()
@TRACE
@click.option("--clean", is_flag=True, help="Run the same choices on the code as it is, without the planted bug.")
@JSON
def replay(trace: Path, clean: bool, json_output: bool) -> None:
    """Run a trace again, with the variant or mutant its header names."""
    from campaign.commands.replay import run

    perform("replay", json_output, lambda _: run(trace, clean))


@main.command()
@TRACE
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Where to write; default: beside the trace."
)
@JSON
def shrink(trace: Path, out: Path | None, json_output: bool) -> None:
    """Shrink a failing trace to one of which nothing can be left out."""
    from campaign.commands.shrink import run

    perform("shrink", json_output, lambda console: run(trace, out, console.progress))


@main.command()
@click.argument("traces", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@JSON
def validate(traces: tuple[Path, ...], json_output: bool) -> None:
    """Replay every fact of an execution on the model; several files of live processes are merged first."""
    from campaign.commands.validate import run

    perform("validate", json_output, lambda console: run(traces, console.progress))


@main.command()
@TRACE
@click.option("-o", "--out", type=click.Path(dir_okay=False, path_type=Path), help="X.svg, X.png, X.gv or X.json.")
@JSON
def render(trace: Path, out: Path | None, json_output: bool) -> None:
    """Draw a trace as a space-time diagram."""
    from campaign.commands.render import run

    perform("render", json_output, lambda _: run(trace, out))


@main.command()
@TRACE
@click.option("--to", "form", type=click.Choice(["itf", "perfetto"]), required=True, help="The format to write.")
@click.option("-o", "--out", type=click.Path(dir_okay=False, path_type=Path), help="Where to write; default: here.")
@JSON
def export(trace: Path, form: str, out: Path | None, json_output: bool) -> None:
    """Write a trace for other viewers: ITF (Apalache, Quint) or Perfetto."""
    from campaign.commands.export import run

    perform("export", json_output, lambda _: run(trace, form, out))


@main.command()
@click.option("--brokers", type=click.IntRange(1, 9), default=3, show_default=True)
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), default=Path("data"), show_default=True)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=9092, show_default=True, help="Of broker 1; 0: any free."
)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--config", "configuration", multiple=True, metavar="NAME=VALUE", help="Kafka configuration, repeatable.")
@click.option("--trace", type=click.Path(file_okay=False, path_type=Path), help="Each process records its trace here.")
@click.option(
    "--metrics-port",
    type=click.IntRange(0, 65535),
    help="Of broker 1's GET /metrics, the others' after it; 0: any free.",
)
def serve(
    brokers: int,
    data: Path,
    port: int,
    host: str,
    configuration: tuple[str, ...],
    trace: Path | None,
    metrics_port: int | None,
) -> None:
    """Run a controller and brokers as separate processes, until SIGTERM or Ctrl-C."""
    from impl.server.serve import serve as run

    console = Console("serve", json_output=False)
    try:
        code = run(brokers, data, port, host=host, configuration=configuration, trace=trace, metrics_port=metrics_port)
    except refusals() as refusal:
        console.refuse(str(refusal))
    raise SystemExit(code)


@main.command()
@click.argument("directory", default=Path("report"), type=click.Path(file_okay=False, path_type=Path))
@JSON
def report(directory: Path, json_output: bool) -> None:
    """Build the page again from DIRECTORY/report.json, and say what it says."""
    from campaign.commands.report import run

    perform("report", json_output, lambda _: run(directory))


if __name__ == "__main__":
    main()
