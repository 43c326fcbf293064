"""What to say to somebody who names what there is not.

One rule: the nearest names there are, and where all of them are listed; never a line of seventy names.
"""

import difflib
from collections.abc import Iterable

FEW = 8
LISTED = "fencepost fuzz --mutant list"
"""Lists the planted bugs."""


def there_is(name: str, known: Iterable[str], listed_by: str) -> str:
    """`there is a, b, c` of few; of many the nearest, and the command that lists all."""
    names = list(known)
    if len(names) <= FEW:
        return f"there is {', '.join(names)}"
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.3) or names[:3]
    return f"there is {', '.join(near)} and {len(names) - len(near)} more: `{listed_by}` lists them"
