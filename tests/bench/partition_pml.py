"""The reference partition (`model/reference_partition.py`) in Promela, for SPIN: an atomic option an instance.

One rule: nothing but states. No process switches, no scratch variable in the state vector (`hidden`), every choice of
replicas written out, so that SPIN spends its time on what the others spend theirs on.
"""

from collections.abc import Iterator

REPLICAS, LOG, EPOCHS = 3, 3, 3

DECLARATIONS = f"""
byte leader = {REPLICAS}, epoch;
bit in_sync[{REPLICAS}] = 1;
byte known[{REPLICAS}];
bit leading[{REPLICAS}];
byte end_[{REPLICAS}];
byte high[{REPLICAS}];
byte entry[{REPLICAS * LOG}];
byte position[{REPLICAS * REPLICAS}];
hidden byte least;
"""


def lower(names: list[str]) -> str:
    """Statements that leave the least of these in `least`."""
    first, *rest = names
    return f"least = {first}; " + " ".join(f"if :: {x} < least -> least = {x} :: else fi;" for x in rest)


def of_replica(r: int) -> Iterator[str]:
    own, base = f"position[{r * REPLICAS + r}]", r * LOG
    yield f"leading[{r}] && end_[{r}] < {LOG} -> entry[{base} + end_[{r}]] = known[{r}]; end_[{r}]++; {own} = end_[{r}]"
    counted = [f"(in_sync[{f}] -> position[{r * REPLICAS + f}] : end_[{r}])" for f in range(REPLICAS) if f != r]
    enough = " && ".join(f"{x} > high[{r}]" for x in [own, *counted])
    yield f"leading[{r}] && known[{r}] == epoch && {enough} -> {lower([own, *counted])} high[{r}] = least; least = 0"
    yield f"in_sync[{r}] && leader != {r} && epoch < {EPOCHS} -> leader = {r}; epoch++"
    forget = " ".join(f"position[{r * REPLICAS + f}] = 0;" for f in range(REPLICAS))
    behind = f"known[{r}] < epoch"
    yield f"{behind} && leader == {r} -> known[{r}] = epoch; leading[{r}] = 1; {forget} {own} = end_[{r}]"
    cut = " ".join(f"if :: high[{r}] <= {o} -> entry[{base + o}] = 0 :: else fi;" for o in range(LOG))
    truncated = f"{cut} if :: high[{r}] < end_[{r}] -> end_[{r}] = high[{r}] :: else fi"
    yield f"{behind} && leader != {r} -> known[{r}] = epoch; leading[{r}] = 0; {forget} {truncated}"


def of_pair(r: int, f: int) -> Iterator[str]:
    """The leader `r` and its follower `f`."""
    shown = f"position[{r * REPLICAS + f}]"
    together = f"leading[{r}] && !leading[{f}] && known[{r}] == known[{f}]"
    learn = f"high[{f}] = (high[{r}] < end_[{f}] -> high[{r}] : end_[{f}])"
    copy = f"entry[{f * LOG} + end_[{f}]] = entry[{r * LOG} + end_[{f}]]"
    yield f"{together} && end_[{f}] < end_[{r}] -> {shown} = end_[{f}]; {copy}; end_[{f}]++; {learn}"
    yield f"{together} -> {shown} = end_[{f}]; {learn}"
    newest = f"leading[{r}] && known[{r}] == epoch"
    yield f"{newest} && in_sync[{f}] -> in_sync[{f}] = 0"
    yield f"{newest} && !in_sync[{f}] && {shown} >= high[{r}] -> in_sync[{f}] = 1"


def text() -> str:
    """The whole model."""
    options = [option for r in range(REPLICAS) for option in of_replica(r)]
    options += [option for r in range(REPLICAS) for f in range(REPLICAS) if f != r for option in of_pair(r, f)]
    lines = "\n".join(f"  :: d_step {{ {option} }}" for option in options)
    return f"{DECLARATIONS}\nactive proctype partition() {{\nend: do\n{lines}\n  od\n}}\n"
