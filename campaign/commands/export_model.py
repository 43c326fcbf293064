"""`fencepost export-model`: a model as a TLA+ module, with a configuration for TLC."""

from pathlib import Path

from campaign.commands.prove import named
from campaign.outcome import Outcome, Refused
from model.reading_values import Bounds
from model.tla import Exported, export


def run(
    name: str,
    form: str,
    variant: str | None,
    grain: str,
    replicas: int,
    bounds: tuple[int, int, int | None, int],
    out: Path | None,
) -> Outcome:
    """Print the module, or write it and its configuration to a directory.

    `bounds` is (log, epochs, partition epochs or None for twice the epochs, values). Raises Refused, UnknownVariant,
    Unprintable.
    """
    if form != "tla":
        raise Refused(f"--to {form}: models are printed as tla")
    model = named(name)
    exported = export(model, replicas=range(replicas), bounds=within(*bounds), variant=variant, grain=grain)
    files = write(exported, out) if out is not None else ()
    document = {
        "model": model.name,
        "variant": variant,
        "grain": grain,
        "module": exported.name,
        "invariants": list(exported.properties),
        "files": [str(file) for file in files],
    }
    lines: tuple[str, ...] = (*(f"written: {file}" for file in files), f"check it: {exported.command}")
    if out is None:
        document |= {"text": exported.module, "configuration": exported.configuration}
        note = f"The configuration, {exported.name}.cfg (TLA+ reads nothing below the line above):"
        lines = (exported.module.rstrip(), note, exported.configuration.rstrip())
    return Outcome(verdict="done", document=document, lines=lines)


def within(log: int, epochs: int, partition_epochs: int | None, values: int) -> Bounds:
    partition_epochs = 2 * epochs if partition_epochs is None else partition_epochs
    return Bounds(leader_epochs=epochs, partition_epochs=partition_epochs, log=log, values=values)


def write(exported: Exported, out: Path) -> tuple[Path, Path]:
    """The module and its configuration as files of a directory."""
    module, configuration = out / f"{exported.name}.tla", out / f"{exported.name}.cfg"
    try:
        out.mkdir(parents=True, exist_ok=True)
        module.write_text(exported.module, encoding="utf-8")
        configuration.write_text(exported.configuration, encoding="utf-8")
    except OSError as error:
        raise Refused(f"{out}: cannot be written: {error.strerror}; name a directory of yours") from None
    return module, configuration
