"""Names: those that become parts of paths (of runs, tasks, comparisons), and those of modules."""

import re

NAME_RULE = (
    "letters, digits and . _ - = , beginning with a letter or digit, not ending in a dot, "
    "at most 120 characters, and no device's name such as nul"
)
# "quickstart", "gsm8k-tuning.beta=0.1,seed=2"
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._=,-]{0,118}[A-Za-z0-9_=,-])?", re.ASCII)
# "nul" and "COM1.txt" are devices on Windows, whatever folder they stand in.
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?", re.IGNORECASE)
# "q_proj", "layers.0.mlp.up_proj", "all-linear"
_MODULE_NAME = re.compile(r"\s*\w+(?:[.-]\w+)*\s*")


def is_name(text: str) -> bool:
    """Whether a text may stand as one part of a path, on any system (see `NAME_RULE`)."""
    return _NAME.fullmatch(text) is not None and _DEVICE.fullmatch(text) is None


def is_module_name(text: str) -> bool:
    """Whether a text may name a module of a model, blanks around it aside."""
    return _MODULE_NAME.fullmatch(text) is not None
