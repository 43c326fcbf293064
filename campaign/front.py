"""What every command of the front door shares: options, and how an outcome becomes lines and an exit code.

One rule: 0 holds or done, 1 violated, 2 bad input, 3 unknown.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import click

from campaign.console import Console
from campaign.outcome import Outcome
from campaign.refusals import refusals

Run = Callable[[Console], Outcome]

JSON = click.option("--json", "json_output", is_flag=True, help="Print one JSON document and nothing else.")
TRACE = click.argument("trace", type=click.Path(exists=True, dir_okay=False, path_type=Path))
SEED = click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Where the search starts.")
MODEL = click.argument("model", default="replication")


class FrontDoor(click.Group):
    """The group of all commands. What click refuses is said as every other bad input is: one line with the remedy, and
    under --json one document."""

    def main(self, args: Sequence[str] | None = None, *more: Any, **named: Any) -> Any:
        words = list(sys.argv[1:] if args is None else args)
        try:
            code = super().main(words, *more, **{**named, "prog_name": "fencepost", "standalone_mode": False})
        except click.exceptions.NoArgsIsHelpError as asked:
            asked.show()
            sys.exit(asked.exit_code)
        except click.ClickException as refused:
            _refuse(words, refused)
        except click.Abort:
            sys.exit(1)
        sys.exit(code if isinstance(code, int) else 0)


def _refuse(words: Sequence[str], refused: click.ClickException) -> NoReturn:
    """The line names the command, what is wrong with which value, and where the right ones are listed."""
    context = getattr(refused, "ctx", None)
    path = context.command_path if context is not None else "fencepost"
    command = path.partition(" ")[2]
    message = " ".join(refused.format_message().split()).rstrip(".")
    Console(command, json_output="--json" in words).refuse(f"{message}; see `{path} --help`")


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
