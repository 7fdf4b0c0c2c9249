"""What looks like a secret is masked where collate writes or prints; what does not stays."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from collate.commands.evaluate import with_overrides
from collate.config.schema import ModelConfig, RunConfig, TaskConfig
from collate.errors import InputError
from collate.masking import MASK, masked, masked_keys, masked_text
from collate.store.run_folder import RunFolder, check_same_settings
from tests.command_line import here

# Put together here, so that no scanner of repositories takes them for real ones.
TOKENS = [
    "hf_" + "aB3" * 11, "sk-" + "a1B2" * 8, "sk-proj-" + "a1-B2_" * 8, "ghp_" + "a1B2" * 9,
    "AKIA" + "A1B2" * 4, "github_pat_" + "a1B2_" * 8, "glpat-" + "a1B2" * 5, "AIza" + "a1B2" * 9,
    "xoxb-" + "12345-" * 3 + "abc", ".".join(["eyJ" + "a1B2" * 5] * 3),
]  # fmt: skip


@pytest.mark.parametrize("token", TOKENS)
def test_tokens_are_known_by_their_shape(token: str) -> None:
    assert masked_text(f"sent {token}, then") == f"sent {MASK}, then"
    assert masked({"a": [f"x {token}"]}) == {"a": [f"x {MASK}"]}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://me:pass@host/x", f"https://{MASK}@host/x"),
        ("redis://:pass@host:1", f"redis://{MASK}@host:1"),
        ("Authorization: Bearer abcdef0123456789", f"Authorization: Bearer {MASK}"),
        ("run task.dataset_args.api_key=abc rounds=2",
         f"run task.dataset_args.api_key={MASK} rounds=2"),
        ("HF_TOKEN='a b' rest", f"HF_TOKEN={MASK} rest"),
        ("db_password=x;y", f"db_password={MASK};y"),
    ],
)  # fmt: skip
def test_secrets_in_messages(text: str, shown: str) -> None:
    assert masked_text(text) == shown


@pytest.mark.parametrize(
    "text",
    ["agents.max_tokens: 256", "max_tokens=256", "scoring.batch_tokens=4096", "sk-learn and sk-4",
     "hf_hub", "http://127.0.0.1:8265", "the secret of Peru", "tokenizer=fast", "a@b.org",
     "task.prompt='What is the password? {question}'", "#### 12"],
)  # fmt: skip
def test_what_is_no_secret_stays(text: str) -> None:
    assert masked_text(text) == text
    assert masked({"prompt": text, "max_tokens": 3, "stop_tokens": "a"}) == {
        "prompt": text, "max_tokens": 3, "stop_tokens": "a",
    }  # fmt: skip


@pytest.mark.parametrize(
    "key",
    ["token", "hf_token", "api_key", "apiKey", "db.password", "client-secret", "credentials",
     "aws_secret_access_key"],
)  # fmt: skip
def test_values_are_masked_by_their_key(key: str) -> None:
    assert masked({"x": {key: "abc"}}) == {"x": {key: MASK}}
    assert masked_keys(masked({"x": {key: ["abc"]}})) == [f"x.{key}"]
    assert masked({key: 12, "n": None}) == {key: 12, "n": None}


def secretive(tmp_path: Path, **arguments: Any) -> RunConfig:
    return RunConfig(
        name="a", folder=str(tmp_path), model=ModelConfig(name="."),
        task=TaskConfig(dataset="gcd", dataset_args={"api_key": "s3cret", **arguments}),
    )  # fmt: skip


def test_a_run_keeps_no_secret_continues_with_it_and_does_not_use_the_mask(tmp_path: Path) -> None:
    config = secretive(tmp_path)
    folder = RunFolder.open(config, {"model": "m", "questions": "q"}, print)
    folder.note("agents", [{"name": "agent-1", "persona": {"system": TOKENS[0]}}])
    for path in (tmp_path / "a").iterdir():
        assert "s3cret" not in path.read_text() and TOKENS[0] not in path.read_text()
    check_same_settings(config)
    with pytest.raises(InputError, match="seed: 0 when the run began, 1 now"):
        check_same_settings(replace(config, seed=1))
    with pytest.raises(InputError, match=r"task\.dataset_args\.api_key looked like a secret"):
        with_overrides(tmp_path / "a", {}, [])
    again = {"task": {"dataset_args": {"api_key": "given again"}}}
    built = with_overrides(tmp_path / "a", again, ["++task.dataset_args.api_key=x"])
    assert built.task.dataset_args["api_key"] == "given again"


def test_neither_the_settings_shown_nor_an_error_holds_a_secret(tmp_path: Path) -> None:
    shown = here("run", "--cfg", "job", f"task.system={TOKENS[1]}", cwd=tmp_path)
    assert shown.returncode == 0 and MASK in shown.stdout
    told = here("run", f"rounds={TOKENS[2]}", "hub_token=abcdef", TOKENS[0], cwd=tmp_path)
    assert told.returncode == 2 and told.stderr.count(MASK) >= 2
    for secret in (*TOKENS, "abcdef"):
        assert secret not in shown.stdout + told.stderr
