"""The front door's commands on live clusters; see fencepost.py, whose one rule is this file's too."""

from pathlib import Path

import click

from campaign.durations import DURATION
from campaign.front import JSON, SEED, perform


@click.command()
@SEED
@click.option("--budget", type=DURATION, default="30s", show_default=True, help="How long failures are made.")
@click.option(
    "--faults",
    metavar="KIND,...",
    help="Only these; `--faults list` says which there are; default: all.",
)
@click.option("--mutant", help="Plant this bug in every process; `fencepost fuzz --mutant list` names them.")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), help="Keep traces and histories here; default: nowhere."
)
@JSON
def storm(
    seed: int, budget: float, faults: str | None, mutant: str | None, out: Path | None, json_output: bool
) -> None:
    """Run three brokers for real, make failures at random under load, heal, and judge all that was recorded."""
    from campaign.commands.storm import run

    perform("storm", json_output, lambda console: run(seed, budget, faults, mutant, out, console.progress))


COMMANDS = (storm,)
