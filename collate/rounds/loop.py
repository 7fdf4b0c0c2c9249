"""The loop: rounds of generate, score, pair, tune, evaluate. `learn` is all of it.

    collate run experiment=quickstart
    collate run task=gsm8k model=Qwen/Qwen2.5-0.5B-Instruct agents.count=4 rounds=3

Every stage is committed to the run folder when it is done; the same command continues after the
last one.
"""

from contextlib import nullcontext
from pathlib import Path

from collate.agents.prompts import Prompts
from collate.agents.roster import make_agents
from collate.cluster.workers import Workers
from collate.commands.preflight import preflight
from collate.config.schema import RunConfig
from collate.console.summary import conclude, greet
from collate.console.terminal import screen_and_log
from collate.errors import InputError
from collate.models import folder_digest, load_tokenizer, prepare_model
from collate.rounds.steps import Steps
from collate.rounds.warmup import warmup_run
from collate.scoring.model import positions_of, prepare_scorer
from collate.store.identity import run_path
from collate.store.lock import run_lock
from collate.store.run_folder import RunFolder
from collate.store.run_weights import Weights, last_weights
from collate.tables import digest


def learn(steps: Steps, rounds: int, start: Weights | None = None) -> None:
    """The COLLATE method: every agent learns, round by round, from the best rationales of all."""
    questions = steps.questions()
    weights = steps.first_weights(start)
    base = steps.measure_base(questions, weights)
    done = 0
    for round in range(1, rounds + 1):
        asked, rationales = steps.generate(round, questions, weights)
        scores = steps.score(round, asked, rationales)
        steps.measure(round, asked, rationales, scores, weights)
        pairs = steps.pair(round, asked, rationales, scores)
        if not pairs:
            break
        weights = steps.tune(round, asked, rationales, pairs, weights)
        steps.evaluate(round, questions, weights, base)
        done = round
        if steps.stalled(round):
            break
    if done:
        steps.evaluate(done, questions, weights, base, last=True)


def run(config: RunConfig, workers: Workers | None = None) -> Path:
    """Carry out a run, or continue it, after the run that warms up its agents; returns its folder.

    Several runs of one model may share `workers`, which stay when the run ends.

    Raises InputError, before anything is started or written, when the request cannot be met.
    """
    data = preflight(config)
    model = prepare_model(config.model)
    tokenizer = load_tokenizer(model, trust_remote_code=config.model.trust_remote_code)
    agents = make_agents(config)
    scorer = prepare_scorer(config, model)
    apart = scorer.model if scorer is not None and scorer.model != model else None
    prompts = Prompts(config, agents, tokenizer, apart and load_tokenizer(apart))
    prompts.check_lengths(data.questions, scorer_positions=positions_of(apart) if apart else None)
    start = _first_weights(config, workers)
    identity = {
        "model": folder_digest(model),
        **({} if scorer is None else {"scorer": scorer.digest()}),
        "questions": digest(
            *(
                f"{q.id} {q.split} {q.text} {q.gold} {q.options} {q.solution}"
                for q in data.questions
            )
        ),
    }
    if start is not None:
        identity["start"] = digest(*(f"{agent} {one.digest}" for agent, one in start.items()))
    path = run_path(config)
    with run_lock(path, config.lock_deadline), screen_and_log(path / "log.txt") as screen:
        folder = RunFolder.open(config, identity)
        folder.tell = screen.say
        greet(screen, config, folder, data)
        folder.note("agents", [agent.record() for agent in agents])
        with nullcontext(workers) if workers else Workers(config, model) as working:
            working.turn_to(config, screen.say, scorer)
            steps = Steps(config, agents, data, prompts, folder, working, screen)
            learn(steps, config.rounds, start)
        if not folder.worked:
            screen.say("This run is finished; there is nothing to do.")
        folder.note("complete", True)
        conclude(screen, folder, config)
    return path


def _first_weights(config: RunConfig, workers: Workers | None) -> Weights | None:
    """The weights that the agents begin with, where those are another run's."""
    before = warmup_run(config)
    start = config.agents.start if before is None else run(before, workers)
    if start is None:
        return None
    if before is not None and max(RunFolder.existing(Path(start)).tuned(), default=0) < 1:
        raise InputError(
            f"warmup.kind={config.warmup.kind}: no question gave any agent something to learn "
            f"({start}/round-01/dropped.parquet has the reasons); ask for more by warmup.samples "
            "or warmup.questions, or use warmup.kind=none"
        )
    return last_weights(RunFolder.existing(Path(start)), config)[0]
