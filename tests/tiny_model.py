"""A tiny Llama with random weights, saved as a model folder like any other.

The tokenizer is byte-level BPE trained on a few arithmetic sentences, with a ChatML-like template,
so that prompts, stop tokens and decoding behave as with a real model. Hidden size 64 with head size
32 is the smallest that vLLM's CPU attention kernels accept.
"""

from pathlib import Path

CHAT_TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] "
    "+ '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def build_tiny_model(folder: Path, *, seed: int = 0, chat_template: bool = True) -> Path:
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|pad|>"]
    corpus = [
        f"What is {a} + {b}? {a} + {b} = {a + b}. #### {a + b}"
        for a in range(20)
        for b in range(20)
    ]
    trainer = trainers.BpeTrainer(
        vocab_size=512, special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False,
    )  # fmt: skip
    tokenizer.train_from_iterator(corpus, trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<|endoftext|>",
        eos_token="<|im_end|>",
        pad_token="<|pad|>",
    )
    if chat_template:
        fast.chat_template = CHAT_TEMPLATE
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=512, hidden_size=64, intermediate_size=128, num_hidden_layers=2,
        num_attention_heads=2, num_key_value_heads=1, head_dim=32, max_position_embeddings=1024,
        bos_token_id=fast.bos_token_id, eos_token_id=fast.eos_token_id,
        pad_token_id=fast.pad_token_id, tie_word_embeddings=True, initializer_range=0.2,
    )  # fmt: skip
    model = LlamaForCausalLM(config)
    model.save_pretrained(folder)
    fast.save_pretrained(folder)
    return folder


STEPS = ("It is big.", "It is old.", "It is so small.")
"""What the taught model writes before it states an answer."""
HINTS = ("", "", "\n\nIt is yes.", "\n\nIt is no.")


def build_taught_model(folder: Path, plain: Path) -> Path:
    """The tiny model after some steps on steps and answers that have nothing to do with questions.

    It states yes or no, each about half of the time, so that rules that need right and wrong
    rationales have both, and several for each question.
    """
    import shutil

    import torch
    from torch.nn.utils.rnn import pad_sequence
    from transformers import AutoModelForCausalLM, AutoTokenizer

    shutil.copytree(plain, folder, dirs_exist_ok=True)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.0)
    rng = torch.Generator().manual_seed(0)

    def ids(text: str) -> torch.Tensor:
        return torch.tensor(tokenizer(text, add_special_tokens=False)["input_ids"])

    for _ in range(400):
        whole, labels = [], []
        for number, steps, answer, hint in torch.randint(0, 6000, (16, 4), generator=rng).tolist():
            asked = f"Is {number % 60} a thing?{HINTS[hint % len(HINTS)]}"
            turn = [{"role": "user", "content": asked}]
            head = ids(
                tokenizer.apply_chat_template(turn, add_generation_prompt=True, tokenize=False)
            )
            said = ids(f"{STEPS[steps % 3]}\n#### {('yes', 'no')[answer % 2]}<|im_end|>")
            whole.append(torch.cat([head, said]))
            labels.append(torch.cat([torch.full_like(head, -100), said]))
        padded = pad_sequence(whole, batch_first=True)
        mask = pad_sequence([torch.ones_like(one) for one in whole], batch_first=True)
        of = pad_sequence(labels, batch_first=True, padding_value=-100)
        model(padded, attention_mask=mask, labels=of).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    model.save_pretrained(folder)
    return folder
