"""Checks that one setting alone cannot carry: of several settings together, and of texts.

Types, ranges and choices stand with the settings themselves. What a task's own settings must
fulfil besides (the wording of its prompt, the sizes of its splits, its columns) `collate.tasks`
checks, where they are used.
"""

from collections.abc import Callable, Sequence

from collate.config.names import NAME_RULE, is_module_name, is_name
from collate.config.schema import SFT, SUPERVISED_RULES, RunConfig

KINDS_WITH_OPTIONS = ("multiple_choice", "boolean")
"""Kinds of task whose questions have options: their own, or yes and no."""

UNBOUNDED_LIKELIHOODS = ("sum", "mean_log")
"""Normalisations whose likelihood is a log-probability, below 0, rather than from 0 to 1."""


def problems(config: RunConfig) -> list[str]:
    """Every problem of settings that do not go together, a sentence each.

    They come in the order of the settings. The sentence begins with the setting that it is about,
    as `key=value`.
    """
    checks: Sequence[Callable[[RunConfig], list[str]]] = (
        _run_problems,
        _task_problems,
        _agents_problems,
        _engine_problems,
        _scoring_problems,
        _likelihood_problems,
        _rule_problems,
        _supervised_rule_problems,
        _loss_problems,
        _tuning_problems,
        _evaluation_problems,
        _warmup_problems,
    )
    return [problem for check in checks for problem in check(config)]


def _run_problems(config: RunConfig) -> list[str]:
    sentences = []
    if config.name is not None and not is_name(config.name):
        sentences.append(f"name={config.name!r}: a run's name is {NAME_RULE}")
    if not config.folder.strip() or not config.folder.isprintable():
        sentences.append(f"folder={config.folder!r}: must be a folder's name")
    if config.patience is not None and config.evaluation.rounds != "all":
        sentences.append(
            f"patience={config.patience}: needs every round measured; set evaluation.rounds=all "
            f"instead of {config.evaluation.rounds}"
        )
    if not config.model.name.strip():
        sentences.append(f"model.name={config.model.name!r}: must name a model")
    return sentences


def _task_problems(config: RunConfig) -> list[str]:
    task, sentences = config.task, []
    if not is_name(task.name):
        sentences.append(f"task.name={task.name!r}: a task's name is {NAME_RULE}")
    if not task.marker.strip():
        sentences.append("task.marker='': must be the text that stands before a stated answer")
    if not task.languages or len(set(task.languages)) < len(task.languages):
        sentences.append(f"task.languages={task.languages}: must be one or more different ones")
    if task.choices and task.kind != "multiple_choice":
        sentences.append(
            f"task.choices={task.choices}: task.kind={task.kind} has no options; only "
            "task.kind=multiple_choice has"
        )
    distinct = {choice.strip() for choice in task.choices} - {""}
    if task.choices and not 2 <= len(task.choices) == len(distinct) <= 26:
        sentences.append(f"task.choices={task.choices}: must be 2 to 26 different texts")
    return sentences + _split_problems(config)


def _split_problems(config: RunConfig) -> list[str]:
    task = config.task
    if task.held_out:
        return []
    # A run that measures nothing, such as a warm-up, learns from all of its questions.
    splits = ["train"] if config.evaluation.rounds == "none" else ["train", "validation", "test"]
    return [
        f"task.{split}=0: every split needs questions; to measure a whole file with collate "
        "evaluate, set task.held_out=true instead"
        for split in splits
        if getattr(task, split) == 0
    ]


def _agents_problems(config: RunConfig) -> list[str]:
    agents, sentences = config.agents, []
    for number, persona in enumerate(agents.personas):
        if persona.prompt is not None and "{question}" not in persona.prompt:
            sentences.append(
                f"agents.personas[{number}].prompt={persona.prompt!r}: must contain {{question}}"
            )
    # The data set's solutions are there without any rationale.
    if agents.samples == 0 and config.pairs.rule != "gold_only":
        sentences.append(
            "agents.samples=0: agents must write at least 1 rationale; only pairs.rule=gold_only "
            "needs none"
        )
    if agents.peer_completions > 0 and agents.count == 1:
        sentences.append(
            f"agents.peer_completions={agents.peer_completions}: needs rationales of other agents; "
            "agents.count is 1"
        )
    if agents.peer_completions > 0 and agents.samples == 0:
        sentences.append(
            f"agents.peer_completions={agents.peer_completions}: needs rationales to continue; "
            "agents.samples is 0"
        )
    if not all(is_module_name(name) for name in agents.targets.split(",")):
        sentences.append(
            f"agents.targets={agents.targets}: module names are joined by commas, without brackets "
            "or quotes"
        )
    if "{answer}" not in agents.hint:
        sentences.append(f"agents.hint={agents.hint!r}: must contain {{answer}}")
    return sentences


