"""What `run` and `evaluate` prepare alike: model, agents, prompts, scorer, and who listens."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from collate.agents.prompts import Prompts
from collate.agents.roster import Agent
from collate.config.schema import RunConfig
from collate.console.events import EventFile, Events, Listener, LogFile
from collate.console.terminal import Terminal, output_to_log
from collate.errors import InputError
from collate.models.loading import load_tokenizer, max_positions
from collate.models.stopping import stopping_of
from collate.models.weights import ResolvedModel
from collate.store.resolve import plain_folder, resolve_model
from collate.tables import Question


@dataclass(frozen=True)
class Prepared:
    """The base model's folder, the prompts of all agents, and the scorer if it is not the base.

    `remarks` say, a sentence each, which models are read that no setting names.
    """

    base: Path
    prompts: Prompts
    scorer: ResolvedModel | None
    remarks: Sequence[str] = ()


def prepare(
    config: RunConfig,
    agents: Sequence[Agent],
    questions: Sequence[Question],
    *,
    needs_scorer: bool = True,
) -> Prepared:
    """Fetch or convert the models, and check that every prompt fits into them.

    Raises InputError where a model cannot be had, or a prompt leaves no room.
    """
    trust = config.model.trust_remote_code
    base_model = resolve_model(config.model.name, trust_remote_code=trust)
    base = plain_folder(base_model)
    tokenizer = _tokenizer_of_base(config, base)
    scorer = resolve_scorer(config, base) if needs_scorer else None
    # A scorer of another family reads its own tokens, and has positions of its own.
    is_another = scorer is not None and scorer.folder != base
    scorer_tokenizer = load_tokenizer(scorer.folder) if scorer and is_another else None
    scorer_positions = max_positions(scorer.folder) if scorer and is_another else None
    prompts = Prompts(config, agents, tokenizer, stopping_of(base, tokenizer), scorer_tokenizer)
    prompts.check_lengths(questions, scorer_positions=scorer_positions)
    remarks = base_remarks("model.name", base_model)
    if scorer is not None:
        remarks += base_remarks("scoring.model", scorer)
    return Prepared(base, prompts, scorer, remarks)


def base_remarks(setting: str, model: ResolvedModel) -> list[str]:
    """A sentence about the base model that an adapter or a run's agent has brought with it."""
    base_name = model.lineage.get("model", model.name)
    if base_name == model.name:
        return []
    return [f"{setting}={model.name} is put on the base model {base_name}, which it names"]


def _tokenizer_of_base(config: RunConfig, base: Path) -> Any:
    try:
        return load_tokenizer(base, trust_remote_code=config.model.trust_remote_code)
    # A folder of others may hold anything, and transformers has no one error for it.
    except Exception as error:
        reason = str(error).strip().partition("\n")[0]
        raise InputError(
            f"model.name={config.model.name}: its tokenizer cannot be loaded "
            f"({type(error).__name__}: {reason})"
        ) from error


def resolve_scorer(config: RunConfig, base: Path) -> ResolvedModel | None:
    """The model that scores, or None where the base scores as it is.

    An adapter whose settings name no model is taken to be of the base. Python code is run for the
    base model alone, whatever the scorer. Raises InputError where the adapter does not fit.
    """
    if not config.scoring.likelihood or config.scoring.model is None:
        return None
    scorer = resolve_model(config.scoring.model, setting="scoring.model", default_base=base)
    if scorer.folder == base:
        scorer = replace(scorer, trust_remote_code=config.model.trust_remote_code)
    if scorer.weights.kind == "adapter" and scorer.weights.folder is not None:
        from collate.models.checkpoints import ModelError, check_adapter

        try:
            check_adapter(str(scorer.folder), scorer.weights.folder)
        except ModelError as error:
            raise InputError(f"scoring.model={config.scoring.model}: {error}") from error
    return scorer


@contextlib.contextmanager
def listening(folder: Path, further: Sequence[Listener] = ()) -> Iterator[tuple[Console, Events]]:
    """A console, and events that go to it, to `log.txt` and `events.jsonl` of a folder, and on.

    While the block lasts, what libraries print goes to the log file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "log.txt"
    with output_to_log(log) as console:
        terminal = Terminal(console)
        listeners: list[Listener] = [terminal, LogFile(log), EventFile(folder / "events.jsonl")]
        try:
            yield console, Events(listeners, further)
        finally:
            terminal.close()
