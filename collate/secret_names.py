"""Names under which secrets stand, in any spelling: hf_token, secretKey, X-Api-Key, PGPASSWORD."""

import re

_SECRET_WORDS = {
    "token", "tokens", "secret", "secrets", "password", "passwords", "passwd", "pwd", "pass",
    "passcode", "passphrase", "passphrases", "credential", "credentials", "auth",
    "authorization", "authentication", "bearer", "cookie", "cookies", "jwt", "pat", "otp",
    "apikey", "apikeys",
}  # fmt: skip
"""The last word of a name that holds a secret: hf_token, dbPassword, proxy-authorization."""

_SECRET_ENDINGS = (
    "token", "tokens", "secret", "secrets", "password", "passwords", "passwd", "passphrase",
    "pwd", "credential", "credentials", "apikey", "apikeys", "accesskey", "secretkey",
    "privatekey", "openaikey", "authkey", "auth",
)  # fmt: skip
"""So it ends where it is written in one: clientsecret, hftoken, openaikey."""

_SUFFIXES = {
    "id", "value", "text", "string", "header", "hash", "base", "json", "pem", "env", "var",
    "dev", "test", "prod", "live", "staging", "old", "new", "default", "backup", "raw",
    "plain",
}  # fmt: skip
"""Behind a secret's name these say no more of it: api_key_id, token_value, auth_header."""

_OPEN_KEYS = {
    "answer", "primary", "foreign", "sort", "group", "public", "cache", "partition", "index",
    "column", "columns", "join", "lookup", "row", "gold", "label", "option", "options",
    "question", "text", "dict", "map", "mapping", "item", "object", "field", "name", "data",
    "input", "output", "dedup", "registry", "hot", "arrow", "short", "natural", "composite",
    "unique", "record", "sample", "any", "each", "first", "last", "choice", "choices",
    "correct", "value", "sorting", "grouping", "shuffle", "config", "metric",
}  # fmt: skip
"""Keys that open nothing: answer_key, primary_key. Any other `..._key` may be a provider's."""

_TOKENS_OF_TEXT = {
    "max", "min", "batch", "stop", "special", "eos", "bos", "pad", "unk", "sep", "cls",
    "mask", "generated", "tuned", "new", "num", "n", "count", "total", "prompt", "completion",
    "input", "output", "budget", "per", "image", "audio", "video", "begin", "end", "start",
    "of", "first", "last", "next", "allowed", "banned", "bad", "suppress", "forced", "vocab",
    "added", "think", "thinking", "reasoning", "question", "answer", "text", "chat", "cached",
    "scored", "second", "forward", "backward", "single", "multi", "one", "two", "all", "no",
    "each", "any",
}  # fmt: skip
"""Tokens of a text and passes over it open nothing either: max_tokens, eos_token, first_pass."""

_PARAMETERS = {"sig", "signature", "key", "code"}
"""Parameters of an address that hold a secret: ...?sig=..., &X-Amz-Signature=..."""

# "secretKey", "HFToken", "x-api-key", "API key": a word each of lower case, or in capitals.
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_a-zA-Z]+")


def is_secret_name(name: str) -> bool:
    """Whether a name says that a secret stands under it."""
    words = words_of(name)
    while len(words) > 1 and (words[-1] in _SUFFIXES or words[-1].isdigit()):
        words.pop()
    if not words:
        return False
    *qualifiers, last = words
    if last in ("key", "keys"):
        return bool(qualifiers) and qualifiers[-1] not in _OPEN_KEYS
    if last in ("token", "tokens", "pass"):
        return not qualifiers or qualifiers[-1] not in _TOKENS_OF_TEXT
    if last in _SECRET_WORDS:
        return True
    ending = next((each for each in _SECRET_ENDINGS if last.endswith(each)), None)
    return ending is not None and last.removesuffix(ending) not in _TOKENS_OF_TEXT


def is_secret_parameter(name: str) -> bool:
    """Whether a parameter of an address holds a secret."""
    return is_secret_name(name) or words_of(name)[-1:] in [[each] for each in _PARAMETERS]


def words_of(name: str) -> list[str]:
    """The words that a name is made of, in small letters: ["hf", "token"] of hfToken."""
    return [word.lower() for word in _WORD.findall(name)]
