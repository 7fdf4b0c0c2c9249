"""Stage 4 of a round, tune: every agent learns its preferences, from the weights it has.

What is minimised for a preference is in `tuning/losses.py`; the trainer around it in
`tuning/tune_agent.py`. An agent without preferences keeps its weights.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from collate.agents.prompts import Prompts
from collate.agents.roster import Agent
from collate.cluster.actors import TuningJob
from collate.cluster.workers import StepNumbers, Workers
from collate.config.schema import RunConfig, TuningConfig
from collate.console.events import Tick
from collate.console.messages import tuning_messages
from collate.models.weights import AgentWeights
from collate.rounds import budget
from collate.rounds.context import RunContext
from collate.store.run_weights import Weights, committed_weights, make_weights
from collate.store.tables_on_disk import StoredRows
from collate.tables import Preference, Question, Rationale, TuningStep, seed_of
from collate.tuning.curves import read_curves
from collate.tuning.data import (
    completion_tokens,
    plan,
    preference_examples,
    step_count,
    write_examples,
)
from collate.tuning.supervised_examples import WHOLE, count_mode_examples, mode_examples

BUDGET_EPOCHS = 10
"""Passes over a round's preferences, at most, to spend a budget of tuned tokens."""


def steps_of_agents(
    config: RunConfig,
    round: int,
    rationales: StoredRows[Rationale],
    preferences: StoredRows[Preference],
    tokens: int | None = None,
) -> dict[str, int]:
    """How many optimizer steps a round takes for each agent that has preferences, by its name.

    `tokens` bounds the completion tokens that each agent is tuned on.
    """
    tuning = config.tuning
    if tuning.modes != [WHOLE]:
        counts = _count_mode_examples(config, rationales, preferences)
        return _steps_of_counts(counts, tuning)
    if tokens is None:
        counts = Counter(preference.agent for preference in preferences)
        return _steps_of_counts(counts, tuning)
    question_ids: dict[str, list[str]] = defaultdict(list)
    tokens_P: dict[str, list[int]] = defaultdict(list)
    for block, written in zip(preferences.blocks(), rationales.blocks(), strict=True):
        lengths = {rationale.id: len(rationale.token_ids) for rationale in written}
        for preference in block:
            by_role = {role: lengths[id] for role, id in preference.roles.items()}
            question_ids[preference.agent].append(preference.question_id)
            tokens_P[preference.agent].append(completion_tokens(by_role, tuning))
    steps = {}
    for agent, ids in question_ids.items():
        seed = _tuning_seed(config, round, agent)
        order = plan(ids, tokens_P[agent], tuning, seed=seed, tokens=tokens)
        steps[agent] = step_count(len(order), tuning)
    return steps


def tune_agents(
    config: RunConfig,
    round: int,
    agents: Sequence[Agent],
    weights: Mapping[str, AgentWeights],
    questions: Sequence[Question],
    rationales: StoredRows[Rationale],
    preferences: StoredRows[Preference],
    prompts: Prompts,
    workers: Workers,
    scratch: Mapping[str, Path],
    tick: Tick,
    on_step: StepNumbers,
    *,
    steps: Mapping[str, int],
    tokens: int | None = None,
) -> None:
    """Tune each agent that has a scratch folder, from its weights, on its own preferences.

    `steps` has the optimizer steps by agent; `tokens` bounds the completion tokens of each.
    """
    question_by_id = {question.id: question for question in questions}
    jobs = []
    for agent in agents:
        if agent.name not in scratch:
            continue
        examples = _examples_of_agent(
            config, agent.name, question_by_id, rationales, preferences, prompts
        )
        jobs.append(
            TuningJob(
                agent=agent.name,
                start=weights[agent.name],
                examples=write_examples(scratch[agent.name], examples),
                scratch=scratch[agent.name],
                seed=_tuning_seed(config, round, agent.name),
                steps=steps[agent.name],
                tuning=config.tuning,
                tokens=tokens,
            )
        )
    workers.tune(jobs, tick, on_step)


