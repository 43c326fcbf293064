"""What a design that did not hold was for: the words of its page in the gallery.

One rule: only what a trace cannot tell. The steps, their number and what refuses them in the model are generated.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One variant's story, in Markdown. `search` is a small space in which a search finds it to break: replicas,
    longest log, leader epochs, partition epochs, at the synchronous grain; None where its trace was found otherwise.
    """

    model: str
    variant: str
    title: str
    known_as: str
    """Where Kafka's users have met it: KIP and JIRA numbers, or why there are none."""
    believed: str
    happens: str
    fix: str
    search: tuple[int, int, int, int] | None = None
