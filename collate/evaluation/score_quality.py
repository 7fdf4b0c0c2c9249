"""How well the scores separate right rationales from wrong ones, whose metrics are of `scorer`.

| metric | what it is |
| --- | --- |
| auc:S | chance that a right rationale scores above a wrong one, over all rationales |
| auc_within:S | the same over the pairs that share a question, which is what a pairing rule uses |
| disagreement_with_verdict | share of these pairs in which the wrong one is likelier |

S is a score of `SCORES`. A tie counts half for the AUC and does not for
`disagreement_with_verdict`, which is of the configured likelihood. `auc` also rewards telling easy
questions from hard ones, `auc_within` does not. Only rationales that an agent sampled count, and
unknown verdicts have no say.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from collate.evaluation.statistics import Difference, auc
from collate.tables import RIGHT, SAMPLED, WRONG, Metric, Question, Rationale, Score

SCORER = "scorer"
"""Whom these metrics are of."""
DISAGREEMENT = "disagreement_with_verdict"
SCORES = (
    "sum_logprob", "mean_logprob", "geometric", "mean_prob", "posterior", "likelihood", "lift",
)  # fmt: skip


@dataclass(slots=True)
class PairShare:
    """A share of pairs, pooled over questions: sums of what was won and of what was compared."""

    questions: int = 0
    won: float = 0.0
    pairs: float = 0.0
    won_won: float = 0.0
    won_pairs: float = 0.0
    pairs_pairs: float = 0.0

    def add(self, won: float, pairs: int) -> None:
        self.questions += 1
        self.won += won
        self.pairs += pairs
        self.won_won += won * won
        self.won_pairs += won * pairs
        self.pairs_pairs += pairs * pairs

    def interval(self, level: float = 0.95) -> Difference:
        """Share won with its normal interval over questions, NaN where nothing was compared.

        The variance is that of a ratio of two sums over questions (Cochran 1977, section 2.11),
        since the pairs of one question are not independent. Cut to [0, 1].
        """
        if not self.pairs:
            return Difference(math.nan, math.nan, math.nan)
        share, n_questions = self.won / self.pairs, self.questions
        # The sum over questions of (won - share * pairs)^2, multiplied out so that sums suffice.
        # Rounding may leave it a hair below zero.
        squares = self.won_won - 2 * share * self.won_pairs + share * share * self.pairs_pairs
        variance = max(0.0, squares) / self.pairs**2 * n_questions / max(n_questions - 1, 1)
        half_width = float(ndtri(0.5 + level / 2)) * math.sqrt(variance)
        return Difference(share, max(0.0, share - half_width), min(1.0, share + half_width))


def compared(right_N: NDArray[np.float64], wrong_N: NDArray[np.float64]) -> tuple[float, float]:
    """Of all pairs of a right and a wrong score: how many the right one wins, and the wrong one.

    A tie is half a win of the right one and none of the wrong one.
    """
    gaps = right_N[:, None] - wrong_N[None, :]
    lost_count = int((gaps < 0).sum())
    tie_count = int((gaps == 0).sum())
    return gaps.size - lost_count - tie_count / 2, lost_count


class ScoreQuality:
    """Score quality of a round; add one block of whole questions at a time.

    Only scores are stored, not rows.
    """

    def __init__(self, *, round: int) -> None:
        self._round = round
        # The AUC over all rationales ranks them all, so their scores have to stay. Those within
        # questions need sums only.
        self._right: list[bool] = []
        self._values: dict[str, list[float]] = {name: [] for name in SCORES}
        self._within: dict[str, PairShare] = {name: PairShare() for name in SCORES}
        self._likelier_wrong = PairShare()

    def add(
        self,
        questions: Sequence[Question],
        rationales: Sequence[Rationale],
        scores: Sequence[Score],
    ) -> None:
        """Count a block: the scores of all rationales of these questions, in any order.

        Raises ValueError for a score whose rationale is not in the block.
        """
        origins = {rationale.id: rationale.origin for rationale in rationales}
        scores_by_question: dict[str, list[Score]] = defaultdict(list)
        for score in scores:
            if score.rationale_id not in origins:
                raise ValueError(f"score of {score.rationale_id}: no such rationale in the block")
            # A rationale written with the answer in view makes that answer likely, right or wrong.
            is_sampled = origins[score.rationale_id] == SAMPLED
            if is_sampled and score.verdict in (RIGHT, WRONG):
                scores_by_question[score.question_id].append(score)
        for judged_scores in scores_by_question.values():
            self._add_question(judged_scores)

    def _add_question(self, judged_scores: Sequence[Score]) -> None:
        is_right_N = np.array([score.verdict == RIGHT for score in judged_scores])
        self._right += is_right_N.tolist()
        for score_name in SCORES:
            # A score that was not taken is NaN.
            score_values = [getattr(score, score_name) for score in judged_scores]
            values_N = np.array(score_values, dtype=np.float64)
            self._values[score_name] += values_N.tolist()
            is_known_N = ~np.isnan(values_N)
            right_N, wrong_N = values_N[is_right_N & is_known_N], values_N[~is_right_N & is_known_N]
            pair_count = len(right_N) * len(wrong_N)
            if pair_count:
                won, lost = compared(right_N, wrong_N)
                self._within[score_name].add(won, pair_count)
                if score_name == "likelihood":
                    self._likelier_wrong.add(lost, pair_count)

    def metrics(self) -> list[Metric]:
        """All metrics that what was added can give; `n` counts rationales for `auc`, else pairs.

        `auc` has no interval: neither rationales nor their pairs are independent.
        """
        metrics = []
        for name in SCORES:
            score_values = self._values[name]
            auc_value = auc(score_values, self._right)
            if not math.isnan(auc_value):
                rationale_count = int((~np.isnan(score_values)).sum())
                metrics.append(
                    self._metric(f"auc:{name}", (auc_value, None, None), rationale_count)
                )
        shares = {f"auc_within:{name}": self._within[name] for name in SCORES}
        shares[DISAGREEMENT] = self._likelier_wrong
        for name, pair_share in shares.items():
            if pair_share.pairs:
                metrics.append(self._metric(name, pair_share.interval(), int(pair_share.pairs)))
        return metrics

    def _metric(
        self, name: str, interval: tuple[float, float | None, float | None], count: int
    ) -> Metric:
        return Metric(self._round, "train", SCORER, name, *interval, count)
