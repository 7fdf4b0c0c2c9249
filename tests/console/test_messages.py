"""What the screen says of a stage, from the stage's rows."""

import math
from dataclasses import replace

import pytest

from collate.agents.roster import make_agents
from collate.answers.flags import COPIES_QUESTION, FALSE_STEP, ONLY_ANSWER, SEVERAL_ANSWERS
from collate.answers.judging import judge_text
from collate.config.schema import PairsConfig, RunConfig
from collate.console.messages import (
    chosen_drop,
    diagnostics_messages,
    preference_messages,
    score_messages,
    tuning_messages,
)
from collate.tables import Metric, Score, TuningStep

CONFIG = RunConfig()


def score(text: str = "#### 7", flags: tuple[str, ...] = ()) -> Score:
    """The score of a rationale whose gold answer is 7."""
    judged = judge_text("number", "####", text, "7")
    return Score(
        "r", "q", judged.stated, judged.verdict, judged.reason, judged.found,
        judged.found_verdict, *[None] * 7, flags=flags,
    )  # fmt: skip


def test_flags_are_counted_and_what_follows_from_them_is_said() -> None:
    scores = [score(flags=(ONLY_ANSWER,))] * 3 + [score(flags=(COPIES_QUESTION, SEVERAL_ANSWERS))]
    assert score_messages(iter(scores), CONFIG) == [
        "1 rationale states several answers; it will not be chosen",
        "3 rationales state only an answer; they will not be chosen",
        "1 rationale copies the question; it will not be chosen",
    ]
    assert score_messages([score(flags=(FALSE_STEP,))] * 2, CONFIG) == [
        "2 rationales have a false step; they will not be chosen"
    ]
    allowed = replace(CONFIG, pairs=PairsConfig(allow_flagged=True))
    assert score_messages(scores[:3], allowed) == [
        "3 rationales state only an answer; they may be chosen (pairs.allow_flagged=true)"
    ]
    assert score_messages([score()], CONFIG) == []


UNREAD = ["it is 7", "no idea", "#### 7 or 8", "#### 7\n#### 8", "#### seven"]


def test_nearly_all_verdicts_unknown_is_warned_of_with_the_reasons() -> None:
    scores = [score(text) for text in UNREAD * 4]
    assert score_messages([*scores, score(), score()], CONFIG) == [
        "warning: no verdict on 20 of 22 rationales: no stated answer (8), cannot be read (8), "
        "states several answers (4). Read some of them, and check that task.marker and "
        "task.answer_kind fit what the model writes"
    ]


def test_up_to_nine_in_ten_verdicts_may_be_unknown() -> None:
    scores = [score(text) for text in UNREAD * 9]
    assert score_messages([*scores, *[score()] * 5], CONFIG) == []
    (warning,) = score_messages([*scores, *[score()] * 4], CONFIG)
    assert warning.startswith("warning: no verdict on 45 of 49 rationales")
    assert score_messages([], CONFIG) == []


def test_diagnostics_that_were_measured_are_said() -> None:
    metrics = [
        Metric(1, "train", "agents", "disagreement", 0.25, None, None, 4),
        Metric(1, "train", "agents", "distinct_answers", 1.5, None, None, 4),
        Metric(1, "train", "agent-1", "distinct_answers", 9.0, None, None, 4),
    ]
    assert diagnostics_messages(metrics) == [
        "1.50 different answers per question, agents disagree on 25 % of the questions"
    ]
    assert diagnostics_messages(metrics[2:]) == []
    false_steps = [
        Metric(1, "train", "agents", "false_step_rate", 0.27, None, None, 100),
        Metric(1, "train", "agent-1", "false_step_rate", 0.9, None, None, 10),
    ]
    assert diagnostics_messages(false_steps) == ["27 % of the right rationales have a false step"]


