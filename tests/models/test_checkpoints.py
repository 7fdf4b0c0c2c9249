"""Merged weights are PEFT's own, what cannot be merged is refused, and streams become folders."""

import json
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file, save_file

from collate.errors import ModelError
from collate.models.checkpoints import (
    INDEX,
    WEIGHTS,
    agent_state,
    full_state,
    merged_state,
    read_adapter,
    write_checkpoint,
)
from collate.models.weights import AgentWeights
from tests.engines.adapters import load, write_adapter


@pytest.fixture(scope="module")
def ada(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> AgentWeights:
    """An agent whose adapter differs from the base."""
    folder = write_adapter(tiny_model, tmp_path_factory.mktemp("adapters") / "ada", seed=1)
    return AgentWeights(agent="ada", digest="1f00d", folder=str(folder), kind="adapter")


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


def test_a_tied_head_stays_tied(tiny_model: Path, ada: AgentWeights) -> None:
    names = dict(agent_state(str(tiny_model), ada)).keys()
    assert "model.embed_tokens.weight" in names
    assert "lm_head.weight" not in names


def test_bfloat16_base_is_merged_in_float32(
    tiny_model: Path, tmp_path: Path, ada: AgentWeights
) -> None:
    load(tiny_model).to(torch.bfloat16).save_pretrained(tmp_path)
    base, state = (
        load_file(tmp_path / "model.safetensors"),
        dict(agent_state(str(tmp_path), ada)),
    )
    rounded = load(tmp_path)
    merged = PeftModel.from_pretrained(rounded, ada.folder).merge_and_unload().state_dict()
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
    with pytest.raises(ModelError, match=words):
        merged_state(str(tiny_model), str(folder))


def test_an_adapter_of_another_model_is_refused_before_the_first_tensor(
    tiny_model: Path, tmp_path: Path
) -> None:
    folder = write_adapter(tiny_model, tmp_path / "adapter", seed=1)
    file = folder / "adapter_model.safetensors"
    name = "base_model.model.model.layers.1.mlp.up_proj.lora_B.weight"
    tensors = load_file(file)
    save_file(tensors | {name: torch.zeros(130, 8)}, file)
    with pytest.raises(ModelError, match=r"layers\.1\.mlp\.up_proj is 130 x 64"):
        merged_state(str(tiny_model), str(folder))


def test_a_folder_without_tensors_is_refused(tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA"}))
    with pytest.raises(ModelError, match=r"holds no adapter_model\.safetensors"):
        merged_state(str(tiny_model), str(tmp_path))


def test_full_weights_must_be_complete(tiny_model: Path, tmp_path: Path) -> None:
    tensors = load_file(tiny_model / "model.safetensors")
    del tensors["model.norm.weight"]
    save_file(tensors, tmp_path / "model.safetensors")
    weights = AgentWeights(agent="cleo", digest="1", folder=str(tmp_path), kind="full")
    with pytest.raises(ModelError, match=r"1 tensors .* model\.norm\.weight"):
        agent_state(str(tiny_model), weights)


def test_a_stream_becomes_one_file_or_shards_that_transformers_loads(
    tiny_model: Path, tmp_path: Path
) -> None:
    expected = load(tiny_model).state_dict()
    for name, shard_bytes, shards in (("one", 2**30, 1), ("many", 40_000, None)):
        folder = tmp_path / name
        folder.mkdir()
        for file in ("config.json", "generation_config.json"):
            (folder / file).write_bytes((tiny_model / file).read_bytes())
        write_checkpoint(folder, full_state(str(tiny_model)), shard_bytes=shard_bytes)
        files = sorted(folder.glob("*.safetensors"))
        if shards == 1:
            assert [file.name for file in files] == [WEIGHTS] and not (folder / INDEX).exists()
        else:
            assert (
                len(files) > 3 and files[0].name == f"model-00001-of-{len(files):05d}.safetensors"
            )
            weight_map = json.loads((folder / INDEX).read_text())["weight_map"]
            assert {name: file.name for file in files for name in load_file(file)} == weight_map
        loaded = load(folder).state_dict()
        assert loaded.keys() == expected.keys()
        assert all(torch.equal(loaded[key], expected[key]) for key in loaded)


def test_a_shard_holds_what_it_may_or_one_larger_tensor(tmp_path: Path) -> None:
    sizes = [10, 20, 30, 100, 5, 5, 60]
    stream = ((f"t{n}", torch.full((size,), float(n))) for n, size in enumerate(sizes))
    write_checkpoint(tmp_path, stream, shard_bytes=4 * 60)
    shards = [load_file(file) for file in sorted(tmp_path.glob("model-*.safetensors"))]
    assert [sorted(shard) for shard in shards] == [
        ["t0", "t1", "t2"], ["t3"], ["t4", "t5"], ["t6"]
    ]  # fmt: skip
    assert json.loads((tmp_path / INDEX).read_text())["metadata"]["total_size"] == 4 * sum(sizes)


def test_no_more_than_one_shard_is_in_memory(tmp_path: Path) -> None:
    alive: list[weakref.ref[torch.Tensor]] = []
    most = 0

    def stream() -> Iterator[tuple[str, torch.Tensor]]:
        nonlocal most
        for number in range(30):
            tensor = torch.zeros(100)
            alive.append(weakref.ref(tensor))
            yield f"t{number}", tensor
            del tensor
            most = max(most, sum(reference() is not None for reference in alive))

    write_checkpoint(tmp_path, stream(), shard_bytes=4 * 100 * 5)
    assert len(list(tmp_path.glob("model-*.safetensors"))) == 6
    assert most <= 5 + 1  # a whole shard, and the tensor that begins the next one


def test_tensors_take_the_number_format_of_another_checkpoint(
    tiny_model: Path, tmp_path: Path, ada: AgentWeights
) -> None:
    base, merged = tmp_path / "base", tmp_path / "merged"
    load(tiny_model).to(torch.bfloat16).save_pretrained(base)
    merged.mkdir()
    tensors = dict(agent_state(str(base), ada))
    write_checkpoint(merged, iter(tensors.items()), shard_bytes=2**30, like=base)
    written = load_file(merged / WEIGHTS)
    assert {tensor.dtype for tensor in written.values()} == {torch.bfloat16}
    assert all(torch.equal(written[name], tensors[name].bfloat16()) for name in tensors)


def test_a_stream_that_is_another_model_is_refused(tiny_model: Path, tmp_path: Path) -> None:
    tensors = load_file(tiny_model / WEIGHTS)
    cases = {
        r"shape 7 has no place in a model such as": tensors | {"model.norm.weight": torch.zeros(7)},
        r"tensor extra of shape 1 has no place": tensors | {"extra": torch.zeros(1)},
        r"1 tensors of .* are missing, for example model\.norm\.weight": {
            name: tensor for name, tensor in tensors.items() if name != "model.norm.weight"
        },
    }
    for words, stream in cases.items():
        with pytest.raises(ModelError, match=words):
            write_checkpoint(tmp_path, iter(stream.items()), shard_bytes=2**30, like=tiny_model)
