"""Settings of the agents: how many, what makes them differ, how they write, how they begin."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le

from collate.config.fields import Meanings, Names, Number, Section, Switch, Whole
from collate.config.task_schema import Example


@dataclass(frozen=True)
class Persona(Section):
    """What one agent does in its own way. Whatever is null stays as the task and agents have it."""

    name: Annotated[str, "Label of the persona, kept in the run's record."] = ""
    system: Annotated[str | None, "System message instead of task.system."] = None
    prompt: Annotated[str | None, "Wording of the prompt instead of task.prompt."] = None
    examples: Annotated[
        list[Example] | None,
        "Worked examples instead of those of the task.",
    ] = None
    temperature: Annotated[
        Number | None,
        Ge(0),
        "Sampling temperature in all rounds, instead of agents.temperature and .temperatures.",
    ] = None
    top_p: Annotated[
        Number | None,
        Gt(0),
        Le(1),
        "Nucleus sampling instead of agents.top_p.",
    ] = None


@dataclass(frozen=True)
class AgentsConfig(Section):
    """How many copies of the model there are, what makes them differ, and how they write."""

    count: Annotated[Whole, Ge(1), "Number of agents; collaboration begins with 2."] = 2
    # What an agent has of its own.
    weights: Annotated[
        Literal["adapter", "full"],
        "What each agent has of its own.",
        Meanings(adapter="a LoRA adapter on the shared base model", full="a whole copy of it"),
    ] = "adapter"
    rank: Annotated[Whole, Ge(1), "Rank of a LoRA adapter."] = 16
    alpha: Annotated[Whole, Ge(1), "A LoRA adapter is scaled by alpha / rank."] = 32
    targets: Annotated[
        str,
        "Modules that get a LoRA adapter: all-linear, or module names joined by commas.",
    ] = "all-linear"
    # What makes the agents differ.
    personas: Annotated[
        list[Persona],
        "Wordings and decoding of single agents, given to them in turn: "
        "agents.personas=[{name: brief, system: Be brief., temperature: 0.5}, {name: plain}].",
    ] = field(default_factory=list)
    examples: Annotated[Whole, Ge(0), "Worked examples that an agent shows in its prompt."] = 2
    vary_examples: Annotated[Switch, "Each agent shows different worked examples."] = True
    noise: Annotated[
        Number,
        Ge(0),
        "Size of the random change of each agent's weights before the first round, relative to "
        "the weights; 0 changes nothing.",
    ] = 0.0
    own_part: Annotated[
        Switch,
        "Tune each agent only on its own random part of the questions (as in the paper).",
    ] = False
    # How an agent writes, and how often.
    samples: Annotated[
        Whole, Ge(0), "Rationales that an agent writes for a question in a round."
    ] = 4
    temperature: Annotated[Number, Ge(0), "Sampling temperature; 0 is greedy."] = 0.8
    temperatures: Annotated[
        list[Annotated[Number, Ge(0)]],
        "Sampling temperature by round, instead of agents.temperature; the last one holds for "
        "all later rounds.",
    ] = field(default_factory=list)
    top_p: Annotated[
        Number,
        Gt(0),
        Le(1),
        "Nucleus sampling: the most likely tokens that together have this probability.",
    ] = 1.0
    max_tokens: Annotated[Whole, Ge(1), "Longest rationale, in tokens."] = 256
    peer_completions: Annotated[
        Whole,
        Ge(0),
        "Other agents' rationales that an agent continues for each question, from a random point.",
    ] = 0
    hinted_samples: Annotated[
        Whole,
        Ge(0),
        "Rationales that an agent writes with the answer in view, for each question that no agent "
        "solved. They are learned without the hint.",
    ] = 0
    hint: Annotated[
        str,
        "Text behind the question that shows the answer; must contain {answer}.",
    ] = (
        "(The right answer is {answer}. Show the steps that lead to it, and state it in the form "
        "asked for.)"
    )
    # What the agents begin with, where it is not the base model.
    start: Annotated[
        str | None,
        Names("model"),
        "The weights that the agents begin with: those of a run (runs/NAME; each agent takes those "
        "of its namesake), those of one agent for all (runs/NAME:agent-2), or those in the folder "
        "of an adapter or model. Null is the base model.",
    ] = None


@dataclass(frozen=True)
class WarmupConfig(Section):
    """What the agents learn before the first round, so that they differ.

    A warm-up is a run of its own in `<folder>/warm-up`, where every run that asks for the same one
    finds it. Each agent learns from its own random part of the corpus, in one pass, at the learning
    rate of the rounds. For anything else, name a run by agents.start.
    """

    kind: Annotated[
        Literal["none", "preference", "own", "supervised"],
        "What is learned.",
        Meanings(
            none="nothing",
            preference="to prefer the corpus's solutions to rationales of its own (equation 5)",
            own="to prefer its own right rationales to its own wrong ones",
            supervised="to imitate the corpus's solutions (equations 2 and 3)",
        ),
    ] = "none"
    path: Annotated[
        str | None,
        Names("path"),
        "File with columns question, answer and solution to learn from; null takes the training "
        "questions of the task.",
    ] = None
    questions: Annotated[
        Whole | None, Ge(1), "Learn from at most this many questions; null takes all."
    ] = None
    samples: Annotated[
        Whole, Ge(1), "Rationales that an agent writes for each question of its part."
    ] = 1
