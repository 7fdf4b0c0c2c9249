"""From a plain mapping to a checked `RunConfig`, with every problem told at once.

`build` reads types and choices off the dataclasses of `schema.py`; `problems` holds the rules that
need more than a type. Nothing here looks at files, packages or machines.
"""

import difflib
import sys
import types
import typing
from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass
from typing import Any

from collate.config.schema import RunConfig, TaskConfig
from collate.errors import InputError
from collate.paths import NAME_RULE, is_name

_SHOWN = 200  # characters of a wrong value


def build(settings: Mapping[str, Any]) -> RunConfig:
    """The checked configuration. Raises InputError with a line for every problem there is."""
    config, found = read(settings)
    if found:
        raise InputError.of(found)
    return config


def read(settings: Mapping[str, Any]) -> tuple[RunConfig, list[str]]:
    """The configuration and its problems, a line each.

    Where a value is of the wrong type the default stands in for it, so that the rules for all
    other settings are checked as well.
    """
    found: list[str] = []
    config: RunConfig = _dataclass(RunConfig, settings, "", found)
    told = {line.partition(":")[0] for line in found}
    found += [line for line in problems(config) if line.partition("=")[0] not in told]
    return config, found


def known_keys(cls: type = RunConfig, prefix: str = "") -> dict[str, Any]:
    """Dotted key -> dataclass field, for every leaf setting below `cls`."""
    keys: dict[str, Any] = {}
    hints = typing.get_type_hints(cls)
    for item in fields(cls):
        name = prefix + item.name
        if is_dataclass(hints[item.name]):
            keys.update(known_keys(hints[item.name], name + "."))
        else:
            keys[name] = item
    return keys


def unknown_key(key: str) -> str:
    """One sentence about a key that does not exist, naming the nearest that does."""
    known = [*known_keys(), *(f.name for f in fields(RunConfig))]
    nearest = difflib.get_close_matches(key, known, n=1, cutoff=0.6)
    if not nearest:
        last = key.rpartition(".")[2]
        by_last = {k.rpartition(".")[2]: k for k in reversed(known)}
        nearest = [by_last[m] for m in difflib.get_close_matches(last, by_last, n=1, cutoff=0.75)]
    hint = (
        f"; did you mean {nearest[0]}?" if nearest else "; collate run --help lists what there is"
    )
    return f"{key}: no such setting{hint}"


_WRONG: Any = object()
"""Stands for a value that was told to be wrong."""


def _dataclass(cls: type, value: Any, path: str, found: list[str]) -> Any:
    """`cls` made of `value`, with defaults where that is wrong or says nothing."""
    if not isinstance(value, Mapping):
        found.append(f"{path.rstrip('.')}: expected a group of settings, found {value!r}")
        return cls()
    hints = typing.get_type_hints(cls)
    names = {item.name for item in fields(cls)}
    found.extend(unknown_key(f"{path}{key}") for key in value if key not in names)
    values = {}
    for item in fields(cls):
        if item.name in value:
            key = f"{path}{item.name}"
            made = _value(hints[item.name], value[item.name], key, found)
            choices = item.metadata.get("choices")
            if choices and isinstance(made, str) and made not in choices:
                found.append(f"{key}: expected one of {', '.join(choices)}; found {made!r}")
            elif made is not _WRONG:
                values[item.name] = made
    return cls(**values)


