"""Which model scores: the base, another one, or either with an adapter (a warmed-up model).

    scorer = prepare_scorer(config, base_folder)     # None: the base itself, as it is
    load_scorer(scorer or ScorerFolders(base_folder), config)

A scorer that is not the base has a tokenizer, a chat template and stop tokens of its own, so the
prompts it scores under are rendered with its tokenizer. It stays frozen over all rounds, and a run
is bound to its digest. Nothing here imports torch before a scorer is loaded.
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from collate.config.schema import ModelConfig, RunConfig
from collate.errors import EngineError, InputError
from collate.models import (
    folder_digest,
    load_causal_lm,
    load_tokenizer,
    model_problems,
    prepare_model,
)
from collate.tables import digest
from collate.tasks import prompt_problems

if TYPE_CHECKING:
    from collate.scoring.likelihood import LikelihoodScorer


@dataclass(frozen=True)
class ScorerFolders:
    """Where a scorer lies: a model's folder, and a LoRA adapter's that is merged into it."""

    model: Path
    adapter: Path | None = None

    def digest(self) -> str:
        """Digest of what both folders hold."""
        return digest(*(folder_digest(path) for path in (self.model, self.adapter) if path))


def scorer_problems(config: RunConfig) -> list[str]:
    """What keeps the scorer from being used, found without loading or fetching anything."""
    scoring = config.scoring
    found = prompt_problems(
        "scoring.answer_prompt", scoring.answer_prompt, ("question", "options", "marker")
    )
    if scoring.model is not None:
        found += model_problems(_model_of(config), "scoring.model")
    if scoring.adapter is not None:
        found += _adapter_problems(Path(scoring.adapter))
    return found


def _adapter_problems(folder: Path) -> list[str]:
    settings = folder / "adapter_config.json"
    for file in (settings, folder / "adapter_model.safetensors"):
        if not file.is_file():
            return [f"scoring.adapter={folder}: no {file.name} there; expected a PEFT adapter"]
    try:
        kind = json.loads(settings.read_text())["peft_type"]
    except (ValueError, KeyError, TypeError):
        return [f"scoring.adapter={folder}: its {settings.name} cannot be read"]
    return [] if kind == "LORA" else [f"scoring.adapter={folder}: expected LoRA, found {kind}"]


def _model_of(config: RunConfig) -> ModelConfig:
    """The scorer as a model's settings; Python code is run for the base model alone."""
    name = config.scoring.model
    if name is None:
        return config.model
    return replace(
        config.model, name=name, revision=config.scoring.revision, trust_remote_code=False
    )


def prepare_scorer(config: RunConfig, base: Path) -> ScorerFolders | None:
    """The scorer's folders, fetched or converted if need be; None where the base scores as it is.

    Raises InputError for a model that cannot be had, and for an adapter that is not plain LoRA on
    linear layers of that model.
    """
    scoring = config.scoring
    if scoring.model is None and scoring.adapter is None:
        return None
    model = base if scoring.model is None else prepare_model(_model_of(config), "scoring.model")
    if scoring.adapter is None:
        return ScorerFolders(model)
    from collate.models.checkpoints import check_adapter

    adapter = Path(scoring.adapter).resolve()
    try:
        check_adapter(str(model), str(adapter))
    except EngineError as error:
        raise InputError(f"scoring.adapter={scoring.adapter}: {error}") from error
    return ScorerFolders(model, adapter)


def positions_of(folder: Path) -> int | None:
    """The longest sequence that a model can read, in tokens; None where it does not say."""
    from transformers import AutoConfig

    settings = AutoConfig.from_pretrained(str(folder)).get_text_config()
    positions: int | None = getattr(settings, "max_position_embeddings", None)
    return positions


def load_scorer(folders: ScorerFolders, config: RunConfig) -> "LikelihoodScorer":
    """The scorer in memory, on this process's device, in the type of `model.dtype`."""
    from collate.scoring.likelihood import LikelihoodScorer

    settings = _model_of(config)
    trust = settings.trust_remote_code
    model = load_causal_lm(folders.model, dtype=settings.dtype, trust_remote_code=trust)
    if folders.adapter is not None:
        from peft import PeftModel

        adapted = PeftModel.from_pretrained(model, str(folders.adapter))
        model = adapted.merge_and_unload(safe_merge=True).eval()
    return LikelihoodScorer(
        model,
        load_tokenizer(folders.model, trust_remote_code=trust),
        batch_tokens=config.scoring.batch_tokens,
    )
