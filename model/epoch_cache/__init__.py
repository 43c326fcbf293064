"""The leader-epoch cache beside the log: Kafka's list of (epoch, start offset) pairs, from which probes are answered.

One rule: the other models answer probes from the log itself. This one shows when the cache says the same: as long as a
replica takes a leadership only when it is new. Kafka's broker does not keep to that: after it lost power, and before it
has registered, it takes again a leadership it once had, over a log that has become shorter; see the variant.

Left out: in-sync sets, high watermarks, who fetches from whom (anybody may from anybody whose cache agrees to it).
"""

from model.design import Model, Variant
from model.epoch_cache import actions, state
from model.epoch_cache.safety import SAFETY

EPOCH_CACHE = Model(
    name="epoch-cache",
    state=state.State,
    initial=state.created,
    actions=(actions.lead, actions.write, actions.fetch, actions.cut),
    macros=(),
    safety=SAFETY,
    variants=(
        Variant(
            id="leads-again",
            sentence="A replica takes again, over a shorter log, the leadership that it had before it lost power.",
            replaces={"lead": actions.lead_again},
        ),
        Variant(
            id="fetches-unchecked",
            sentence="A follower appends what it fetches without a comparison of last fetched epochs.",
            replaces={"fetch": actions.fetch_unchecked},
        ),
    ),
)
