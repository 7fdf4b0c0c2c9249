"""The scoring stage: questions and rationales in, one score for each rationale out."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from collate.config.schema import ScoringConfig
from collate.scoring.judging import Judgement, cut_answer
from collate.scoring.marks import marks_of
from collate.scoring.verifier import Verifier
from collate.tables import Question, Rationale, Score

if TYPE_CHECKING:  # likelihood.py imports torch, which judging alone does not need
    from collate.scoring.likelihood import AnswerLikelihood, LikelihoodScorer

NORMALISATIONS = {
    "sum": "sum_logprob",
    "mean_log": "mean_logprob",
    "geometric": "geometric",
    "mean_prob": "mean_prob",
}
"""Which number of an `AnswerLikelihood` each choice of `ScoringConfig.normalisation` names."""


def score_rationales(
    questions: Sequence[Question],
    rationales: Sequence[Rationale],
    *,
    verifier: Verifier,
    scorer: "LikelihoodScorer | None",
    base_prompts: Mapping[str, Sequence[int]],
    marker: str,
    config: ScoringConfig,
) -> list[Score]:
    """A score for every rationale, in their order.

    Every rationale is judged and marked. With a scorer, the gold answer's likelihood is taken after
    the rationale, cut before its stated answer if `cut_answer` says so, and after no rationale,
    both under the question's base prompt: `base_prompts` gives token ids by question id, and
    whoever wrote a rationale, it is scored under these. `likelihood` is under the configured
    normalisation, `baseline` the same without a rationale, `lift` their difference. Without a
    scorer all seven numbers are None.

    Raises ValueError for a rationale whose question is not given, and for a question that has no
    base prompt.
    """
    by_id = {question.id: question for question in questions}
    strays = [one.id for one in rationales if one.question_id not in by_id]
    if strays:
        raise ValueError(
            f"{len(strays)} of {len(rationales)} rationales are of questions that are not given: "
            f"{strays[0]}"
        )
    judgements = _judge(by_id, rationales, verifier)
    marks = [
        marks_of(one.text, by_id[one.question_id], judged, kind=verifier.kind, marker=marker)
        for one, judged in zip(rationales, judgements, strict=True)
    ]
    if scorer is None:
        return [_score(*each, config) for each in zip(rationales, judgements, marks, strict=True)]
    texts = [cut_answer(one.text, marker) if config.cut_answer else one.text for one in rationales]
    likelihoods, baselines = _take_likelihoods(
        by_id, rationales, texts, scorer=scorer, base_prompts=base_prompts, marker=marker
    )
    return [
        _score(rationale, judgement, marked, config, likelihood, baselines[rationale.question_id])
        for rationale, judgement, marked, likelihood in zip(
            rationales, judgements, marks, likelihoods, strict=True
        )
    ]


def _judge(
    by_id: Mapping[str, Question], rationales: Sequence[Rationale], verifier: Verifier
) -> list[Judgement]:
    asked = [by_id[rationale.question_id] for rationale in rationales]
    items = [
        (rationale.text, question.gold)
        for rationale, question in zip(rationales, asked, strict=True)
    ]
    return verifier.judge(items, [question.options for question in asked])


def _take_likelihoods(
    by_id: Mapping[str, Question],
    rationales: Sequence[Rationale],
    texts: Sequence[str],
    *,
    scorer: "LikelihoodScorer",
    base_prompts: Mapping[str, Sequence[int]],
    marker: str,
) -> "tuple[list[AnswerLikelihood], dict[str, AnswerLikelihood]]":
    """Likelihoods in the order of the rationales; baselines of their questions, by question id.

    The baseline is one more text of its question, so that the prompt's computation serves both.
    """
    texts_of: dict[str, list[str]] = {}
    places: list[tuple[str, int]] = []
    for rationale, text in zip(rationales, texts, strict=True):
        of_question = texts_of.setdefault(rationale.question_id, [])
        places.append((rationale.question_id, len(of_question)))
        of_question.append(text)
    for of_question in texts_of.values():
        of_question.append("")
    rows = scorer.score(
        [_prompt(question_id, base_prompts) for question_id in texts_of],
        list(texts_of.values()),
        [by_id[question_id].gold for question_id in texts_of],
        marker=marker,
    )
    row_of = dict(zip(texts_of, rows, strict=True))
    baselines = {question_id: row[-1] for question_id, row in row_of.items()}
    return [row_of[question_id][i] for question_id, i in places], baselines


def _prompt(question_id: str, base_prompts: Mapping[str, Sequence[int]]) -> Sequence[int]:
    if question_id not in base_prompts:
        raise ValueError(f"question {question_id} has no base prompt to take a likelihood under")
    return base_prompts[question_id]


def _score(
    rationale: Rationale,
    judgement: Judgement,
    marks: tuple[str, ...],
    config: ScoringConfig,
    likelihood: "AnswerLikelihood | None" = None,
    baseline: "AnswerLikelihood | None" = None,
) -> Score:
    name = NORMALISATIONS[config.normalisation]
    value = None if likelihood is None else getattr(likelihood, name)
    floor = None if baseline is None else getattr(baseline, name)
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
    )
