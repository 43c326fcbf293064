"""The front door: parse, call one function, print, exit.

One rule: no work is done here. Each command calls `campaign/commands/`, which says what came of it; `campaign/front.py`
turns that into lines or one JSON document, and into the exit code: 0 holds or done, 1 violated, 2 bad input, 3 unknown.
"""

from pathlib import Path

import click

from campaign import front_live, front_models, front_traces
from campaign.console import Console
from campaign.durations import DURATION
from campaign.front import JSON, SEED, FrontDoor, perform
from campaign.outcome import Outcome
from campaign.refusals import refusals


@click.group(cls=FrontDoor, context_settings={"help_option_names": ["-h", "--help"]})
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
@SEED
@click.option("--budget", type=DURATION, default="60s", show_default=True)
@click.option(
    "--profile",
    default="mixed",
    show_default=True,
    help="`durable` (flush.messages=1), `default` (Kafka's), `crashes` (no power loss), `beyond` (more fails than is "
    "tolerated), or `mixed`.",
)
@click.option("--mutant", help="Plant this bug in the broker; `--mutant list` names them.")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), default=Path("traces/found"), show_default=True
)
@click.option("--processes", type=click.IntRange(min=1), default=2, show_default=True, help="Of this machine.")
@click.option("--workers", metavar="ADDRESS", help="A Dask scheduler (tcp://HOST:8786), in place of --processes.")
@click.option(
    "--campaign",
    type=click.Path(dir_okay=False, path_type=Path),
    multiple=True,
    help="Keep what was done here, and go on from there; further files of the same campaign are merged.",
)
@JSON
def fuzz(
    seed: int,
    budget: float,
    profile: str,
    mutant: str | None,
    out: Path,
    processes: int,
    workers: str | None,
    campaign: tuple[Path, ...],
    json_output: bool,
) -> None:
    """Run random failure interleavings on the simulated cluster; failures are shrunk and saved."""
    from campaign.commands.fuzz import run, workers_of

    def search(console: Console) -> Outcome:
        hands = workers_of(workers, processes)
        return run(seed, budget, profile, mutant, out, hands, campaign, console.progress)

    perform("fuzz", json_output, search)


@main.command()
@click.argument("names", nargs=-1)
@SEED
@click.option("--budget", type=DURATION, default="60s", show_default=True, help="For each of them, on one core.")
@click.option("--profile", default="mixed", show_default=True)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Write their counterexamples here.")
@click.option("--processes", type=click.IntRange(min=1), default=2, show_default=True, help="Of this machine.")
@JSON
def mutants(
    names: tuple[str, ...],
    seed: int,
    budget: float,
    profile: str,
    out: Path | None,
    processes: int,
    json_output: bool,
) -> None:
    """Plant every catalogued bug in turn (or NAMES), and see whether the same search finds it."""
    from campaign.commands.mutants import run
    from campaign.workers import local

    perform(
        "mutants",
        json_output,
        lambda console: run(names, seed, budget, profile, out, local(processes), console.progress, console.say),
    )


@main.command()
@click.option("--brokers", type=click.IntRange(1, 9), default=3, show_default=True)
@click.option(
    "--controllers", type=click.Choice(["1", "3", "5"]), default="1", show_default=True, help="Voters of the quorum."
)
@click.option("--combined", is_flag=True, help="Each controller shares a broker's process.")
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="Default: `log.dirs`, or data.")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Of broker 1; 0: any free. Default: that of `listeners`, or 9092."
)
@click.option("--host", help="Default: that of `listeners`, or 127.0.0.1.")
@click.option(
    "--config",
    "configuration",
    multiple=True,
    metavar="FILE|NAME=VALUE",
    help="A server.properties, or one setting under Kafka's name; repeatable, the later wins.",
)
@click.option("--trace", type=click.Path(file_okay=False, path_type=Path), help="Each process records its trace here.")
@click.option(
    "--metrics-port",
    type=click.IntRange(0, 65535),
    help="Of broker 1's GET /metrics, the others' after it; 0: any free.",
)
def serve(
    brokers: int,
    controllers: str,
    combined: bool,
    data: Path | None,
    port: int | None,
    host: str | None,
    configuration: tuple[str, ...],
    trace: Path | None,
    metrics_port: int | None,
) -> None:
    """Run controllers and brokers as separate processes, until SIGTERM or Ctrl-C."""
    from impl.server.serve import serve as run

    console = Console("serve", json_output=False)
    try:
        code = run(
            brokers,
            data,
            port,
            controllers=int(controllers),
            combined=combined,
            host=host,
            configuration=configuration,
            trace=trace,
            metrics_port=metrics_port,
        )
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


for command in (*front_live.COMMANDS, *front_models.COMMANDS, *front_traces.COMMANDS):
    main.add_command(command)


if __name__ == "__main__":
    main()
