"""What the tests share: no network, and a tiny random Llama that every stage can really run.

One thread each: the tiny model needs no more, and two workers of pytest then have a core each.
"""

import os

os.environ.update(
    HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", HF_DATASETS_OFFLINE="1", OMP_NUM_THREADS="1",
    RAY_USAGE_STATS_ENABLED="0",
)  # fmt: skip

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from unittest import mock

import pytest


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a seeded random two-layer Llama and a tokenizer with a chat template."""
    from tests.tiny_model import build_tiny_model

    return build_tiny_model(tmp_path_factory.mktemp("tiny-model"))


@pytest.fixture(scope="session")
def local_ray() -> Iterator[None]:
    """A Ray of this machine which all runs in this process share, with the workers it has warm.

    On one core tuning tasks follow each other in one process, which imports its libraries once.
    """
    from collate.cluster.session import session
    from collate.config.schema import RayConfig

    stay = {"idle_worker_killing_time_threshold_ms": 3_600_000}
    with session(RayConfig(), num_cpus=1, log_to_driver=False, _system_config=stay):
        yield


@pytest.fixture(scope="module")
def kept_workers(local_ray: None) -> Iterator[None]:
    """Runs and evaluations in this process have their workers in common, where they can.

    So they do in a comparison (`SharedWorkers`). Most of a tiny run's time goes into processes that
    import torch and transformers.
    """
    from collate.cluster.workers import Workers
    from collate.commands.compare import SharedWorkers
    from collate.config.schema import RunConfig

    with SharedWorkers() as shared:

        def workers(config: RunConfig, *_: object, **__: object) -> AbstractContextManager[Workers]:
            return nullcontext(shared.serving(config))

        with (
            mock.patch("collate.commands.run.Workers", workers),
            mock.patch("collate.commands.evaluate.Workers", workers),
        ):
            yield


WORKER_FIXTURES = {"local_ray", "vllm_run", "cluster", "swap_engine", "adapter_engine"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what starts worker processes: Ray, vLLM, or whatever a test says of itself."""
    for item in items:
        if not WORKER_FIXTURES.isdisjoint(getattr(item, "fixturenames", ())):
            item.add_marker("workers")
