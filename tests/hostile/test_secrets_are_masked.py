"""Secrets in every shape and under every name stay out of settings, logs, events and the screen."""

import json
import string
import time
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from rich.console import Console

from collate.config.fields import settings_of
from collate.config.presets import conf_folder
from collate.config.schema import RunConfig, TaskConfig
from collate.console.events import Event, EventFile, Events, LogFile
from collate.console.terminal import say
from collate.masking import MASK, masked, masked_keys, masked_text
from collate.report.html import _settings_section
from collate.secret_names import is_secret_name
from collate.store.run_folder import RunFolder

# Put together here, so that no scanner of repositories takes them for real ones.
MIXED = "aB3dE5gH7jK9mN2pQ4sT6vW8"
HEX = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
WORDS = string.ascii_lowercase
TOKENS = [
    "hf_" + MIXED, "hf_" + WORDS, "api_org_" + MIXED, "sk-" + MIXED, "sk-" + WORDS,
    "sk-proj-" + MIXED, "sk-ant-api03-" + MIXED + "-x_y", "sk-or-v1-" + HEX, "ghp_" + MIXED,
    "gho_" + MIXED, "ghs_" + MIXED, "github_pat_" + MIXED[:22] + "_" + MIXED,
    "glpat-" + MIXED[:20], "glrt-" + MIXED, "xoxb-" + "123-" * 4, "xoxp-" + "123-" * 4,
    "xoxe.xoxp-1-" + MIXED, "xapp-1-A1-" + MIXED, "AKIA" + "A1B2" * 4, "ASIA" + "A1B2" * 4,
    "AIza" + "a1B2" * 9, "ya29." + MIXED, "npm_" + MIXED, "npm_" + WORDS,
    "pypi-AgEIcHlwaS5vcmc" + MIXED, "sk_live_" + MIXED, "rk_test_" + MIXED, "whsec_" + MIXED,
    "gsk_" + MIXED, "nvapi-" + MIXED, "r8_" + MIXED, "hvs." + MIXED, "dop_v1_" + HEX * 2,
    "AGE-SECRET-KEY-1" + "QW3RTY" * 9, "xai-" + MIXED, "pplx-" + MIXED,
    "SG." + MIXED + "." + MIXED, "dckr_pat_" + MIXED, "shpat_" + HEX, "dapi" + HEX,
    "123456789:AA" + MIXED + "x-_" + MIXED, "M" + MIXED + ".aB3dEf." + MIXED + "xyz",
    ".".join(["eyJ" + MIXED] * 3), "zq_" + MIXED + MIXED, "NEWCO-" + MIXED + MIXED,
    "-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc\n-----END RSA PRIVATE KEY-----",
    "-----BEGIN OPENSSH PRIVATE KEY-----\\nb3Bl\\n-----END OPENSSH PRIVATE KEY-----",
    "-----BEGIN PGP PRIVATE KEY BLOCK-----\nx\n-----END PGP PRIVATE KEY BLOCK-----",
    "-----BEGIN PRIVATE KEY-----\ncut off",
]  # fmt: skip

