"""The commands that take a trace: replay, shrink, validate, render, export.

One rule: no work is done here; each calls its file in `campaign/commands/`.
"""

from pathlib import Path

import click

from campaign.front import JSON, TRACE, perform


@click.command()
@TRACE
@click.option("--clean", is_flag=True, help="Run the same choices on the code as it is, without the planted bug.")
@JSON
def replay(trace: Path, clean: bool, json_output: bool) -> None:
    """Run a trace again, with the variant or mutant its header names."""
    from campaign.commands.replay import run

    perform("replay", json_output, lambda _: run(trace, clean))


@click.command()
@TRACE
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Where to write; default: beside the trace."
)
@JSON
def shrink(trace: Path, out: Path | None, json_output: bool) -> None:
    """Shrink a failing trace to one of which nothing can be left out."""
    from campaign.commands.shrink import run

    perform("shrink", json_output, lambda console: run(trace, out, console.progress))


@click.command()
@click.argument("traces", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@JSON
def validate(traces: tuple[Path, ...], json_output: bool) -> None:
    """Replay every fact of an execution on the model; several files of live processes are merged first."""
    from campaign.commands.validate import run

    perform("validate", json_output, lambda console: run(traces, console.progress))


@click.command()
@TRACE
@click.option("-o", "--out", type=click.Path(dir_okay=False, path_type=Path), help="X.svg, X.png, X.gv or X.json.")
@JSON
def render(trace: Path, out: Path | None, json_output: bool) -> None:
    """Draw a trace as a space-time diagram."""
    from campaign.commands.render import run

    perform("render", json_output, lambda _: run(trace, out))


@click.command()
@TRACE
@click.option("--to", "form", type=click.Choice(["itf", "perfetto"]), required=True, help="The format to write.")
@click.option("-o", "--out", type=click.Path(dir_okay=False, path_type=Path), help="Where to write; default: here.")
@JSON
def export(trace: Path, form: str, out: Path | None, json_output: bool) -> None:
    """Write a trace for other viewers: ITF (Apalache, Quint) or Perfetto."""
    from campaign.commands.export import run

    perform("export", json_output, lambda _: run(trace, form, out))


COMMANDS = (replay, shrink, validate, render, export)
