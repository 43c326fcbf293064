"""The catalogue of historic bugs, row by row: which planted bug stands for it, or why none does.

One rule: a row without a planted bug says why, and where the guard is tested instead. `Row.planted` are ids of
`campaign.mutants`; a test holds the two lists to each other.

R: replication. P: producers. T: transactions. G: groups. K: the controllers' quorum. S: storage.
"""

from typing import NamedTuple

NO_TRANSACTIONS = "there are no transactions in the broker: InitProducerId gives ids without a transactional id"
NO_GROUPS = "there is no group coordinator in the broker"


class Row(NamedTuple):
    """One historic bug."""

    id: str
    about: str
    planted: tuple[str, ...] = ()
    missing: str = ""
    """Why nothing is planted for it; empty where something is."""


ROWS: tuple[Row, ...] = (
    Row("R1", "truncate to the high watermark (KIP-101)", ("kip-101",)),
    Row("R2", "fast failover divergence (KIP-279, KAFKA-6361)", ("kip-279",)),
    Row("R3", "zombie follower (KIP-320, KAFKA-6880)", ("fetch-without-epoch-check",)),
    Row("R4", "truncation on error only (the first try at KIP-320)", ("truncates-on-error-only",)),
    Row("R5", "truncation point from a leader of another epoch", ("probe-unfenced",)),
    Row("R6", "join the in-sync set below the epoch's start (KAFKA-7128)", ("expand-without-epoch-start",)),
    Row("R7", "epoch start not cached at election (KAFKA-7415)", ("epoch-start-not-cached",)),
    Row("R8", "epoch cache not cut (KAFKA-10706)", ("epoch-cache-not-cut",)),
    Row("R10", "diverging fetch counted (KAFKA-13141)", ("diverging-fetch-counted",)),
    Row("R12", "acknowledged before the in-sync set has it", ("ack-before-isr", "majority-watermark")),
    Row("R13", "eager shrink (KIP-497)", ("eager-shrink",)),
    Row("R15", "outdated AlterPartition accepted (KIP-497)", ("alter-partition-without-cas",)),
    Row("R16", "an older registration counts (KIP-903, KAFKA-15221)", ("no-broker-epoch",)),
    Row("R17", "fenced or stopping replica joins (KIP-841)", ("adds-the-fenced",)),
    Row("R18", "last replica standing (KIP-966)", ("last-replica-stands",)),
    Row("R20", "who lost power stays eligible (KIP-966)", ("unclean-keeps-elr", "unclean-passes-for-clean")),
    Row("R21", "fenced last-known leader elected (KAFKA-19522)", ("elects-the-fenced",)),
    Row("R22", "unclean election keeps the in-sync set (KIP-704)", ("unclean-election-keeps-isr",)),
    Row(
        "R23",
        "watermark below the log's start (KAFKA-9491, KAFKA-5634)",
        ("watermark-below-the-start", "deletes-beyond-its-watermark"),
    ),
    Row("P1", "no producer state on the new leader", ("producer-state-forgotten",)),
    Row(
        "P2",
        "sequences wrap (KAFKA-7692)",
        missing="the broker lets a producer it does not know begin at 0 alone, and no run sends 2^31 records "
        "(tests/core/test_producers.py)",
    ),
    Row("P4", "too small a window (KAFKA-5494)", ("window-of-one",)),
    Row("P6", "a batch in flight gets another identity (KAFKA-14034)", ("retry-under-a-new-identity",)),
    *(
        Row(name, about, missing=NO_TRANSACTIONS)
        for name, about in (
            ("T1", "expiry without a new epoch (KAFKA-6119)"),
            ("T2", "hanging transaction (KIP-890, KIP-664)"),
            ("T3", "verified, then aborted, then appended (KAFKA-14884)"),
            ("T4", "a delayed EndTxn ends the next transaction (KAFKA-17754)"),
            ("T5", "late marker accepted (KAFKA-19446)"),
            ("T6", "expiry by the time of data alone (KAFKA-9144)"),
            ("T8", "the cleaner breaks atomicity (KAFKA-14055)"),
            ("T10", "epochs exhausted (KAFKA-9666)"),
            ("T11", "coordinator leads before its log is final"),
            ("T12", "offsets of a transaction unfenced (KIP-447)"),
        )
    ),
    *(
        Row(name, about, missing=NO_GROUPS)
        for name, about in (
            ("G1", "two owners (KAFKA-16147)"),
            ("G2", "stale generation in a sticky assignor (KAFKA-14639)"),
            ("G3", "zombie commit"),
            ("G5", "lost commit acknowledged (KAFKA-20634)"),
        )
    ),
    Row("K1", "vote forgotten or doubled", ("votes-twice", "vote-not-written")),
    Row("K3", "an older epoch's record committed (KAFKA-12619)", ("commits-older-epoch",)),
    Row("K4", "truncation below the high watermark (KAFKA-12460)", ("cuts-too-much",)),
    Row("K5", "no progress (KAFKA-15489 and split votes)", ("waits-for-the-dead",)),
    Row("S1", "torn or corrupt batch accepted (KAFKA-18723, KAFKA-14104)", ("torn-tail-left", "checksum-not-read")),
    Row("S2", "crash while loading taken for a clean stop (KAFKA-10471)", ("marker-outlives-the-start",)),
    Row(
        "S3",
        "recovery point ahead of what is synced (KAFKA-10101)",
        ("checkpoint-before-data", "sync-begun-is-done"),
    ),
    Row(
        "S6",
        "tombstone gone too early (KAFKA-4529, KIP-534); not planted: end lost by cleaning (KAFKA-17076), because here "
        "the next segment's name tells where it ends",
        ("tombstone-gone-at-once", "tombstone-by-its-own-age"),
    ),
)