SECRET = "c0rrect-h0rse"
# A text with a secret, and all of it that may be shown.
TEXTS = [
    ("postgresql://u:p@ss@h/db", f"postgresql://{MASK}@h/db"),
    (f"postgresql://u:{SECRET}/x@h/db", f"postgresql://{MASK}@h/db"),
    (f"mongodb+srv://u:{SECRET}@@h", f"mongodb+srv://{MASK}@h"),
    (f"https://{SECRET}@h/x", f"https://{MASK}@h/x"),
    (f"redis://:{SECRET}@h:1", f"redis://{MASK}@h:1"),
    (f"socks5://u:{SECRET}?#@h:1080", f"socks5://{MASK}@h:1080"),
    (f"https://h/x?access_token={SECRET}", f"https://h/x?access_token={MASK}"),
    (f"https://h/x?a=1&sig={SECRET}&b=2#f", f"https://h/x?a=1&sig={MASK}&b=2#f"),
    (f"https://h/x?X-Amz-Signature={SECRET}&X-Amz-Date=1",
     f"https://h/x?X-Amz-Signature={MASK}&X-Amz-Date=1"),
    (f"https://h/x?X-Amz-Credential={SECRET}", f"https://h/x?X-Amz-Credential={MASK}"),
    (f"https://h/x?X-Goog-Signature={SECRET}", f"https://h/x?X-Goog-Signature={MASK}"),
    (f"https://h/x?api_key={SECRET}", f"https://h/x?api_key={MASK}"),
    (f"https://h/x?apikey={SECRET}", f"https://h/x?apikey={MASK}"),
    (f"https://h/x?key={SECRET}", f"https://h/x?key={MASK}"),
    (f"https://h/x?lang=en&refreshToken={SECRET}", f"https://h/x?lang=en&refreshToken={MASK}"),
    (f"HF_TOKEN={SECRET}", f"HF_TOKEN={MASK}"),
    (f"export OPENAI_API_KEY='{SECRET} x' y", f"export OPENAI_API_KEY={MASK} y"),
    (f"PGPASSWORD={SECRET}&x psql", f"PGPASSWORD={MASK} psql"),
    (f"AccountKey={SECRET}==;EndpointSuffix=core", f"AccountKey={MASK};EndpointSuffix=core"),
    (f"Server=h;Password={SECRET};Db=x", f"Server=h;Password={MASK};Db=x"),
    (f"task.dataset_args={{api_key: {SECRET}, n: 3}}",
     f"task.dataset_args={{api_key: {MASK}, n: 3}}"),
    (f"{{'api_key': '{SECRET}'}}", f"{{'api_key': {MASK}}}"),
    (f'{{"password":"{SECRET}","n":3}}', f'{{"password":{MASK},"n":3}}'),
    (f"task.system=password={SECRET}", f"task.system=password={MASK}"),
    (f"curl --token {SECRET} x", f"curl --token {MASK} x"),
    (f"x --api-key={SECRET}", f"x --api-key={MASK}"),
    (f"X-Api-Key: {SECRET}", f"X-Api-Key: {MASK}"),
    (f"Authorization: Bearer {SECRET}", f"Authorization: Bearer {MASK}"),
    (f"Authorization: {SECRET}", f"Authorization: {MASK}"),
    (f"Authorization: token {SECRET}", f"Authorization: token {MASK}"),
    (f"bearer {SECRET}", f"bearer {MASK}"),
    ("Basic dXNlcjpwYXNzd29yZA==", f"Basic {MASK}"),
    (f"https://discord.com/api/webhooks/1/{SECRET}", f"https://discord.com/api/webhooks/{MASK}"),
    (f"https://hooks.slack.com/services/T/B/{SECRET}", f"https://hooks.slack.com/{MASK}"),
    (f"https://o.webhook.office.com/webhookb2/{SECRET}", f"https://o.webhook.office.com/{MASK}"),
    ("https://api.telegram.org/bot123456789:AA" + MIXED + MIXED + "/x",
     f"https://api.telegram.org/bot{MASK}/x"),
    (f"password: {SECRET}", f"password: {MASK}"),
]  # fmt: skip

NAMES = [
    "token", "tokens", "hf_token", "hfToken", "HFToken", "HF_TOKEN", "hftoken", "hub-token",
    "authToken", "accessTokens", "refresh_token", "id_token", "token_2", "bot.token", "secret",
    "secretKey", "secret_key", "secret-key", "SECRETKEY", "clientsecret", "clientSecret",
    "client_secret", "secret_id", "password", "passwords", "dbPassword", "db_pwd", "pwd", "pass",
    "db_pass", "passwd", "passphrase", "userpassword", "new_password", "passwordHash", "auth",
    "basicAuth", "auth_header", "authorization", "Proxy-Authorization", "credentials",
    "credential", "api_key", "apiKey", "apikey", "APIKEY", "api_keys", "x-api-key", "API key",
    "api_key_prod", "openai_key", "openaiKey", "mistral_key", "wandb-key", "accessKey",
    "access_key_id", "aws_secret_access_key", "privateKey", "private_key_pem", "encryption_key",
    "cookie", "session_cookie", "jwt", "bearer",
]  # fmt: skip

ORDINARY = [
    "max_tokens", "maxTokens", "batch_tokens", "stop_tokens", "generated_tokens", "eos_token",
    "pad_token_id", "special_tokens", "tokenizer", "tokenize", "key", "keys", "key columns",
    "key_columns", "answer_key", "sort_key", "public_key", "passes", "passed", "first_pass",
    "passage", "bypass", "compass", "author", "authors", "auth_mode", "monkey", "turkey",
    "keyboard", "secretary", "password_file", "marker", "name", "path", "", "12", "ключ",
]  # fmt: skip

HARMLESS = [
    "agents.max_tokens=256", "max_tokens: 256", "sk-learn and sk-4",
    "sk-learn-contrib-categorical", "hf_hub_download", "npm_config_registry",
    "http://127.0.0.1:8265", "http://127.0.0.1:8265/a@b", "https://medium.com/@user/post",
    "a@b.org", "Qwen/Qwen2.5-0.5B-Instruct@main", "#### 12", "the secret of Peru",
    "the password: please", "tokenizer=fast", "Pass: all of them",
    "task.prompt='What is the password? {question}'", "token={token}", "secret=$SECRET",
    "token=12", "password=", "basic understanding of communication", "a bearer of news",
    "runs/x:agent-2@1", "git@github.com:owner/name.git", "5:30 and 12:45", "12345678: a number",
    "eyJ is how it begins", "abcdef0123456789abcdef0123456789abcdef01",
    "https://h/x?page=2&lang=en", "a = b; key = 5", "The tokens: 1, 2 and 3", "Scores by token:",
    "keys: a, b", "author=Ada", "passes=3",
]  # fmt: skip


