"""A vLLM engine in a process of its own, driven over a pipe.

vLLM takes over the process that it runs in (torch's threads, the environment), which the other
tests must not notice, and only one engine fits in a process.
"""

import contextlib
import multiprocessing
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from unittest import mock

from collate.config.schema import EngineConfig, ModelConfig
from collate.engines.build_engine import build_engine
from collate.engines.protocol import Completion, Hosting, Request
from collate.models.weights import AgentWeights

DEADLINE = 120.0


class EngineProcess:
    """`generate` as an engine's; what the engine raises is raised here."""

    def __init__(self, model_folder: Path, *, hosting: Hosting):
        config = EngineConfig(kind="vllm", batch=32, max_length=512, cache_gib=0.25, threads=1)
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(theirs, str(model_folder), config, hosting)
        )
        self.progress: list[tuple[int, int]] = []

    def __enter__(self) -> "EngineProcess":
        self._process.start()
        self._receive()
        return self

    def __exit__(self, *_: object) -> None:
        self._pipe.send(None)
        self._process.join(60)
        if self._process.is_alive():
            self._process.kill()

    def generate(
        self, requests: Sequence[Request], agents: Mapping[str, AgentWeights], *, dies: bool = False
    ) -> list[Completion]:
        """What the engine writes; if it `dies`, vLLM fails inside its next step."""
        self._pipe.send((list(requests), dict(agents), dies))
        completions, self.progress = self._receive()
        return completions

    def _receive(self) -> Any:
        if not self._pipe.poll(DEADLINE):
            raise TimeoutError(f"the engine process said nothing for {DEADLINE:.0f} s")
        answer = self._pipe.recv()
        if isinstance(answer, Exception):
            raise answer
        return answer


def _serve(pipe: Connection, model_folder: str, config: EngineConfig, hosting: Hosting) -> None:
    try:
        model = ModelConfig(dtype="float32")
        engine = build_engine(model_folder, config, model, rank=16, hosting=hosting)
    except Exception as error:
        pipe.send(error)
        return
    pipe.send("ready")
    while (order := pipe.recv()) is not None:
        requests, agents, dies = order
        progress: list[tuple[int, int]] = []
        try:
            with _dead_core(engine) if dies else contextlib.nullcontext():
                completions = engine.generate(
                    requests, agents, lambda done, tokens, p=progress: p.append((done, tokens))
                )
            pipe.send((completions, progress))
        except Exception as error:
            pipe.send(error)
    engine.close()


def _dead_core(engine: Any) -> Any:
    failure = RuntimeError("the engine core is gone")
    return mock.patch.object(engine._llm.llm_engine, "step", side_effect=failure)
