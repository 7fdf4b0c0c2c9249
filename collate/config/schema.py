"""Every setting of collate, with its default and what it means.

A default lives here and nowhere else; the YAML files in `conf/` are presets that change some of
them. The text beside a field is what `collate run --help` prints. This package imports neither
torch, nor ray, nor vllm, so that help, checks and job submission answer at once.
"""

from dataclasses import dataclass, field
from typing import Any


def _f(default: Any, help: str, *, choices: tuple[str, ...] = ()) -> Any:
    metadata = {"help": help, "choices": choices}
    if isinstance(default, (dict, list)):
        return field(default_factory=lambda: type(default)(default), metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class ModelConfig:
    """The base model that every agent is a copy of."""

    name: str = _f("packaged:smollm2-135m-instruct", "hub id, local folder, or packaged:<name>")
    revision: str | None = _f(None, "commit, tag or branch of a hub id")
    dtype: str = _f(
        "auto",
        "of the weights; auto is bfloat16 on a GPU and float32 on a CPU",
        choices=("auto", "float32", "bfloat16", "float16"),
    )
    trust_remote_code: bool = _f(False, "run Python code that the model's repository carries")


@dataclass(frozen=True)
class Example:
    """A worked example: an earlier chat turn that shows the form of a good rationale."""

    question: str = _f(
        "", "as a user would ask it, before the task's prompt wording is put around it"
    )
    response: str = _f("", "rationale and stated answer, word for word")


@dataclass(frozen=True)
class TaskConfig:
    """Where the questions come from, how a prompt is worded, what counts as an answer."""

    name: str = _f("chain_sum", "label of the task; part of every question's id")
    kind: str = _f(
        "procedural",
        "where questions come from",
        choices=("procedural", "word_problems", "multiple_choice", "boolean", "table"),
    )
    dataset: str | None = _f(None, "procedural: a reasoning-gym data set; else a hub data set id")
    dataset_args: dict[str, Any] = _f({}, "procedural: that data set's own settings")
    dataset_seed: int = _f(0, "procedural: seed of the pool of questions")
    subset: str | None = _f(None, "configuration name of a hub data set")
    path: str | None = _f(
        None, "local .jsonl, .json, .csv, .tsv or .parquet file, instead of dataset"
    )
    test_path: str | None = _f(None, "local file whose questions are all held out")
    source_split: str = _f("train", "hub data set: the split that is read")
    test_source_split: str | None = _f(
        None, "hub data set: a split whose questions are all held out"
    )
    question: str = _f(
        "question",
        "column of the question, several joined by commas, or a wording with columns in braces",
    )
    answer: str = _f("answer", "column of the gold answer, or of the answer key")
    options: str = _f(
        "options", "multiple_choice: column of the options, or several joined by commas"
    )
    choices: list[str] = _f(
        [], "multiple_choice: the options of every question, in the order of the keys' numbers"
    )
    solution: str | None = _f(
        None,
        "column of a worked solution; null: none, or what word_problems have before ####",
    )
    unlabelled: str = _f(
        "refuse",
        "rows whose answer is empty (or -1, where it names a choice or yes or no)",
        choices=("refuse", "drop"),
    )
    near_duplicates: str = _f(
        "drop",
        "training questions that nearly repeat a held-out or validation question",
        choices=("drop", "keep"),
    )
    answer_kind: str = _f(
        "number", "what an answer is", choices=("number", "choice", "boolean", "text")
    )
    system: str | None = _f(None, "system message; null leaves the chat template's own")
    prompt: str = _f("{question}", "wording around a question; may name {question} and {options}")
    marker: str = _f("####", "text before the stated answer, on its line; the form asked for")
    examples: list[Example] = _f([], "worked examples that agents draw from, as earlier chat turns")
    limit: int | None = _f(None, "use at most this many questions of the source")
    train: float | int = _f(0.7, "questions to learn from: a share (below 1) or a number")
    validation: float | int = _f(0.1, "questions to choose the best agent on: a share or a number")
    test: float | int = _f(0.2, "held-out questions: a share or a number")


@dataclass(frozen=True)
class Persona:
    """One agent's own wording. A null leaves the task's."""

    name: str = _f("", "label, kept in the run's record")
    system: str | None = _f(None, "system message")
    prompt: str | None = _f(None, "wording around a question")
    examples: list[Example] | None = _f(None, "worked examples")


@dataclass(frozen=True)
class AgentsConfig:
    """How many copies there are, what makes them differ, and how they write."""

    count: int = _f(2, "number of agents")
    weights: str = _f("adapter", "what an agent owns", choices=("adapter", "full"))
    rank: int = _f(16, "rank of a LoRA adapter")
    alpha: int = _f(32, "scale of a LoRA adapter is alpha / rank")
    targets: str = _f(
        "all-linear", "modules under an adapter: all-linear, or names joined by commas"
    )
    personas: list[Persona] = _f(
        [],
        "wordings given to the agents in turn, each with name, system, prompt, examples; "
        "empty: the task's for all",
    )
    examples: int = _f(2, "worked examples an agent shows in its prompt, drawn from the task's")
    vary_examples: bool = _f(True, "each agent draws its own worked examples")
    noise: float = _f(
        0.0, "seeded noise on each agent's weights, relative to their size; 0 is none"
    )
    own_part: bool = _f(
        False, "tune each agent on its own random part of the questions (the paper)"
    )
    samples: int = _f(4, "rationales an agent writes for each question in a round")
    temperature: float = _f(0.8, "of sampling")
    temperature_step: float = _f(
        0.0, "added for each further agent, so that agents differ in decoding"
    )
    top_p: float = _f(1.0, "nucleus of sampling")
    top_p_step: float = _f(0.0, "added for each further agent")
    max_tokens: int = _f(256, "longest rationale, in tokens")


@dataclass(frozen=True)
class EngineConfig:
    """What turns prompts into rationales."""

    kind: str = _f("vllm", "the engine", choices=("vllm", "transformers"))
    count: int = _f(0, "engine actors; 0 is one per GPU, or one on a CPU")
    host: str = _f(
        "auto",
        "how an agent goes onto an engine: adapter (multi-LoRA) or swap (whole weights); "
        "auto is adapter on a GPU and swap on a CPU",
        choices=("auto", "adapter", "swap"),
    )
    batch: int = _f(128, "sequences that run at once")
    max_length: int = _f(2048, "longest prompt and rationale together, in tokens")
    max_rank: int = _f(64, "largest adapter rank that the engine makes room for")
    gpu_memory: float = _f(0.85, "share of GPU memory for weights and cache")
    cache_gib: float = _f(2.0, "CPU: GiB of key-value cache")
    compile: bool = _f(False, "compile the model: minutes at the first start, faster afterwards")
    threads: int = _f(0, "CPU: threads of an engine; 0 is all cores")


@dataclass(frozen=True)
class ScoringConfig:
    """How a rationale is judged."""

    likelihood: bool = _f(
        True, "take the likelihood of the gold answer under the frozen base model"
    )
    normalisation: str = _f(
        "mean_prob",
        "what `likelihood` and `lift` are made of",
        choices=("sum", "mean_log", "geometric", "mean_prob"),
    )
    cut_answer: bool = _f(True, "cut the stated answer off before the likelihood is taken")
    batch_tokens: int = _f(4096, "tokens scored in one forward pass")
    unknown_limit: float | None = _f(
        0.9, "warn where more than this share of verdicts is unknown; null never warns"
    )


@dataclass(frozen=True)
class PairsConfig:
    """Which rationale is preferred to which."""

    rule: str = _f(
        "correctness",
        "correctness: right over wrong; likelihood: equations 7 and 9 of the paper",
        choices=("correctness", "likelihood"),
    )
    per_question: int = _f(2, "pairs an agent gets from one question, at most")
    min_margin: float = _f(0.0, "smallest difference in likelihood between chosen and rejected")
    max_tokens: int | None = _f(None, "longest rationale that may be chosen or rejected, in tokens")
    allow_marked: bool = _f(
        False,
        "choose also rationales that state several answers, only the answer, or copy the question",
    )


@dataclass(frozen=True)
class TuningConfig:
    """How an agent learns from its pairs (DPO)."""

    beta: float = _f(0.1, "strength of the pull towards the reference")
    nll_weight: float = _f(0.0, "weight of the negative log-likelihood of the chosen rationale")
    learning_rate: float = _f(1e-4, "peak learning rate")
    warmup: float = _f(0.1, "share of the steps over which the learning rate rises")
    schedule: str = _f("cosine", "of the learning rate", choices=("constant", "linear", "cosine"))
    epochs: int = _f(1, "passes over the pairs in a round")
    max_steps: int | None = _f(None, "optimizer steps in a round, at most")
    batch: int = _f(16, "pairs in an optimizer step")
    micro_batch: int = _f(8, "pairs in one forward and backward pass")
    max_grad_norm: float = _f(1.0, "gradients are clipped to this norm")
    weight_decay: float = _f(0.0, "of AdamW")
    dtype: str = _f(
        "auto",
        "of the frozen base while tuning; auto is bfloat16 on a GPU and float32 on a CPU",
        choices=("auto", "float32", "bfloat16"),
    )
    gradient_checkpointing: bool = _f(False, "less memory for more time")
    checkpoint_steps: int = _f(
        25, "steps between checkpoints that a killed tuning resumes; 0: none"
    )


@dataclass(frozen=True)
class EvaluationConfig:
    """What is measured on validation and held-out questions."""

    samples: int = _f(0, "sampled answers a question for mean@n and pass@k; 0 leaves them out")
    sampled_questions: int = _f(100, "held-out questions that are sampled")
    bootstrap: int = _f(10000, "resamples of the paired bootstrap")


@dataclass(frozen=True)
class RayConfig:
    """Where the work is spread, and how long anything may take. Deadlines are in seconds."""

    address: str | None = _f(
        None, "of a cluster; null is RAY_ADDRESS, or a local Ray of this machine"
    )
    start_deadline: float = _f(900.0, "for an engine or another process to get its place and start")
    head_deadline: float = _f(30.0, "for Ray's head to answer while a run goes on; at most 60")
    generate_deadline: float = _f(3600.0, "for one chunk of rationales: four engine batches")
    score_deadline: float = _f(3600.0, "for one block of scores")
    tune_deadline: float = _f(86400.0, "for tuning one agent in one round")


@dataclass(frozen=True)
class RunConfig:
    """A whole run."""

    name: str | None = _f(
        None, "folder of the run below `folder`; null makes one from the settings"
    )
    folder: str = _f("runs", "where runs are kept")
    seed: int = _f(0, "of everything that is random")
    rounds: int = _f(2, "rounds of generate, score, pair, tune, evaluate")
    lock_deadline: float = _f(10.0, "seconds to wait while another process is at the same run")
    questions_per_round: int | None = _f(
        None, "training questions a round uses, in turn; null: all"
    )
    model: ModelConfig = field(default_factory=ModelConfig)
    task: TaskConfig = field(default_factory=TaskConfig)
    agents: AgentsConfig = field(default_factory=AgentsConfig)
    engine: EngineConfig = field(default_factory=EngineConfig)
    scoring: ScoringConfig = field(default_factory=ScoringConfig)
    pairs: PairsConfig = field(default_factory=PairsConfig)
    tuning: TuningConfig = field(default_factory=TuningConfig)
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)
    ray: RayConfig = field(default_factory=RayConfig)