@pytest.mark.parametrize("token", TOKENS, ids=lambda token: token[:14])
def test_a_token_of_any_provider_is_known_by_its_shape(token: str) -> None:
    assert masked_text(f"sent {token}") == f"sent {MASK}"
    assert masked({"system": f"({token})"})["system"] in (f"({MASK})", f"({MASK}")
    assert masked({"a": [{"b": token}]}) == {"a": [{"b": MASK}]}


@pytest.mark.parametrize(("text", "shown"), TEXTS, ids=[text[:30] for text, _ in TEXTS])
def test_a_secret_in_a_text_is_masked_in_messages_and_in_settings(text: str, shown: str) -> None:
    assert masked_text(text) == shown
    assert masked({"system": text}) == {"system": shown}
    assert masked_text(shown) == shown
    assert MASK in masked_text(f"collate: x: {text} cannot be read")


def test_a_name_in_any_spelling_says_that_a_secret_stands_under_it() -> None:
    assert [name for name in NAMES if not is_secret_name(name)] == []
    assert [name for name in NAMES if masked({name: ["abc"]}) != {name: [MASK]}] == []
    assert masked_keys({"x": masked(dict.fromkeys(NAMES, "abc"))}) == [f"x.{n}" for n in NAMES]
    assert masked({"token": 12, "auth": True, "pass": None}) == {
        "token": 12, "auth": True, "pass": None,
    }  # fmt: skip


def test_ordinary_names_and_texts_are_left_alone() -> None:
    assert [name for name in ORDINARY if is_secret_name(name)] == []
    assert [(text, masked_text(text)) for text in HARMLESS if masked_text(text) != text] == []


def test_no_setting_and_no_preset_is_masked() -> None:
    keys = list(settings_of(RunConfig))
    assert [
        key for key in keys if is_secret_name(key) or masked_text(f"{key}=x") != f"{key}=x"
    ] == []
    assert masked(asdict(RunConfig())) == asdict(RunConfig())
    for path in conf_folder().rglob("*.yaml"):
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert masked(content) == content, path


def test_nothing_that_a_run_says_or_keeps_holds_a_secret(tmp_path: Path) -> None:
    secrets = [TOKENS[0], SECRET]
    text = f"warning: no answer from https://u:{SECRET}@h with {TOKENS[0]}"
    heard: list[Event] = []
    log, events = tmp_path / "log.txt", tmp_path / "events.jsonl"
    emitter = Events([LogFile(log), EventFile(events)], [heard.append])
    emitter.message(text)
    emitter.emit("tuning_step", numbers={"loss": 1.0}, labels={"agent": TOKENS[0]})
    with (tmp_path / "screen").open("w") as file:
        say(Console(file=file), f"model      {text}")
    config = RunConfig(
        name="a", folder=str(tmp_path),
        task=TaskConfig(system=f"HF_TOKEN={SECRET}", dataset_args={"hfToken": SECRET}),
    )  # fmt: skip
    folder = RunFolder.open(config, {"model": "m", "questions": "q"}, print)
    folder.note("agents", [{"name": "agent-1", "persona": {"system": text}}])
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) >= 5
    for path in written:
        assert not [secret for secret in secrets if secret in path.read_text()], path
    assert MASK in log.read_text() and MASK in heard[0].text
    assert json.loads(events.read_text().splitlines()[1])["agent"] == MASK


def test_the_report_masks_the_settings_of_a_received_run() -> None:
    config = {"task": {"system": f"see https://u:{SECRET}@h", "dataset_args": {"apiKey": SECRET}}}
    page = _settings_section(SimpleNamespace(config=config))  # type: ignore[arg-type]
    assert MASK in page and SECRET not in page


@pytest.mark.parametrize(
    "text",
    ["a", "a-", "a://", "token ", "x=", "u://a:", "b/", "https://a/", "A1a", "sk-", "eyJaaaaaa.",
     "'", "x='", "-----BEGIN PRIVATE KEY-----", " ", "authorization ", "=", "a_", "password=",
     "{a:", "basic ", "1", "password \n"],
    ids=repr,
)  # fmt: skip
def test_the_time_it_takes_grows_with_the_length_of_a_text_alone(text: str) -> None:
    long_text = text * (50_000 // len(text))
    began = time.process_time()
    masked_text(long_text)
    # Some tenths of a second; minutes if it were the square of the length.
    assert time.process_time() - began < 2
