"""The three verdicts, apart from the tables so that the verifier's child processes stay light."""

RIGHT, WRONG, UNKNOWN = "right", "wrong", "unknown"
