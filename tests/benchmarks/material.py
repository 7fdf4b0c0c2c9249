"""What all arms are given: the quickstart's own model, questions, agents and prompts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from collate.agents.prompts import Prompts
from collate.agents.roster import Agent, make_agents
from collate.config import compose
from collate.config.build import build
from collate.config.schema import EngineConfig, RunConfig
from collate.engines.protocol import Completion, Request
from collate.models.loading import load_causal_lm, load_tokenizer
from collate.models.model_names import model_label
from collate.models.stopping import stopping_of
from collate.models.weights import AgentWeights
from collate.store.resolve import plain_folder, resolve_model
from collate.tables import SAMPLED, Preference, Question, Rationale, digest, seed_of
from collate.tasks import load_task
from collate.tuning.data import order_examples, preference_examples


@dataclass(frozen=True)
class Material:
    """One round's worth of work, in the form that collate has it and in the form that rivals do."""

    config: RunConfig
    folder: str
    agents: Sequence[Agent]
    questions: Sequence[Question]
    prompts: Prompts

    @property
    def engine(self) -> EngineConfig:
        return self.config.engine

    @property
    def weights(self) -> dict[str, AgentWeights]:
        """Every agent with the untouched base model."""
        return {agent.name: AgentWeights.base(agent.name) for agent in self.agents}

    def requests(self, agent: str) -> list[list[Request]]:
        """One agent's requests, by sample number."""
        settings = self.config.agents
        own = next(one for one in self.agents if one.name == agent)
        return [
            [
                Request(
                    key=digest(question.id, agent, sample), agent=agent,
                    prompt_ids=self.prompts.of_agent(agent, question),
                    seed=seed_of(0, agent, question.id, sample), temperature=own.temperature,
                    top_p=own.top_p, max_tokens=settings.max_tokens,
                )
                for question in self.questions
            ]
            for sample in range(settings.samples)
        ]  # fmt: skip

    def all_requests(self) -> list[Request]:
        return [r for a in self.agents for one in self.requests(a.name) for r in one]

    def rationales(self, completions: Sequence[Completion]) -> list[Rationale]:
        """The completions as rows, in the order of the requests."""
        written = {one.key: one for one in completions}
        return [
            Rationale(
                id=request.key, question_id=question.id, writer=request.agent,
                model=model_label(self.config.model.name), weights="base", round=1, sample=sample,
                seed=request.seed, temperature=request.temperature,
                top_p=request.top_p, prompt_ids=request.prompt_ids,
                token_ids=written[request.key].token_ids, text=written[request.key].text,
                finish_reason=written[request.key].finish_reason,
                logprob=written[request.key].logprob, origin=SAMPLED,
            )
            for agent in self.agents
            for sample, one in enumerate(self.requests(agent.name))
            for question, request in zip(self.questions, one, strict=True)
        ]  # fmt: skip

    def examples(
        self, agent: str, preferences: Sequence[Preference], rationales: Sequence[Rationale]
    ) -> list[dict[str, Any]]:
        """The tokens of an agent's preferences."""
        return preference_examples(
            [preference for preference in preferences if preference.agent == agent],
            {rationale.id: rationale for rationale in rationales},
            {question.id: self.prompts.of_agent(agent, question) for question in self.questions},
        )

    @staticmethod
    def ordered(examples: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """The examples in the order in which collate tunes on them, seed 0."""
        question_ids = [example["question_id"] for example in examples]
        return [examples[number] for number in order_examples(question_ids, epochs=1, seed=0)]


def quickstart(questions: int, *overrides: str, agents: int = 2) -> Material:
    """The quickstart's first questions and agents, under its settings and these overrides.

    More than two agents show one worked example each instead of two: there are no more of them.
    """
    more = [f"agents.count={agents}", "agents.examples=1"] if agents > 2 else []
    same = ["model.dtype=float32", "tuning.warmup_ratio=0"]  # what rivals are given as well
    wanted = ["experiment=quickstart", *same, *more, *overrides]
    found, problems = compose.jobs(wanted, [])
    if problems:
        raise ValueError("; ".join(problems))
    config = build(found[0].settings)
    folder = plain_folder(resolve_model(config.model.name))
    tokenizer = load_tokenizer(folder)
    made = make_agents(config)
    prompts = Prompts(config, made, tokenizer, stopping_of(folder, tokenizer))
    train = [one for one in load_task(config.task).questions if one.split == "train"]
    if len(train) < questions:
        raise ValueError(f"{questions} questions asked for, {len(train)} there")
    return Material(config, str(folder), made[:agents], train[:questions], prompts)


def random_adapters(material: Material, folder: Path) -> dict[str, AgentWeights]:
    """An adapter for each agent that moves every weight a little, as tuning does."""
    import torch

    from collate.agents.adapters import new_adapter, save_adapter

    weights = {}
    for number, agent in enumerate(material.agents):
        model = new_adapter(
            load_causal_lm(material.folder, dtype="float32"), material.config.agents, seed=number
        )
        generator = torch.Generator().manual_seed(number)
        with torch.no_grad():
            for name, weight in model.named_parameters():
                if "lora_B" in name:
                    weight.copy_(0.002 * torch.randn(weight.shape, generator=generator))
        own = folder / agent.name
        own.mkdir(parents=True)
        save_adapter(model, own)
        weights[agent.name] = AgentWeights(agent.name, agent.name, str(own), "adapter")
    return weights


def merged(material: Material, weights: AgentWeights, folder: Path) -> str:
    """A whole model's folder with one agent's adapter merged into it, for those who need one."""
    from peft import PeftModel

    base = load_causal_lm(material.folder, dtype="float32")
    PeftModel.from_pretrained(base, weights.folder).merge_and_unload().save_pretrained(folder)
    load_tokenizer(material.folder).save_pretrained(folder)
    return str(folder)


def with_length(requests: Sequence[Request], tokens: int) -> list[Request]:
    """The requests with room for exactly so many tokens."""
    return [replace(request, max_tokens=tokens) for request in requests]
