"""Regimes: what begins with an unclean election. Until somebody leads again, only the elected one can; then its log is
what everybody's is compared with."""

from model.language import LeaderEpoch, Offset, Replica, conjunct
from model.survival.state import State


@conjunct
def unclean_was(s: State) -> bool:
    """The last unclean election is an epoch that was."""
    return 0 <= s.last_unclean <= s.newest_leader_epoch


@conjunct
def fresh_not_started(s: State) -> bool:
    """Before somebody leads, no epoch since the unclean election has started."""
    return all(not s.started[e] for e in LeaderEpoch if s.fresh and s.last_unclean <= e)


@conjunct(at=lambda s, r, e: (r in s.eligible[e],))
def fresh_one_eligible(s: State) -> bool:
    """Before somebody leads, nobody but the elected one is eligible. Broken by unclean-keeps-isr."""
    return all(
        r == s.chosen
        for r in Replica
        for e in LeaderEpoch
        if s.fresh and r in s.eligible[e] and s.last_unclean <= e and e <= s.newest_leader_epoch
    )


@conjunct
def base_started(s: State) -> bool:
    """The first epoch led since then has started, and all its leader had then counts as committed."""
    return s.fresh or (
        s.last_unclean <= s.base <= s.newest_leader_epoch
        and s.started[s.base]
        and s.committed[s.base] >= s.start[s.base]
        and s.leader_epoch[s.chosen] >= s.base
    )


@conjunct
def base_is_first(s: State) -> bool:
    """No epoch since the unclean election started before the base."""
    return all(s.fresh or s.base <= e for e in LeaderEpoch if s.started[e] and s.last_unclean <= e)


@conjunct
def chosen_leads_to_base(s: State) -> bool:
    """Up to the base only the elected one is ever chosen to lead."""
    return all(
        s.leader[e] == s.chosen
        for e in LeaderEpoch
        if s.last_unclean <= e and e <= s.newest_leader_epoch and s.has_leader[e] and (s.fresh or e <= s.base)
    )


@conjunct(at=lambda s, r, e: (r in s.eligible[e],))
def eligible_since_base(s: State) -> bool:
    """Who is eligible from the base on has reconciled from the base on."""
    return all(
        s.reconciled[r] >= s.base
        for r in Replica
        for e in LeaderEpoch
        if not s.fresh and r in s.eligible[e] and s.base <= e and e <= s.newest_leader_epoch
    )


@conjunct(at=lambda s, e, o: (s.epoch_log[e][o],))
def above_base(s: State) -> bool:
    """Past the start of the base, records are of the base or later: what was given up is not among them."""
    return all(
        s.epoch_log[e][o].epoch >= s.base
        for e in LeaderEpoch
        for o in Offset
        if not s.fresh and s.started[e] and s.base <= e and s.start[s.base] <= o and o < len(s.epoch_log[e])
    )


@conjunct
def committed_in_regime(s: State) -> bool:
    """Who has reconciled since the unclean election has its high watermark from since then."""
    return all(s.committed_in[r] >= s.last_unclean for r in Replica if s.reconciled[r] >= s.last_unclean)


@conjunct
def answers_in_regime(s: State) -> bool:
    """An answer given since the unclean election carries a high watermark from since then."""
    return all(
        s.answered_committed_in[f, e] >= s.last_unclean
        for f in Replica
        for e in LeaderEpoch
        if s.answered[f, e] and e >= s.last_unclean
    )


REGIMES = (
    unclean_was,
    fresh_not_started,
    fresh_one_eligible,
    base_started,
    base_is_first,
    chosen_leads_to_base,
    eligible_since_base,
    above_base,
    committed_in_regime,
    answers_in_regime,
)
