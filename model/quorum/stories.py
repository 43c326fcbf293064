"""The stories of the quorum's variants: what was believed, why two leaders or a lost record follow, and what holds.

One rule: a story beside each variant, in the order of the variants; the gallery (`docs/gallery`) is made of these and
of the saved traces.
"""

from model.story import Story

GUARD = "no bug of Kafka's: a rule of Raft left out"

STORIES = (
    Story(
        model="quorum",
        variant="vote-forgotten",
        title="A vote forgotten",
        known_as="the reason for the quorum-state file; redpanda-data/redpanda issue 19",
        believed="A vote matters to the candidate that gets it; the voter need not keep it.",
        happens="The voter restarts within the epoch, has forgotten its vote, and gives it to another candidate too.",
        fix="A vote is on the disk before it is answered, and is read at the start.",
    ),
    Story(
        model="quorum",
        variant="vote-doubled",
        title="Two votes in one epoch",
        known_as=GUARD,
        believed="A candidate that asks in the voter's own epoch may have its vote.",
        happens="Two candidates of one epoch have a majority each, and one voter in both.",
        fix="A voter votes once in an epoch; asked again, only for the same candidate.",
    ),
    Story(
        model="quorum",
        variant="vote-unchecked",
        title="Elected without the committed record",
        known_as=GUARD,
        believed="Whoever has a majority of votes may lead.",
        happens="A majority votes for a candidate whose log lacks what another majority has committed.",
        fix="A voter refuses a candidate whose log ends in an older epoch than its own, or earlier in the same one.",
    ),
    Story(
        model="quorum",
        variant="vote-by-length",
        title="The longer log wins",
        known_as=GUARD,
        believed="The longer of two logs has more of what was committed.",
        happens="A long log of an old epoch, none of it committed, beats a shorter one with the committed record.",
        fix="The epochs of the last records are compared first, lengths only where these are the same.",
    ),
    Story(
        model="quorum",
        variant="commit-older-epoch",
        title="Figure 8 of the Raft paper",
        known_as="section 5.4.2 of the Raft paper",
        believed="A record that a majority has is committed.",
        happens=(
            "A leader finds a record of an older epoch on a majority and counts it as committed. A voter whose log "
            "ends in an epoch in between can still be elected, and it does not have that record."
        ),
        fix="A leader commits records of its own epoch only; older ones are committed with the first of these.",
    ),
    Story(
        model="quorum",
        variant="commit-at-epoch-start",
        title="A watermark too early by one",
        known_as="KAFKA-12619",
        believed="A new leader may expose its high watermark when a majority has reached the start of its epoch.",
        happens="Off by one: nobody but the leader need have the record that makes the epoch the newest.",
        fix="The high watermark moves when a majority has the leader-change record itself, which begins the epoch.",
    ),
    Story(
        model="quorum",
        variant="commit-unflushed",
        title="The leader counts what it may lose",
        known_as=GUARD,
        believed="The leader has the record: it has just appended it.",
        happens="It counts itself before the flush, restarts without the record, and the majority is one short.",
        fix="A leader counts itself up to what it has flushed.",
    ),
    Story(
        model="quorum",
        variant="fetch-unflushed",
        title="A follower shows what it may lose",
        known_as=GUARD,
        believed="A follower that fetches at an offset has everything below it.",
        happens="It had, in memory. The leader counts it, it restarts, and the committed record is on one disk only.",
        fix="A voter flushes what it has fetched before its next fetch shows that it has it.",
    ),
    Story(
        model="quorum",
        variant="fetch-unfenced",
        title="A fetch of another epoch",
        known_as="KIP-320 for the quorum: a rule of KIP-595 left out",
        believed="A fetch at offset n shows everything below n, whoever is the leader.",
        happens="The position was shown to the leader of another epoch, of another log.",
        fix="Fetches carry the epoch; a leader answers and counts only those of its own (KIP-595).",
    ),
    Story(
        model="quorum",
        variant="diverging-counted",
        title="Counted, though the log was just called divergent",
        known_as="KAFKA-13141",
        believed="The position of a fetch may be noted first, and the log compared after.",
        happens="The leader tells the follower to truncate and keeps counting what it is about to cut off.",
        fix="A fetch whose last epoch does not fit the leader's log is answered and never counted (KAFKA-13141).",
    ),
    Story(
        model="quorum",
        variant="truncate-below-high-watermark",
        title="Truncating what was committed",
        known_as="KAFKA-12460",
        believed="A follower truncates to wherever it is told to.",
        happens="It cuts off a record that both logs have and that was committed on its word, and then is elected.",
        fix="A follower keeps what it has in common with the leader; below the high watermark it truncates nothing.",
    ),
    Story(
        model="quorum-pre-vote",
        variant="pre-votes-counted",
        title="Who would vote, votes",
        known_as=GUARD,
        believed="A replica that says it would vote for a candidate has as good as voted for it.",
        happens=(
            "A pre-vote binds nobody and is written nowhere: a voter says yes to two candidates, or to one and then "
            "votes for another, and an epoch has two leaders."
        ),
        fix="Pre-votes only allow to stand; a leader needs votes, of which each voter has one in an epoch (KIP-996).",
    ),
    Story(
        model="quorum-voters",
        variant="change-before-own-commit",
        title="New voters from a new leader",
        known_as="the bug in single-server changes of Raft (Ongaro, raft-dev, 2015)",
        believed="One voter more or less at a time is safe: majorities of the two sets always meet.",
        happens=(
            "Two leaders in turn each change the set they know by one, and neither knows of the other's change. Their "
            "sets differ by two voters, and a majority of one need not meet a majority of the other."
        ),
        fix="A leader changes the voters only after a record of its own epoch is committed (KIP-853).",
    ),
    Story(
        model="quorum-voters",
        variant="two-changes-at-once",
        title="Two changes at once",
        known_as=GUARD,
        believed="Each change is of one voter, so they may follow each other at once.",
        happens=(
            "The leader goes by the second change while others still go by the set before the first: the two differ by "
            "two voters, and each has a majority of its own."
        ),
        fix="A change waits until the one before it is committed (KIP-853; Kafka refuses it until then).",
    ),
)