def test_score_quality_is_said_once_where_all_scores_are_alike() -> None:
    def of_scorer(name: str, value: float) -> Metric:
        return Metric(1, "train", "scorer", name, value, None, None, 4)

    equal = [of_scorer("auc_within:lift", 0.75), of_scorer("auc_within:mean_prob", 0.75)]
    against_verdict = of_scorer("disagreement_with_verdict", 0.05)
    assert diagnostics_messages([*equal, against_verdict]) == [
        "AUC of right against wrong rationales of one question: 0.75 for every score",
        "the likelihood prefers the wrong rationale in 5 % of right/wrong pairs",
    ]
    # The likelihood is one of the others under another name.
    different = [replace(equal[0], value=0.5), equal[1], of_scorer("auc_within:likelihood", 0.75)]
    assert diagnostics_messages(different) == [
        "AUC of right against wrong rationales of one question: mean_prob 0.75, lift 0.50"
    ]


def test_the_most_frequent_reason_for_no_preference_comes_first() -> None:
    reasons = {"all rationales are right": 1, "all rationales are wrong": 1000}
    assert preference_messages(
        agents=1, preferences=1200, chosen_origins={"sampled": 1200}, reasons=reasons
    ) == [
        "1,200 preferences for 1 agent",
        "1,000 questions without a preference: all rationales are wrong",
        "1 question without a preference: all rationales are right",
    ]
    assert preference_messages(agents=2, preferences=0, chosen_origins={}, reasons={}) == [
        "0 preferences for 2 agents"
    ]


def test_a_question_counts_once_for_every_agent_that_it_gave_nothing() -> None:
    messages = preference_messages(
        agents=3, preferences=1, chosen_origins={"sampled": 1}, reasons={"no rationale": 6}
    )
    assert messages == [
        "1 preference for 3 agents",
        "6 questions without a preference, counted once per agent: no rationale",
    ]


def test_what_was_chosen_is_said_where_not_all_of_it_was_sampled() -> None:
    (message,) = preference_messages(
        agents=2, preferences=6, chosen_origins={"hint": 2, "sampled": 3, "gold": 1}, reasons={}
    )
    assert message == (
        "6 preferences for 2 agents; chosen: sampled (3), written with the gold answer in view "
        "(2), from the data set (1)"
    )


def steps_of(agent: str, *chosen_logratios: float) -> list[TuningStep]:
    return [
        TuningStep(
            round=1, agent=agent, step=number, loss=0.5, margin=1.0,
            logprobs={"chosen": -9.0, "rejected": -9.0},
            logratios={"chosen": logratio, "rejected": -5.0}, accuracy=1.0, learning_rate=1e-4,
            grad_norm=1.0, tokens=9,
        )
        for number, logratio in enumerate(chosen_logratios, start=1)
    ]  # fmt: skip


def test_falling_chosen_rationales_are_warned_of_by_agent() -> None:
    agents = make_agents(CONFIG)
    steps = steps_of("agent-1", 0.5, 0.5) + steps_of("agent-2", -2.5, -2.5)
    assert tuning_messages(agents, steps) == [
        "warning: agent-2's chosen rationales lost 2.5 nats of log-probability in tuning; a "
        "larger tuning.nll_weight or a smaller tuning.learning_rate prevents that"
    ]
    assert tuning_messages(agents, steps_of("agent-1", -1.0)) == []
    assert tuning_messages(agents, steps_of("agent-1", math.nan)) == []
    assert tuning_messages(agents, []) == []


@pytest.mark.parametrize(
    ("chosen_logratios", "drop"),
    [
        ((0.0,), 0.0),
        ((-3.0,), 3.0),
        ((0, -1, -2, -9, -9, -2, -1, -4), 2.5),  # the last two of eight
        ((0, 1, 2, 3), -3.0),
    ],
)
def test_the_drop_is_the_mean_of_the_last_quarter(
    chosen_logratios: tuple[float, ...], drop: float
) -> None:
    assert chosen_drop(steps_of("a", *chosen_logratios)) == drop


def test_without_a_reference_there_is_no_drop() -> None:
    supervised = [replace(step, logratios={}) for step in steps_of("a", 0.0, 0.0)]
    assert math.isnan(chosen_drop(supervised)) and math.isnan(chosen_drop([]))
