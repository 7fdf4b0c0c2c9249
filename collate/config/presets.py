"""Presets: the YAML files of `conf/`, and those in folders of the user's own.

A preset `conf/<group>/<name>.yaml` changes some of the defaults, and is chosen by `group=name`.
Presets of the user's own are checked here before Hydra sees them: they may set settings and nothing
else, neither Hydra itself nor objects that it would make.
"""

import re
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from collate.config.yaml_texts import altered_texts
from collate.received_files import (
    YAML_BYTES,
    AliasError,
    link_problem,
    links_below,
    parse_yaml,
    read_bytes,
)

OBJECT_KEYS = ("_target_", "_args_", "_recursive_", "_partial_", "_convert_")
"""Keys by which Hydra makes objects of settings. collate makes none."""

TRUST = "model.trust_remote_code"
"""Whether Python code of a model is run: given on the command line alone, with every command."""

# "# @package hydra.callbacks" puts a file's content into Hydra's own settings.
_HYDRA_PACKAGE = re.compile(r"#\s*@package\s+\S*\bhydra\b")


def conf_folder() -> Path:
    """The folder of shipped presets: inside the installed package, or `conf/` of a checkout."""
    package = Path(str(files("collate")))
    installed = package / "conf"
    return installed if installed.is_dir() else package.parent / "conf"


def presets_by_group(folders: Sequence[Path]) -> dict[str, list[str]]:
    """The names of presets by group, over all folders (the shipped one and those of the user)."""
    names_by_group: dict[str, set[str]] = {}
    for folder in folders:
        for path in folder.glob("*/*.yaml"):
            names_by_group.setdefault(path.parent.name, set()).add(path.stem)
    return {group: sorted(names) for group, names in sorted(names_by_group.items())}


def preset_summary(path: Path) -> str:
    """The first sentence of the comment at the top of a preset, "" where it has none."""
    comment: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            break
        if not line.startswith("# @package"):
            comment.append(line.removeprefix("#").strip())
    sentence = " ".join(comment).partition(". ")[0].strip().removesuffix(".")
    return f"{sentence}." if sentence else ""


def preset_problems(folder: Path) -> list[str]:
    """What is wrong with the presets in a folder of the user's own, a sentence each."""
    if not folder.is_dir():
        return [f"--config-dir {folder}: no such folder"]
    # Hydra would follow links, of which nobody has seen what they lead to.
    if problems := [link_problem(link) for link in links_below(folder)]:
        return problems
    return [
        f"{path}: {problem}"
        for path in sorted(folder.rglob("*.yaml"))
        for problem in _file_problems(path)
    ]


def _file_problems(path: Path) -> list[str]:
    try:
        text = read_bytes(path, YAML_BYTES).decode("utf-8")
        content = parse_yaml(text)
    except AliasError as error:
        return [str(error)]
    except (OSError, ValueError) as error:
        return [f"not a YAML file that can be read ({error})"]
    if content is None:
        return []
    if not isinstance(content, dict):
        return [f"expected settings by name, found a {type(content).__name__}"]
    return [
        *_forbidden_keys(content, text),
        *_forbidden_defaults(content.get("defaults") or []),
        *altered_texts(path, text),
    ]


def _forbidden_keys(content: dict[Any, Any], text: str) -> list[str]:
    problems = []
    if "hydra" in content or _HYDRA_PACKAGE.search(text):
        problems.append(
            "sets Hydra itself (hydra:), which collate does not allow; take that part out"
        )
    used_keys = set(_all_keys(content))
    for key in OBJECT_KEYS:
        if key in used_keys:
            problems.append(
                f"{key} is refused: collate makes no objects from settings; take it out"
            )
    if TRUST.rpartition(".")[2] in used_keys:
        problems.append(
            f"{TRUST} is refused in a preset: it is given on the command line alone, each time; "
            "take it out"
        )
    return problems


def _forbidden_defaults(defaults: Any) -> list[str]:
    """What is wrong with the presets that a preset builds on."""
    if not isinstance(defaults, list):
        return [f"defaults: expected a list, found {defaults!r}"]
    return [
        f"defaults: {entry!r} is refused; name presets of collate by plain words"
        for entry in defaults
        # "override hydra/launcher: joblib" chooses what Hydra runs, "${oc.env:HOME}" computes, and
        # "../../x" or "//x" leads out of the folder.
        if any(part in str(entry) for part in ("hydra", "${", "..", "//"))
    ]


def _all_keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield str(key)
            yield from _all_keys(each)
    elif isinstance(value, list):
        for each in value:
            yield from _all_keys(each)
