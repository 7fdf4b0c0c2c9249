"""The scoring stage: questions and rationales in, one score for each rationale out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from collate.answers.flags import marks_of
from collate.answers.judging import Judgement, cut_answer
from collate.answers.verifier import Verifier
from collate.config.schema import ScoringConfig
from collate.scoring.normalisation import NORMALISATIONS, AnswerLikelihood
from collate.scoring.options import posterior, stated_options
from collate.tables import Question, Rationale, Score

if TYPE_CHECKING:  # likelihood.py imports torch, which judging alone does not need
    from collate.scoring.likelihood import LikelihoodScorer

Prompts = Mapping[str, Sequence[int]]
"""Token ids by question id."""


@dataclass(frozen=True, slots=True)
class _Usefulness:
    """How likely the gold answer is after one rationale, by itself and among the options."""

    likelihood: AnswerLikelihood
    posterior: float | None

    def under(self, normalisation: str) -> float | None:
        if normalisation == "posterior":
            return self.posterior
        value: float = getattr(self.likelihood, NORMALISATIONS[normalisation])
        return value


def score_rationales(
    questions: Sequence[Question],
    rationales: Sequence[Rationale],
    *,
    verifier: Verifier,
    scorer: "LikelihoodScorer | None",
    base_prompts: Prompts,
    baseline_prompts: Prompts | None = None,
    marker: str,
    config: ScoringConfig,
) -> list[Score]:
    """A score for every rationale, in their order.

    Every rationale is judged and marked. With a scorer, the gold answer's likelihood is taken after
    the rationale, cut before its stated answer if `cut_answer` says so (equation 7 of the paper):
    `base_prompts` gives token ids by question id, and whoever wrote a rationale, it is scored under
    these. `likelihood` is under the configured normalisation, `baseline` the same after no
    rationale, `lift` their difference, which equation 9 asks to be above 0. The baseline is taken
    under the same prompt, or with `baseline=answer_prompt` under that of `baseline_prompts`. With
    `posterior` all options are scored, where the question has any. Without a scorer all eight
    numbers are None.

    Raises ValueError for a rationale whose question is not given, for a question that lacks a
    prompt, and for a gold answer that is none of the options.
    """
    by_id = {question.id: question for question in questions}
    strays = [one.id for one in rationales if one.question_id not in by_id]
    if strays:
        raise ValueError(
            f"{len(strays)} of {len(rationales)} rationales are of questions that are not given: "
            f"{strays[0]}"
        )
    judgements = verifier.judge_answers(
        [one.text for one in rationales], [by_id[one.question_id] for one in rationales]
    )
    marks = [
        marks_of(one.text, by_id[one.question_id], judged, kind=verifier.kind, marker=marker)
        for one, judged in zip(rationales, judgements, strict=True)
    ]
    if scorer is None:
        return [_score(*each, config) for each in zip(rationales, judgements, marks, strict=True)]
    texts = [cut_answer(one.text, marker) if config.cut_answer else one.text for one in rationales]
    taking = _Taking(scorer, verifier.kind, marker, config)
    useful, without = taking.all(by_id, rationales, texts, base_prompts, baseline_prompts or {})
    return [
        _score(one, judgement, marked, config, taken, without[one.question_id])
        for one, judgement, marked, taken in zip(rationales, judgements, marks, useful, strict=True)
    ]


@dataclass(frozen=True)
class _Taking:
    """Takes likelihoods, all of one kind of answer."""

    scorer: "LikelihoodScorer"
    kind: str
    marker: str
    config: ScoringConfig

    def all(
        self,
        by_id: Mapping[str, Question],
        rationales: Sequence[Rationale],
        texts: Sequence[str],
        base_prompts: Prompts,
        baseline_prompts: Prompts,
    ) -> tuple[list[_Usefulness], dict[str, _Usefulness]]:
        """Likelihoods in the order of the rationales; baselines of their questions, by id."""
        texts_of: dict[str, list[str]] = {}
        places: list[tuple[str, int]] = []
        for rationale, text in zip(rationales, texts, strict=True):
            of_question = texts_of.setdefault(rationale.question_id, [])
            places.append((rationale.question_id, len(of_question)))
            of_question.append(text)
        if self.config.baseline == "answer_prompt":
            row_of = self._taken(by_id, texts_of, base_prompts)
            blank = {question_id: [""] for question_id in texts_of}
            baseline_of = self._taken(by_id, blank, baseline_prompts, what="baseline")
        else:  # one more text of its question, so that the prompt's computation serves both
            with_blank = {question_id: [*own, ""] for question_id, own in texts_of.items()}
            row_of = baseline_of = self._taken(by_id, with_blank, base_prompts)
        baselines = {question_id: row[-1] for question_id, row in baseline_of.items()}
        return [row_of[question_id][i] for question_id, i in places], baselines

    def _taken(
        self,
        by_id: Mapping[str, Question],
        texts_of: Mapping[str, Sequence[str]],
        prompts: Prompts,
        *,
        what: str = "base",
    ) -> dict[str, list[_Usefulness]]:
        """The gold answer's likelihood after each text of each question."""
        if missing := [question_id for question_id in texts_of if question_id not in prompts]:
            raise ValueError(
                f"question {missing[0]} has no {what} prompt to take a likelihood under"
            )
        asked = [by_id[question_id] for question_id in texts_of]
        options = [
            stated_options(self.kind, question) if self.config.posterior else ()
            for question in asked
        ]
        scored = self.scorer.score_answers(
            [prompts[question.id] for question in asked],
            list(texts_of.values()),
            [own or (question.gold,) for question, own in zip(asked, options, strict=True)],
            marker=self.marker,
        )
        return {
            question.id: [self._usefulness(each, own, question.gold) for each in of_question]
            for question, own, of_question in zip(asked, options, scored, strict=True)
        }

    def _usefulness(
        self, likelihood_O: Sequence[AnswerLikelihood], options: Sequence[str], gold: str
    ) -> _Usefulness:
        if not options:
            return _Usefulness(likelihood_O[0], None)
        place = options.index(gold)
        among = posterior(likelihood_O, place, of=self.config.posterior_of)
        return _Usefulness(likelihood_O[place], among)


def _score(
    rationale: Rationale,
    judgement: Judgement,
    marks: tuple[str, ...],
    config: ScoringConfig,
    taken: _Usefulness | None = None,
    without: _Usefulness | None = None,
) -> Score:
    likelihood = None if taken is None else taken.likelihood
    value = None if taken is None else taken.under(config.normalisation)
    floor = None if without is None else without.under(config.normalisation)
    return Score(
        rationale_id=rationale.id,
        question_id=rationale.question_id,
        stated=judgement.stated,
        verdict=judgement.verdict,
        reason=judgement.reason,
        found=judgement.found,
        found_verdict=judgement.found_verdict,
        sum_logprob=None if likelihood is None else likelihood.sum_logprob,
        mean_logprob=None if likelihood is None else likelihood.mean_logprob,
        geometric=None if likelihood is None else likelihood.geometric,
        mean_prob=None if likelihood is None else likelihood.mean_prob,
        likelihood=value,
        baseline=floor,
        lift=None if value is None or floor is None else value - floor,
        marks=marks,
        posterior=None if taken is None else taken.posterior,
    )
