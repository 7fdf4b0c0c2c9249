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


STEPS = ("It is big.", "It is small and old.", "It may well be so, since many are.")
"""What the taught model writes before it states an answer."""


def build_taught_model(folder: Path, plain: Path) -> Path:
    """The tiny model after some steps on steps and answers that have nothing to do with questions.

    At temperature 1 it states yes or no, each half of the time, so that rules that need right and
    wrong rationales have both, and several for each question.
    """
    import shutil

    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    shutil.copytree(plain, folder, dirs_exist_ok=True)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.0)
    rng = torch.Generator().manual_seed(0)
    for _ in range(150):
        draws = torch.randint(0, 1000, (16, 3), generator=rng).tolist()
        loss = torch.zeros(())
        for number, steps, answer in draws:
            turn = [{"role": "user", "content": f"Is {number % 60} a thing?"}]
            prompt = tokenizer.apply_chat_template(turn, add_generation_prompt=True, tokenize=False)
            said = f"{STEPS[steps % 3]}\n#### {('yes', 'no')[answer % 2]}<|im_end|>"
            head = tokenizer(prompt, add_special_tokens=False)["input_ids"]
            whole = head + tokenizer(said, add_special_tokens=False)["input_ids"]
            labels = torch.tensor([[-100] * len(head) + whole[len(head) :]])
            loss = loss + model(torch.tensor([whole]), labels=labels).loss / len(draws)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    model.save_pretrained(folder)
    return folder
