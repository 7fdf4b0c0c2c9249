"""Whom answers and metrics are of, besides agents."""

BASE = "base"
"""The untouched base model."""
AGENTS = "agents"
"""All agents together."""
BEST = "best"
"""The agent that is best on validation questions, on the held-out ones."""
CHANCE = "chance"
"""A uniform guess."""
READER = "reader"
"""Who answers from the best agent's steps, where somebody does."""
VOTE, WEIGHTED_VOTE, ROUTED = "vote", "weighted_vote", "routed"
"""One answer out of several agents': by majority, by confidence, of the most confident."""
VOTES = (VOTE, WEIGHTED_VOTE, ROUTED)

GROUPS = (BASE, AGENTS, BEST, CHANCE, READER, *VOTES)
"""All of these: an agent is who is none of them."""
