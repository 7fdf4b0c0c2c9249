"""What people run today, written plainly: vLLM, transformers and TRL as their documentation shows.

Each class is held by an arm (see `arms.py`). Model files, dtype (float32 on a CPU), prompts,
number of tokens and threads are those that collate is given. Where a rival has a choice, it is
given the better one that was found on two cores: vLLM inside its own process, without compiling
and with prompts never cut into chunks (which seeds need); sdpa attention; no gradient
checkpointing; token ids instead of texts for TRL, so that it tokenises nothing.
"""

import os
import re
from collections.abc import Sequence
from typing import Any

from collate.agents.adapters import new_adapter
from collate.config.schema import AgentsConfig, TuningConfig
from collate.engines.protocol import Request
from collate.models.loading import load_causal_lm, load_tokenizer
from collate.tables import CHOSEN, REJECTED, RIGHT, UNKNOWN, WRONG

Ids = Sequence[int]


class RawVllm:
    """`vllm.LLM.generate`, with all requests of a pass in one call.

    `block_size` is vLLM's own choice (128 on a CPU) unless given.
    """

    def __init__(
        self, folder: str, *, max_length: int, batch: int, cache_gib: float,
        block_size: int | None = None,
    ):  # fmt: skip
        os.environ.update(
            VLLM_ENABLE_V1_MULTIPROCESSING="0", VLLM_CPU_NUM_OF_RESERVED_CPU="0",
            VLLM_LOGGING_LEVEL="ERROR", VLLM_NO_USAGE_STATS="1",
        )  # fmt: skip
        from vllm import LLM

        more: dict[str, Any] = {} if block_size is None else {"block_size": block_size}
        self._llm = LLM(
            folder, dtype="float32", max_model_len=max_length, max_num_seqs=batch,
            enforce_eager=True, enable_chunked_prefill=False, max_num_batched_tokens=4096,
            kv_cache_memory_bytes=int(cache_gib * 2**30), use_tqdm_on_load=False, **more,
        )  # fmt: skip

    def generate(self, passes: Sequence[Sequence[Request]]) -> dict[str, tuple[int, ...]]:
        """Each request's tokens by its key, one pass after the other."""
        return self._generate(passes)

    def forced(self, requests: Sequence[Request]) -> dict[str, tuple[int, ...]]:
        """As many tokens for each request as it allows, whatever the model would stop at.

        No prefix is cached when it begins.
        """
        self.reset()
        return self._generate([requests], ignore_eos=True)

    def reset(self) -> None:
        """Forget every cached prefix."""
        self._llm.reset_prefix_cache()

    def _generate(
        self, passes: Sequence[Sequence[Request]], *, ignore_eos: bool = False
    ) -> dict[str, tuple[int, ...]]:
        from vllm import SamplingParams
        from vllm.inputs import tokens_input

        tokens: dict[str, tuple[int, ...]] = {}
        for requests in passes:
            outputs = self._llm.generate(
                [tokens_input(list(request.prompt_ids)) for request in requests],
                [
                    SamplingParams(
                        temperature=request.temperature, top_p=request.top_p, seed=request.seed,
                        max_tokens=request.max_tokens, ignore_eos=ignore_eos, detokenize=False,
                    )
                    for request in requests
                ],
                use_tqdm=False,
            )  # fmt: skip
            for request, output in zip(requests, outputs, strict=True):
                tokens[request.key] = tuple(output.outputs[0].token_ids)
        return tokens


class TransformersGenerate:
    """`model.generate` over left-padded batches, prompts sorted by length."""

    def __init__(self, folder: str):
        self._model = load_causal_lm(folder, dtype="float32")
        self._tokenizer = load_tokenizer(folder)
        self._end = self._model.generation_config.eos_token_id

    def greedy(self, requests: Sequence[Request], batch: int) -> dict[str, tuple[int, ...]]:
        """Each request's greedy tokens, until the model stops."""
        return self._generate(requests, batch, do_sample=False)

    def forced(self, requests: Sequence[Request], batch: int) -> dict[str, tuple[int, ...]]:
        """As many sampled tokens for each request as it allows."""
        least = {"min_new_tokens": requests[0].max_tokens}
        return self._generate(
            requests, batch, do_sample=True, temperature=requests[0].temperature, top_k=0, **least
        )

    def _generate(
        self, requests: Sequence[Request], batch: int, **how: Any
    ) -> dict[str, tuple[int, ...]]:
        import torch

        tokens: dict[str, tuple[int, ...]] = {}
        order = sorted(requests, key=lambda request: len(request.prompt_ids))
        for start in range(0, len(order), batch):
            rows = order[start : start + batch]
            width = max(len(row.prompt_ids) for row in rows)
            pad = [width - len(row.prompt_ids) for row in rows]
            ids = torch.tensor(
                [[self._end] * p + [*r.prompt_ids] for p, r in zip(pad, rows, strict=True)]
            )
            mask = torch.tensor([[0] * p + [1] * (width - p) for p in pad])
            written = self._model.generate(
                input_ids=ids, attention_mask=mask, max_new_tokens=rows[0].max_tokens,
                pad_token_id=self._end, **how,
            )[:, width:].tolist()  # fmt: skip
            for row, own in zip(rows, written, strict=True):
                ended = "min_new_tokens" not in how and self._end in own
                tokens[row.key] = tuple(own[: own.index(self._end) + 1] if ended else own)
        return tokens


