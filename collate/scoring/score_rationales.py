"""Questions and rationales in, one score for each rationale out: verdict, flags, likelihoods."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from collate.answers.flags import flags_of
from collate.answers.judging import Judgement, cut_answer
from collate.answers.verifier import Verifier
from collate.config.schema import ScoringConfig
from collate.scoring.answer_likelihood import (
    NORMALISATIONS,
    POSTERIOR,
    AnswerLikelihood,
    posterior,
    stated_options,
)
from collate.tables import Question, Rationale, Score

if TYPE_CHECKING:  # likelihood.py imports torch, which judging alone does not need
    from collate.scoring.likelihood import LikelihoodScorer

Prompts = Mapping[str, Sequence[int]]
"""Token ids by question id."""


@dataclass(frozen=True, slots=True)
class Usefulness:
    """How likely the gold answer is after one rationale, by itself and among the options."""

    likelihood: AnswerLikelihood
    posterior: float | None

    def under(self, normalisation: str) -> float | None:
        """The number that a choice of `scoring.normalisation` names."""
        if normalisation == POSTERIOR:
            return self.posterior
        value: float = getattr(self.likelihood, NORMALISATIONS[normalisation])
        return value


@dataclass(frozen=True, slots=True)
class AnswersToScore:
    """What is scored after a question's rationales: its options, or the gold answer alone."""

    answers: tuple[str, ...]
    gold_option: int


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

    Every rationale is judged and flagged. With a scorer, the gold answer's likelihood is taken
    after the rationale, cut before its stated answer if `cut_answer` says so (equation 7 of the
    paper): whoever wrote a rationale, it is scored under `base_prompts`. `likelihood` is under the
    configured normalisation, `baseline` the same after no rationale, `lift` their difference, which
    equation 9 asks to be above 0. The baseline is taken under the same prompt, or with
    `baseline=answer_prompt` under that of `baseline_prompts`. With `normalisation=posterior` all
    options are scored. Without a scorer all these numbers are None.

    Raises ValueError for a rationale whose question is not among `questions`, for a question that
    lacks a prompt, and for a gold answer that is none of the options.
    """
    question_by_id = {question.id: question for question in questions}
    _check_questions(question_by_id, rationales)
    judgements = verifier.judge_answers(
        [rationale.text for rationale in rationales],
        [question_by_id[rationale.question_id] for rationale in rationales],
    )
    texts_by_question = _texts_by_question(rationales, marker, config)
    usefulness: dict[str, list[Usefulness]] = {}
    baselines: dict[str, Usefulness] = {}
    if scorer is not None:
        answers = {
            question_id: _answers_to_score(question_by_id[question_id], verifier.kind, config)
            for question_id in texts_by_question
        }
        usefulness, baselines = _usefulness_and_baselines(
            scorer, texts_by_question, answers, base_prompts, baseline_prompts or {},
            same_prompt=config.baseline == "same_prompt", marker=marker,
        )  # fmt: skip
    next_of_question = {question_id: iter(row) for question_id, row in usefulness.items()}
    scores = []
    for rationale, judgement in zip(rationales, judgements, strict=True):
        question = question_by_id[rationale.question_id]
        flags = _flags(rationale, question, judgement, verifier.kind, marker)
        useful = next(next_of_question[question.id]) if scorer is not None else None
        baseline = baselines.get(question.id)
        scores.append(_score(rationale, judgement, flags, useful, baseline, config.normalisation))
    return scores


def _check_questions(
    question_by_id: Mapping[str, Question], rationales: Sequence[Rationale]
) -> None:
    strays = [
        rationale.id for rationale in rationales if rationale.question_id not in question_by_id
    ]
    if strays:
        raise ValueError(
            f"{len(strays)} of {len(rationales)} rationales are of questions that are not among "
            f"those to be scored, for example rationale {strays[0]}"
        )


def _texts_by_question(
    rationales: Sequence[Rationale], marker: str, config: ScoringConfig
) -> dict[str, list[str]]:
    """What is read of each question's rationales when likelihoods are taken, in their order."""
    texts_by_question: dict[str, list[str]] = {}
    for rationale in rationales:
        text = cut_answer(rationale.text, marker) if config.cut_answer else rationale.text
        texts_by_question.setdefault(rationale.question_id, []).append(text)
    return texts_by_question


