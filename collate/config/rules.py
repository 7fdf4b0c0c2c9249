"""Settings whose values cannot work, though their types do. `problems` finds all of them."""

from collections.abc import Callable, Sequence
from dataclasses import asdict

from collate.config.names import NAME_RULE, is_name
from collate.config.schema import SFT, SUPERVISED, RunConfig, TuningConfig

KINDS_WITH_OPTIONS = ("multiple_choice", "boolean")
"""Kinds of task whose questions have options: their own, or yes and no."""


def problems(config: RunConfig) -> list[str]:
    """Every setting whose value cannot work, one sentence each, in the order of the settings."""
    sections: Sequence[Callable[[RunConfig], list[str]]] = (
        _run_problems,
        _task_problems,
        _agents_problems,
        _engine_problems,
        _scoring_problems,
        _pairs_problems,
        lambda whole: _tuning_problems(whole.tuning),
        _evaluation_problems,
        _beginning_problems,
        _ray_problems,
    )
    return [problem for section in sections for problem in section(config)]


class Found(list[str]):
    """Problems, a sentence each."""

    def expect(self, good: bool, key: str, value: object, rule: str) -> None:
        if not good:
            self.append(f"{key}={value}: {rule}")


def _run_problems(c: RunConfig) -> list[str]:
    found = Found()
    if c.name is not None:
        found.expect(is_name(c.name), "name", repr(c.name), f"a run's name is {NAME_RULE}")
    found.expect(
        bool(c.folder) and c.folder.isprintable(), "folder", repr(c.folder), "name a folder"
    )
    found.expect(c.rounds >= 0, "rounds", c.rounds, "0 (only measure) or more")
    found.expect(
        c.patience is None or c.patience >= 1, "patience", c.patience, "at least 1, or null"
    )
    if c.patience is not None and c.evaluation.rounds != "all":
        found.append(
            f"patience={c.patience}: needs every round measured; evaluation.rounds="
            f"{c.evaluation.rounds}"
        )
    found.expect(c.lock_deadline >= 0, "lock_deadline", c.lock_deadline, "0 seconds or more")
    per_round = c.questions_per_round
    found.expect(
        per_round is None or per_round >= 1, "questions_per_round", per_round, "at least 1, or null"
    )
    found.expect(bool(c.model.name.strip()), "model.name", repr(c.model.name), "name a model")
    return found


def _agents_problems(config: RunConfig) -> list[str]:
    a, found = config.agents, Found()
    found.expect(a.count >= 1, "agents.count", a.count, "at least 1; collaboration begins with 2")
    found.expect(a.rank >= 1, "agents.rank", a.rank, "at least 1")
    found.expect(a.alpha >= 1, "agents.alpha", a.alpha, "at least 1")
    found.expect(a.examples >= 0, "agents.examples", a.examples, "0 or more")
    found.expect(a.noise >= 0, "agents.noise", a.noise, "0 or more")
    for i, persona in enumerate(a.personas):
        if persona.prompt is not None and "{question}" not in persona.prompt:
            found.append(
                f"agents.personas[{i}].prompt={persona.prompt!r}: must contain {{question}}"
            )
    needless = config.pairs.rule == "gold_only"
    found.expect(
        a.samples >= (0 if needless else 1), "agents.samples", a.samples,
        "at least 1 (0 where pairs.rule=gold_only needs none)",
    )  # fmt: skip
    last = a.temperature + (a.count - 1) * a.temperature_step
    found.expect(a.temperature >= 0, "agents.temperature", a.temperature, "0 (greedy) or more")
    found.expect(
        a.temperature < 0 or last >= 0, "agents.temperature_step", a.temperature_step,
        f"the last agent's temperature would be {last:g}; it must be 0 or more",
    )  # fmt: skip
    for warmth in a.temperatures:
        coldest = min(warmth, warmth + (a.count - 1) * a.temperature_step)
        found.expect(
            coldest >= 0, "agents.temperatures", a.temperatures,
            f"an agent's temperature would be {coldest:g}; it must be 0 or more",
        )  # fmt: skip
    found.expect(a.peers >= 0, "agents.peers", a.peers, "0 or more")
    found.expect(
        a.peers == 0 or a.count > 1, "agents.peers", a.peers,
        f"needs other agents to begin a rationale; agents.count={a.count}",
    )  # fmt: skip
    found.expect(
        a.peers == 0 or a.samples >= 1, "agents.peers", a.peers,
        f"needs rationales to complete; agents.samples={a.samples}",
    )  # fmt: skip
    found.expect(a.hints >= 0, "agents.hints", a.hints, "0 or more")
    found.expect("{answer}" in a.hint, "agents.hint", repr(a.hint), "must contain {answer}")
    last = a.top_p + (a.count - 1) * a.top_p_step
    found.expect(0 < a.top_p <= 1, "agents.top_p", a.top_p, "above 0 and at most 1")
    found.expect(
        not 0 < a.top_p <= 1 or 0 < last <= 1, "agents.top_p_step", a.top_p_step,
        f"the last agent's top_p would be {last:g}; it must be above 0 and at most 1",
    )  # fmt: skip
    found.expect(a.max_tokens >= 1, "agents.max_tokens", a.max_tokens, "at least 1")
    return found