class PlainScorer:
    """The likelihood of a gold answer, and of the end after it, by whole forward passes."""

    def __init__(self, folder: str):
        self._model = load_causal_lm(folder, dtype="float32")
        self._tokenizer = load_tokenizer(folder)

    def padded(
        self, prompts: Sequence[Ids], texts: Sequence[str], golds: Sequence[str], batch: int
    ) -> list[list[float]]:
        """Log-probabilities of answer tokens and end; `batch` rationales a pass, padded right."""
        import torch

        scored: list[list[float]] = []
        rows = [self._row(*each) for each in zip(prompts, texts, golds, strict=True)]
        for start in range(0, len(rows), batch):
            part = rows[start : start + batch]
            width = max(len(ids) for ids, _ in part)
            ids = torch.tensor([row + [0] * (width - len(row)) for row, _ in part])
            mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row, _ in part])
            with torch.inference_mode():
                logits = self._model(input_ids=ids, attention_mask=mask).logits
                logprobs = logits.log_softmax(-1)
                for i, (row, answer) in enumerate(part):
                    at = range(len(row) - answer, len(row))
                    scored.append([logprobs[i, t - 1, row[t]].item() for t in at])
        return scored

    def one_by_one(
        self, prompts: Sequence[Ids], texts: Sequence[str], golds: Sequence[str]
    ) -> list[list[float]]:
        """The same, a rationale at a time."""
        return self.padded(prompts, texts, golds, 1)

    def _row(self, prompt: Ids, text: str, gold: str) -> tuple[list[int], int]:
        """Token ids of prompt, rationale, answer and end; how many of the last are counted."""
        lead = f"{text}\n####" if text else "####"
        encoded = self._tokenizer(
            f"{lead} {gold}", add_special_tokens=False, return_offsets_mapping=True
        )
        answer = sum(end > len(lead) + 1 for _, end in encoded["offset_mapping"])
        ids = [*prompt, *encoded["input_ids"], self._tokenizer.eos_token_id]
        return ids, answer + 1


def verdict(text: str, gold: str) -> str:
    """The verdict of a regular expression: unknown where not one answer is stated."""
    stated = set(re.findall(r"#### *(-?\d+)", text))
    if len(stated) != 1:
        return UNKNOWN
    return RIGHT if stated == {gold} else WRONG


class StockTrl:
    """TRL's own `DPOTrainer` on the pairs of one agent, in their order."""

    def __init__(self, folder: str):
        import trl  # noqa: F401 - its import is part of the start

        self._folder, self._tokenizer = folder, load_tokenizer(folder)

    def tune(
        self, examples: Sequence[dict[str, Any]], agents: AgentsConfig, config: TuningConfig,
        precompute: bool, scratch: str,
    ) -> tuple[list[float], list[float]]:  # fmt: skip
        """Losses of all steps, and the tuned adapter's numbers.

        The reference's log-probabilities are computed once (`precompute`) or at every step.
        """
        import torch
        from datasets import Dataset
        from trl import DPOConfig, DPOTrainer

        class Tokens(DPOTrainer):
            def _prepare_dataset(self, dataset: Any, *_: Any, **__: Any) -> Any:
                return dataset

        model = new_adapter(load_causal_lm(self._folder, dtype="float32"), agents, seed=0)
        trainer = Tokens(
            model=model,
            args=DPOConfig(
                output_dir=scratch, beta=config.beta, learning_rate=config.learning_rate,
                loss_type=["sigmoid", "sft"] if config.nll_weight else ["sigmoid"],
                loss_weights=[1.0, config.nll_weight] if config.nll_weight else None,
                lr_scheduler_type=config.schedule, warmup_steps=0, num_train_epochs=1,
                per_device_train_batch_size=config.micro_batch,
                gradient_accumulation_steps=config.batch // config.micro_batch,
                max_grad_norm=config.max_grad_norm, precompute_ref_log_probs=precompute,
                train_sampling_strategy="sequential", gradient_checkpointing=False, bf16=False,
                use_cpu=not torch.cuda.is_available(), dataloader_pin_memory=False,
                logging_steps=1, save_strategy="no", report_to="none", disable_tqdm=True, seed=0,
            ),
            train_dataset=Dataset.from_list([_as_trl_has_it(example) for example in examples]),
            processing_class=self._tokenizer,
        )  # fmt: skip
        trainer.train()
        losses = [log["loss"] for log in trainer.state.log_history if "loss" in log]
        return losses, adapter_numbers(model)


def _as_trl_has_it(example: dict[str, Any]) -> dict[str, Any]:
    ids = dict(zip(example["roles"], example["completion_ids"], strict=True))
    return {
        "prompt_ids": example["prompt_ids"],
        "chosen_ids": ids[CHOSEN],
        "rejected_ids": ids[REJECTED],
    }


def adapter_numbers(model: Any) -> list[float]:
    """Every number of an adapter, in one list."""
    own = sorted((name, weight) for name, weight in model.named_parameters() if "lora_" in name)
    return [value for _, weight in own for value in weight.detach().float().flatten().tolist()]
