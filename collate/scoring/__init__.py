"""How useful a rationale is: the verifier's verdict, and the likelihood of the gold answer."""