def _engine_problems(config: RunConfig) -> list[str]:
    max_length, max_tokens = config.engine.max_length, config.agents.max_tokens
    if max_length <= max_tokens:
        return [
            f"engine.max_length={max_length}: leaves no room for a prompt beside "
            f"agents.max_tokens={max_tokens}"
        ]
    return []


def _scoring_problems(config: RunConfig) -> list[str]:
    scoring, sentences = config.scoring, []
    if scoring.model is not None and not scoring.model.strip():
        sentences.append(f"scoring.model={scoring.model!r}: must name a model, or be null")
    elif scoring.model is not None and not scoring.likelihood:
        sentences.append(
            f"scoring.model={scoring.model}: nothing is scored by a model with "
            "scoring.likelihood=false"
        )
    if scoring.normalisation == "posterior" and not scoring.likelihood:
        sentences.append("scoring.normalisation=posterior: needs scoring.likelihood=true")
    if scoring.normalisation == "posterior" and config.task.kind not in KINDS_WITH_OPTIONS:
        sentences.append(
            f"scoring.normalisation=posterior: questions of task.kind={config.task.kind} have no "
            f"options to choose among; those of {' and '.join(KINDS_WITH_OPTIONS)} have"
        )
    return sentences


def _likelihood_problems(config: RunConfig) -> list[str]:
    """Settings of pairs and evaluation that need a likelihood where none is taken."""
    pairs = config.pairs
    if config.scoring.likelihood:
        return []
    needing = []
    if pairs.rule in ("likelihood", "blended"):
        needing.append(f"pairs.rule={pairs.rule}")
    if pairs.min_margin > 0:
        needing.append(f"pairs.min_margin={pairs.min_margin:g}")
    if pairs.order == "margin":
        needing.append("pairs.order=margin")
    if config.evaluation.confidence:
        needing.append("evaluation.confidence=true")
    return [f"{setting}: needs scoring.likelihood=true" for setting in needing]


def _rule_problems(config: RunConfig) -> list[str]:
    """Settings that the pairing rule could not follow."""
    pairs, sentences = config.pairs, []
    if pairs.order != "nearest" and pairs.rule != "correctness":
        sentences.append(
            f"pairs.order={pairs.order}: pairs.rule={pairs.rule} has an order of its own; only "
            "pairs.rule=correctness takes one"
        )
    if pairs.rule in ("gold_only", "gold_over_own") and pairs.gold != "always":
        sentences.append(
            f"pairs.gold={pairs.gold}: pairs.rule={pairs.rule} chooses the gold solution; use "
            "pairs.gold=always"
        )
    if pairs.rule == "own_majority" and pairs.gold != "never":
        sentences.append(
            f"pairs.gold={pairs.gold}: pairs.rule=own_majority uses no gold answer; use "
            "pairs.gold=never"
        )
    if pairs.rule == "own_majority" and pairs.chosen_from != "own":
        sentences.append(
            f"pairs.chosen_from={pairs.chosen_from}: pairs.rule=own_majority chooses an agent's "
            "own rationales; use pairs.chosen_from=own"
        )
    # Blended scores are the mean of a verdict, 0 or 1, and the likelihood.
    if pairs.rule == "blended" and config.scoring.normalisation in UNBOUNDED_LIKELIHOODS:
        sentences.append(
            f"scoring.normalisation={config.scoring.normalisation}: pairs.rule=blended needs a "
            "likelihood from 0 to 1; use mean_prob or geometric"
        )
    return sentences


