"""What the terminal shows when a run begins, and when it has ended."""

from collections.abc import Sequence
from dataclasses import replace

from rich.console import Console
from rich.padding import Padding

from collate.agents.roster import Agent
from collate.config.schema import RunConfig
from collate.console.result_tables import results_table, side_by_side
from collate.console.terminal import say
from collate.evaluation.false_steps import FALSE_STEP_RATE
from collate.evaluation.headline import run_answers
from collate.evaluation.statistics import BOOTSTRAP_RESAMPLES, paired_bootstrap, wilson
from collate.evaluation.subjects import AGENTS, BASE
from collate.models.folder import PACKAGED
from collate.models.model_names import PACKAGED_PREFIX
from collate.store.run_folder import RunFolder
from collate.store.run_weights import best_agent_of, chosen_round
from collate.tables import Answer, Metric, Preference, Question, Rationale, Score
from collate.tasks import TaskData


def print_header(
    console: Console,
    config: RunConfig,
    store: RunFolder,
    data: TaskData,
    agents: Sequence[Agent],
) -> None:
    """The run, its model and its questions, and where it goes on."""
    packaged = PACKAGED.get(config.model.name.removeprefix(PACKAGED_PREFIX))
    model = config.model.name + (f", {packaged.dequantised}" if packaged else "")
    say(console, f"\nrun        {store.path}")
    say(console, f"model      {model}")
    if config.scoring.model is not None:
        say(console, f"scorer     {config.scoring.model}")
    say(
        console,
        f"questions  {config.task.name}: {data.count('train'):,} to learn from, "
        f"{data.count('validation'):,} for validation, {data.count('test'):,} held out; "
        f"{data.duplicates:,} duplicates dropped",
    )
    if data.near_duplicates:
        fate = "dropped" if config.task.near_duplicates == "drop" else "kept"
        say(
            console,
            f"           {data.near_duplicates:,} training questions nearly repeat a validation "
            f"or held-out question ({fate})",
        )
    if data.unlabelled:
        say(console, f"           {data.unlabelled:,} questions without an answer, left out")
    for note in data.notes:
        say(console, f"note       {note}")
    say(
        console,
        f"agents     {config.agents.count}, {config.agents.samples} rationales a question each, "
        f"{config.rounds} rounds",
    )
    if config.warmup.kind != "none":
        say(
            console,
            f"warm-up    {config.warmup.kind}, a run of its own below {config.folder}/warm-up",
        )
    say(console, f"log        {store.path / 'log.txt'}\n")
    if _are_equal_copies(config, agents):
        say(
            console,
            "warning: the agents are equal copies; give worked examples (task.examples), personas "
            "(agents.personas), agents.noise or agents.own_part to make them differ",
        )
    if store.continued and not store.complete:
        say(console, f"Continuing after {store.last_stage()}.")


def print_results(console: Console, config: RunConfig, store: RunFolder) -> None:
    """The table of results, one preference of the last round, and where everything lies."""
    rounds = store.evaluated_rounds()
    metrics: list[Metric] = []
    for round in rounds:
        metrics += store.rows(f"{store.round(round).name}/metrics", Metric)
    say(console)
    if metrics:
        say(console, results_table(metrics, rounds, width=console.width))
        if config.evaluation.answer_by != "best":
            _print_own_answers(console, config, store)
    _print_false_steps(console, store, rounds)
    if len(rounds) > 1:
        _print_preference(console, store, rounds[-1])
        say(
            console, f"\nbest agent   {_best_agent_folder(config, store)}  (by validation accuracy)"
        )
    say(console, f"tables       {store.path}/round-*/*.parquet")
    say(
        console,
        f"read         collate report run={store.path}  or  collate.load_run({str(store.path)!r})",
    )


def answers_of_run(config: RunConfig, store: RunFolder) -> tuple[dict[str, bool], dict[str, bool]]:
    """Whether the run's own answer to each held-out question is right, and whether the base's is.

    The run's own answers are those after the round that stands for it; whose answers they are,
    `evaluation.answer_by` says.
    """
    folder = store.round(chosen_round(store, config)).name
    own, base = run_answers(
        store.rows("questions", Question),
        store.rows(f"{folder}/answers", Answer),
        [row for row in store.rows("round-00/answers", Answer) if row.writer == BASE],
        store.rows(f"{folder}/metrics", Metric),
        answer_by=config.evaluation.answer_by,
    )
    return dict(own), dict(base)


def _are_equal_copies(config: RunConfig, agents: Sequence[Agent]) -> bool:
    """Whether nothing makes the agents differ, neither their prompts nor their weights."""
    settings = config.agents
    if settings.noise or settings.own_part or config.warmup.kind != "none" or len(agents) < 2:
        return False
    return len({repr(replace(agent, name="", index=0)) for agent in agents}) == 1


def _best_agent_folder(config: RunConfig, store: RunFolder) -> str:
    """Where the best agent's weights lie: those of the last round in which it learned."""
    last = chosen_round(store, config)
    name = best_agent_of(store, last)
    folders = [store.round(round) / "agents" / name for round in range(last, -1, -1)]
    tuned = next((folder for folder in folders if folder.is_dir()), None)
    return str(tuned) if tuned is not None else f"{name}, which is the base model still"


def _print_own_answers(console: Console, config: RunConfig, store: RunFolder) -> None:
    """What the run's own answers give, where they are not just the best agent's."""
    right, base = answers_of_run(config, store)
    questions = sorted(right)
    gain = paired_bootstrap(
        [right[q] for q in questions], [base[q] for q in questions],
        resamples=BOOTSTRAP_RESAMPLES, seed=config.seed,
    )  # fmt: skip
    hits, count = sum(right.values()), len(right)
    low, high = wilson(hits, count)
    say(
        console,
        f"answered by {config.evaluation.answer_by}: {100 * hits / count:.1f} % "
        f"[{100 * low:.1f}, {100 * high:.1f}], {100 * gain.value:+.1f} "
        f"[{100 * gain.low:+.1f}, {100 * gain.high:+.1f}] from the base",
    )


def _print_false_steps(console: Console, store: RunFolder, rounds: Sequence[int]) -> None:
    """In how many of each round's right rationales a step is false."""
    shares = []
    for round in rounds[1:]:
        for metric in store.rows(f"{store.round(round).name}/diagnostics", Metric):
            if (metric.model, metric.name) == (AGENTS, FALSE_STEP_RATE):
                shares.append(f"{100 * metric.value:.0f} % in round {round}")
    if shares:
        say(console, f"\nright rationales with a false step: {', '.join(shares)}")


def _print_preference(console: Console, store: RunFolder, round: int) -> None:
    """The preference of the round with the widest margin; nothing where nothing is rejected."""
    folder = store.round(round).name
    preferences = store.stored(f"{folder}/preferences", Preference)
    with_loser = (row for row in preferences if row.rejected_id is not None)
    widest = max(with_loser, key=lambda row: (row.margin, row.id), default=None)
    if widest is None or widest.rejected_id is None:
        return
    rationales = store.stored(f"{folder}/rationales", Rationale)
    (chosen,) = rationales.having(id=widest.chosen_id)
    (rejected,) = rationales.having(id=widest.rejected_id)
    scores = store.stored(f"{folder}/scores", Score).having(question_id=widest.question_id)
    (question,) = store.stored("questions", Question).having(id=widest.question_id)
    score_by_id = {score.rationale_id: score for score in scores}
    shown = side_by_side(widest, chosen, rejected, question, score_by_id)
    say(console, Padding(shown, (1, 0)))
