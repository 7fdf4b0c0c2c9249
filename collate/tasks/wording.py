"""From a question to chat messages: the task's wording around it, worked examples before it.

Only the literal placeholders {question} and {options} of a wording are replaced, in one pass, so
that braces in a question, or in LaTeX like \\boxed{x}, stay as they are.
"""

import re
from collections.abc import Sequence
from string import ascii_uppercase

from collate.config.schema import Example, Persona, TaskConfig
from collate.errors import nearest_hint
from collate.tables import Question

PLACEHOLDERS = ("question", "options")
_PLACEHOLDER = re.compile(r"\{(question|options)\}")
# "{qestion}", but neither the argument of a LaTeX command, \boxed{answer}, nor a doubled brace,
# {{x}}, nor what is no name, {1} and {}.
_ANY_PLACEHOLDER = re.compile(r"(?<![\w\\{}])\{([A-Za-z_]\w{0,40})\}(?!\})")
# "B) steam"; the group is the option.
_OPTION_LINE = re.compile(r"[A-Z]\) (.*)")
_SHOWN_CHARACTERS = 80  # of a wrong wording


def prompt_problems(
    setting: str, prompt: str, placeholders: Sequence[str] = PLACEHOLDERS
) -> list[str]:
    """What is wrong with a prompt wording, a sentence each; `setting` is its key.

    `placeholders` are those that it may name.
    """
    problems = []
    if "{question}" not in prompt:
        problems.append(f"{setting}={prompt[:_SHOWN_CHARACTERS]!r}: must contain {{question}}")
    for name in dict.fromkeys(_ANY_PLACEHOLDER.findall(prompt)):
        if name not in placeholders:
            *other_fields, last_field = (f"{{{placeholder}}}" for placeholder in placeholders)
            problems.append(
                f"{setting}: no field {{{name}}}; there are {', '.join(other_fields)} and "
                f"{last_field}{nearest_hint(name, placeholders)}"
            )
    return problems


def render_messages(
    config: TaskConfig,
    question: Question,
    *,
    examples: Sequence[Example],
    persona: Persona | None = None,
    hint: str | None = None,
) -> list[dict[str, str]]:
    """Chat messages, each with `role` and `content`, that ask one question.

    First the system message where there is one, then each worked example as a user and an assistant
    turn, then the question. A persona's system message and wording replace the task's where they
    are not None; the caller says which examples are shown. An example's question goes through the
    same wording, and lines "A) ..." at its end count as its options. Options stand where the
    wording names {options}, else on lines of their own behind the question. A hint is put behind
    the whole, with the gold answer in the place of {answer}.
    """
    system_message, wording = config.system, config.prompt
    if persona is not None:
        system_message = system_message if persona.system is None else persona.system
        wording = wording if persona.prompt is None else persona.prompt
    messages = [] if system_message is None else [{"role": "system", "content": system_message}]
    for example in examples:
        example_prompt = _filled(wording, *split_options(example.question))
        messages.append({"role": "user", "content": example_prompt})
        messages.append({"role": "assistant", "content": example.response})
    content = _filled(wording, question.text, question.options)
    if hint is not None:
        content = f"{content}\n\n{hint.replace('{answer}', question.gold)}"
    messages.append({"role": "user", "content": content})
    return messages


def split_options(text: str) -> tuple[str, tuple[str, ...]]:
    """A worked example's question without its closing lines `A) ...`, `B) ...`, and the options."""
    question_lines = text.rstrip().split("\n")
    options: list[str] = []
    # From the end, since lines that look like options may also stand in the middle of a question.
    while question_lines and (match := _OPTION_LINE.fullmatch(question_lines[-1])):
        options.insert(0, match.group(1))
        question_lines.pop()
    if not question_lines or not options:  # nothing but options is no question with options
        return text, ()
    return "\n".join(question_lines), tuple(options)


def _filled(prompt: str, text: str, options: Sequence[str]) -> str:
    """The wording with a question and its options in it."""
    option_lines = [f"{ascii_uppercase[index]}) {option}" for index, option in enumerate(options)]
    listed_options = "\n".join(option_lines)
    if options and "{options}" not in prompt:
        text = f"{text}\n{listed_options}"
    value_by_name = {"question": text, "options": listed_options}
    return _PLACEHOLDER.sub(lambda match: value_by_name[match.group(1)], prompt)
