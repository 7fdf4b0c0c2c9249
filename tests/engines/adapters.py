"""Adapters and requests for the engine tests: written by PEFT, and strong enough to show."""

from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer

from collate.engines.protocol import Request

QUESTIONS = [
    "What is 3 + 4?",
    "What is 17 + 2 + 5?",
    "9 + 9 =",
    "1 + 1? What is 12 + 12? What is 2?",
]


def load(folder: Path) -> Any:
    """The float32 model of a folder, for references computed outside the engines."""
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()


def write_adapter(base: Path, folder: Path, *, seed: int, **settings: Any) -> Path:
    """A PEFT folder with seeded random A and B (a fresh B is zero)."""
    defaults = {"r": 8, "lora_alpha": 16, "target_modules": "all-linear", "task_type": "CAUSAL_LM"}
    adapted = get_peft_model(load(base), LoraConfig(**defaults | settings))
    source = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in adapted.named_parameters():
            if "lora_" in name:
                parameter.copy_(torch.randn(parameter.shape, generator=source) * 0.2)
    adapted.save_pretrained(folder)
    return folder


def prompt_ids(base: Path, question: str) -> tuple[int, ...]:
    tokenizer = AutoTokenizer.from_pretrained(base)
    turns = [{"role": "user", "content": question}]
    return tuple(
        tokenizer.apply_chat_template(turns, add_generation_prompt=True, return_dict=False)
    )


def requests_for(
    base: Path,
    agents: tuple[str, ...] = ("base",),
    *,
    samples: int = 1,
    temperature: float = 0.0,
    top_p: float = 1.0,
    max_tokens: int = 12,
) -> list[Request]:
    """A request for each agent, question and sample; seeds count up."""
    prompts = [prompt_ids(base, question) for question in QUESTIONS]
    return [
        Request(
            key=f"{agent}/{question}/{sample}",
            agent=agent,
            prompt_ids=prompt,
            seed=2**62 + question * 1000 + sample,
            temperature=temperature,
            top_p=top_p,
            max_tokens=max_tokens,
        )
        for agent in agents
        for question, prompt in enumerate(prompts)
        for sample in range(samples)
    ]


def greedy_reference(model: Any, request: Request) -> tuple[tuple[int, ...], float]:
    """Greedy tokens and their summed log-probability by whole forward passes, without a cache."""
    ids, logprob = list(request.prompt_ids), 0.0
    with torch.no_grad():
        for _ in range(request.max_tokens):
            logits_V = model(input_ids=torch.tensor([ids])).logits[0, -1]
            token = int(logits_V.argmax())
            logprob += float(logits_V.log_softmax(-1)[token])
            ids.append(token)
            if token == model.config.eos_token_id:
                break
    return tuple(ids[len(request.prompt_ids) :]), logprob
