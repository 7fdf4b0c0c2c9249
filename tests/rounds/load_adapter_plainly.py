"""Print greedy tokens of the base, of the adapter in peft, and of the adapter in vLLM, as JSON.

python load_adapter_plainly.py MODEL_FOLDER ADAPTER_FOLDER
"""

import json
import os
import sys

os.environ.update(
    VLLM_ENABLE_V1_MULTIPROCESSING="0", VLLM_CPU_KVCACHE_SPACE="1", VLLM_LOGGING_LEVEL="ERROR",
    TORCHDYNAMO_DISABLE="1", HF_HUB_OFFLINE="1",
)  # fmt: skip

PROMPT = list(range(40, 60))
TOKENS = 8


def main(model_folder: str, adapter_folder: str) -> None:
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM
    from vllm import LLM, SamplingParams
    from vllm.lora.request import LoRARequest

    model = AutoModelForCausalLM.from_pretrained(model_folder, dtype=torch.float32)
    ids = torch.tensor([PROMPT])
    greedy = {"max_new_tokens": TOKENS, "min_new_tokens": TOKENS, "do_sample": False}
    base = model.generate(ids, **greedy)[0, len(PROMPT) :].tolist()
    adapted = PeftModel.from_pretrained(model, adapter_folder)
    peft = adapted.generate(input_ids=ids, **greedy)[0, len(PROMPT) :].tolist()
    engine = LLM(
        model_folder, dtype="float32", max_model_len=256, enforce_eager=True, enable_lora=True,
        max_lora_rank=64, max_num_seqs=4,
    )  # fmt: skip
    output = engine.generate(
        [{"prompt_token_ids": PROMPT}],
        SamplingParams(temperature=0, max_tokens=TOKENS, min_tokens=TOKENS),
        lora_request=LoRARequest("agent", 1, adapter_folder),
        use_tqdm=False,
    )
    print(json.dumps([base, peft, list(output[0].outputs[0].token_ids)]))


if __name__ == "__main__":
    main(*sys.argv[1:])
