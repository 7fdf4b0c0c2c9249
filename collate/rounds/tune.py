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
        example_counts = _count_mode_examples(config, rationales, preferences)
        return _steps_of_counts(example_counts, tuning)
    if tokens is None:
        example_counts = Counter(preference.agent for preference in preferences)
        return _steps_of_counts(example_counts, tuning)
    question_ids_by_agent: dict[str, list[str]] = defaultdict(list)
    tokens_P: dict[str, list[int]] = defaultdict(list)
    for block_preferences, block_rationales in zip(
        preferences.blocks(), rationales.blocks(), strict=True
    ):
        length_by_id = {rationale.id: len(rationale.token_ids) for rationale in block_rationales}
        for preference in block_preferences:
            length_by_role = {
                role: length_by_id[rationale_id] for role, rationale_id in preference.roles.items()
            }
            question_ids_by_agent[preference.agent].append(preference.question_id)
            tokens_P[preference.agent].append(completion_tokens(length_by_role, tuning))
    steps_by_agent = {}
    for agent, agent_question_ids in question_ids_by_agent.items():
        seed = _tuning_seed(config, round, agent)
        # The worker makes the same plan from the same seed; here it gives the number of steps,
        # which is the size of the job in the queue and on the screen.
        order = plan(agent_question_ids, tokens_P[agent], tuning, seed=seed, tokens=tokens)
        steps_by_agent[agent] = step_count(len(order), tuning)
    return steps_by_agent


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
    for block_preferences, block_rationales in zip(
        preferences.blocks(), rationales.blocks(), strict=True
    ):
        agent_preferences = [
            preference for preference in block_preferences if preference.agent == agent
        ]
        rationale_by_id = {rationale.id: rationale for rationale in block_rationales}
        if config.tuning.modes == [WHOLE]:
            # Whoever wrote a rationale, it is learned under the prompt of the agent that is tuned.
            prompt_by_question = {
                preference.question_id: prompts.of_agent(
                    agent, question_by_id[preference.question_id]
                )
                for preference in agent_preferences
            }
            yield preference_examples(agent_preferences, rationale_by_id, prompt_by_question)
        else:
            yield mode_examples(
                config.tuning.modes, agent, agent_preferences, rationale_by_id, question_by_id,
                prompts, config.task.marker,
            )  # fmt: skip


def _count_mode_examples(
    config: RunConfig,
    rationales: StoredRows[Rationale],
    preferences: StoredRows[Preference],
) -> Counter[str]:
    example_counts: Counter[str] = Counter()
    for block_preferences, block_rationales in zip(
        preferences.blocks(), rationales.blocks(), strict=True
    ):
        rationale_by_id = {rationale.id: rationale for rationale in block_rationales}
        for preference in block_preferences:
            chosen = rationale_by_id[preference.chosen_id]
            example_counts[preference.agent] += count_mode_examples(
                config.tuning.modes, chosen, config.task.marker
            )
    return example_counts


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
    preference_counts = Counter(preference.agent for preference in preferences)
    learning = [agent_name for agent_name in run.agent_names if preference_counts[agent_name]]
    config, tokens_per_agent = run.config, _tokens_of_agent(run, round, len(learning))
    table_digests = run.inputs(run.stage_name(round, "generate"), run.stage_name(round, "pair"))
    inputs_by_agent = {
        agent_name: {**table_digests, "weights": weights[agent_name].digest}
        for agent_name in learning
    }
    if tokens_per_agent is not None:
        # The budget says when to stop, so that the settings' passes do not.
        config = replace(config, tuning=replace(config.tuning, epochs=BUDGET_EPOCHS))
        for agent_inputs in inputs_by_agent.values():
            agent_inputs["tokens"] = str(tokens_per_agent)

    def on_step(agent: str, numbers: Mapping[str, float]) -> None:
        run.events.emit("tuning_step", numbers={"round": round, **numbers}, labels={"agent": agent})

    def tune_into(scratch: Mapping[str, Path]) -> None:
        steps_by_agent = steps_of_agents(config, round, rationales, preferences, tokens_per_agent)
        total_steps = sum(steps_by_agent[agent] for agent in scratch)
        with run.events.stage("tune", round=round, unit="steps", total=total_steps) as tick:
            tune_agents(
                config, round, run.agents, weights, questions, rationales, preferences,
                run.prompts, run.workers, scratch, tick, on_step,
                steps=steps_by_agent, tokens=tokens_per_agent,
            )  # fmt: skip

    make_weights(run.store, round, inputs_by_agent, tune_into)
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
    token_budget = config.budget.tuned_tokens
    if token_budget is None:
        return None
    spent_tokens = budget.spent_on_warmup(config).tuned
    spent_tokens += budget.tuned_tokens(run.store, range(1, round))
    round_share = budget.share_of_round(token_budget, spent_tokens, round, config.rounds)
    # Agents without preferences tune nothing, and leave their part to the others.
    return max(1, round_share // learning)
