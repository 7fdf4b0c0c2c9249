"""Settings of a task: where its questions come from, how a prompt is worded, what an answer is."""

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from annotated_types import Ge

from collate.config.fields import Meanings, Names, Number, Section, Switch, Whole


@dataclass(frozen=True)
class Example(Section):
    """A worked example: an earlier chat turn that shows the form of a good rationale."""

    question: Annotated[str, "The question, without the wording of task.prompt around it."] = ""
    response: Annotated[str, "Rationale and stated answer, exactly as an agent should write."] = ""


@dataclass(frozen=True)
class TaskConfig(Section):
    """Where the questions come from, how a prompt is worded, and what counts as an answer."""

    name: Annotated[str, "Name of the task; a part of every question's id."] = "chain_sum"
    kind: Annotated[
        Literal["procedural", "word_problems", "multiple_choice", "boolean", "table"],
        "What kind of source the questions come from.",
        Meanings(
            procedural="a generator of the package reasoning-gym",
            word_problems="an answer column that ends in #### and a number, as in GSM8K",
            multiple_choice="questions with options, one of which is right",
            boolean="yes/no questions",
            table="any column of questions and any column of answers",
        ),
    ] = "procedural"
    # Where the questions lie.
    dataset: Annotated[
        str | None,
        Names("model"),
        "Id of a Hub data set, or the reasoning-gym data set of a procedural task.",
    ] = None
    dataset_args: Annotated[
        dict[str, Any],
        "Settings of the reasoning-gym data set of a procedural task, each under its own name, "
        "such as task.dataset_args.min_terms=2.",
    ] = field(default_factory=dict)
    dataset_seed: Annotated[Whole, "Seed of the questions of a procedural task."] = 0
    subset: Annotated[str | None, "Configuration name (subset) of a Hub data set."] = None
    path: Annotated[
        str | None,
        Names("path"),
        "Local file of questions, used instead of task.dataset: .jsonl, .json, .csv, .tsv or "
        ".parquet.",
    ] = None
    test_path: Annotated[
        str | None,
        Names("path"),
        "Local file of test questions. task.path then gives training and validation questions.",
    ] = None
    source_split: Annotated[
        str,
        "Split of a Hub data set that questions are read from.",
    ] = "train"
    test_source_split: Annotated[
        str | None,
        "Split of a Hub data set that the test questions are read from.",
    ] = None
    # What the columns of a source are called.
    question: Annotated[
        str,
        "Column of the question, several columns joined by commas, or a text with columns in "
        "braces, such as 'Premise: {premise}'. A dot reaches into records and lists, such as "
        "prompt.0.content; of a conversation it is the user's turn.",
    ] = "question"
    answer: Annotated[
        str,
        "Column of the gold answer, or of the right option's key or text. A dot reaches into "
        "records and lists, such as reward_model.ground_truth.",
    ] = "answer"
    options: Annotated[
        str,
        "Multiple choice: column of the options, or a column for each option, joined by commas.",
    ] = "options"
    choices: Annotated[
        list[str],
        "Multiple choice: options that all questions share, in the order of numeric answer keys.",
    ] = field(default_factory=list)
    solution: Annotated[
        str | None,
        "Column of a worked solution. With null, word_problems take what stands before ####, and "
        "other questions have no solution.",
    ] = None
    split_column: Annotated[
        str | None,
        "Column that says of each question whether it is for train, validation or test. A split "
        "that it never names is taken from the training questions.",
    ] = None
    # Which questions are used, and what they are labelled with.
    unlabelled: Annotated[
        Literal["refuse", "drop"],
        "What happens to rows without a gold answer (an empty one, or the label -1).",
        Meanings(refuse="the run stops with an error", drop="they are left out"),
    ] = "refuse"
    conflicts: Annotated[
        Literal["refuse", "drop"],
        "What happens to a question that stands there with different gold answers.",
        Meanings(refuse="the run stops with an error", drop="it is left out"),
    ] = "refuse"
    near_duplicates: Annotated[
        Literal["drop", "keep"],
        "What happens to training questions that nearly repeat a validation or test question.",
        Meanings(drop="they are left out", keep="they are trained on, and counted"),
    ] = "drop"
    labels: Annotated[
        dict[Literal["language", "objective", "domain"], str],
        "Labels of all questions of this task, such as task.labels.language=de; answers and "
        "metrics have them as columns.",
    ] = field(default_factory=dict)
    # What an answer is, and how it is asked for.
    answer_kind: Annotated[
        Literal["number", "choice", "boolean", "text", "math"],
        "How answers are read and compared.",
        Meanings(
            number="as numbers: 1,000 equals 1000.0",
            choice="as one of the options, by its letter or its text",
            boolean="as yes or no",
            text="as texts, whatever their case, quotes and final punctuation",
            math="as mathematics, by Math-Verify: the extra collate[math]",
        ),
    ] = "number"
    languages: Annotated[
        list[Literal["ar", "de", "en", "es", "fr", "hi", "it", "ja", "nl", "pt", "zh"]],
        "Languages that answers are written in; an answer with a word of another one is unknown.",
    ] = field(default_factory=lambda: ["en"])
    system: Annotated[
        str | None,
        "System message; null leaves the default of the model's chat template.",
    ] = None
    prompt: Annotated[
        str,
        "Wording of the prompt; must contain {question} and may contain {options}.",
    ] = "{question}"
    marker: Annotated[
        str,
        "Text that stands before the stated answer, as in '#### 42'.",
    ] = "####"
    examples: Annotated[
        list[Example],
        "Worked examples, of which each agent shows some in its prompt (agents.examples).",
    ] = field(default_factory=list)
    # How many questions each split has.
    held_out: Annotated[
        Switch,
        "Read test questions alone and all of them, for collate evaluate: those of the test "
        "source or that task.split_column names, if there is one, else the whole source.",
    ] = False
    limit: Annotated[
        Whole | None,
        Ge(3),
        "Take at most this many questions from the source.",
    ] = None
    train: Annotated[
        Number | Whole,
        Ge(0),
        "Training questions: their number, or their share of all questions if below 1.",
    ] = 0.7
    validation: Annotated[
        Number | Whole,
        Ge(0),
        "Validation questions, which the best agent is chosen on: a number or a share.",
    ] = 0.1
    test: Annotated[
        Number | Whole,
        Ge(0),
        "Test questions, which results are reported on: a number or a share.",
    ] = 0.2