def _supervised_rule_problems(config: RunConfig) -> list[str]:
    """Settings that ask for a rejected rationale where the pairing rule rejects none."""
    pairs = config.pairs
    if pairs.rule not in SUPERVISED_RULES:
        return []
    rejects_nothing = f"pairs.rule={pairs.rule} rejects nothing"
    sentences = []
    if config.tuning.loss != SFT:
        sentences.append(
            f"tuning.loss={config.tuning.loss}: {rejects_nothing}; use tuning.loss=sft "
            "(tuning=sft), or another rule"
        )
    if pairs.rejected_from != "any":
        sentences.append(f"pairs.rejected_from={pairs.rejected_from}: {rejects_nothing}")
    if pairs.length_ratio is not None:
        sentences.append(f"pairs.length_ratio={pairs.length_ratio:g}: {rejects_nothing}")
    if pairs.min_margin > 0:
        sentences.append(f"pairs.min_margin={pairs.min_margin:g}: {rejects_nothing}")
    return sentences


def _loss_problems(config: RunConfig) -> list[str]:
    """Settings that the loss could not follow."""
    tuning, sentences = config.tuning, []
    if tuning.label_smoothing > 0 and tuning.loss != "robust":
        sentences.append(
            f"tuning.label_smoothing={tuning.label_smoothing:g}: only tuning.loss=robust has label "
            f"smoothing; use that instead of {tuning.loss}, or 0"
        )
    if tuning.loss == SFT and tuning.reference != "previous":
        sentences.append(
            f"tuning.reference={tuning.reference}: tuning.loss=sft has no reference; leave it out"
        )
    if tuning.loss == SFT and tuning.nll_weight > 0:
        sentences.append(
            f"tuning.nll_weight={tuning.nll_weight:g}: tuning.loss=sft is the negative "
            "log-likelihood itself; use tuning.nll_weight=0"
        )
    # The first loss would not be log 2 if the round began with other weights than its reference.
    if tuning.loss != SFT and tuning.start == "base" and tuning.reference != "base":
        sentences.append(
            f"tuning.reference={tuning.reference}: with tuning.start=base each round begins with "
            "the base model, which is then its own reference; use tuning.reference=base"
        )
    return sentences


def _tuning_problems(config: RunConfig) -> list[str]:
    tuning, sentences = config.tuning, []
    if not tuning.modes or len(set(tuning.modes)) < len(tuning.modes):
        sentences.append(f"tuning.modes={tuning.modes}: must name at least one mode, each once")
    if tuning.modes != ["whole"] and tuning.loss != SFT:
        sentences.append(
            f"tuning.modes={tuning.modes}: tuning.loss={tuning.loss} learns whole rationales only; "
            "use tuning.loss=sft, or [whole]"
        )
    # A budget counts the tokens of a rationale once; other modes learn parts of it, or its answer.
    if tuning.modes != ["whole"] and config.budget.tuned_tokens is not None:
        sentences.append(
            f"budget.tuned_tokens={config.budget.tuned_tokens}: counts whole rationales; use "
            "tuning.modes=[whole]"
        )
    if tuning.batch % tuning.micro_batch:
        sentences.append(
            f"tuning.batch={tuning.batch}: must be a multiple of "
            f"tuning.micro_batch={tuning.micro_batch}"
        )
    return sentences


def _evaluation_problems(config: RunConfig) -> list[str]:
    evaluation, sentences = config.evaluation, []
    if evaluation.answer_by in ("weighted_vote", "routed") and not evaluation.confidence:
        sentences.append(
            f"evaluation.answer_by={evaluation.answer_by}: needs evaluation.confidence=true"
        )
    if evaluation.answer_by == "reader" and evaluation.reader == "none":
        sentences.append("evaluation.answer_by=reader: needs evaluation.reader=base or trained")
    if evaluation.answer_by == "samples" and evaluation.samples == 0:
        sentences.append("evaluation.answer_by=samples: needs evaluation.samples of at least 1")
    if evaluation.reader == "trained" and config.agents.samples == 0:
        sentences.append(
            "evaluation.reader=trained: learns from what agents write; agents.samples is 0"
        )
    return sentences


def _warmup_problems(config: RunConfig) -> list[str]:
    """Settings of what the agents begin with that do not go together."""
    warmup, sentences = config.warmup, []
    if warmup.kind == "own" and warmup.samples < 2:
        sentences.append(
            f"warmup.samples={warmup.samples}: warmup.kind=own prefers right to wrong rationales "
            "of one agent, which takes at least 2 (warmup=own has 4)"
        )
    if warmup.kind != "none" and config.agents.start is not None:
        sentences.append(
            f"agents.start={config.agents.start}: the agents begin with the weights of "
            f"warmup.kind={warmup.kind}; leave one of the two out"
        )
    return sentences
