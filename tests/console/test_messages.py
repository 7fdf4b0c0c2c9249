"""What the screen says of a stage, from the stage's rows."""

import math
from dataclasses import replace

from collate.agents.roster import make_agents
from collate.config.schema import PairsConfig, RunConfig
from collate.console import messages as remarks
from collate.tables import RIGHT, UNKNOWN, Metric, TuningStep
from tests.pairs.pool import row

CONFIG = RunConfig()


def test_marks_are_counted_and_unreadable_rationales_warned_of() -> None:
    scores = [row("q", "a", n, UNKNOWN, marks=("only the answer",))[1] for n in range(9)]
    marked, warning = remarks.of_scores(scores, CONFIG)
    assert "marked, make no winner: only the answer 9" in marked
    assert "9 of 9 rationales are judged unknown" in warning
    allowed = replace(CONFIG, pairs=PairsConfig(allow_marked=True))
    assert "marked, may win: " in remarks.of_scores(scores, allowed)[0]
    assert remarks.of_scores([row("q", "a", 0, RIGHT)[1]], CONFIG) == []


def test_measures_that_were_taken_are_told() -> None:
    metrics = [
        Metric(1, "train", "agents", "disagreement", 0.25, None, None, 4),
        Metric(1, "train", "agents", "distinct_answers", 1.5, None, None, 4),
        Metric(1, "train", "agent-1", "distinct_answers", 9.0, None, None, 4),
    ]
    (line,) = remarks.of_measures(metrics)
    assert line.strip() == "different answers a question 1.50, agents disagree 0.25"
    assert remarks.of_measures(metrics[2:]) == []
    scorer = [
        Metric(1, "train", "scorer", name, value, None, None, 4)
        for name, value in (
            ("auc_within:lift", 0.75), ("auc_within:mean_prob", 0.75), ("misranked", 0.25)
        )
    ]  # fmt: skip
    alike, against = map(str.strip, remarks.of_measures(scorer))
    assert alike == "AUC within a question 0.75 for each score"
    assert against == "likelihood against verdict in 25 % of right-wrong pairs"
    apart = [replace(scorer[0], value=0.5), scorer[1]]
    (line,) = remarks.of_measures(apart)
    assert line.strip() == "AUC within a question mean_prob 0.75, lift 0.50"


def test_the_most_frequent_reason_for_no_pair_comes_first() -> None:
    won = {"sampled": 1200}
    line = remarks.of_pairs(2, 3, 1200, won, {"all right": 4, "all wrong": 1000})
    assert line.endswith("1,200 pairs over 3 agents; no pair: all wrong 1,000, all right 4")
    assert remarks.of_pairs(2, 3, 0, {}, {}).endswith("no pair: none")
    hinted = remarks.of_pairs(1, 1, 5, {"hint": 2, "sampled": 3}, {})
    assert hinted.endswith("5 pairs over 1 agents (won by sampled 3, hint 2); no pair: none")


def test_falling_chosen_rationales_are_warned_of_by_agent() -> None:
    def steps(agent: str, ratio: float) -> list[TuningStep]:
        return [
            TuningStep(
                round=1, agent=agent, step=n, loss=0.5, margin=1.0, chosen_logprob=-9.0,
                rejected_logprob=-9.0, chosen_logratio=ratio, rejected_logratio=-5.0, accuracy=1.0,
                learning_rate=1e-4, grad_norm=1.0, tokens=9,
            )
            for n in (1, 2)
        ]  # fmt: skip

    agents = make_agents(CONFIG)
    (line,) = remarks.of_curves(agents, steps("agent-1", 0.5) + steps("agent-2", -2.5))
    assert "agent-2's chosen rationales lost 2.5 nats" in line
    assert remarks.of_curves(agents, steps("agent-1", math.nan)) == []
