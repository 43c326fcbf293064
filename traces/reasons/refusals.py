"""Why a step is none of the model's (refines_the_model): what the broker did, and what is false in plain words, beside
the model's own condition.

One rule: what the model refused is the model's own account (`traces.validate`); only its words are chosen here.
"""

import re
from collections.abc import Mapping
from typing import Any

from model.design import syntax
from model.models import MODELS
from traces.abstraction import action_of
from traces.chronicle import Moment
from traces.electorate import FIRST
from traces.facts import decoded
from traces.following import Divergence
from traces.quorum_facts import METADATA
from traces.quorum_facts import decoded as quorum_decoded
from traces.quorum_words import said, voter
from traces.reasons.conjuncts import plain
from traces.reasons.past import Past
from traces.schema import Step
from traces.sides import QUORUM
from traces.trace import Trace
from traces.validate import validate
from traces.wording import members, node

REPLICAS = frozenset({"leader", "follower", "replica", "removed", "member", "candidate", "voter", "f", "r"})
EPOCHS = frozenset({"epoch", "known"})
NOTHING = "nothing"
FIELDS: Mapping[str, str] = {
    "isr": "in-sync set",
    "elr": "set of eligible leader replicas",
    "maximal_isr": "set it waits for",
    "log_end": "log end",
    "high_watermark": "high watermark",
    "leader_epoch": "leader epoch",
    "partition_epoch": "partition epoch",
    "start_offset": "first offset of the epoch",
}


def leaves(past: Past) -> str:
    """The step at which the execution leaves the model: who did what, what is false in plain words, and the model's
    condition."""
    left = validate(past.trace).divergence
    if left is None or not left.node:
        return ""
    line = past.trace.lines[left.line]
    assert isinstance(line, Step), "what leaves the model is a step"
    act = f"{left.node} {_act(past, left, line)} ({line.at / 1000:.3f} s, line {left.line})"
    false = f" (false in the model: {left.conjunct})" if left.conjunct else ""
    return f"{act}, but {in_words(past, left)}{false}"


def _act(past: Past, left: Divergence, line: Step) -> str:
    """What the broker did, as it told: by the fact of the refused action, or by another that implies it, as a return
    with records on the disk implies that they were copied."""
    here = [fact for fact in decoded(line.facts) if fact.partition == left.partition]
    named = [fact for fact in here if action_of(fact) == left.action]
    implied = [fact for fact in here if fact.__struct_config__.tag == (left.fact or {}).get("fact")]
    for fact in named or implied:
        return past.did(Moment(line.n, line.at, line.node, fact))
    told = [said(fact) for fact in quorum_decoded(line.quorum) if action_of(fact) == left.action]
    return told[0] if told else left.action.replace("_", " ")


def rule_of(model: str, action: str, partition: str) -> str:
    """The first sentence of what the model says of an action; empty where it has none of that name."""
    found = MODELS.get("quorum-pre-vote" if partition == METADATA else model)
    for function in () if found is None else map(syntax, found.actions):
        if function.name == action:
            return " ".join(function.doc.split("\n\n")[0].split()).partition(". ")[0].rstrip(".")
    return ""


# ------------------------------------------------------------ the false condition
def in_words(past: Past, left: Divergence) -> str:
    """What is false, in plain words."""
    if left.conjunct == "current(s, leader)" and (found := _overtaken(past, left)):
        return found
    quorum = left.partition == METADATA or past.trace.header.model.startswith(QUORUM)
    template = plain(left.conjunct, quorum=quorum) if left.conjunct else ""
    if template:
        return _filled(template, _values(left.reason, quorum))
    return _differs(left.reason)


def _values(reason: str, quorum: bool) -> dict[str, str]:
    """The parameters of the refused action and the operands of its condition, as a reader calls them."""
    found: dict[str, str] = {}
    call = re.search(r"\w+\((?P<given>.*?)\) is not allowed here: .*? is false(?:: (?P<values>.*))?$", reason)
    if call is None:
        return found
    given = re.findall(r"(\w+)=(\{[^}]*\}|[^,]+)", call["given"])
    operands = re.findall(r"(?:^|, )(.+?) is (\{[^}]*\}|-?\w+)(?=, |$)", call["values"] or "")
    for name, value in (*given, *operands):
        found[name] = _called(name, value, quorum)
    return found


def _called(name: str, value: str, quorum: bool) -> str:
    number = int(value) if re.fullmatch(r"-?\d+", value) else None
    if number is None:
        return value
    if name in REPLICAS:
        return voter(number) if quorum and number >= FIRST else node(number)
    if name in EPOCHS and not quorum:
        return str(number - 1)
    return NOTHING if number < 0 else value


def _filled(template: str, values: Mapping[str, str]) -> str:
    """The words with the values in place; a position that was never shown is said so."""
    text = re.sub(r"<([^<>]+)>", lambda found: values.get(found.group(1), found.group(1)), template)
    return re.sub(r"only what lies below offset (nothing|0)\b", "nothing", text)


def _differs(reason: str) -> str:
    """What the broker says beside what the model has, where no condition is false."""
    found = re.fullmatch(r"it says (?P<field>\w+) is (?P<told>.*), in the model it is (?P<model>.*)", reason)
    if found is None:
        return reason.removeprefix("the model refuses it: ").replace(
            ", in the model ", ", and by what was told before "
        )
    name = FIELDS.get(found["field"], found["field"].replace("_", " "))
    return f"the {name} it tells is {_set(found['told'])}, and by what was told before it is {_set(found['model'])}"


def _set(text: str) -> str:
    if re.fullmatch(r"\[[\d, ]*\]", text):
        return members(map(int, re.findall(r"\d+", text))) if text != "[]" else "empty"
    return text


# ------------------------------------------------------------ a proposal that came too late
def _overtaken(past: Past, left: Divergence) -> str:
    """Which of the things that must be the newest is not: the epoch, the version, or the registration."""
    moment = next((each for each in past.last if action_of(each.fact) == left.action), None)
    if moment is None:
        return ""
    isr = sorted(moment.fact.isr)
    asked = past.earlier(moment, "ExpandIsr", "ShrinkIsr", where=lambda fact: sorted(fact.isr) == isr)
    stood = past.decided(moment)
    if asked is None or stood is None:
        return ""
    proposal = f"{asked.node} had asked for that ({asked.words})"
    if asked.fact.leader_epoch != _of(stood, "leader_epoch"):
        return f"{proposal} in leader epoch {asked.fact.leader_epoch}, and that was over: {past.said(stood)}"
    if asked.fact.partition_epoch != _of(stood, "partition_epoch"):
        return (
            f"{proposal} on top of version {asked.fact.partition_epoch} of the partition, and version "
            f"{_of(stood, 'partition_epoch')} stood by then: {past.said(stood)}"
        )
    since = past.earlier(
        moment,
        *("Register", "LosePower", "MemberLosesPower", "LeaderLosesPower"),
        where=lambda fact: node(fact.replica) == asked.node,
    )
    if since is None:
        return ""
    return f"{proposal} and had registered anew by then, under broker epoch {since.fact.broker_epoch} ({since.words})"


def _of(decision: Moment, field: str) -> Any:
    return getattr(decision.fact, field, 0)


def refused_in_words(trace: Trace, left: Divergence) -> str:
    """For a reader of the step itself: what is false in plain words; empty where that says no more than the reason."""
    words = in_words(Past(trace, left.partition, left.line), left)
    return "" if words in left.reason else words
