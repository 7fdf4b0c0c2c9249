"""What the screen says when a run begins and when it ends."""

from collections.abc import Sequence
from dataclasses import replace

from rich.padding import Padding

from collate.agents.roster import Agent, make_agents
from collate.config.schema import RunConfig
from collate.console.result_tables import results_table, side_by_side
from collate.console.terminal import Screen
from collate.evaluation.headline import best_round, headline
from collate.evaluation.metrics import best_agent
from collate.evaluation.statistics import paired_bootstrap, wilson
from collate.models.folder import PACKAGED
from collate.store.run_folder import RunFolder
from collate.tables import Metric, Pair, Question, Rationale, Score
from collate.tasks import TaskData


def greet(screen: Screen, config: RunConfig, folder: RunFolder, data: TaskData) -> None:
    """The run, its model and its questions, and where it goes on."""
    packaged = PACKAGED.get(config.model.name.removeprefix("packaged:"))
    model = config.model.name + (f", {packaged.dequantised}" if packaged else "")
    screen.say(f"\nrun        {folder.path}")
    screen.say(f"model      {model}")
    if scorer := [name for name in (config.scoring.model, config.scoring.adapter) if name]:
        screen.say(f"scorer     {' with '.join(scorer)}")
    screen.say(
        f"questions  {config.task.name}: {data.count('train'):,} to learn from, "
        f"{data.count('validation'):,} for validation, {data.count('test'):,} held out; "
        f"{data.duplicates:,} duplicates dropped"
    )
    if data.near_duplicates:
        role = "dropped" if config.task.near_duplicates == "drop" else "kept"
        screen.say(
            f"           {data.near_duplicates:,} training questions nearly repeat one of the "
            f"others, {role}"
        )
    if data.unlabelled:
        screen.say(f"           {data.unlabelled:,} questions without a label, left out")
    screen.say(
        f"agents     {config.agents.count}, {config.agents.samples} rationales a question each, "
        f"{config.rounds} rounds"
    )
    if config.warmup.kind != "none":
        screen.say(
            f"warm-up    {config.warmup.kind}, a run of its own below {config.folder}/warm-up"
        )
    screen.say(f"log        {folder.path / 'log.txt'}\n")
    differ = config.agents.noise or config.agents.own_part or config.warmup.kind != "none"
    if not differ and config.agents.count > 1 and _all_alike(make_agents(config)):
        screen.say(
            "warning: the agents are equal copies; give worked examples (task.examples), personas, "
            "agents.temperature_step, agents.noise or agents.own_part to make them differ"
        )
    if folder.continued and not folder.complete:
        screen.say(f"Continuing after {folder.last_stage()}.")


def _all_alike(agents: Sequence[Agent]) -> bool:
    return len({repr(replace(agent, name="", index=0)) for agent in agents}) == 1


def conclude(screen: Screen, folder: RunFolder, config: RunConfig) -> None:
    """The table of results, one pair of the last round that has any, and where everything lies."""
    rounds = folder.evaluated()
    metrics: list[Metric] = []
    for round in rounds:
        metrics += folder.rows(f"{folder.round(round).name}/metrics", Metric)
    screen.say()
    if metrics:
        screen.say(results_table(metrics, rounds, width=screen.console.width))
        if config.evaluation.answer_by != "best":
            _say_answers(screen, folder, config)
    if len(rounds) > 1:
        _show_pair(screen, folder, rounds[-1])
        last = best_round(folder, config)
        name = best_agent([metric for metric in metrics if metric.round == last])
        own = [folder.round(r) / "agents" / name for r in rounds if r <= last]
        best = next((f for f in reversed(own) if f.is_dir()), folder.path)
        screen.say(f"\nbest agent   {best}  (by validation accuracy)")
    screen.say(f"tables       {folder.path}/round-*/*.parquet")
    screen.say(
        f"read         collate report run={folder.path}  or  collate.load_run({str(folder.path)!r})"
    )


def _say_answers(screen: Screen, folder: RunFolder, config: RunConfig) -> None:
    """What the run's own answers give, where they are not just the best agent's."""
    right, base = headline(folder, config)
    questions = sorted(right)
    gain = paired_bootstrap(
        [right[q] for q in questions], [base[q] for q in questions],
        resamples=config.evaluation.bootstrap, seed=config.seed,
    )  # fmt: skip
    hits, n = sum(right.values()), len(right)
    low, high = wilson(hits, n)
    screen.say(
        f"answered by {config.evaluation.answer_by}: {100 * hits / n:.1f} % "
        f"[{100 * low:.1f}, {100 * high:.1f}], {100 * gain.value:+.1f} "
        f"[{100 * gain.low:+.1f}, {100 * gain.high:+.1f}] from the base"
    )


def _show_pair(screen: Screen, folder: RunFolder, round: int) -> None:
    """The pair of the round with the widest margin."""
    at = folder.round(round).name
    pairs = (pair for pair in folder.stored(f"{at}/pairs", Pair) if pair.rejected_id is not None)
    pair = max(pairs, key=lambda p: (p.margin, p.id), default=None)
    if pair is None or pair.rejected_id is None:  # supervised tuning rejects nothing
        return
    rationales = folder.stored(f"{at}/rationales", Rationale)
    (chosen,) = rationales.having(id=pair.chosen_id)
    (rejected,) = rationales.having(id=pair.rejected_id)
    scores = {
        score.rationale_id: score
        for score in folder.stored(f"{at}/scores", Score).having(question_id=pair.question_id)
    }
    (question,) = folder.stored("questions", Question).having(id=pair.question_id)
    shown = side_by_side(pair, chosen, rejected, question, scores)
    screen.say(Padding(shown, (1, 0)))
