"""Settings of what is learned: how rationales are scored, paired, tuned on, and measured."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Lt

from collate.config.fields import Meanings, Names, Number, Section, Switch, Whole

PAIRING_RULES: Mapping[str, str] = Meanings(
    blended="the highest over the lowest score, the mean of verdict (1 if right) and likelihood",
    correctness="a right rationale over a wrong one",
    gold_only="the data set's solution, nothing rejected; needs tuning.loss=sft",
    gold_over_own="the data set's solution over what the agent wrote itself (SPIN)",
    likelihood="the rationale after which the gold answer is likeliest over the one after which "
    "it is least likely, whatever the verdicts (the paper)",
    longest_right="the longest right rationale over one that misses the form or is wrong (DPO-VP)",
    own_majority="an agent's own rationales that agree with the majority, nothing rejected; needs "
    "tuning.loss=sft",
    right_only="every distinct right rationale, nothing rejected (RFT); needs tuning.loss=sft",
)
"""What each pairing rule prefers to what, by the rule's name."""

SUPERVISED_RULES = frozenset({"gold_only", "own_majority", "right_only"})
"""The pairing rules that reject nothing: what they choose is for supervised tuning."""

SFT = "sft"
"""The loss of the chosen rationale alone; it needs no rejected one and no reference."""

PREFERENCE_LOSSES: Mapping[str, str] = Meanings(
    sigmoid="DPO",
    ipo="IPO: the margin per token is pulled to 1 / (2 beta)",
    hinge="the margin is pushed to at least 1 (SLiC, RSO)",
    robust="DPO for pairs of which a share (tuning.label_smoothing) is the wrong way round",
    apo_zero="APO-zero: the chosen becomes likelier, the rejected less likely",
    apo_down="APO-down: both become less likely, the rejected more so",
    sppo_hard="SPPO: chosen and rejected are pulled 1 / (2 beta) nats above and below the "
    "reference",
    sigmoid_norm="DPO with log-ratios per token (Tulu 3)",
)
"""What each preference loss does, by its name."""


@dataclass(frozen=True)
class ScoringConfig(Section):
    """How rationales are judged: by their stated answer, and by how likely the gold answer is."""

    likelihood: Annotated[
        Switch,
        "Have the frozen scorer take the likelihood of the gold answer after each rationale.",
    ] = True
    model: Annotated[
        str | None,
        Names("model"),
        "The scorer, named as in model.name, or the folder of a LoRA adapter; null is the base "
        "model.",
    ] = None
    normalisation: Annotated[
        Literal["sum", "mean_log", "geometric", "mean_prob", "posterior"],
        "What the likelihood is made of, from the log-probabilities of the gold answer's tokens.",
        Meanings(
            sum="their sum, in nats",
            mean_log="their mean, in nats",
            geometric="the geometric mean of the probabilities",
            mean_prob="the arithmetic mean of the probabilities",
            posterior="the gold option's probability among all options, by their sums",
        ),
    ] = "mean_prob"
    baseline: Annotated[
        Literal["same_prompt", "answer_prompt"],
        "The prompt under which the likelihood without a rationale is taken.",
        Meanings(
            same_prompt="the one that rationales are scored under",
            answer_prompt="scoring.answer_prompt (the paper's equation 9)",
        ),
    ] = "same_prompt"
    answer_prompt: Annotated[
        str,
        "Wording of a prompt that asks for the answer alone; must contain {question}, and may "
        "contain {options} and {marker}.",
    ] = (
        "{question}\n\nGive only the answer, without any explanation, on one line that begins with "
        "{marker}"
    )
    cut_answer: Annotated[
        Switch, "Cut the stated answer off a rationale before the likelihood is taken."
    ] = True
    batch_tokens: Annotated[Whole, Ge(1), "Tokens scored in one forward pass."] = 4096


@dataclass(frozen=True)
class PairsConfig(Section):
    """Which rationale is preferred to which."""

    rule: Annotated[
        Literal[
            "blended",
            "correctness",
            "gold_only",
            "gold_over_own",
            "likelihood",
            "longest_right",
            "own_majority",
            "right_only",
        ],
        "What is chosen over what.",
        PAIRING_RULES,
    ] = "correctness"
    order: Annotated[
        Literal["nearest", "margin"],
        "Which pairs come first, with pairs.rule=correctness.",
        Meanings(
            nearest="the likeliest right one first, over the agent's own wrong one that is nearest "
            "in likelihood",
            margin="those furthest apart in likelihood",
        ),
    ] = "nearest"
    per_question: Annotated[
        Whole, Ge(1), "At most this many pairs of one question for an agent."
    ] = 2
    gold: Annotated[
        Literal["never", "unsolved", "always"],
        "When the data set's own solution may be chosen.",
        Meanings(unsolved="where no right rationale can be chosen"),
    ] = "never"
    chosen_from: Annotated[
        Literal["any", "own"],
        "Whose rationales may be chosen (the data set's solution counts as nobody's).",
        Meanings(any="those of all agents", own="those of the agent that is tuned"),
    ] = "any"
    rejected_from: Annotated[
        Literal["any", "own"],
        "Whose rationales may be rejected.",
        Meanings(any="those of all agents", own="those of the agent that is tuned"),
    ] = "any"
    # Conditions under any rule.
    length_ratio: Annotated[
        Number | None,
        Ge(1),
        "The longer rationale of a pair has at most this many times the tokens of the shorter.",
    ] = None
    min_margin: Annotated[
        Number, Ge(0), "Smallest difference in likelihood between chosen and rejected."
    ] = 0.0
    max_tokens: Annotated[
        Whole | None, Ge(1), "Longest rationale that may be chosen or rejected, in tokens."
    ] = None
    allow_flagged: Annotated[
        Switch,
        "Also choose rationales that are flagged: several answers, only the answer, a copy of the "
        "question, or a false step (an equation or comparison in it that is false).",
    ] = False


