"""What settings there are, for people: the text of `collate run --help`, and docs/settings.md.

    python -m collate.config.help > docs/settings.md

Both are made from the annotations of `schema.py` and from the comments of the shipped presets.
"""

import json
import re
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from collate.config.fields import Setting, settings_of, subsections
from collate.config.presets import conf_folder, preset_summary, presets_by_group
from collate.config.schema import RunConfig

WIDTH = 100
_INDENT = 32  # columns of the terminal that are left for a setting and its default
_LONGEST_DEFAULT = 60  # characters of a default that stand beside the setting's name

_MARKDOWN_HEAD = """\
# Settings

Every setting of collate. This page is made from the code: `python -m collate.config.help`.

A setting is given on the command line as `key=value`, a preset as `group=preset`:

    collate run task=gsm8k agents.count=4 tuning.beta=0.05

`collate run --cfg job ...` prints the settings that a command line means, without running them.
Values are written as in YAML: `null`, `true`, `[0.8, 1.0]`. A text is what is typed:

    collate run task.marker=#### name=1e3 model=~/models/mine task.path=/data/epoch=9.jsonl
    collate run 'task.prompt={question} Put it in \\boxed{}.' "task.system=It's short (please)."

The quotes above are the shell's, for blanks and characters that it reads itself. Quotes that reach
collate are taken off where they stand around all of a text: `"name='null'"` is a name, `name=null`
none. Where a path or a model is named, `~` is your home folder. Texts in lists of records need
quotes (`'agents.personas=[{system: "Be brief (please)."}]'`), and so does a text with a comma in a
multirun (`-m`), where commas separate values. In a preset, a text that YAML reads as a number or a
truth value needs quotes: `marker: "12:30"`, `language: "no"`.

## Presets

A preset is a YAML file in `conf/<group>/` that changes some of the defaults below. Presets of your
own go into a folder `mine/<group>/`, which `--config-dir mine` names. `group=[first,second]` puts
the second preset on the first.
"""


def settings_help(presets: Mapping[str, Sequence[str]]) -> str:
    """Presets by group, then every setting with default and meaning, for a terminal."""
    lines = ["Presets (group=preset):"]
    for group, names in presets.items():
        lines += _two_columns(group, [", ".join(names)])
    lines += ["", "Settings (key=value) and their defaults:", ""]
    for heading, settings in _sections():
        lines += ["", *textwrap.wrap(heading, WIDTH)] if heading else []
        for setting in settings:
            lines += _terminal_lines(setting)
    return "\n".join(lines)


def settings_markdown() -> str:
    """The page of all presets and settings, in Markdown."""
    lines = [_MARKDOWN_HEAD]
    for group, names in presets_by_group([conf_folder()]).items():
        lines += [f"### {group}", "", "| preset | what it is |", "| --- | --- |"]
        for name in names:
            summary = preset_summary(conf_folder() / group / f"{name}.yaml")
            lines.append(f"| `{group}={name}` | {_cell(summary)} |")
        lines.append("")
    for heading, settings in _sections():
        name, _, text = heading.partition(": ")
        lines += [f"## {name or 'The run'}", "", text or "Settings of the run as a whole.", ""]
        lines += ["| setting | default | values | meaning |", "| --- | --- | --- | --- |"]
        lines += [_markdown_row(setting) for setting in settings]
        lines.append("")
    return "\n".join(lines)


def _sections() -> list[tuple[str, list[Setting]]]:
    """The settings by section, each under `name: what it is`; those of the run itself first."""
    sections = subsections(RunConfig)
    of_the_run = settings_of(RunConfig)
    for name in sections:
        for key in settings_of(sections[name], f"{name}."):
            del of_the_run[key]
    headed = [("", list(of_the_run.values()))]
    for name, section in sections.items():
        text = " ".join((section.__doc__ or "").split())
        headed.append((f"{name}: {text}", list(settings_of(section, f"{name}.").values())))
    return headed


def _terminal_lines(setting: Setting) -> list[str]:
    default = _shown_default(setting.default)
    paragraphs = [setting.description]
    if not setting.choices or not set(setting.choices) <= set(setting.meanings):
        paragraphs[0] += f" ({_values(setting)})"
    for choice, meaning in setting.meanings.items():
        paragraphs.append(f"- {choice}: {meaning}")
    if len(default) <= _LONGEST_DEFAULT:
        return _two_columns(f"{setting.key}={default}", paragraphs)
    return _two_columns(setting.key, [*paragraphs, f"Default: {default}"])


def _two_columns(left: str, paragraphs: Sequence[str]) -> list[str]:
    """A name, and beside it the wrapped paragraphs; below it where the name is too long."""
    right: list[str] = []
    for paragraph in paragraphs:
        hanging = "  " if paragraph.startswith("- ") else ""
        right += textwrap.wrap(paragraph, WIDTH - _INDENT, subsequent_indent=hanging)
    indented = [" " * _INDENT + line for line in right]
    name = f"  {left}"
    if len(name) >= _INDENT:
        return [name, *indented]
    return [name.ljust(_INDENT) + right[0], *indented[1:]]


def _markdown_row(setting: Setting) -> str:
    values = _cell(_values(setting))
    meaning = _cell(setting.description)
    for choice, text in setting.meanings.items():
        meaning += f"<br>`{choice}`: {_cell(text)}"
    default = _cell(_shown_default(setting.default))
    return f"| `{setting.key}` | `{default}` | {values} | {meaning} |"


def _values(setting: Setting) -> str:
    """What may be given: `whole number, at least 1, or null`, or the choices."""
    # "choice", "list of choices", "mapping of choices"
    kind = re.sub("choices?$", ", ".join(setting.choices), setting.kind)
    return ", ".join(filter(None, [kind, setting.limits]))


def _shown_default(default: Any) -> str:
    """A default as it would be written in YAML."""
    plain_text = isinstance(default, str) and default.isprintable() and not default.startswith(" ")
    return default if plain_text else json.dumps(default)


def _cell(text: str) -> str:
    return text.replace("|", r"\|")


if __name__ == "__main__":
    print(settings_markdown(), end="")
