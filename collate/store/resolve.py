"""From a model's name to the model: the one place where names of all kinds become values.

    resolve_model("runs/quickstart:agent-2@1")     base folder, adapter, digests, lineage
    plain_folder(resolved)                         one folder that any library loads

`model_names.py` has the kinds of names. Resolving fetches and converts; `name_problems` says
beforehand, without either, why a name cannot be used.
"""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from collate.atomic import complete_folder
from collate.config.schema import RunConfig
from collate.errors import CollateError, InputError, ModelError
from collate.models.folder import (
    PACKAGED,
    cache_home,
    folder_digest,
    is_adapter_folder,
    model_folder,
    packaged_problems,
)
from collate.models.folder_checks import (
    ADAPTER_SETTINGS,
    ADAPTER_TENSORS,
    folder_link_problems,
    model_folder_problems,
    read_settings_file,
)
from collate.models.model_names import (
    PACKAGED_PREFIX,
    FolderName,
    HubName,
    PackagedName,
    RunName,
    parse_model_name,
)
from collate.models.weights import BASE, AgentWeights, ResolvedModel
from collate.store.run_description import read_run_config
from collate.store.run_folder import RunFolder
from collate.store.run_weights import best_agent_of, weights_of
from collate.tables import digest

MAX_CHAIN = 8
"""Models that may name each other in a row: an adapter on a run's agent on an adapter, ..."""
SHARD_BYTES = 5 * 2**30
"""Size of one file of a model that `plain_folder` writes."""


def resolve_model(
    text: str,
    *,
    setting: str = "model.name",
    trust_remote_code: bool = False,
    default_base: Path | None = None,
    named_by: tuple[str, ...] = (),
) -> ResolvedModel:
    """What a name stands for; fetched or converted if need be.

    `default_base` is the model that an adapter folder is put on where its settings name none that
    can be found. `named_by` are the names that led here: an adapter and a run name a base model.
    Raises InputError, which names it by `setting`, where the model cannot be had.
    """
    _check_chain(text, setting, named_by)
    model_name = parse_model_name(text, setting)
    further = {"trust_remote_code": trust_remote_code, "named_by": (*named_by, text)}
    if isinstance(model_name, RunName):
        return _resolve_run_agent(model_name, text, setting, further)
    if isinstance(model_name, FolderName) and is_adapter_folder(model_name.path):
        return _resolve_adapter(model_name, text, setting, default_base, further)
    # What an adapter names is read where it is there, and not fetched: nobody has asked for it.
    is_asked_for = not any(is_adapter_folder(Path(name)) for name in named_by)
    folder = model_folder(
        model_name, setting=setting, trust_remote_code=trust_remote_code, may_fetch=is_asked_for
    )
    return ResolvedModel(text, folder, AgentWeights.base(BASE), trust_remote_code, {"model": text})


def resolve_weights(text: str, setting: str) -> AgentWeights:
    """The weights that a name stands for, without the base model, which is neither looked for nor
    loaded: those of a run's agent, of an adapter, or of a whole model in a folder.

    Raises InputError where there are none.
    """
    model_name = parse_model_name(text, setting)
    if isinstance(model_name, RunName):
        return _find_run_agent(model_name, setting)[1]
    if not isinstance(model_name, FolderName):
        raise InputError(f"{setting}={text}: expected a folder or a run's agent")
    folder = model_name.path.resolve()
    kind = "adapter" if is_adapter_folder(folder) else "full"
    return AgentWeights(folder.name, folder_digest(folder), str(folder), kind)


def name_problems(
    text: str,
    setting: str,
    *,
    adapters_need_base: bool = False,
    weights_alone: bool = False,
    trust_remote_code: bool = False,
    named_by: tuple[str, ...] = (),
) -> list[str]:
    """What keeps a name from being resolved, found without loading or fetching anything.

    With `adapters_need_base` an adapter folder has to say itself which model it belongs to. The
    base models that adapters and runs name are looked at too, unless `weights_alone` are asked for.
    """
    try:
        _check_chain(text, setting, named_by)
        model_name = parse_model_name(text, setting)
        if isinstance(model_name, PackagedName):
            return packaged_problems(model_name, setting)
        base_text = None
        if isinstance(model_name, RunName):
            base_text = _find_run_agent(model_name, setting)[0].model.name
        elif isinstance(model_name, FolderName) and is_adapter_folder(model_name.path):
            if problems := _adapter_problems(model_name.path, setting, adapters_need_base):
                return problems
            base_text = _base_of_adapter(model_name.path)
        elif isinstance(model_name, FolderName):
            return model_folder_problems(
                model_name.path, setting, trust_remote_code=trust_remote_code
            )
    except CollateError as error:
        return [str(error)]
    if base_text is None or weights_alone:
        return []
    return name_problems(
        base_text,
        f"{setting}={text}: its base model",
        adapters_need_base=True,
        trust_remote_code=trust_remote_code,
        named_by=(*named_by, text),
    )


def resolved_digest(model: ResolvedModel) -> str:
    """Digest of the base model and of what is put on it."""
    return digest(folder_digest(model.folder), model.weights.digest)