def _value(hint: Any, value: Any, key: str, found: list[str]) -> Any:
    """`value` as the hinted type, or a problem. Whole numbers pass as reals, never the reverse."""
    if is_dataclass(hint):
        return _dataclass(typing.cast(type, hint), value, f"{key}.", found)
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        if value is None and type(None) in arguments:
            return None
        options = [a for a in arguments if a is not type(None)]
        if int in options and float in options and isinstance(value, (int, float)):
            options = [int if isinstance(value, int) else float]
        return _value(options[0], value, key, found)
    if origin is list:
        if isinstance(value, (list, tuple)):
            made = [_value(arguments[0], v, f"{key}[{i}]", found) for i, v in enumerate(value)]
            return _WRONG if any(each is _WRONG for each in made) else made
    elif origin is dict:
        if isinstance(value, Mapping):
            return dict(value)
    elif hint is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        if abs(value) <= sys.float_info.max:
            return float(value)
    elif isinstance(value, hint) and not (hint is int and isinstance(value, bool)):
        return value
    elif hint is str and isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    kinds = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}
    expected = kinds.get(hint, "a list" if origin is list else "a mapping")
    shown = "null" if value is None else repr(value)[:_SHOWN]
    found.append(f"{key}: expected {expected}, found {shown}")
    return _WRONG


