"""interchange.py - small models that Hugging Face Transformers wrote, and the logits it computes with them.

    python3 tests/golden/interchange.py      (torch 2.15, transformers 5.24)

writes tests/golden/interchange/NAME: config.json, safetensors (in bfloat16 or sharded for some), and
logits.json, {"tokens": [...], "logits": [[...], ...]}, computed in float64 from the stored weights.
"""
import json, os

import torch
from transformers import LlamaConfig, LlamaForCausalLM, MistralConfig, MistralForCausalLM

SHAPE = dict(vocab_size=16, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4,
             max_position_embeddings=64, initializer_range=0.5, rms_norm_eps=1e-5)
MODELS = {
    'gqa_llama3': (LlamaConfig, torch.float32, '5GB', dict(num_key_value_heads=2, rope_parameters=dict(
        rope_type='llama3', rope_theta=10000.0, factor=4.0, original_max_position_embeddings=16, low_freq_factor=1.0,
        high_freq_factor=4.0))),
    'mqa_yarn_shards': (LlamaConfig, torch.float32, '6KB', dict(num_key_value_heads=1, rope_parameters=dict(
        rope_type='yarn', rope_theta=10000.0, factor=4.0, original_max_position_embeddings=16))),
    'tied_linear_bfloat16': (LlamaConfig, torch.bfloat16, '5GB', dict(tie_word_embeddings=True, rope_parameters=dict(
        rope_type='linear', rope_theta=10000.0, factor=2.0))),
    'window_float16': (MistralConfig, torch.float16, '5GB', dict(num_key_value_heads=2, sliding_window=5)),
}
tokens = [(i * i + 3 * i + 1) % 16 for i in range(40)]
for i, (name, (kind, dtype, size, settings)) in enumerate(MODELS.items()):
    torch.manual_seed(i)
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'interchange', name)
    model = (LlamaForCausalLM if kind is LlamaConfig else MistralForCausalLM)(
        kind(**(SHAPE | dict(num_key_value_heads=4) | settings))).to(dtype)
    model.save_pretrained(folder, max_shard_size=size)
    os.remove(os.path.join(folder, 'generation_config.json'))
    with torch.no_grad():
        # Read again, because .to(bfloat16) rounds RoPE's frequencies as well, which are no weights.
        model = type(model).from_pretrained(folder, dtype=torch.float32)
        logits = model.double()(torch.tensor([tokens])).logits[0].tolist()
    with open(os.path.join(folder, 'logits.json'), 'w') as f:
        json.dump({'tokens': tokens, 'logits': [[float(f'{x:.7g}') for x in row] for row in logits]}, f)