def _engine_problems(config: RunConfig) -> list[str]:
    a, e, found = config.agents, config.engine, Found()
    if a.weights == "adapter":
        found.expect(
            a.rank <= e.max_rank, "agents.rank", a.rank,
            f"larger than the engine allows (engine.max_rank={e.max_rank}); "
            "raise that or lower this",
        )  # fmt: skip
    elif e.host == "adapter":
        found.append(
            "engine.host=adapter: agents.weights=full has no adapters; use engine.host=swap or auto"
        )
    found.expect(
        e.count >= 0, "engine.count", e.count, "0 (as many as the accelerators allow) or more"
    )
    found.expect(e.batch >= 1, "engine.batch", e.batch, "at least 1")
    found.expect(
        e.max_length > a.max_tokens, "engine.max_length", e.max_length,
        f"leaves no room for a prompt beside agents.max_tokens={a.max_tokens}",
    )  # fmt: skip
    found.expect(0 < e.gpu_memory <= 1, "engine.gpu_memory", e.gpu_memory, "above 0 and at most 1")
    found.expect(e.cache_gib > 0, "engine.cache_gib", e.cache_gib, "above 0")
    found.expect(e.threads >= 0, "engine.threads", e.threads, "0 (all cores) or more")
    return found


def _evaluation_problems(config: RunConfig) -> list[str]:
    v, found = config.evaluation, Found()
    found.expect(v.samples >= 0, "evaluation.samples", v.samples, "0 or more")
    found.expect(
        v.sampled_questions >= 1, "evaluation.sampled_questions", v.sampled_questions, "at least 1"
    )
    found.expect(
        v.cross_rationales >= 0, "evaluation.cross_rationales", v.cross_rationales, "0 or more"
    )
    if v.confidence and not config.scoring.likelihood:
        found.append(
            "evaluation.confidence=true: needs the likelihood; set scoring.likelihood=true"
        )
    if v.answer_by in ("weighted_vote", "routed") and not v.confidence:
        found.append(f"evaluation.answer_by={v.answer_by}: needs evaluation.confidence=true")
    if v.answer_by == "reader" and v.reader == "none":
        found.append("evaluation.answer_by=reader: needs evaluation.reader=base or trained")
    if v.reader == "trained" and config.agents.samples < 1:
        found.append(
            "evaluation.reader=trained: learns from what agents write; agents.samples="
            f"{config.agents.samples}"
        )
    if v.answer_by == "samples" and v.samples < 1:
        found.append("evaluation.answer_by=samples: needs evaluation.samples of at least 1")
    found.expect(v.bootstrap >= 100, "evaluation.bootstrap", v.bootstrap, "at least 100")
    return found


