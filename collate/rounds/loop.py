"""The loop: rounds of generate, score, pair, tune, evaluate.

Every stage is committed to the run folder when it is done; the same command continues after the
last one. Each stage is a file of this folder.
"""

from collections.abc import Sequence

from collate.models.weights import AgentWeights
from collate.rounds.context import RunContext
from collate.rounds.evaluate import evaluate, evaluate_base, should_stop_early
from collate.rounds.first_weights import first_weights
from collate.rounds.generate import generate
from collate.rounds.measure import measure
from collate.rounds.pair import pair
from collate.rounds.questions import commit_questions
from collate.rounds.score import score
from collate.rounds.tune import tune
from collate.tables import Question


def train_rounds(
    run: RunContext,
    questions: Sequence[Question],
    start: dict[str, AgentWeights] | None = None,
) -> None:
    """The COLLATE method: every agent learns, round by round, from the best rationales of all.

    `start` has the weights that the agents begin with, where they do not begin as the base model.
    """
    questions = commit_questions(run, questions)
    weights = first_weights(run, start)
    base_answers = evaluate_base(run, questions, weights)
    finished_round = questions_used = 0
    for round in range(1, run.config.rounds + 1):
        # Every agent writes rationales for the same questions.
        round_questions, rationales = generate(run, round, questions, questions_used, weights)
        # Verdict and answer likelihood say how useful each rationale is; it does not matter whose.
        scores = score(run, round, round_questions, rationales)
        # Before tuning, while the weights are those that wrote the rationales.
        measure(run, round, round_questions, rationales, scores, weights)
        # For every agent: which rationales it is to prefer to which.
        preferences = pair(run, round, round_questions, rationales, scores)
        if not preferences:
            break
        weights = tune(run, round, round_questions, rationales, preferences, weights)
        evaluate(run, round, questions, weights, base_answers)
        finished_round = round
        # Counted, since under a budget every round may take another number of questions.
        questions_used += len(round_questions)
        if should_stop_early(run, round):
            break
    if finished_round:
        # For evaluation.rounds=last; a round that was measured in the loop is not measured again.
        evaluate(run, finished_round, questions, weights, base_answers, last=True)