def _examples_of_agent(
    config: RunConfig,
    agent: str,
    question_by_id: Mapping[str, Question],
    rationales: StoredRows[Rationale],
    preferences: StoredRows[Preference],
    prompts: Prompts,
) -> Iterator[list[dict[str, Any]]]:
    """What one agent is tuned on, as token ids, block by block."""
    for block, written in zip(preferences.blocks(), rationales.blocks(), strict=True):
        of_agent = [preference for preference in block if preference.agent == agent]
        rationale_by_id = {rationale.id: rationale for rationale in written}
        if config.tuning.modes == [WHOLE]:
            # Whoever wrote a rationale, it is learned under the prompt of the agent that is tuned.
            prompt_ids = {
                preference.question_id: prompts.of_agent(
                    agent, question_by_id[preference.question_id]
                )
                for preference in of_agent
            }
            yield preference_examples(of_agent, rationale_by_id, prompt_ids)
        else:
            yield mode_examples(
                config.tuning.modes, agent, of_agent, rationale_by_id, question_by_id, prompts,
                config.task.marker,
            )  # fmt: skip


def _count_mode_examples(
    config: RunConfig,
    rationales: StoredRows[Rationale],
    preferences: StoredRows[Preference],
) -> Counter[str]:
    counts: Counter[str] = Counter()
    for block, written in zip(preferences.blocks(), rationales.blocks(), strict=True):
        rationale_by_id = {rationale.id: rationale for rationale in written}
        for preference in block:
            chosen = rationale_by_id[preference.chosen_id]
            counts[preference.agent] += count_mode_examples(
                config.tuning.modes, chosen, config.task.marker
            )
    return counts


def _steps_of_counts(counts: Mapping[str, int], tuning: TuningConfig) -> dict[str, int]:
    return {agent: step_count(count * tuning.epochs, tuning) for agent, count in counts.items()}


def _tuning_seed(config: RunConfig, round: int, agent: str) -> int:
    return seed_of(config.seed, round, agent, "tune")


# The committed stage ------------------------------------------------------------------------------


def tune(
    run: RunContext,
    round: int,
    questions: Sequence[Question],
    rationales: StoredRows[Rationale],
    preferences: StoredRows[Preference],
    weights: Weights,
) -> Weights:
    """Every agent's weights after the round, committed as `agents/` and `tuning`."""
    counts = Counter(preference.agent for preference in preferences)
    learning = [name for name in run.agent_names if counts[name]]
    config, tokens = run.config, _tokens_of_agent(run, round, len(learning))
    tables = run.inputs(run.stage_name(round, "generate"), run.stage_name(round, "pair"))
    inputs = {name: {**tables, "weights": weights[name].digest} for name in learning}
    if tokens is not None:
        # The budget says when to stop, so that the settings' passes do not.
        config = replace(config, tuning=replace(config.tuning, epochs=BUDGET_EPOCHS))
        for agent_inputs in inputs.values():
            agent_inputs["tokens"] = str(tokens)

    def on_step(agent: str, numbers: Mapping[str, float]) -> None:
        run.events.emit("tuning_step", numbers={"round": round, **numbers}, labels={"agent": agent})

    def tune_into(scratch: Mapping[str, Path]) -> None:
        steps = steps_of_agents(config, round, rationales, preferences, tokens)
        total = sum(steps[agent] for agent in scratch)
        with run.events.stage("tune", round=round, unit="steps", total=total) as tick:
            tune_agents(
                config, round, run.agents, weights, questions, rationales, preferences,
                run.prompts, run.workers, scratch, tick, on_step, steps=steps, tokens=tokens,
            )  # fmt: skip

    make_weights(run.store, round, inputs, tune_into)
    _commit_curves(run, round, learning)
    return {**weights, **committed_weights(run.store, round, config.agents.weights)}


def _commit_curves(run: RunContext, round: int, agents: Sequence[str]) -> None:
    """The numbers of every optimizer step, committed as `tuning`."""
    inputs = run.inputs(run.stage_name(round, "agents"))
    stage = run.store.stage(run.stage_name(round, "tune"), {"tuning": TuningStep}, inputs)
    if not stage.finished():
        rows = []
        for agent in agents:
            for step in read_curves(run.store.round(round) / "agents" / agent):
                rows.append(TuningStep(round=round, agent=agent, **asdict(step)))
        stage.write([{"tuning": rows}])
    run.events.messages(tuning_messages(run.agents, list(stage.rows("tuning"))))


def _tokens_of_agent(run: RunContext, round: int, learning: int) -> int | None:
    """One agent's part of the round's share of a budget of tuned tokens; None without one."""
    config = run.config
    whole = config.budget.tuned_tokens
    if whole is None:
        return None
    spent = budget.spent_on_warmup(config).tuned
    spent += budget.tuned_tokens(run.store, range(1, round))
    share = budget.share_of_round(whole, spent, round, config.rounds)
    return max(1, share // learning)
