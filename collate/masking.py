"""Secrets do not belong into run folders, onto screens or into logs: what looks like one is masked.

Told by a setting's key (`hub_token=...`) or by the shape of a text (`hf_...`, `sk-...`). This is a
net below the user's own care, not a promise to know every secret; SECURITY.md says what it misses.
"""

import re
from collections.abc import Mapping
from typing import Any

MASK = "***masked***"
_WORDS = (
    r"token|secret|password|passwd|passphrase|credentials?"
    r"|api[_-]?key|access[_-]?key|private[_-]?key"
)
_KEY = re.compile(rf"(?:^|.*[._-])(?:{_WORDS})(?:[._-](?:id|value|text))?", re.IGNORECASE)
_SHAPES = re.compile(
    r"\b(?:hf_[A-Za-z0-9]{16,}"  # Hugging Face
    r"|sk-[A-Za-z0-9_-]{16,}"  # OpenAI and its likes
    r"|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}"
    r"|glpat-[A-Za-z0-9_-]{16,}"
    r"|xox[abprs]-[A-Za-z0-9-]{10,}"  # Slack
    r"|A(?:KIA|SIA)[A-Z0-9]{16}"  # AWS
    r"|AIza[A-Za-z0-9_-]{30,}"  # Google
    r"|eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{5,})"  # JSON web tokens
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)"
)
_BEARER = re.compile(r"(?i)\b(bearer\s+)[A-Za-z0-9._~+/=-]{12,}")
_USER_INFO = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)[^\s/@]+@")
_ASSIGNED = re.compile(
    rf"(?i)\b((?:[\w.-]*[._-])?(?:{_WORDS})['\"]?\s*=\s*)(?!\s)(?:'[^']*'|\"[^\"]*\"|[^\s,;]+)"
)


def masked(value: Any, key: str = "") -> Any:
    """The value with every text in it masked that looks like a secret, or whose key says so.

    Mappings and lists are copied; numbers and truth values are never secrets (`max_tokens`).
    """
    if isinstance(value, Mapping):
        return {k: masked(v, str(k)) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [masked(v, key) for v in value]
    if not isinstance(value, str) or not value:
        return value
    return MASK if _KEY.fullmatch(key) else _shapes_masked(value)


def masked_text(text: str) -> str:
    """A message or a command line with what looks like a secret masked, also behind `key=`."""
    return _ASSIGNED.sub(rf"\1{MASK}", _shapes_masked(text))


def masked_keys(settings: Mapping[str, Any], prefix: str = "") -> list[str]:
    """Dotted keys of the settings whose value was masked when they were written."""
    found = []
    for key, value in settings.items():
        if isinstance(value, Mapping):
            found += masked_keys(value, f"{prefix}{key}.")
        elif MASK in str(value):
            found.append(f"{prefix}{key}")
    return found


def _shapes_masked(text: str) -> str:
    text = _SHAPES.sub(MASK, text)
    text = _BEARER.sub(rf"\1{MASK}", text)
    return _USER_INFO.sub(rf"\1{MASK}@", text)
