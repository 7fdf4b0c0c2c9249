"""Every setting of collate, with its default and what it means.

A default lives here and nowhere else; the YAML files in `conf/` are presets that change some of
them. The text beside a field is what `collate run --help` prints. This package imports neither
torch, nor ray, nor vllm, so that help, checks and job submission answer at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from collate.config.found import functions_of, parts_of, says


def _f(default: Any, help: str, *, choices: tuple[str, ...] = ()) -> Any:
    metadata = {"help": help, "choices": choices}
    if isinstance(default, (dict, list)):
        return field(default_factory=lambda: type(default)(default), metadata=metadata)
    return field(default=default, metadata=metadata)


def _each(meanings: Mapping[str, str]) -> str:
    return " ".join(f"{name}: {meaning}" for name, meaning in meanings.items())


@dataclass(frozen=True)
class ModelConfig:
    """The base model that every agent is a copy of."""

    name: str = _f("packaged:smollm2-135m-instruct", "hub id, local folder, or packaged:<name>")
    revision: str | None = _f(None, "commit, tag or branch of a hub id")
    dtype: str = _f(
        "auto",
        "of the weights; auto is bfloat16 on a GPU and float32 on a CPU, where vLLM takes bfloat16 "
        "too if the processor multiplies it",
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


PERTURBATIONS = parts_of("agents")


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
        0.0, "strength of the perturbation of each agent's weights, relative to their size; 0: none"
    )
    perturbation: str = _f(
        "noise",
        f"what changes the weights, where agents.noise is above 0. {_each(PERTURBATIONS)}",
        choices=tuple(PERTURBATIONS),
    )
    own_part: bool = _f(
        False, "tune each agent on its own random part of the questions (the paper)"
    )
    samples: int = _f(4, "rationales an agent writes for each question in a round")
    temperature: float = _f(0.8, "of sampling")
    temperature_step: float = _f(
        0.0, "added for each further agent, so that agents differ in decoding"
    )
    temperatures: list[float] = _f(
        [], "by round, instead of temperature; the last holds for all later rounds"
    )
    top_p: float = _f(1.0, "nucleus of sampling")
    top_p_step: float = _f(0.0, "added for each further agent")
    max_tokens: int = _f(256, "longest rationale, in tokens")
    peers: int = _f(
        0,
        "rationales of other agents that an agent completes for each question, from a random place",
    )
    hints: int = _f(
        0,
        "rationales an agent writes with the answer in view for each question that nobody solved; "
        "they are learned without it",
    )
    hint: str = _f(
        "(The right answer is {answer}. Show the steps that lead to it, and state it in the form "
        "asked for.)",
        "what is put behind a question to have its answer in view; must contain {answer}",
    )
    start: str | None = _f(
        None, "folder of a finished run: the agents begin with the weights that its agents have"
    )


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

    likelihood: bool = _f(True, "take the likelihood of the gold answer under the frozen scorer")
    model: str | None = _f(
        None,
        "the scorer: hub id, local folder, or packaged:<name>; null is the base model (model.name)",
    )
    revision: str | None = _f(None, "commit, tag or branch of a scorer's hub id")
    adapter: str | None = _f(
        None, "folder of a LoRA adapter that is merged into the scorer, such as a warmed-up model's"
    )
    normalisation: str = _f(
        "mean_prob",
        "what `likelihood` and `lift` are made of",
        choices=("sum", "mean_log", "geometric", "mean_prob", "posterior"),
    )
    posterior: bool = _f(
        False, "score every option, and take the gold one's probability among them"
    )
    posterior_of: str = _f(
        "sum",
        "log-probability of an option, over which the posterior is a softmax: of all its tokens, "
        "or their mean",
        choices=("sum", "mean_log"),
    )
    baseline: str = _f(
        "same_prompt",
        "prompt of the likelihood without a rationale: the one with a rationale, or answer_prompt "
        "(the paper's I->A mode)",
        choices=("same_prompt", "answer_prompt"),
    )
    answer_prompt: str = _f(
        "{question}\n\nGive only the answer, without any explanation, on one line that begins with "
        "{marker}",
        "wording around a question of which the answer alone is wanted, without worked examples; "
        "may name {question}, {options} and {marker}",
    )
    cut_answer: bool = _f(True, "cut the stated answer off before the likelihood is taken")
    batch_tokens: int = _f(4096, "tokens scored in one forward pass")
    unknown_limit: float | None = _f(
        0.9, "warn where more than this share of verdicts is unknown; null never warns"
    )


PAIRING_RULES = parts_of("pairs")
SUPERVISED = frozenset(
    rule for rule in PAIRING_RULES if says("pairs", rule, "REJECTS_NOTHING = True")
)
"""The pairing rules that reject nothing: what they choose is for supervised tuning."""


@dataclass(frozen=True)
class PairsConfig:
    """Which rationale is preferred to which."""

    rule: str = _f("correctness", _each(PAIRING_RULES), choices=tuple(PAIRING_RULES))
    order: str = _f(
        "nearest",
        "rule correctness, which pairs come first: those nearest in likelihood, or those with the "
        "largest margin",
        choices=("nearest", "margin"),
    )
    blend: float = _f(0.5, "rule blended: weight of the verdict, from 0 to 1; the rest is the "
                      "likelihood's")  # fmt: skip
    per_question: int = _f(2, "pairs an agent gets from one question, at most")
    gold: str = _f(
        "never",
        "when the data set's own solution may be chosen; unsolved: where no right rationale may be",
        choices=("never", "unsolved", "always"),
    )
    winner: str = _f(
        "any",
        "whose rationales may be chosen; own: the tuned agent's (a gold solution is nobody's)",
        choices=("any", "own"),
    )
    loser: str = _f("any", "whose rationales may be rejected", choices=("any", "own"))
    across: bool = _f(False, "chosen and rejected rationale are by different agents")
    length_ratio: float | None = _f(
        None, "the longer of a pair has at most this many times the tokens of the shorter"
    )
    min_margin: float = _f(0.0, "smallest difference in likelihood between chosen and rejected")
    max_tokens: int | None = _f(None, "longest rationale that may be chosen or rejected, in tokens")
    allow_marked: bool = _f(
        False,
        "choose also rationales that state several answers, only the answer, or copy the question",
    )


PREFERENCE_LOSSES = functions_of("tuning/losses.py", "LogRatios")
SFT = "sft"
"""The loss that is of the chosen rationale alone; it needs no rejected one and no reference."""


@dataclass(frozen=True)
class TuningConfig:
    """How an agent learns from its pairs."""

    loss: str = _f(
        "sigmoid",
        "sigmoid is DPO; sft is the negative log-likelihood of the chosen rationale alone",
        choices=(*PREFERENCE_LOSSES, SFT),
    )
    modes: list[str] = _f(
        ["whole"],
        "loss sft, what is learned of a chosen rationale: whole, or answer, rationale and reader, "
        "the paper's modes I->A, I->R and [I;R]->A (equations 1 to 3)",
    )
    beta: float = _f(0.1, "strength of the pull towards the reference")
    label_smoothing: float = _f(
        0.0, "share of pairs that are taken to be the wrong way round, for tuning.loss=robust"
    )
    reference: str = _f(
        "previous",
        "what log-ratios are relative to: the agent as it is before the round, or the untouched "
        "base model",
        choices=("previous", "base"),
    )
    start: str = _f(
        "previous",
        "what a round tunes: the agent as it is before the round, or the untouched base model "
        "(STaR, ReST-EM; agents.noise then shapes the first round's rationales only)",
        choices=("previous", "base"),
    )
    nll_weight: float = _f(0.0, "weight of the negative log-likelihood of the chosen rationale")
    learning_rate: float = _f(1e-4, "peak learning rate")
    warmup: float = _f(0.1, "share of the steps over which the learning rate rises")
    schedule: str = _f("cosine", "of the learning rate", choices=("constant", "linear", "cosine"))
    epochs: int = _f(
        1, "passes over the pairs in a round; the most there may be, with tuning.tokens"
    )
    tokens: int | None = _f(
        None,
        "completion tokens that an agent is tuned on in a round, at most, prompts not counted: "
        "the pairs are gone through until they are used up, tuning.epochs times at most",
    )
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

    rounds: str = _f("all", "the rounds that are measured", choices=("all", "last", "none"))
    answer_by: str = _f(
        "best",
        "whose answer stands for the run in a comparison: the best agent by validation, a vote of "
        "the agents, the vote of that agent's samples, or the reader",
        choices=("best", "vote", "weighted_vote", "routed", "samples", "reader"),
    )
    samples: int = _f(0, "sampled answers a question for mean@n and pass@k; 0 leaves them out")
    sampled_questions: int = _f(100, "held-out questions that are sampled")
    reader: str = _f(
        "none",
        "who answers from the best agent's steps, beside the agents: nobody, the base, or a copy "
        "of it that is tuned to (the paper's two models)",
        choices=("none", "base", "trained"),
    )
    confidence: bool = _f(
        False,
        "have the scorer say how likely each stated answer is after its own rationale, for "
        "weighted votes and routing",
    )
    cross_rationales: int = _f(
        0,
        "rationales of each agent that all agents read, to measure how far apart they are; 0: none",
    )
    bootstrap: int = _f(10000, "resamples of the paired bootstrap")


@dataclass(frozen=True)
class BudgetConfig:
    """What a whole run may spend, in tokens; a round spends an equal share of what is left.

    With a budget the number of questions a round asks, and of tokens it tunes on, follow from it.
    """

    generated_tokens: int | None = _f(None, "of all rationales; null: no limit")
    tuned_tokens: int | None = _f(
        None, "of all agents' optimizer steps, completions alone; null: no limit"
    )
    epochs: int = _f(
        10,
        "passes over a round's pairs, at most, to spend the tuned tokens; replaces tuning.epochs",
    )


@dataclass(frozen=True)
class WarmupConfig:
    """What is learned before the first round, to make the agents differ: a run of its own.

    It lies in `<folder>/warm-up` under a name made from all that it depends on, and every run that
    asks for the same begins with it.
    """

    kind: str = _f(
        "none",
        "preference: the corpus's rationales over own ones (equation 5 of the paper); own: own "
        "right over own wrong ones; supervised: the corpus's rationales as they are (equations 1 "
        "to 3); each agent on its own random part",
        choices=("none", "preference", "own", "supervised"),
    )
    path: str | None = _f(
        None, "rationale corpus, a file of questions, answers and solutions; null: the task's own"
    )
    question: str = _f("question", "column of the corpus's questions")
    answer: str = _f("answer", "column of the corpus's answers")
    solution: str = _f("solution", "column of the corpus's rationales")
    questions: int | None = _f(None, "questions of the corpus, at most; null: all")
    samples: int = _f(1, "rationales an agent writes for each question of its part")
    modes: list[str] = _f(
        ["rationale", "reader"], "kind supervised: what is learned, as in tuning.modes"
    )
    epochs: int = _f(1, "passes over the pairs")
    max_steps: int | None = _f(None, "optimizer steps of an agent, at most")
    learning_rate: float | None = _f(None, "peak learning rate; null: that of the rounds")


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
    rounds: int = _f(2, "rounds of generate, score, pair, tune, evaluate; 0 only measures")
    patience: int | None = _f(
        None,
        "end after so many rounds without a better validation accuracy, and take the agents of the "
        "best round; null: never, and those of the last",
    )
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
    warmup: WarmupConfig = field(default_factory=WarmupConfig)
    budget: BudgetConfig = field(default_factory=BudgetConfig)
    ray: RayConfig = field(default_factory=RayConfig)
