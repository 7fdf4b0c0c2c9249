"""What a rationale must fulfil to be chosen or rejected, and what two must to make a pair.

The conditions are settings of `PairsConfig` and hold under every rule. Those on one rationale:

    max_tokens     longer ones are neither chosen nor rejected
    allow_marked   unless true, one with marks is not chosen
    winner=own     of what agents wrote, only the tuned agent's own is chosen
    loser=own      only the tuned agent's own is rejected
    gold           when the data set's own solution may be chosen

and those on two, which ask nothing where a rule rejects nothing:

    across         written by different agents
    length_ratio   the longer has at most so many times the tokens of the shorter
    min_margin     the chosen one's likelihood is higher by at least this much

Only what an agent wrote without the answer in view is rejected: a rationale written from a hint,
and the gold solution, may win and never lose. One from a hint wins only where it is right and the
question has no other right winner (STaR, arXiv 2203.14465).
"""

from typing import Any

from collate.config.schema import PairsConfig
from collate.pairs.reasons import (
    LENGTHS,
    MARGIN,
    MARKED,
    NO_OWN_LOSER,
    NO_OWN_WINNER,
    NOT_ACROSS,
    TOO_LONG,
)
from collate.tables import GOLD, PEER, SAMPLED, Rationale

WRITTEN = frozenset({SAMPLED, PEER})
"""Sources of what an agent wrote without the answer in view."""

LIFTED: dict[str, dict[str, Any]] = {
    MARKED: {"allow_marked": True},
    TOO_LONG: {"max_tokens": None},
    NO_OWN_WINNER: {"winner": "any"},
    NO_OWN_LOSER: {"loser": "any"},
    NOT_ACROSS: {"across": False},
    LENGTHS: {"length_ratio": None},
    MARGIN: {"min_margin": 0.0},
}
"""By the reason that names it, the settings under which a condition asks nothing.

Where lifting either of two alone would give a pair, the one that stands first is the reason.
"""


def needs_gold(config: PairsConfig) -> bool:
    """Whether the data set's own solutions have to be among the rationales."""
    return config.gold != "never"


def needs_own_alone(config: PairsConfig) -> bool:
    """Whether an agent's pairs have nothing in them but its own rationales and gold solutions."""
    return config.rule in ("gold_over_own", "gold_only") or config.winner == config.loser == "own"


def may_be_chosen(
    rationale: Rationale,
    agent: str,
    config: PairsConfig,
    *,
    marked: bool,
    right: bool,
    unsolved: bool,
) -> bool:
    """Whether a rationale may be chosen for `agent`.

    `unsolved` says that nothing right that an agent wrote without the answer in view may be.
    """
    if (marked and not config.allow_marked) or not _short_enough(rationale, config):
        return False
    if rationale.source == GOLD:
        return config.gold == "always" or (config.gold == "unsolved" and unsolved)
    if config.winner == "own" and rationale.agent != agent:
        return False
    return rationale.source in WRITTEN or (right and unsolved)


def may_be_rejected(rationale: Rationale, agent: str, config: PairsConfig) -> bool:
    """Whether a rationale may be rejected for `agent`."""
    within = rationale.source in WRITTEN and _short_enough(rationale, config)
    return within and (config.loser == "any" or rationale.agent == agent)


def may_meet(chosen: Rationale, rejected: Rationale, config: PairsConfig) -> bool:
    """Whether two rationales may make a pair, by who wrote them and by their lengths."""
    if config.across and chosen.agent == rejected.agent:
        return False
    if config.length_ratio is None:
        return True
    shorter, longer = sorted((len(chosen.token_ids), len(rejected.token_ids)))
    return longer <= config.length_ratio * shorter


def above_floor(chosen: float | None, rejected: float | None, config: PairsConfig) -> bool:
    """Whether two likelihoods are far enough apart.

    A floor of 0 asks nothing: a right rationale beats a wrong one that the scorer likes more.
    Neither does any floor where no likelihood was taken.
    """
    if config.min_margin <= 0 or chosen is None or rejected is None:
        return True
    return chosen - rejected >= config.min_margin


def _short_enough(rationale: Rationale, config: PairsConfig) -> bool:
    return config.max_tokens is None or len(rationale.token_ids) <= config.max_tokens
