"""What every command of the front door shares: options, and how an outcome becomes lines and an exit code.

One rule: 0 holds or done, 1 violated, 2 bad input, 3 unknown.
"""

from collections.abc import Callable
from pathlib import Path

import click

from campaign.console import Console
from campaign.outcome import Outcome
from campaign.refusals import refusals

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
