"""What a rationale must fulfil to be chosen or rejected, and why a question gave no preference.

The conditions are settings of `PairsConfig` and hold under every rule. Those on one rationale:

    max_tokens          longer ones are neither chosen nor rejected
    allow_flagged       unless true, one with flags is not chosen
    chosen_from=own     of what agents wrote, only the tuned agent's own is chosen
    rejected_from=own   only the tuned agent's own is rejected
    gold                when the data set's own solution may be chosen

and those on two, which ask nothing where a rule rejects nothing:

    length_ratio        the longer has at most so many times the tokens of the shorter
    min_margin          the chosen one's likelihood is higher by at least this much

Only what an agent wrote without the answer in view is rejected: a rationale written from a hint,
and the gold solution, may be chosen and never rejected. One from a hint is chosen only where it is
right and the question has no other right rationale (STaR, arXiv 2203.14465).
"""

from typing import Any

from collate.config.schema import PairsConfig
from collate.tables import GOLD, PEER, SAMPLED, Rationale

UNAIDED = frozenset({SAMPLED, PEER})
"""Origins of what an agent wrote without the answer in view."""

# Why a question gave an agent no preference. These are about the rationales, whatever the
# conditions are:
NO_RATIONALE = "no rationale"
ALL_RIGHT = "all rationales are right"
ALL_WRONG = "all rationales are wrong"
NONE_RIGHT = "no correct rationale (some without a readable answer)"
NONE_WRONG = "no wrong rationale (some without a readable answer)"
ALL_EQUAL = "all rationales are equal"
NO_LIFT = "no rationale makes the gold answer likelier"
NO_GOLD = "no worked solution"
NO_OWN = "no rationale of the agent itself"
NO_MAJORITY = "no majority among the answers"
OUTVOTED = "the agent's own answers differ from the majority"
# And these name the condition that stood in the way of a preference there would have been:
TOO_LONG = "rationales too long (pairs.max_tokens)"
FLAGGED = "the ones to choose are flagged (pairs.allow_flagged)"
TOO_LONG_OR_FLAGGED = "the ones to choose are too long or flagged"
NO_OWN_CHOSEN = "none of the agent's own to choose (pairs.chosen_from)"
NO_OWN_REJECTED = "none of the agent's own to reject (pairs.rejected_from)"
LENGTHS = "lengths too different (pairs.length_ratio)"
MARGIN = "likelihoods too close (pairs.min_margin)"
SEVERAL = "several conditions together"

REASONS = (
    NO_RATIONALE, ALL_RIGHT, ALL_WRONG, NONE_RIGHT, NONE_WRONG, ALL_EQUAL, NO_LIFT, NO_GOLD, NO_OWN,
    NO_MAJORITY, OUTVOTED, TOO_LONG, FLAGGED, TOO_LONG_OR_FLAGGED, NO_OWN_CHOSEN, NO_OWN_REJECTED,
    LENGTHS, MARGIN, SEVERAL,
)  # fmt: skip

# By the reason that names it, the settings under which a condition asks nothing. Where lifting
# either of two alone would give a preference, the one that stands first is the reason.
SETTINGS_WITHOUT: dict[str, dict[str, Any]] = {
    FLAGGED: {"allow_flagged": True},
    TOO_LONG: {"max_tokens": None},
    NO_OWN_CHOSEN: {"chosen_from": "any"},
    NO_OWN_REJECTED: {"rejected_from": "any"},
    LENGTHS: {"length_ratio": None},
    MARGIN: {"min_margin": 0.0},
}


def needs_gold(config: PairsConfig) -> bool:
    """Whether the data set's own solutions have to be among the rationales."""
    return config.gold != "never"


def needs_own_alone(config: PairsConfig) -> bool:
    """Whether an agent's preferences hold nothing but its own rationales and gold solutions."""
    own_only = config.chosen_from == config.rejected_from == "own"
    return config.rule in ("gold_over_own", "gold_only") or own_only


def may_be_chosen(
    rationale: Rationale,
    agent: str,
    config: PairsConfig,
    *,
    flagged: bool,
    right: bool,
    unsolved: bool,
) -> bool:
    """Whether a rationale may be chosen for `agent`.

    `unsolved` says that nothing right that an agent wrote without the answer in view may be.
    """
    if (flagged and not config.allow_flagged) or not _short_enough(rationale, config):
        return False
    if rationale.origin == GOLD:
        return config.gold == "always" or (config.gold == "unsolved" and unsolved)
    if config.chosen_from == "own" and rationale.writer != agent:
        return False
    # What is left is unaided, or from a hint.
    return rationale.origin in UNAIDED or (right and unsolved)


def may_be_rejected(rationale: Rationale, agent: str, config: PairsConfig) -> bool:
    """Whether a rationale may be rejected for `agent`."""
    if rationale.origin not in UNAIDED or not _short_enough(rationale, config):
        return False
    return config.rejected_from == "any" or rationale.writer == agent


def lengths_allow(chosen: Rationale, rejected: Rationale, config: PairsConfig) -> bool:
    """Whether two rationales are near enough in length to make a pair."""
    if config.length_ratio is None:
        return True
    shorter, longer = sorted((len(chosen.token_ids), len(rejected.token_ids)))
    return longer <= config.length_ratio * shorter


def margin_allows(chosen: float | None, rejected: float | None, config: PairsConfig) -> bool:
    """Whether two likelihoods are far enough apart.

    A floor of 0 asks nothing: a right rationale beats a wrong one that the scorer likes more.
    Neither does any floor where no likelihood was taken.
    """
    if config.min_margin <= 0 or chosen is None or rejected is None:
        return True
    return chosen - rejected >= config.min_margin


def _short_enough(rationale: Rationale, config: PairsConfig) -> bool:
    return config.max_tokens is None or len(rationale.token_ids) <= config.max_tokens
