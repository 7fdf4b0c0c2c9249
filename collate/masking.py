"""Secrets do not belong into run folders, onto screens or into logs: what looks like one is masked.

Told by a name (`hub_token`, `secretKey`, `?sig=...`, `PASSWORD=...`) or by the shape of a text
(`hf_...`, `sk-...`, `user:password@` in an address). This is a net below the user's own care, not
a promise to know every secret; SECURITY.md says what it misses.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any

from collate.secret_names import is_secret_name, is_secret_parameter, words_of

MASK = "***masked***"

# With a colon behind them these are words of a sentence more often than names: "Pass: all".
_PROSE = frozenset(["pass", "pat", "auth", "tokens", "bearer"])
# Values that are no secret under any name: numbers, truth values, placeholders, nothing, the word
# before a header's secret.
_OPEN_VALUE = re.compile(
    r"[-+]?[0-9._]+(?:e[-+]?\d+)?|true|false|null|none|[?!.]*|\{\w*\}?|<\w*>|\$\{?\w+\}?"
    rf"|bearer|basic|token|digest|negotiate|{re.escape(MASK)}.*",
    re.IGNORECASE,
)
# What may begin anywhere is bounded, so that the time it takes grows with a text's length alone.
_ANY = r"[A-Za-z0-9_-]"
_SHAPES = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"(?:hf|api_org|npm|gsk|r8|fw|jina|dckr_pat|rubygems|lin_api|shp(?:at|ss|ca)|do[opr]_v1"
    r"|gh[pousr]|whsec|sntrys|glsa|(?:sk|rk|pk)_(?:live|test))_[A-Za-z0-9]{16,}"
    rf"|(?:github_pat|tgp_v1)_{_ANY}{{20,}}"
    rf"|(?:nvapi|xai|pplx|tskey|gl(?:pat|dt|rt|cbt|ptt|ft|soat|imt|agent)|GOCSPX)-{_ANY}{{16,}}"
    # OpenAI and its likes, PyPI. Words with hyphens need a digit, since sk-learn-... may be a name.
    rf"|(?:sk|pypi)-(?:(?={_ANY}{{0,200}}\d){_ANY}{{16,}}|[A-Za-z0-9]{{16,}})"
    r"|xox[a-z](?:\.xox[a-z])?-[A-Za-z0-9-]{10,}|xapp-[A-Za-z0-9-]{10,}"  # Slack
    r"|A(?:KIA|SIA|GPA|IDA|ROA|NPA)[A-Z0-9]{16}"  # AWS
    r"|AIza[A-Za-z0-9_-]{30,}|ya29\.[A-Za-z0-9_-]{20,}"  # Google
    rf"|hv[sbr]\.{_ANY}{{16,}}"  # Vault
    rf"|SG\.{_ANY}{{16,}}\.{_ANY}{{16,}}"  # SendGrid
    r"|dapi[a-f0-9]{32}"  # Databricks
    r"|AGE-SECRET-KEY-1[A-Z0-9]{20,}"
    rf"|eyJ{_ANY}{{8,}}\.{_ANY}{{8,}}(?:\.{_ANY}*)*"  # JSON web tokens
    rf"|[MNO][A-Za-z0-9]{{23,27}}\.{_ANY}{{6}}\.{_ANY}{{27,}}"  # Discord
    # Any prefix before a long word of digits, capitals and small letters.
    r"|[A-Za-z][A-Za-z0-9]{1,15}[_-](?=[A-Za-z0-9]{28})(?=[A-Za-z]{0,99}\d)"
    r"(?=[a-z0-9]{0,99}[A-Z])(?=[A-Z0-9]{0,99}[a-z])[A-Za-z0-9]+"
    r")"
    r"|(?<!\d)\d{8,10}:[A-Za-z0-9_-]{30,}"  # Telegram, also behind "bot"
    r"|-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----[\s\S]*?"
    r"(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|$)"
)
_BEARER = re.compile(r"(?i)\b(bearer\s+)[A-Za-z0-9._~+/=-]{12,}")
_BASIC = re.compile(r"(?i)\b(basic\s+)([A-Za-z0-9+/_-]{8,}={0,2})")
# "Authorization: Token abc", also inside of a record of headers
_HEADER = re.compile(
    r"(?i)\b((?:proxy-)?authorization['\"]?\s*[:=]\s*['\"]?"
    r"(?:(?:bearer|basic|token|digest|negotiate|apikey|api-key)\s+)?)[^\s'\",;]+"
)
# "https://user:p@ss@host" up to the last @ of the host; a password may hold a slash, too, while
# "http://127.0.0.1:8265/a@b" has a port before it.
_USER_INFO = re.compile(
    r"(?i)\b([a-z][a-z0-9+.-]{0,30}://)(?:[^\s/]{0,500}@"
    r"|[^\s/:@]{1,200}:(?!\d{1,5}(?:[/?#'\",;)}\]\s]|$))[^\s]{0,500}@)"
)
# Whoever has the address of a webhook may post to it.
_WEBHOOK = re.compile(
    r"(?i)\b(https?://(?:[^\s/]{0,200}hooks?\.[^\s/]{1,200}/"
    r"|(?:[^\s/]{1,200}/){1,9}web-?hooks?/))[^\s'\"<>]+"
)
# What closes a record or a list around a value is no part of it: {token: x}
_VALUE = re.compile(r"'[^']*'|\"[^\"]*\"|[^\s,;'\"]*[^\s,;'\"\])}]")
_ASSIGNED = re.compile(
    r"(?P<start>^|[?&{,;(\[\s'\"=]|--?|\+\+?)(?P<name>[A-Za-z_][\w.-]{0,100})"
    r"(?P<quote>['\"]?)(?P<sign>\s{0,9}[=:]\s{0,9}|\s{1,9})",
    re.MULTILINE,
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
    return MASK if is_secret_name(key) else masked_text(value)


def masked_text(text: str) -> str:
    """A text with what looks like a secret masked, also behind `key=` and in addresses."""
    text = _SHAPES.sub(MASK, text)
    text = _HEADER.sub(rf"\1{MASK}", text)
    text = _BEARER.sub(rf"\1{MASK}", text)
    text = _BASIC.sub(_basic_masked, text)
    text = _WEBHOOK.sub(rf"\1{MASK}", text)
    text = _USER_INFO.sub(rf"\1{MASK}@", text)
    return _assigned_masked(text)


def masked_keys(settings: Mapping[str, Any], prefix: str = "") -> list[str]:
    """Dotted keys of the settings whose value was masked when they were written."""
    found = []
    for key, value in settings.items():
        if isinstance(value, Mapping):
            found += masked_keys(value, f"{prefix}{key}.")
        elif MASK in str(value):
            found.append(f"{prefix}{key}")
    return found


def _assigned_masked(text: str) -> str:
    """Mask values behind names: `API_KEY=x`, `--token x`, `{'password': 'x'}`, `?sig=x&...`."""
    pieces, position = [], 0
    while match := _ASSIGNED.search(text, position):
        if value := _secret_value(text, match):
            pieces += [text[position : match.end()], MASK]
            position = match.end() + len(value)
        else:
            # What stands behind the sign may be a name again: "task.prompt=password=x".
            end = match.end("quote" if match["sign"].strip() else "name")
            pieces.append(text[position:end])
            position = end
    return "".join([*pieces, text[position:]])


def _secret_value(text: str, match: re.Match[str]) -> str:
    """The secret that stands behind a name in a text; "" where there is none."""
    in_address = match["start"] in ("?", "&")
    is_named = (is_secret_parameter if in_address else is_secret_name)(match["name"])
    found = _VALUE.match(text, match.end()) if is_named else None
    if found is None or _OPEN_VALUE.fullmatch(_bare(found[0])):
        return ""
    if not _is_assignment(match, found[0]):
        return ""
    return re.split(r"[&#]", found[0])[0] if in_address else found[0]


def _is_assignment(match: re.Match[str], value: str) -> bool:
    """Whether a name and what follows it are a name and its value, and not words of a sentence."""
    sign, start, name = match["sign"].strip(), match["start"], match["name"]
    if sign == "=":
        return True
    if not sign:
        return start == "--" and not match["quote"]
    # "the password: please" is prose; "{password: x}", "db_password: x" and "password: x1" not.
    if match["quote"] or len(words_of(name)) > 1 or not match["sign"][-1].isspace():
        return True
    if name.lower() in _PROSE:
        return False
    return start in ("{", ",", "(", "[", "") or any(character.isdigit() for character in value)


def _bare(value: str) -> str:
    return value[1:-1] if value[:1] in ("'", '"') else value


def _basic_masked(match: re.Match[str]) -> str:
    """`Basic` and what follows; masked where that is `user:password` in base64, and not a word."""
    try:
        decoded = base64.b64decode(match[2], validate=True)
    except (binascii.Error, ValueError):
        return match[0]
    is_login = b":" in decoded and decoded.isascii() and decoded.decode().isprintable()
    return f"{match[1]}{MASK}" if is_login else match[0]
