"""What libraries must not do unasked: report on their use, or fetch anything.

The variables are set when `collate` is imported, before any of the libraries reads them, and so in
each of Ray's workers too. A value that the user has set stays.
"""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # Every import of collate comes by here, and the settings take longer to import than the rest.
    from collate.config.schema import RunConfig

TELEMETRY_OFF: Mapping[str, str] = {
    "HF_HUB_DISABLE_TELEMETRY": "1",  # transformers, datasets, TRL and the hub's client
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_DO_NOT_TRACK": "1",
    "DO_NOT_TRACK": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
}
OFFLINE: Mapping[str, str] = {
    "HF_HUB_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
}


def telemetry_off() -> None:
    """Switch the libraries' telemetry off, here and in processes that start from here."""
    for name, value in TELEMETRY_OFF.items():
        os.environ.setdefault(name, value)


def offline_unless_named(configs: "Iterable[RunConfig]") -> None:
    """Keep the libraries off the network unless some run's settings name a model or data there."""
    if not any(names_hub_id(config) for config in configs):
        for name, value in OFFLINE.items():
            os.environ.setdefault(name, value)


def names_hub_id(config: "RunConfig") -> bool:
    """Whether the settings name a model or a data set of the Hub."""
    task = config.task
    data_from_hub = task.kind != "procedural" and task.path is None and task.dataset is not None
    models = (config.model.name, config.scoring.model)
    return data_from_hub or any(name is not None and not _is_local(name) for name in models)


def _is_local(model_name: str) -> bool:
    # "runs/quickstart:agent-2@1" is an agent of a run in a folder.
    folder = model_name.partition(":")[0].partition("@")[0]
    return model_name.startswith("packaged:") or Path(model_name).is_dir() or Path(folder).is_dir()
