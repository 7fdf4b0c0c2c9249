"""Questions and rationales in, one score for each out: verdict, steps, flags, likelihoods."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from collate.answers.review import Review
from collate.answers.statements import cut_answer
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
class TextsToScore:
    """Texts of one question, after each of which the likelihood of its answers is taken.

    The answers are the question's options, or the gold answer alone.
    """

    question_id: str
    prompt_ids: Sequence[int]
    texts: Sequence[str]
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

    Every rationale is judged, its steps are checked, and it is flagged. With a scorer, the gold
    answer's likelihood is taken after the rationale, cut before its stated answer if `cut_answer`
    says so (equation 7 of the paper): whoever wrote a rationale, it is scored under `base_prompts`.
    `likelihood` is under the configured normalisation, `baseline` the same after no rationale,
    `lift` their difference, which equation 9 asks to be above 0. The baseline is taken under the
    same prompt, or with `baseline=answer_prompt` under that of `baseline_prompts`. With
    `normalisation=posterior` all options are scored. Without a scorer all these numbers are None.

    Raises ValueError for a rationale whose question is not among `questions`, for a question that
    lacks a prompt, and for a gold answer that is none of the options.
    """
    question_by_id = {question.id: question for question in questions}
    _check_questions(question_by_id, rationales)
    reviews = verifier.review(
        [rationale.text for rationale in rationales],
        [question_by_id[rationale.question_id] for rationale in rationales],
    )
    usefulness: dict[str, list[Usefulness]] = {}
    if scorer is not None:
        to_score = _texts_to_score(
            question_by_id, rationales, base_prompts, baseline_prompts or {},
            kind=verifier.kind, marker=marker, config=config,
        )  # fmt: skip
        likelihood_Q_N_O = scorer.score_answers(
            [question.prompt_ids for question in to_score],
            [question.texts for question in to_score],
            [question.answers for question in to_score],
            marker=marker,
        )
        usefulness = _usefulness_by_question(to_score, likelihood_Q_N_O)
    # Likelihoods come question by question, rationales in any order.
    next_of_question = {id: iter(usefulness_N) for id, usefulness_N in usefulness.items()}
    scores = []
    for rationale, review in zip(rationales, reviews, strict=True):
        question = question_by_id[rationale.question_id]
        own_usefulness, baseline_usefulness = None, None
        if scorer is not None:
            own_usefulness = next(next_of_question[question.id])
            # The last text of each question is the empty one.
            baseline_usefulness = usefulness[question.id][-1]
        score = _score(rationale, review, own_usefulness, baseline_usefulness, config.normalisation)
        scores.append(score)
    return scores


def _check_questions(
    question_by_id: Mapping[str, Question], rationales: Sequence[Rationale]
) -> None:
    unknown_ids = [
        rationale.id for rationale in rationales if rationale.question_id not in question_by_id
    ]
    if unknown_ids:
        raise ValueError(
            f"{len(unknown_ids)} of {len(rationales)} rationales are of questions that are not "
            f"among those to be scored, for example rationale {unknown_ids[0]}"
        )


def _texts_to_score(
    question_by_id: Mapping[str, Question],
    rationales: Sequence[Rationale],
    base_prompts: Prompts,
    baseline_prompts: Prompts,
    *,
    kind: str,
    marker: str,
    config: ScoringConfig,
) -> list[TextsToScore]:
    """For each question its rationales, in their order, and last the empty one for the baseline.

    The empty one stands under the prompt of the others, whose computation then serves both, or
    under a prompt of its own.
    """
    texts_by_question: dict[str, list[str]] = {}
    for rationale in rationales:
        # Uncut, a rationale that states the gold answer makes it likely by stating it.
        text = cut_answer(rationale.text, marker) if config.cut_answer else rationale.text
        texts_by_question.setdefault(rationale.question_id, []).append(text)
    under_base, under_baseline = [], []
    for question_id, question_texts in texts_by_question.items():
        answers, gold_option = _answers_to_score(question_by_id[question_id], kind, config)
        if config.baseline == "same_prompt":
            question_texts.append("")
        else:
            prompt_ids = _prompt_of(question_id, baseline_prompts, "baseline")
            under_baseline.append(TextsToScore(question_id, prompt_ids, [""], answers, gold_option))
        prompt_ids = _prompt_of(question_id, base_prompts, "base")
        under_base.append(
            TextsToScore(question_id, prompt_ids, question_texts, answers, gold_option)
        )
    # Baselines last, so that a question's list ends with its own whichever prompt it is under.
    return under_base + under_baseline


def _prompt_of(question_id: str, prompts: Prompts, name: str) -> Sequence[int]:
    if question_id not in prompts:
        raise ValueError(f"question {question_id} has no {name} prompt to take a likelihood under")
    return prompts[question_id]


def _answers_to_score(
    question: Question, kind: str, config: ScoringConfig
) -> tuple[tuple[str, ...], int]:
    """The answers whose likelihood is taken, and which of them is the gold one."""
    options: tuple[str, ...] = ()
    if config.normalisation == POSTERIOR:
        options = stated_options(kind, question)
    # The gold answer alone, after which there is no posterior.
    if not options:
        return (question.gold,), 0
    return options, options.index(question.gold)


def _usefulness_by_question(
    to_score: Sequence[TextsToScore],
    likelihood_Q_N_O: Sequence[Sequence[Sequence[AnswerLikelihood]]],
) -> dict[str, list[Usefulness]]:
    """By question id: the usefulness of each rationale, in their order, and that of none."""
    usefulness_by_id: dict[str, list[Usefulness]] = {}
    for question, likelihood_N_O in zip(to_score, likelihood_Q_N_O, strict=True):
        gold_option = question.gold_option
        for likelihood_O in likelihood_N_O:
            posterior_of_gold = (
                posterior(likelihood_O, gold_option) if len(likelihood_O) > 1 else None
            )
            rationale_usefulness = Usefulness(likelihood_O[gold_option], posterior_of_gold)
            usefulness_by_id.setdefault(question.question_id, []).append(rationale_usefulness)
    return usefulness_by_id


def _score(
    rationale: Rationale,
    review: Review,
    useful: Usefulness | None,
    baseline: Usefulness | None,
    normalisation: str,
) -> Score:
    judgement = review.judgement
    likelihood = None if useful is None else useful.likelihood
    likelihood_value = None if useful is None else useful.under(normalisation)
    baseline_value = None if baseline is None else baseline.under(normalisation)
    lift = None
    if likelihood_value is not None and baseline_value is not None:
        lift = likelihood_value - baseline_value
    return Score(
        rationale_id=rationale.id,
        question_id=rationale.question_id,
        stated=judgement.stated,
        verdict=judgement.verdict,
        reason=judgement.reason,
        found=judgement.found,
        found_verdict=judgement.found_verdict,
        stated_key=judgement.stated_key,
        found_key=judgement.found_key,
        sum_logprob=None if likelihood is None else likelihood.sum_logprob,
        mean_logprob=None if likelihood is None else likelihood.mean_logprob,
        geometric=None if likelihood is None else likelihood.geometric,
        mean_prob=None if likelihood is None else likelihood.mean_prob,
        likelihood=likelihood_value,
        baseline=baseline_value,
        lift=lift,
        flags=review.flags,
        posterior=None if useful is None else useful.posterior,
        true_steps=review.true_steps,
        false_steps=review.false_steps,
        unreadable_steps=review.unreadable_steps,
    )
