"""What is said of a key that no setting has: the nearest one, or what replaced an earlier one."""

from collections.abc import Mapping, Sequence

from collate.config.fields import settings_of, subsections
from collate.config.schema import RunConfig
from collate.errors import nearest_name

RENAMED: Mapping[str, str] = {
    "agents.peers": "agents.peer_completions",
    "agents.hints": "agents.hinted_samples",
    "pairs.winner": "pairs.chosen_from",
    "pairs.loser": "pairs.rejected_from",
    "pairs.allow_marked": "pairs.allow_flagged",
    "tuning.warmup": "tuning.warmup_ratio",
}
"""Settings of earlier versions that go by another name now, and take the same values."""

_OWN_WARMUP = "a warm-up has one form; for another one, name a run of your own by agents.start"
_PROGRESS = "use ray.work_deadline, the time that any work may take without progress"

REMOVED: Mapping[str, str] = {
    "model.revision": "put it behind the hub id: model.name=owner/name@revision",
    "agents.temperature_step": "give each of agents.personas its own temperature",
    "agents.top_p_step": "give each of agents.personas its own top_p",
    "agents.perturbation": "noise is the only kind there is; agents.noise is its size",
    "engine.host": "the device decides: adapters on a GPU, whole weights on a CPU",
    "engine.max_rank": "the engine makes room for agents.rank",
    "scoring.revision": "put it behind the hub id: scoring.model=owner/name@revision",
    "scoring.adapter": "scoring.model may name the folder of an adapter, or a run's agent",
    "scoring.posterior": "scoring.normalisation=posterior asks for it",
    "scoring.posterior_of": "a posterior is always over the summed log-probabilities",
    "scoring.unknown_limit": "a warning always comes above 90 % unknown verdicts",
    "pairs.blend": "verdict and likelihood always weigh the same",
    "pairs.across": "pairs.chosen_from and pairs.rejected_from say whose rationales are used",
    "tuning.tokens": "a budget sets it; see budget.tuned_tokens",
    "evaluation.sampled_questions": "all test questions are sampled; task.test says how many",
    "evaluation.bootstrap": "there are always 10,000 resamples",
    "budget.epochs": "a round goes over its pairs at most 10 times",
    "warmup.question": "the column is called question",
    "warmup.answer": "the column is called answer",
    "warmup.solution": "the column is called solution",
    "warmup.modes": _OWN_WARMUP,
    "warmup.epochs": _OWN_WARMUP,
    "warmup.max_steps": _OWN_WARMUP,
    "warmup.learning_rate": _OWN_WARMUP,
    "ray.head_deadline": "it is always 30 seconds",
    "ray.generate_deadline": _PROGRESS,
    "ray.score_deadline": _PROGRESS,
    "ray.tune_deadline": _PROGRESS,
}
"""Settings of earlier versions that are gone, and what to do instead."""


def unknown_setting(key: str) -> str:
    """One sentence about a key that does not exist: what replaces it, or the nearest that does."""
    if key in RENAMED:
        return f"{key}: is now {RENAMED[key]}"
    if key in REMOVED:
        return f"{key}: is gone; {REMOVED[key]}"
    known = [*settings_of(RunConfig), *subsections(RunConfig)]
    nearest = nearest_name(key, known) or _in_another_section(key, known)
    hint = f"did you mean {nearest}?" if nearest else "collate run --help lists all settings"
    return f"{key}: no such setting; {hint}"


def _in_another_section(key: str, known: Sequence[str]) -> str | None:
    """The setting of any section whose last name is nearly the key's."""
    # Where several sections have the name, the first one counts.
    key_by_name = {each.rpartition(".")[2]: each for each in reversed(known)}
    nearest = nearest_name(key.rpartition(".")[2], key_by_name, cutoff=0.75)
    return key_by_name[nearest] if nearest else None
