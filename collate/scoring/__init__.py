"""How useful a rationale is: the verifier's verdict, and the likelihood of the gold answer."""

from collate.answers.verifier import Verifier

__all__ = ["Verifier"]
