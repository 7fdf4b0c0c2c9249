"""Small tokenizers in the ways of well-known families, each with that family's chat template.

They differ in what matters at the seam between template and text: spaces put before a text,
control tokens in the vocabulary that texts are tokenised with, or that are not "special", tokens
that take white space beside them, texts normalised before tokens are looked for.
"""

from collections.abc import Callable
from typing import Any

from tokenizers import (
    AddedToken,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)
from transformers import ByT5Tokenizer, PreTrainedTokenizerFast

CORPUS = [
    f"What is {number} plus {number}? The user says: it is so. #### {number}\n\nA) red\nB) blue"
    for number in range(60)
]
TURNS = "{% for message in messages %}{{ TURN }}{% endfor %}"
CHATML = (
    TURNS.replace(
        "TURN", "'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n'"
    )
    + "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def chatml() -> Any:
    """Byte-level BPE; reasoning and tool marks are added tokens that are not special."""
    tokenizer = _byte_level(["<|endoftext|>", "<|im_start|>", "<|im_end|>"])
    tokenizer.add_tokens(["<think>", "</think>", "<tool_call>", "<|fim_prefix|>", "   "])
    tools = "{% if tools %}{{ '<tool_call>' }}{% endif %}"
    thinking = "{% if thinking %}{{ '<think>\n</think>' }}{% endif %}"
    return _fast(tokenizer, tools + CHATML + thinking, bos=None, eos="<|im_end|>")


def headers() -> Any:
    """Byte-level BPE as in Llama 3: contents are trimmed, the template has the first token."""
    special = ["<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]
    tokenizer = _byte_level(special)
    first = special[0]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{first} $A", special_tokens=[(first, tokenizer.token_to_id(first))]
    )
    turn = (
        "'<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'"
        " + message['content'] | trim + '<|eot_id|>'"
    )
    template = "{{ bos_token }}" + TURNS.replace("TURN", turn)
    template += "{% if add_generation_prompt %}"
    template += "{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"
    return _fast(tokenizer, template, bos=first, eos="<|eot_id|>")


def role_names() -> Any:
    """Byte-level BPE as in DeepSeek and Phi: markers that are no special tokens, one of them made
    of the role's name, and tokens that take the white space behind them."""
    tokenizer = _byte_level(["<｜end｜>"])
    tokenizer.add_special_tokens([AddedToken("<|end|>", rstrip=True, special=True)])
    tokenizer.add_tokens(["<user>", "<assistant>", "<system>", "<｜tool｜>"])
    template = TURNS.replace(
        "TURN", "'<' + message['role'] + '>' + message['content'] + '<|end|>\n'"
    )
    template += "{% if add_generation_prompt %}{{ '<assistant>' }}{% endif %}"
    return _fast(tokenizer, template, bos=None, eos="<｜end｜>")


def turns_of_a_vocabulary() -> Any:
    """BPE of SentencePiece as in Gemma: control tokens stand in the vocabulary of the model."""
    special = ["<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>"]
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True))
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    _train(tokenizer, special + [f"<0x{byte:02X}>" for byte in range(256)])
    tokenizer = _with_special(tokenizer, special)
    tokenizer.add_tokens(["\n\n", "▁▁"])
    turn = (
        "'<start_of_turn>' + ('model' if message['role'] == 'assistant' else message['role'])"
        " + '\n' + message['content'] | trim + '<end_of_turn>\n'"
    )
    template = "{{ bos_token }}" + TURNS.replace("TURN", turn)
    template += "{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}"
    return _fast(tokenizer, template, bos="<bos>", eos="<eos>", unk="<unk>", pad="<pad>")


def instructions(scheme: str = "first") -> Any:
    """BPE with Metaspace as in Mistral and Llama 2: a space is put before what a text begins with,
    and the system message is put into the first turn."""
    special = ["<unk>", "<s>", "</s>"]
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=scheme, split=False)
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    _train(tokenizer, special + [f"<0x{byte:02X}>" for byte in range(256)])
    tokenizer = _with_special(tokenizer, special)
    tokenizer.add_special_tokens(["[INST]", "[/INST]"])
    template = (
        "{{ bos_token }}{% for message in messages %}"
        "{% if message['role'] == 'system' %}{% set ns.system = message['content'] + '\n\n' %}"
        "{% elif message['role'] == 'user' %}"
        "{{ '[INST] ' + ns.system + message['content'] + ' [/INST]' }}"
        "{% set ns.system = '' %}"
        "{% else %}{{ ' ' + message['content'] + eos_token }}{% endif %}{% endfor %}"
    )
    template = "{% set ns = namespace(system='') %}" + template
    return _fast(tokenizer, template, bos="<s>", eos="</s>", unk="<unk>")


def spaces_before_all() -> Any:
    """As `instructions`, with a space put before the text behind each token of the template."""
    return instructions("always")


def unigrams() -> Any:
    """Unigrams as in T5: the model itself finds its special tokens in a text; no template."""
    pieces = sorted(
        {character for line in CORPUS for character in line.replace(" ", "▁")} | set("<>/|[]_")
    )
    vocabulary = [
        ("<pad>", 0.0),
        ("</s>", 0.0),
        ("<unk>", 0.0),
        *((piece, -3.0) for piece in pieces),
    ]
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=2))
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.add_special_tokens(["<pad>", "</s>", "<unk>"])
    tokenizer.add_special_tokens([AddedToken("<extra>", normalized=True, special=True)])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", 1)]
    )
    return _fast(tokenizer, None, bos=None, eos="</s>", unk="<unk>", pad="<pad>")


def bytes_alone() -> Any:
    """Bytes as in ByT5: a tokenizer in Python, which puts its last token behind a text."""
    return ByT5Tokenizer(extra_ids=3)


def bytes_with_template() -> Any:
    tokenizer = bytes_alone()
    tokenizer.chat_template = CHATML.replace("<|im_start|>", "<extra_id_0>").replace(
        "<|im_end|>", "</s>"
    )
    return tokenizer


FAMILIES: dict[str, Callable[[], Any]] = {
    family.__name__: family
    for family in (
        chatml, headers, role_names, turns_of_a_vocabulary, instructions, spaces_before_all,
        unigrams, bytes_alone, bytes_with_template,
    )
}  # fmt: skip


def _byte_level(special: list[str]) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    _train(tokenizer, special)
    return tokenizer


def _train(tokenizer: Tokenizer, special: list[str]) -> None:
    trainer = trainers.BpeTrainer(
        vocab_size=700, special_tokens=special, show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )  # fmt: skip
    tokenizer.train_from_iterator(CORPUS, trainer)


def _with_special(tokenizer: Tokenizer, special: list[str]) -> Tokenizer:
    """The tokenizer with these special tokens alone: bytes are a vocabulary, not added tokens."""
    import json

    parts = json.loads(tokenizer.to_str())
    parts["added_tokens"] = [
        token for token in parts["added_tokens"] if token["content"] in special
    ]
    return Tokenizer.from_str(json.dumps(parts))


def _fast(
    tokenizer: Tokenizer, template: str | None, *, bos: str | None, eos: str,
    unk: str | None = None, pad: str | None = None,
) -> Any:  # fmt: skip
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token=bos, eos_token=eos, unk_token=unk, pad_token=pad
    )
    fast.chat_template = template
    return fast
