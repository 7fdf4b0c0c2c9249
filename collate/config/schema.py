"""Every setting of collate: its type, range and default, and a sentence about it.

A default lives here and nowhere else; the YAML files in `conf/` are presets that change some of
them. `collate run --help` and `docs/settings.md` are made from these classes. How to read an
annotation, `fields.py` says. This package imports neither torch, nor ray, nor vllm, so that help,
checks and job submission answer at once.
"""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le

from collate.config.agents_schema import AgentsConfig, Persona, WarmupConfig
from collate.config.fields import Meanings, Names, Number, Section, Switch, Whole
from collate.config.learning_schema import (
    PAIRING_RULES,
    PREFERENCE_LOSSES,
    SFT,
    SUPERVISED_RULES,
    EvaluationConfig,
    PairsConfig,
    ScoringConfig,
    TuningConfig,
)
from collate.config.task_schema import Example, TaskConfig

__all__ = [
    "PAIRING_RULES",
    "PREFERENCE_LOSSES",
    "SFT",
    "SUPERVISED_RULES",
    "AgentsConfig",
    "BudgetConfig",
    "EngineConfig",
    "EvaluationConfig",
    "Example",
    "ModelConfig",
    "PairsConfig",
    "Persona",
    "RayConfig",
    "RunConfig",
    "ScoringConfig",
    "TaskConfig",
    "TuningConfig",
    "WarmupConfig",
]


@dataclass(frozen=True)
class ModelConfig(Section):
    """The base model that every agent is a copy of."""

    name: Annotated[
        str,
        Names("model"),
        "Hub id (owner/name, or owner/name@revision), local folder, packaged:NAME, or an agent of "
        "an earlier run: runs/NAME (its best), runs/NAME:agent-2, runs/NAME:agent-2@1 (after "
        "round 1).",
    ] = "packaged:smollm2-135m-instruct"
    dtype: Annotated[
        Literal["auto", "float32", "bfloat16", "float16"],
        "Number format of the weights.",
        Meanings(
            auto="bfloat16 on a GPU; float32 on a CPU, where vLLM takes bfloat16 if the processor "
            "multiplies it"
        ),
    ] = "auto"
    trust_remote_code: Annotated[
        Switch,
        "Run the Python code that the model's repository carries; given on the command line alone, "
        "with every command.",
    ] = False


@dataclass(frozen=True)
class EngineConfig(Section):
    """What turns prompts into rationales."""

    kind: Annotated[
        Literal["vllm", "transformers"],
        "The engine.",
        Meanings(transformers="slower, but needs no vLLM"),
    ] = "vllm"
    count: Annotated[Whole, Ge(0), "Number of engines; 0 is one for each GPU, or one on a CPU."] = 0
    batch: Annotated[Whole, Ge(1), "Sequences that an engine generates at once."] = 128
    max_length: Annotated[Whole, Ge(1), "Longest prompt and rationale together, in tokens."] = 2048
    gpu_memory: Annotated[
        Number, Gt(0), Le(1), "Share of a GPU's memory for weights and key-value cache."
    ] = 0.85
    cache_gib: Annotated[Number, Gt(0), "Key-value cache on a CPU, in GiB."] = 2.0
    compile: Annotated[
        Switch, "Compile the model: minutes at the first start, faster afterwards."
    ] = False
    threads: Annotated[Whole, Ge(0), "Threads of an engine on a CPU; 0 is one for each core."] = 0


@dataclass(frozen=True)
class BudgetConfig(Section):
    """What a whole run may spend, in tokens; a round spends an equal share of what is left.

    With a budget, the number of questions of a round and the passes over its pairs follow from it.
    """

    generated_tokens: Annotated[
        Whole | None, Ge(1), "Tokens of all rationales; null is no limit."
    ] = None
    tuned_tokens: Annotated[
        Whole | None,
        Ge(1),
        "Completion tokens of all agents' optimizer steps, prompts not counted; null is no limit. "
        "A round goes over its pairs at most 10 times.",
    ] = None


@dataclass(frozen=True)
class RayConfig(Section):
    """Where work runs, and how long a run waits for it."""

    address: Annotated[
        str | None,
        "Address of a Ray cluster (host:port); null is RAY_ADDRESS, or this machine alone.",
    ] = None
    start_deadline: Annotated[
        Number, Gt(0), "Seconds that an engine or another worker may take to start."
    ] = 900.0
    work_deadline: Annotated[
        Number,
        Gt(0),
        "Seconds that a piece of work may go on without any progress before the run stops.",
    ] = 3600.0


@dataclass(frozen=True)
class RunConfig(Section):
    """A whole run."""

    name: Annotated[
        str | None,
        "Name of the run's folder; null makes one from the settings.",
    ] = None
    folder: Annotated[str, Names("path"), "Folder that runs are kept in."] = "runs"
    seed: Annotated[Whole, "Seed of everything that is random."] = 0
    rounds: Annotated[
        Whole,
        Ge(0),
        "Rounds of generate, score, pair, tune, evaluate; 0 only measures the base model.",
    ] = 2
    patience: Annotated[
        Whole | None,
        Ge(1),
        "Stop after this many rounds without a better validation accuracy, and use the agents of "
        "the best round; null runs all rounds and uses the last one's.",
    ] = None
    lock_deadline: Annotated[
        Number, Ge(0), "Seconds to wait for another process that works on the same run."
    ] = 10.0
    questions_per_round: Annotated[
        Whole | None,
        Ge(1),
        "Training questions in a round; the next round takes the next ones. Null takes all.",
    ] = None
    model: ModelConfig = field(default_factory=ModelConfig)
    task: TaskConfig = field(default_factory=TaskConfig)
    agents: AgentsConfig = field(default_factory=AgentsConfig)
    engine: EngineConfig = field(default_factory=EngineConfig)
    scoring: ScoringConfig = field(default_factory=ScoringConfig)
    pairs: PairsConfig = field(default_factory=PairsConfig)
    tuning: TuningConfig = field(default_factory=TuningConfig)
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)
    warmup: WarmupConfig = field(default_factory=WarmupConfig)
    budget: BudgetConfig = field(default_factory=BudgetConfig)
    ray: RayConfig = field(default_factory=RayConfig)
