"""Pairing rules: which rationale an agent is tuned to prefer to which."""

from collate.pairs.conditions import needs_gold, needs_own_alone
from collate.pairs.make_pairs import RULES, make_pairs

__all__ = ["RULES", "make_pairs", "needs_gold", "needs_own_alone"]