@dataclass(frozen=True)
class TuningConfig(Section):
    """How an agent learns from its preferences."""

    loss: Annotated[
        Literal[
            "sigmoid",
            "ipo",
            "hinge",
            "robust",
            "apo_zero",
            "apo_down",
            "sppo_hard",
            "sigmoid_norm",
            "sft",
        ],
        "The loss that is minimised.",
        Meanings(
            PREFERENCE_LOSSES,
            sft="negative log-likelihood of the chosen rationale; nothing is rejected",
        ),
    ] = "sigmoid"
    modes: Annotated[
        list[Literal["whole", "answer", "rationale", "reader"]],
        "What is learned of a chosen rationale, with tuning.loss=sft; each mode makes an example.",
        Meanings(
            whole="rationale and stated answer, given the question",
            answer="the answer alone, given the question (equation 1)",
            rationale="the rationale without its answer, given the question (equation 2)",
            reader="the answer, given question and rationale (equation 3)",
        ),
    ] = field(default_factory=lambda: ["whole"])
    beta: Annotated[Number, Gt(0), "Strength of the pull towards the reference model."] = 0.1
    label_smoothing: Annotated[
        Number,
        Ge(0),
        Lt(0.5),
        "Share of pairs assumed to be the wrong way round, with tuning.loss=robust.",
    ] = 0.0
    reference: Annotated[
        Literal["previous", "base"],
        "The reference model of the loss.",
        Meanings(previous="the agent as it was before the round", base="the untouched base model"),
    ] = "previous"
    start: Annotated[
        Literal["previous", "base"],
        "The weights that a round's tuning begins with.",
        Meanings(
            previous="the agent's as they were before the round",
            base="those of the untouched base model (STaR, ReST-EM)",
        ),
    ] = "previous"
    nll_weight: Annotated[
        Number,
        Ge(0),
        "Weight of the chosen rationale's negative log-likelihood, added to the loss.",
    ] = 0.0
    # The optimizer.
    learning_rate: Annotated[Number, Gt(0), "Peak learning rate."] = 1e-4
    warmup_ratio: Annotated[
        Number, Ge(0), Lt(1), "Share of the steps over which the learning rate rises."
    ] = 0.1
    schedule: Annotated[
        Literal["constant", "linear", "cosine"], "How the learning rate falls after its peak."
    ] = "cosine"
    epochs: Annotated[
        Whole,
        Ge(1),
        "Passes over a round's pairs. With budget.tuned_tokens the budget decides instead.",
    ] = 1
    max_steps: Annotated[
        Whole | None,
        Ge(1),
        "At most this many optimizer steps in a round.",
    ] = None
    batch: Annotated[Whole, Ge(1), "Pairs in an optimizer step."] = 16
    micro_batch: Annotated[Whole, Ge(1), "Pairs in one forward and backward pass."] = 8
    max_grad_norm: Annotated[Number, Gt(0), "Norm that gradients are clipped to."] = 1.0
    weight_decay: Annotated[Number, Ge(0), "Weight decay of AdamW."] = 0.0
    # Memory, and what a killed tuning resumes from.
    dtype: Annotated[
        Literal["auto", "float32", "bfloat16"],
        "Number format of the frozen base model while tuning.",
        Meanings(auto="bfloat16 on a GPU, float32 on a CPU"),
    ] = "auto"
    gradient_checkpointing: Annotated[Switch, "Use less memory and more time."] = False
    checkpoint_steps: Annotated[
        Whole,
        Ge(0),
        "Optimizer steps between checkpoints, from which an interrupted tuning goes on; 0 writes "
        "none.",
    ] = 25


@dataclass(frozen=True)
class EvaluationConfig(Section):
    """What is measured on validation and test questions."""

    rounds: Annotated[Literal["all", "last", "none"], "Which rounds are measured."] = "all"
    answer_by: Annotated[
        Literal["best", "vote", "weighted_vote", "routed", "samples", "reader"],
        "Whose answer to a question counts as the run's answer in a comparison.",
        Meanings(
            best="the agent that is best on validation questions",
            vote="the majority of the agents",
            weighted_vote="the majority, each vote weighted by its confidence",
            routed="the agent that is most confident of its answer to the question",
            samples="the majority of the best agent's samples",
            reader="the reader (evaluation.reader)",
        ),
    ] = "best"
    samples: Annotated[
        Whole,
        Ge(0),
        "Sampled answers to each test question, for mean@n and pass@k; 0 leaves these out.",
    ] = 0
    reader: Annotated[
        Literal["none", "base", "trained"],
        "A second model that states the answer after the best agent's rationale.",
        Meanings(
            none="there is none",
            base="the untouched base model",
            trained="a copy of the base model that is tuned to do so (the paper)",
        ),
    ] = "none"
    confidence: Annotated[
        Switch,
        "Have the scorer say how likely each stated answer is after its rationale. Weighted votes "
        "and routing need it.",
    ] = False
    cross_rationales: Annotated[
        Whole,
        Ge(0),
        "Rationales of each agent that all agents read, to measure how far apart they are; 0 "
        "leaves that out.",
    ] = 0
