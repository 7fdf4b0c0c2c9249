"""Merged weights are PEFT's own, and adapters that cannot be merged are refused by name."""

import json
from pathlib import Path

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file, save_file

from collate.errors import EngineError
from collate.models.checkpoints import agent_state, full_state, merged_state, read_adapter
from collate.models.weights import AgentWeights
from tests.engines.adapters import load, write_adapter


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"use_rslora": True},
        {"r": 4, "lora_alpha": 3},
        {"target_modules": ["q_proj", "down_proj"]},
    ],
)
def test_merging_equals_peft(tiny_model: Path, tmp_path: Path, settings: dict) -> None:
    folder = write_adapter(tiny_model, tmp_path / "adapter", seed=1, **settings)
    merged = (
        PeftModel.from_pretrained(load(tiny_model), str(folder)).merge_and_unload().state_dict()
    )
    state = dict(merged_state(str(tiny_model), str(folder)))
    assert state.keys() == load_file(tiny_model / "model.safetensors").keys()
    for name, tensor in state.items():
        torch.testing.assert_close(tensor, merged[name], rtol=1e-6, atol=1e-6)
    base = load_file(tiny_model / "model.safetensors")
    changed = {name for name in state if not torch.equal(state[name], base[name])}
    assert changed == {f"{module}.weight" for module in read_adapter(str(folder)).modules}


def test_a_tied_head_stays_tied(tiny_model: Path, agents: dict[str, AgentWeights]) -> None:
    names = dict(agent_state(str(tiny_model), agents["ada"])).keys()
    assert "model.embed_tokens.weight" in names
    assert "lm_head.weight" not in names


def test_bfloat16_base_is_merged_in_float32(
    tiny_model: Path, tmp_path: Path, agents: dict[str, AgentWeights]
) -> None:
    load(tiny_model).to(torch.bfloat16).save_pretrained(tmp_path)
    base, state = (
        load_file(tmp_path / "model.safetensors"),
        dict(agent_state(str(tmp_path), agents["ada"])),
    )
    rounded = load(tmp_path)
    merged = (
        PeftModel.from_pretrained(rounded, agents["ada"].folder).merge_and_unload().state_dict()
    )
    query, norm = "model.layers.0.self_attn.q_proj.weight", "model.norm.weight"
    assert state[query].dtype == torch.float32
    torch.testing.assert_close(state[query], merged[query], rtol=1e-6, atol=1e-6)
    assert torch.equal(state[norm], base[norm])
    assert state[norm].dtype == torch.bfloat16


def test_shards_give_the_same_tensors(tiny_model: Path, tmp_path: Path) -> None:
    load(tiny_model).save_pretrained(tmp_path, max_shard_size="100KB")
    assert len(list(tmp_path.glob("*.safetensors"))) > 1
    whole, shards = dict(full_state(str(tiny_model))), dict(full_state(str(tmp_path)))
    assert whole.keys() == shards.keys()
    assert all(torch.equal(whole[name], shards[name]) for name in whole)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"use_dora": True}, "DoRA"),
        ({"modules_to_save": ["embed_tokens"]}, "modules_to_save"),
        ({"bias": "all"}, "biases"),
        ({"rank_pattern": {"q_proj": 4}}, "rank_pattern"),
        ({"target_modules": ["embed_tokens"]}, "linear layers"),
        ({"target_modules": ["lm_head"]}, "lm_head"),
    ],
)
def test_other_adapters_are_refused(
    tiny_model: Path, tmp_path: Path, settings: dict, words: str
) -> None:
    folder = write_adapter(tiny_model, tmp_path / "adapter", seed=1, **settings)
    with pytest.raises(EngineError, match=words):
        merged_state(str(tiny_model), str(folder))


def test_an_adapter_of_another_model_is_refused_before_the_first_tensor(
    tiny_model: Path, tmp_path: Path
) -> None:
    folder = write_adapter(tiny_model, tmp_path / "adapter", seed=1)
    file = folder / "adapter_model.safetensors"
    name = "base_model.model.model.layers.1.mlp.up_proj.lora_B.weight"
    tensors = load_file(file)
    save_file(tensors | {name: torch.zeros(130, 8)}, file)
    with pytest.raises(EngineError, match=r"layers\.1\.mlp\.up_proj is 130 x 64"):
        merged_state(str(tiny_model), str(folder))


def test_a_folder_without_tensors_is_refused(tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA"}))
    with pytest.raises(EngineError, match=r"holds no adapter_model\.safetensors"):
        merged_state(str(tiny_model), str(tmp_path))


def test_full_weights_must_be_complete(tiny_model: Path, tmp_path: Path) -> None:
    tensors = load_file(tiny_model / "model.safetensors")
    del tensors["model.norm.weight"]
    save_file(tensors, tmp_path / "model.safetensors")
    weights = AgentWeights(agent="cleo", digest="1", folder=str(tmp_path), kind="full")
    with pytest.raises(EngineError, match=r"1 tensors .* model\.norm\.weight"):
        agent_state(str(tiny_model), weights)