def _ray_problems(config: RunConfig) -> list[str]:
    found = Found()
    for name, seconds in asdict(config.ray).items():
        if name == "head_deadline":
            found.expect(
                0 < seconds <= 60, f"ray.{name}", seconds, "above 0 and at most 60 seconds"
            )
        elif name.endswith("_deadline"):
            found.expect(seconds > 0, f"ray.{name}", seconds, "above 0 seconds")
    return found


def _tuning_problems(t: TuningConfig) -> list[str]:
    found = Found()
    found.expect(t.beta > 0, "tuning.beta", t.beta, "above 0")
    found.expect(
        0 <= t.label_smoothing < 0.5,
        "tuning.label_smoothing",
        t.label_smoothing,
        "a share from 0 up to below 0.5",
    )
    if t.label_smoothing > 0 and t.loss != "robust":
        found.append(
            f"tuning.label_smoothing={t.label_smoothing:g}: tuning.loss={t.loss} has none; "
            "use tuning.loss=robust or 0"
        )
    if t.loss == SFT and t.reference != "previous":
        found.append(
            f"tuning.reference={t.reference}: tuning.loss=sft has no reference; leave it out"
        )
    if t.loss != SFT and t.start == "base" and t.reference != "base":
        found.append(
            f"tuning.reference={t.reference}: tuning.start=base begins each round as the base, "
            "which is its own reference then; use tuning.reference=base"
        )
    if t.loss == SFT and t.nll_weight > 0:
        found.append(
            f"tuning.nll_weight={t.nll_weight:g}: tuning.loss=sft is the negative log-likelihood "
            "itself; use tuning.nll_weight=0"
        )
    found += mode_problems("tuning.modes", t.modes)
    if t.modes != ["whole"] and t.loss != SFT:
        found.append(f"tuning.modes={t.modes}: tuning.loss={t.loss} learns whole rationales alone")
    if t.modes != ["whole"] and t.tokens is not None:
        found.append(f"tuning.tokens={t.tokens}: counts whole rationales; tuning.modes={t.modes}")
    found.expect(t.nll_weight >= 0, "tuning.nll_weight", t.nll_weight, "0 or more")
    found.expect(t.learning_rate > 0, "tuning.learning_rate", t.learning_rate, "above 0")
    found.expect(
        0 <= t.warmup < 1, "tuning.warmup", t.warmup, "a share of the steps, from 0 up to below 1"
    )
    found.expect(t.epochs >= 1, "tuning.epochs", t.epochs, "at least 1")
    found.expect(
        t.tokens is None or t.tokens >= 1, "tuning.tokens", t.tokens, "at least 1, or null"
    )
    found.expect(
        t.max_steps is None or t.max_steps >= 1,
        "tuning.max_steps",
        t.max_steps,
        "at least 1, or null",
    )
    found.expect(t.micro_batch >= 1, "tuning.micro_batch", t.micro_batch, "at least 1")
    found.expect(
        t.batch >= 1 and t.batch % max(t.micro_batch, 1) == 0, "tuning.batch", t.batch,
        f"a multiple of tuning.micro_batch={t.micro_batch}",
    )  # fmt: skip
    found.expect(t.max_grad_norm > 0, "tuning.max_grad_norm", t.max_grad_norm, "above 0")
    found.expect(t.weight_decay >= 0, "tuning.weight_decay", t.weight_decay, "0 or more")
    found.expect(
        t.checkpoint_steps >= 0, "tuning.checkpoint_steps", t.checkpoint_steps, "0 or more"
    )
    return found


def mode_problems(key: str, modes: Sequence[str]) -> list[str]:
    """What is wrong with a list of modes."""
    known = ("whole", "answer", "rationale", "reader")
    if not modes or len(set(modes)) < len(modes) or not set(modes) <= set(known):
        return [f"{key}={modes}: some of {', '.join(known)}, each once"]
    return []


