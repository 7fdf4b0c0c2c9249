"""What counts as an answer: kinds, numbers, judging, flags, and the sandbox that reads model text.

Imports nothing beyond the standard library, so that the sandbox's child processes stay light.
"""

from collate.answers.verifier import Verifier

__all__ = ["Verifier"]
