"""Durations as people write them: `60s`, `10m`, `1.5h`, `250ms`, or a plain number of seconds."""

import re

import click

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "": 1.0}
_FORM = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|)")


class Duration(click.ParamType[float]):
    """A positive length of time; its value is in seconds."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, int | float):
            return float(value)
        found = _FORM.fullmatch(str(value).strip())
        if not found or float(found[1]) <= 0:
            self.fail(f"{value!r} is not a duration: write 60s, 10m, 1.5h or 250ms", param, ctx)
        return float(found[1]) * _UNITS[found[2]]


DURATION = Duration()
