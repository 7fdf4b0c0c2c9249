"""Pairing rules: which rationale an agent is tuned to prefer to which."""