def plain_folder(model: ResolvedModel) -> Path:
    """A folder that any library loads as this model.

    The base's own where nothing is put on it, that of whole weights, or one in the cache into which
    base and adapter are merged once. Raises InputError where the adapter does not fit the base.
    """
    if model.weights.kind == BASE or model.weights.folder is None:
        return model.folder
    if model.weights.kind == "full":
        return Path(model.weights.folder)
    from collate.models.checkpoints import merged_state, write_checkpoint

    merged_folder = cache_home() / "merged" / resolved_digest(model)
    if merged_folder.is_dir():
        return merged_folder
    try:
        # Before the folder is begun: an adapter that does not fit is found out here.
        tensors = merged_state(str(model.folder), model.weights.folder)
    except ModelError as error:
        raise InputError(f"{model.name}: {error}") from error
    with complete_folder(merged_folder) as unfinished:
        for base_file in sorted(model.folder.iterdir()):
            # Settings, tokenizer and chat template are the base's; weights are written anew.
            if base_file.is_file() and "safetensors" not in base_file.name:
                shutil.copy(base_file, unfinished)
        write_checkpoint(unfinished, tensors, shard_bytes=SHARD_BYTES, like=model.folder)
    return merged_folder


def _check_chain(text: str, setting: str, named_by: tuple[str, ...]) -> None:
    """Raise InputError where models name each other without end."""
    if text in named_by or len(named_by) > MAX_CHAIN:
        raise InputError(
            f"{setting}={text}: models that name each other as their base: "
            f"{' -> '.join((*named_by, text)[-4:])}"
        )


def _resolve_run_agent(
    name: RunName, text: str, setting: str, further: Mapping[str, Any]
) -> ResolvedModel:
    config, weights, round = _find_run_agent(name, setting)
    base_model = resolve_model(config.model.name, setting=setting, **further)
    lineage = {
        "run": str(name.run), "agent": weights.agent, "round": str(round),
        "model": config.model.name, "weights": weights.digest,
    }  # fmt: skip
    # The run's own base may be a base with an adapter, on which no second adapter can be put.
    folder = plain_folder(base_model)
    return ResolvedModel(
        text, folder, weights, base_model.trust_remote_code, lineage, name.run, weights.agent
    )


def _find_run_agent(name: RunName, setting: str) -> tuple[RunConfig, AgentWeights, int]:
    """The settings of an agent's run, its weights, and the round that they are of."""
    folder, config = RunFolder.existing(name.run), read_run_config(name.run)
    weights, round = weights_of(folder, config, "best" if name.round is None else name.round)
    agent = name.agent or best_agent_of(folder, round)
    if agent not in weights:
        raise InputError(
            f"{setting}={name.run}:{agent}: the run has no such agent; it has {', '.join(weights)}"
        )
    return config, weights[agent], round


def _resolve_adapter(
    name: FolderName,
    text: str,
    setting: str,
    default_base: Path | None,
    further: Mapping[str, Any],
) -> ResolvedModel:
    base_name = _base_of_adapter(name.path)
    if base_name is not None:
        base_model = resolve_model(base_name, setting=setting, **further)
        base_model = replace(base_model, folder=plain_folder(base_model))
    elif default_base is not None:
        base_model = ResolvedModel(str(default_base), default_base, AgentWeights.base(BASE))
    else:
        raise InputError(_no_base(name.path, setting))
    folder = name.path.resolve()
    weights = AgentWeights(name.path.name, folder_digest(folder), str(folder), "adapter")
    lineage = {"adapter": text, "model": base_model.name, "weights": weights.digest}
    return ResolvedModel(text, base_model.folder, weights, base_model.trust_remote_code, lineage)


def _base_of_adapter(folder: Path) -> str | None:
    """The base model that an adapter's settings name, where that can be found."""
    adapter_settings = _adapter_settings(folder)
    base_text = str(adapter_settings.get("base_model_name_or_path") or "")
    if not base_text:
        return None
    if base_text in PACKAGED:
        # collate's own adapters name a packaged model by the folder it was converted into.
        return f"{PACKAGED_PREFIX}{base_text}"
    try:
        base_name = parse_model_name(base_text)
    except InputError:
        return None
    # A bare word is the last part of some machine's path rather than a hub id.
    return base_text if not isinstance(base_name, HubName) or "/" in base_name.id else None


def _adapter_settings(folder: Path) -> Mapping[str, Any]:
    try:
        return read_settings_file(folder / ADAPTER_SETTINGS)
    except (OSError, ValueError) as error:
        raise InputError(
            f"{folder}: its {ADAPTER_SETTINGS} cannot be read ({error}); expected a LoRA adapter"
        ) from error


def _adapter_problems(folder: Path, setting: str, needs_base: bool) -> list[str]:
    if problems := folder_link_problems(folder, setting):
        return problems
    if not (folder / ADAPTER_TENSORS).is_file():
        return [f"{setting}={folder}: no {ADAPTER_TENSORS} there; expected a PEFT adapter"]
    try:
        adapter_kind = _adapter_settings(folder).get("peft_type")
        base_name = _base_of_adapter(folder)
    except InputError as error:
        return [f"{setting}={error}"]
    if adapter_kind != "LORA":
        return [f"{setting}={folder}: expected a LoRA adapter, found {adapter_kind}"]
    return [_no_base(folder, setting)] if needs_base and base_name is None else []


def _no_base(folder: Path, setting: str) -> str:
    return (
        f"{setting}={folder}: an adapter whose {ADAPTER_SETTINGS} names no base model that can be "
        "found; write its folder or hub id into base_model_name_or_path"
    )