def _beginning_problems(config: RunConfig) -> list[str]:
    """What is wrong with what the agents begin with, and with what a run may spend."""
    w, found = config.warmup, []
    for key in ("questions", "max_steps", "learning_rate"):
        value = getattr(w, key)
        if value is not None and value <= 0:
            found.append(f"warmup.{key}={value}: above 0, or null")
    for key in ("samples", "epochs"):
        if getattr(w, key) < 1:
            found.append(f"warmup.{key}={getattr(w, key)}: at least 1")
    if w.kind == "own" and w.samples < 2:
        found.append(
            f"warmup.samples={w.samples}: warmup.kind=own prefers right to wrong ones of one "
            "agent; at least 2 (warmup=own has 4)"
        )
    found += mode_problems("warmup.modes", w.modes)
    if config.budget.tuned_tokens is not None and config.tuning.modes != ["whole"]:
        found.append("budget.tuned_tokens: counts whole rationales; leave tuning.modes as it is")
    if w.kind != "none" and config.agents.start is not None:
        found.append(
            f"agents.start={config.agents.start}: the agents begin with the weights of "
            f"warmup.kind={w.kind}; leave one of the two out"
        )
    for key, value in asdict(config.budget).items():
        if value is not None and value < 1:
            found.append(f"budget.{key}={value}: at least 1 token, or null")
    return found


def _scoring_problems(config: RunConfig) -> list[str]:
    found, s, task = [], config.scoring, config.task
    for key in ("model", "revision", "adapter"):
        value = getattr(s, key)
        if value is not None and not value.strip():
            found.append(f"scoring.{key}={value!r}: give a name, or null")
        elif value is not None and not s.likelihood:
            found.append(f"scoring.{key}={value}: without scoring.likelihood=true nothing scores")
    if s.revision is not None and s.model is None:
        found.append(f"scoring.revision={s.revision}: of which hub id? set scoring.model")
    if s.posterior and not s.likelihood:
        found.append("scoring.posterior=true: needs scoring.likelihood=true")
    if s.posterior and task.kind not in KINDS_WITH_OPTIONS:
        found.append(
            f"scoring.posterior=true: questions of task.kind={task.kind} have no options to choose "
            f"among; those of {', '.join(KINDS_WITH_OPTIONS)} have"
        )
    if s.normalisation == "posterior" and not s.posterior:
        found.append("scoring.normalisation=posterior: needs scoring.posterior=true")
    if "{question}" not in s.answer_prompt:
        found.append(f"scoring.answer_prompt={s.answer_prompt!r}: must contain {{question}}")
    if s.batch_tokens < 1:
        found.append(f"scoring.batch_tokens={s.batch_tokens}: at least 1")
    if s.unknown_limit is not None and not 0 <= s.unknown_limit <= 1:
        found.append(f"scoring.unknown_limit={s.unknown_limit}: a share from 0 to 1, or null")
    return found


def _task_problems(config: RunConfig) -> list[str]:
    task, found = config.task, []
    measured = config.evaluation.rounds != "none"
    if not is_name(task.name):
        found.append(f"task.name={task.name!r}: a task's name is {NAME_RULE}")
    for key in ("train", "validation", "test"):
        size = getattr(task, key)
        if size < 0 or (isinstance(size, float) and size >= 1 and not size.is_integer()):
            found.append(f"task.{key}={size}: a share below 1, or a whole number of questions")
        elif size == 0 and (key == "train" or measured):
            found.append(f"task.{key}={size}: every split needs questions")
    shares = [s for s in (task.train, task.validation, task.test) if isinstance(s, float) and s < 1]
    if len(shares) == 3 and sum(shares) > 1 + 1e-9:
        found.append(
            f"task.train, task.validation, task.test: the shares add up to {sum(shares):g}"
        )
    if task.limit is not None and task.limit < 3:
        found.append(f"task.limit={task.limit}: at least 3, one question for each split")
    if "{question}" not in task.prompt:
        found.append(f"task.prompt={task.prompt!r}: must contain {{question}}")
    if not task.marker.strip():
        found.append("task.marker='': name the text that stands before a stated answer")
    if task.choices and task.kind != "multiple_choice":
        found.append(f"task.choices={task.choices}: only task.kind=multiple_choice has options")
    elif task.choices and not (
        2 <= len(task.choices) <= 26
        and len(set(task.choices)) == len(task.choices)
        and all(choice.strip() for choice in task.choices)
    ):
        found.append(f"task.choices={task.choices}: 2 to 26 different texts")
    return found