def problems(config: RunConfig) -> list[str]:
    """Every setting whose value cannot work, one sentence each, in the order of the settings."""
    found: list[str] = []

    def expect(good: bool, key: str, value: object, rule: str) -> None:
        if not good:
            found.append(f"{key}={value}: {rule}")

    c, a, e, t = config, config.agents, config.engine, config.tuning
    if c.name is not None:
        expect(is_name(c.name), "name", repr(c.name), f"a run's name is {NAME_RULE}")
    expect(bool(c.folder) and c.folder.isprintable(), "folder", repr(c.folder), "name a folder")
    expect(c.rounds >= 1, "rounds", c.rounds, "at least 1 round is needed")
    expect(c.lock_deadline >= 0, "lock_deadline", c.lock_deadline, "0 seconds or more")
    per_round = c.questions_per_round
    expect(
        per_round is None or per_round >= 1, "questions_per_round", per_round, "at least 1, or null"
    )
    expect(bool(c.model.name.strip()), "model.name", repr(c.model.name), "name a model")
    found.extend(_task_problems(config.task))
    expect(a.count >= 2, "agents.count", a.count, "collaboration needs at least 2 agents")
    expect(a.rank >= 1, "agents.rank", a.rank, "at least 1")
    expect(a.alpha >= 1, "agents.alpha", a.alpha, "at least 1")
    expect(a.examples >= 0, "agents.examples", a.examples, "0 or more")
    expect(a.noise >= 0, "agents.noise", a.noise, "0 or more")
    for i, persona in enumerate(a.personas):
        if persona.prompt is not None and "{question}" not in persona.prompt:
            found.append(
                f"agents.personas[{i}].prompt={persona.prompt!r}: must contain {{question}}"
            )
    expect(a.samples >= 1, "agents.samples", a.samples, "at least 1")
    last = a.temperature + (a.count - 1) * a.temperature_step
    expect(a.temperature >= 0, "agents.temperature", a.temperature, "0 (greedy) or more")
    expect(
        a.temperature < 0 or last >= 0, "agents.temperature_step", a.temperature_step,
        f"the last agent's temperature would be {last:g}; it must be 0 or more",
    )  # fmt: skip
    last = a.top_p + (a.count - 1) * a.top_p_step
    expect(0 < a.top_p <= 1, "agents.top_p", a.top_p, "above 0 and at most 1")
    expect(
        not 0 < a.top_p <= 1 or 0 < last <= 1, "agents.top_p_step", a.top_p_step,
        f"the last agent's top_p would be {last:g}; it must be above 0 and at most 1",
    )  # fmt: skip
    expect(a.max_tokens >= 1, "agents.max_tokens", a.max_tokens, "at least 1")
    if a.weights == "adapter":
        expect(
            a.rank <= e.max_rank, "agents.rank", a.rank,
            f"larger than the engine allows (engine.max_rank={e.max_rank}); "
            "raise that or lower this",
        )  # fmt: skip
    elif e.host == "adapter":
        found.append(
            "engine.host=adapter: agents.weights=full has no adapters; use engine.host=swap or auto"
        )
    expect(e.count >= 0, "engine.count", e.count, "0 (as many as the accelerators allow) or more")
    expect(e.batch >= 1, "engine.batch", e.batch, "at least 1")
    expect(
        e.max_length > a.max_tokens, "engine.max_length", e.max_length,
        f"leaves no room for a prompt beside agents.max_tokens={a.max_tokens}",
    )  # fmt: skip
    expect(0 < e.gpu_memory <= 1, "engine.gpu_memory", e.gpu_memory, "above 0 and at most 1")
    expect(e.cache_gib > 0, "engine.cache_gib", e.cache_gib, "above 0")
    expect(e.threads >= 0, "engine.threads", e.threads, "0 (all cores) or more")
    expect(
        config.scoring.batch_tokens >= 1,
        "scoring.batch_tokens",
        config.scoring.batch_tokens,
        "at least 1",
    )
    limit = config.scoring.unknown_limit
    expect(
        limit is None or 0 <= limit <= 1, "scoring.unknown_limit", limit,
        "a share from 0 to 1, or null",
    )  # fmt: skip
    p = config.pairs
    expect(p.per_question >= 1, "pairs.per_question", p.per_question, "at least 1")
    expect(p.min_margin >= 0, "pairs.min_margin", p.min_margin, "0 or more")
    expect(
        p.max_tokens is None or p.max_tokens >= 1,
        "pairs.max_tokens",
        p.max_tokens,
        "at least 1, or null",
    )
    if not config.scoring.likelihood and (p.rule == "likelihood" or p.min_margin > 0):
        found.append(
            f"scoring.likelihood=false: pairs.rule={p.rule} with pairs.min_margin={p.min_margin:g} "
            "needs the likelihood"
        )
    expect(t.beta > 0, "tuning.beta", t.beta, "above 0")
    expect(t.nll_weight >= 0, "tuning.nll_weight", t.nll_weight, "0 or more")
    expect(t.learning_rate > 0, "tuning.learning_rate", t.learning_rate, "above 0")
    expect(
        0 <= t.warmup < 1, "tuning.warmup", t.warmup, "a share of the steps, from 0 up to below 1"
    )
    expect(t.epochs >= 1, "tuning.epochs", t.epochs, "at least 1")
    expect(
        t.max_steps is None or t.max_steps >= 1,
        "tuning.max_steps",
        t.max_steps,
        "at least 1, or null",
    )
    expect(t.micro_batch >= 1, "tuning.micro_batch", t.micro_batch, "at least 1")
    expect(
        t.batch >= 1 and t.batch % max(t.micro_batch, 1) == 0, "tuning.batch", t.batch,
        f"a multiple of tuning.micro_batch={t.micro_batch}",
    )  # fmt: skip
    expect(t.max_grad_norm > 0, "tuning.max_grad_norm", t.max_grad_norm, "above 0")
    expect(t.weight_decay >= 0, "tuning.weight_decay", t.weight_decay, "0 or more")
    expect(t.checkpoint_steps >= 0, "tuning.checkpoint_steps", t.checkpoint_steps, "0 or more")
    v = config.evaluation
    expect(v.samples >= 0, "evaluation.samples", v.samples, "0 or more")
    expect(
        v.sampled_questions >= 1, "evaluation.sampled_questions", v.sampled_questions, "at least 1"
    )
    expect(v.bootstrap >= 100, "evaluation.bootstrap", v.bootstrap, "at least 100")
    for name, seconds in asdict(config.ray).items():
        if name == "head_deadline":
            expect(0 < seconds <= 60, f"ray.{name}", seconds, "above 0 and at most 60 seconds")
        elif name.endswith("_deadline"):
            expect(seconds > 0, f"ray.{name}", seconds, "above 0 seconds")
    return found


def _task_problems(task: TaskConfig) -> list[str]:
    found = []
    if not is_name(task.name):
        found.append(f"task.name={task.name!r}: a task's name is {NAME_RULE}")
    for key in ("train", "validation", "test"):
        size = getattr(task, key)
        if size < 0 or (isinstance(size, float) and size >= 1 and not size.is_integer()):
            found.append(f"task.{key}={size}: a share below 1, or a whole number of questions")
        elif size == 0:
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