def _flags(
    rationale: Rationale, question: Question, judgement: Judgement, kind: str, marker: str
) -> tuple[str, ...]:
    return flags_of(
        rationale.text,
        question=question.text,
        gold=question.gold,
        options=question.options,
        judgement=judgement,
        kind=kind,
        marker=marker,
    )


def _answers_to_score(question: Question, kind: str, config: ScoringConfig) -> AnswersToScore:
    options: tuple[str, ...] = ()
    if config.normalisation == POSTERIOR:
        options = stated_options(kind, question)
    if not options:
        return AnswersToScore((question.gold,), 0)
    return AnswersToScore(options, options.index(question.gold))


def _usefulness_and_baselines(
    scorer: "LikelihoodScorer",
    texts_by_question: Mapping[str, Sequence[str]],
    answers: Mapping[str, AnswersToScore],
    base_prompts: Prompts,
    baseline_prompts: Prompts,
    *,
    same_prompt: bool,
    marker: str,
) -> tuple[dict[str, list[Usefulness]], dict[str, Usefulness]]:
    """By question id: the usefulness of each text, in their order, and that of no rationale."""
    if same_prompt:
        # One more text of its question, so that the prompt's computation serves both.
        texts_and_none = {
            question_id: [*texts, ""] for question_id, texts in texts_by_question.items()
        }
        usefulness = _usefulness(scorer, texts_and_none, answers, base_prompts, "base", marker)
        return usefulness, {question_id: row[-1] for question_id, row in usefulness.items()}
    usefulness = _usefulness(scorer, texts_by_question, answers, base_prompts, "base", marker)
    no_texts = {question_id: [""] for question_id in texts_by_question}
    of_none = _usefulness(scorer, no_texts, answers, baseline_prompts, "baseline", marker)
    return usefulness, {question_id: row[0] for question_id, row in of_none.items()}


def _usefulness(
    scorer: "LikelihoodScorer",
    texts_by_question: Mapping[str, Sequence[str]],
    answers: Mapping[str, AnswersToScore],
    prompts: Prompts,
    prompts_name: str,
    marker: str,
) -> dict[str, list[Usefulness]]:
    """How likely each question's gold answer is after each of its texts, by question id."""
    for question_id in texts_by_question:
        if question_id not in prompts:
            raise ValueError(
                f"question {question_id} has no {prompts_name} prompt to take a likelihood under"
            )
    likelihood_Q_N_O = scorer.score_answers(
        [prompts[question_id] for question_id in texts_by_question],
        list(texts_by_question.values()),
        [answers[question_id].answers for question_id in texts_by_question],
        marker=marker,
    )
    usefulness: dict[str, list[Usefulness]] = {}
    for question_id, likelihood_N_O in zip(texts_by_question, likelihood_Q_N_O, strict=True):
        gold_option = answers[question_id].gold_option
        usefulness[question_id] = []
        for likelihood_O in likelihood_N_O:
            among_options = posterior(likelihood_O, gold_option) if len(likelihood_O) > 1 else None
            usefulness[question_id].append(Usefulness(likelihood_O[gold_option], among_options))
    return usefulness


def _score(
    rationale: Rationale,
    judgement: Judgement,
    flags: tuple[str, ...],
    useful: Usefulness | None,
    baseline: Usefulness | None,
    normalisation: str,
) -> Score:
    likelihood = None if useful is None else useful.likelihood
    height = None if useful is None else useful.under(normalisation)
    floor = None if baseline is None else baseline.under(normalisation)
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
        likelihood=height,
        baseline=floor,
        lift=None if height is None or floor is None else height - floor,
        flags=flags,
        posterior=None if useful is None else useful.posterior,
    )
