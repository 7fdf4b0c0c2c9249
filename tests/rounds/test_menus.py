"""Every entry of the menus in a whole run: agents, scores, pairing rules, losses, references.

The model is one that states yes or no at random, so that there are right and wrong rationales.
"""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from collate.commands.run import run
from collate.config.build import read
from collate.config.compose import jobs
from collate.store.tables_on_disk import StoredRows
from collate.tables import (
    GOLD,
    HINT,
    RIGHT,
    SAMPLED,
    Metric,
    Preference,
    Rationale,
    Score,
    TuningStep,
)
from tests.command_line import TINY_RUN
from tests.tiny_model import STEPS, build_taught_model

PLAIN = (
    "engine=transformers", "rounds=1", "task=boolean", "task.system=''", "task.prompt='{question}'",
    "agents.examples=0", "agents.max_tokens=24", "pairs=correctness", "evaluation.rounds=last",
    "tuning.learning_rate=1e-3", "task.solution=solution",
)  # fmt: skip


@pytest.fixture(scope="module")
def taught(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_taught_model(tmp_path_factory.mktemp("taught-model"), tiny_model)


@dataclass(frozen=True)
class Done:
    """What a run said, and what one of its rounds left behind."""

    said: str
    path: Path
    rationales: dict[str, Rationale]
    scores: dict[str, Score]
    pairs: list[Preference]
    steps: list[TuningStep]

    def of_pairs(self) -> list[tuple[Preference, Rationale, Rationale]]:
        """Pairs with both rationales."""
        found = [pair for pair in self.pairs if pair.rejected_id is not None]
        return [
            (p, self.rationales[p.chosen_id], self.rationales[p.rejected_id or ""]) for p in found
        ]

    def verdicts(self, ids: Sequence[str | None]) -> set[str]:
        return {self.scores[one].verdict for one in ids if one is not None}


Carry = Callable[..., Done]


@pytest.fixture
def carry_out(
    taught: Path, tmp_path: Path, kept_workers: None, capfd: pytest.CaptureFixture[str]
) -> Carry:
    """Has a run carried out: given what it overrides, and the round that is looked at."""

    def carried_out(*overrides: str, name: str = "a", round: int = 1) -> Done:
        path = tmp_path / "things.jsonl"
        rows = [
            {"question": f"Is {n} a thing?", "answer": n % 3 == 0, "solution": STEPS[n % 3]}
            for n in range(60)
        ]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        (job,), wrong = jobs(
            [
                f"model={taught}", f"name={name}", f"folder={tmp_path / 'runs'}", *TINY_RUN, *PLAIN,
                f"task.path={path}", *overrides,
            ],
            [],
        )  # fmt: skip
        config, found = read(job.settings)
        assert not wrong and not found
        run(config)
        at = tmp_path / "runs" / name / f"round-{round:02d}"
        done = Done(
            capfd.readouterr().out,
            tmp_path / "runs" / name,
            {row.id: row for row in StoredRows(at / "rationales.parquet", Rationale)},
            {row.rationale_id: row for row in StoredRows(at / "scores.parquet", Score)},
            list(StoredRows(at / "preferences.parquet", Preference)),
            list(StoredRows(at / "tuning.parquet", TuningStep)),
        )
        assert done.pairs and done.steps and all(math.isfinite(step.loss) for step in done.steps)
        return done

    return carried_out


def test_ipo_on_blended_pairs_of_agents_with_wordings(carry_out: Carry) -> None:
    done = carry_out(
        "pairs=blended", "tuning=ipo", "scoring.normalisation=geometric",
        "agents.personas=[{name: terse, system: Few words.}, "
        "{name: careful, system: Check it., top_p: 0.9}]",
    )  # fmt: skip
    assert {pair.rule for pair in done.pairs} == {"blended"}
    assert all(score.likelihood == score.geometric for score in done.scores.values())
    assert {row.top_p for row in done.rationales.values()} == {1.0, 0.9}
    prompts = {row.writer: row.prompt_ids for row in done.rationales.values()}
    assert prompts["agent-1"] != prompts["agent-2"]


def test_hinge_on_the_longest_right_ones_by_summed_likelihood(carry_out: Carry) -> None:
    done = carry_out("pairs=longest_right", "tuning=hinge", "scoring.normalisation=sum")
    assert done.verdicts([pair.chosen_id for pair in done.pairs]) == {RIGHT}
    assert RIGHT not in done.verdicts([pair.rejected_id for pair in done.pairs])
    assert all(score.likelihood == score.sum_logprob for score in done.scores.values())
    for pair, chosen, _ in done.of_pairs():
        rivals = [
            len(row.token_ids)
            for row in done.rationales.values()
            if row.question_id == pair.question_id
            and done.scores[row.id].verdict == RIGHT
            and not done.scores[row.id].flags
        ]
        assert len(chosen.token_ids) == max(rivals)


def test_supervised_tuning_on_pooled_right_ones_begins_at_the_base_each_round(
    carry_out: Carry,
) -> None:
    done = carry_out(
        "experiment=[quickstart,rft]", "rounds=2", "questions_per_round=6",
        "agents.max_tokens=24", "agents.samples=3", "task.train=12", "task.validation=6",
        "task.test=12", "pairs=right_only", round=2,
    )  # fmt: skip
    assert all(pair.rejected_id is None for pair in done.pairs)
    assert done.verdicts([pair.chosen_id for pair in done.pairs]) == {RIGHT}
    texts = [(p.agent, p.question_id, done.rationales[p.chosen_id].token_ids) for p in done.pairs]
    assert len(set(texts)) == len(texts)
    for agent in ("agent-1", "agent-2"):
        first = next(step for step in done.steps if step.agent == agent)
        assert first.step == 1


def test_each_imitates_the_majority_of_all(carry_out: Carry) -> None:
    done = carry_out(
        "agents.count=3", "pairs=own_majority", "tuning=sft",
        "evaluation.answer_by=vote",
    )  # fmt: skip
    stated: dict[str, list[str | None]] = {}
    for score in done.scores.values():
        stated.setdefault(score.question_id, []).append(score.stated)
    for pair in done.pairs:
        chosen = done.rationales[pair.chosen_id]
        votes = stated[pair.question_id]
        own = votes.count(done.scores[chosen.id].stated)
        assert chosen.writer == pair.agent
        assert own == max(votes.count(answer) for answer in votes if answer is not None)
    assert "answered by vote:" in done.said


def test_robust_loss_on_the_widest_margins(carry_out: Carry) -> None:
    done = carry_out(
        "pairs.order=margin", "tuning=robust",
        "pairs.length_ratio=3", "scoring.normalisation=mean_log",
    )  # fmt: skip
    for _, chosen, rejected in done.of_pairs():
        lengths = sorted((len(chosen.token_ids), len(rejected.token_ids)))
        assert lengths[1] <= 3 * lengths[0]
    assert all(score.likelihood == score.mean_logprob for score in done.scores.values())


def test_own_losers_and_the_solution_where_nobody_is_right(carry_out: Carry) -> None:
    done = carry_out(
        "agents.samples=1", "pairs.rejected_from=own", "pairs.gold=unsolved",
        "tuning=apo_zero",
    )  # fmt: skip
    sources = {chosen.origin for _, chosen, _ in done.of_pairs()}
    assert sources == {SAMPLED, GOLD}
    for pair, chosen, rejected in done.of_pairs():
        assert rejected.writer == pair.agent
        if chosen.origin == GOLD:
            own = [r for r in done.rationales.values() if r.question_id == pair.question_id]
            assert all(done.scores[r.id].verdict != RIGHT for r in own if r.origin == SAMPLED)


def test_hints_win_where_nobody_is_right(carry_out: Carry) -> None:
    done = carry_out(
        "agents.count=1", "agents.samples=2", "agents.hinted_samples=4", "tuning=apo_down",
        "agents.hint='It is {answer}.'",
    )  # fmt: skip
    hinted = [(p, c) for p, c, _ in done.of_pairs() if c.origin == HINT]
    assert hinted
    for pair, chosen in hinted:
        own = [r for r in done.rationales.values() if r.question_id == pair.question_id]
        assert all(done.scores[r.id].verdict != RIGHT for r in own if r.origin == SAMPLED)
        assert done.scores[chosen.id].verdict == RIGHT
    assert "hint" in done.said


def test_against_the_base_from_the_base_over_two_rounds(carry_out: Carry) -> None:
    done = carry_out(
        "tuning=sppo_hard", "tuning.reference=base", "tuning.start=base",
        "rounds=2", "agents.temperatures=[1.0,1.2]", "questions_per_round=6", "patience=2",
        "evaluation.rounds=all", round=2,
    )  # fmt: skip
    assert {row.temperature for row in done.rationales.values()} == {1.2}
    for agent in ("agent-1", "agent-2"):  # begins as its own reference
        first = next(step for step in done.steps if step.agent == agent)
        assert first.margin == pytest.approx(0.0, abs=1e-5)


def test_the_likelihood_of_the_chosen_beside_a_loss(carry_out: Carry) -> None:
    done = carry_out(
        "tuning=sigmoid_norm", "tuning.nll_weight=0.5", "tuning.epochs=4",
        "tuning.reference=base",
    )  # fmt: skip
    own = [step for step in done.steps if step.agent == "agent-1"]
    assert own[-1].loss < own[0].loss


def test_the_posterior_over_options_and_another_scorer(carry_out: Carry, tiny_model: Path) -> None:
    done = carry_out(
        "scoring=posterior", f"scoring.model={tiny_model}",
        "pairs.min_margin=1e-6", "evaluation.confidence=true", "evaluation.answer_by=routed",
    )  # fmt: skip
    for score in done.scores.values():
        assert score.posterior is not None and 0 < score.posterior < 1
        assert score.likelihood == score.posterior
    assert all(pair.margin >= 1e-6 for pair in done.pairs)
    metrics = list(StoredRows(done.path / "round-01" / "diagnostics.parquet", Metric))
    assert "auc:posterior" in {metric.name for metric in metrics}


OWN = ("warmup=own", "warmup.samples=6", "warmup.questions=12")


def test_a_warm_up_on_own_rationales_then_a_start_and_a_scorer_from_it(carry_out: Carry) -> None:
    first = carry_out(*OWN)
    (made,) = (first.path.parent / "warm-up").iterdir()
    own = {row.id: row for row in StoredRows(made / "round-01" / "rationales.parquet", Rationale)}
    for pair in StoredRows(made / "round-01" / "preferences.parquet", Preference):
        assert own[pair.chosen_id].writer == own[pair.rejected_id or ""].writer == pair.agent
    asked = [
        {row.question_id for row in own.values() if row.writer == agent}
        for agent in ("agent-1", "agent-2")
    ]
    assert asked[0] and asked[1] and not asked[0] & asked[1]
    adapter = first.path / "round-01" / "agents" / "agent-1"
    later = carry_out(f"agents.start={first.path}", f"scoring.model={adapter}", name="b")
    assert "scorer     " in later.said
    assert all(score.likelihood is not None for score in later.scores.values())


def test_whole_copies(carry_out: Carry) -> None:
    done = carry_out(*OWN, "agents.weights=full", "tuning.learning_rate=1e-4")
    made = done.path / "round-01" / "agents" / "agent-1"
    assert (made / "model.safetensors").is_file()


def test_a_run_that_gets_no_better_ends_early(carry_out: Carry) -> None:
    settings = (
        "rounds=4", "patience=1", "evaluation.rounds=all", "questions_per_round=4",
        "tuning.learning_rate=1e-9",
    )  # fmt: skip
    done = carry_out(*settings)
    rounds = sorted(path.name for path in done.path.glob("round-*"))
    assert rounds == ["round-00", "round-01"]
    assert "no better validation accuracy in 1 rounds" in done.said
    assert "/runs/a/round-01/agents/" in done.said.replace("\n", "").replace(" ", "")
