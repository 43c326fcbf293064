"""Amounts of memory as people write them: `4GiB`, `512MiB`, `8g`, or a plain number of bytes."""

import os
import re

import click

_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
_FORM = re.compile(r"(\d+(?:\.\d+)?)(k|m|g|)(?:i?b)?", re.IGNORECASE)


class Size(click.ParamType[int]):
    """A positive amount of memory; its value is in bytes, a unit is a power of 1024."""

    name = "size"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        found = _FORM.fullmatch(str(value).strip())
        if not found or float(found[1]) <= 0:
            self.fail(f"{value!r} is not a size: write 4GiB, 512MiB or a number of bytes", param, ctx)
        return int(float(found[1]) * _UNITS[found[2].lower()])


SIZE = Size()


def half_of_memory() -> int:
    """Half of the machine's memory, in bytes: what a search takes unless told."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