def _pairs_problems(config: RunConfig) -> list[str]:
    p, found = config.pairs, []
    if not 0 <= p.blend <= 1:
        found.append(f"pairs.blend={p.blend}: a weight from 0 to 1")
    if p.per_question < 1:
        found.append(f"pairs.per_question={p.per_question}: at least 1")
    if p.length_ratio is not None and p.length_ratio < 1:
        found.append(f"pairs.length_ratio={p.length_ratio}: at least 1, or null")
    if p.min_margin < 0:
        found.append(f"pairs.min_margin={p.min_margin}: 0 or more")
    if p.max_tokens is not None and p.max_tokens < 1:
        found.append(f"pairs.max_tokens={p.max_tokens}: at least 1, or null")
    found.extend(_at_odds_with_rule(config))
    if p.across and p.winner == p.loser == "own" and p.gold == "never":
        found.append(
            "pairs.across=True: pairs.winner=own and pairs.loser=own leave no pair across agents"
        )
    if p.across and config.agents.count == 1 and p.gold == "never":
        found.append("pairs.across=True: agents.count=1 leaves no pair across agents")
    if not config.scoring.likelihood:
        if p.rule in ("likelihood", "blended") or p.min_margin > 0:
            found.append(
                f"scoring.likelihood=false: pairs.rule={p.rule} with "
                f"pairs.min_margin={p.min_margin:g} needs the likelihood"
            )
        if p.order == "margin":
            found.append("scoring.likelihood=false: pairs.order=margin needs the likelihood")
    return found


def _at_odds_with_rule(config: RunConfig) -> list[str]:
    """Settings that the pairing rule could not follow."""
    p, found = config.pairs, []
    if p.order != "nearest" and p.rule != "correctness":
        found.append(f"pairs.order={p.order}: only pairs.rule=correctness takes an order")
    if p.rule in ("gold_only", "gold_over_own") and p.gold != "always":
        found.append(
            f"pairs.gold={p.gold}: pairs.rule={p.rule} chooses the gold solution; "
            "use pairs.gold=always"
        )
    if p.rule == "own_majority" and p.gold != "never":
        found.append(f"pairs.gold={p.gold}: pairs.rule=own_majority uses no gold answer")
    if p.rule == "own_majority" and p.winner != "own":
        found.append(
            f"pairs.winner={p.winner}: pairs.rule=own_majority chooses an agent's own rationales; "
            "use pairs.winner=own"
        )
    if p.rule == "blended" and config.scoring.normalisation in ("sum", "mean_log"):
        found.append(
            f"scoring.normalisation={config.scoring.normalisation}: pairs.rule=blended needs a "
            "likelihood from 0 to 1; use mean_prob or geometric"
        )
    if p.rule in SUPERVISED and config.tuning.loss != SFT:
        found.append(
            f"tuning.loss={config.tuning.loss}: pairs.rule={p.rule} rejects nothing; "
            "use tuning.loss=sft (tuning=sft), or another rule"
        )
    if p.rule in SUPERVISED:
        of_a_loser = {
            "loser": p.loser != "any",
            "across": p.across,
            "length_ratio": p.length_ratio is not None,
            "min_margin": p.min_margin > 0,
        }
        found += [
            f"pairs.{name}={getattr(p, name)}: pairs.rule={p.rule} rejects nothing"
            for name, asked in of_a_loser.items()
            if asked
        ]
    return found
