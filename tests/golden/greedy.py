#!/usr/bin/env python3
"""greedy.py >greedy.json - greedy continuations by Transformers (Llama, Mistral), in float32.

Weights are a function of (tensor, entry), as in test_greedy.c: nothing has to be stored.  The prompt
is 7, 8, ..., 18; 200 tokens follow it.  `gap` is the least distance between the two largest logits.
"""
import json

import numpy as np
import torch
import transformers

D, H, F, V, L, T, PROMPT, TOKENS = 48, 6, 80, 97, 2, 256, 12, 200
SPECS = {"mha": (6, None), "gqa:n_kv_heads=2": (2, None), "mqa": (1, None), "window:size=16:n_kv_heads=3": (3, 16)}


def values(tensor, n):
    h = (np.arange(n, dtype=np.uint64) * 2654435761 + tensor * 40503 + 12345) & 0xFFFFFFFF
    h ^= h >> 15
    h = (h * 2246822519) & 0xFFFFFFFF
    h ^= h >> 13
    return (h >> 8).astype(np.float32) / np.float32(1 << 24) - np.float32(0.5)


def names():
    yield "model.embed_tokens"
    for i in range(L):
        for leaf in ("input_layernorm", "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj",
                     "post_attention_layernorm", "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"):
            yield f"model.layers.{i}.{leaf}"
    yield "model.norm"
    yield "lm_head"


def continuation(kv_heads, window):
    common = dict(hidden_size=D, intermediate_size=F, num_hidden_layers=L, num_attention_heads=H,
                  num_key_value_heads=kv_heads, vocab_size=V, max_position_embeddings=T, rms_norm_eps=1e-5,
                  tie_word_embeddings=False, hidden_act="silu", head_dim=D // H)
    if window:
        model = transformers.MistralForCausalLM(transformers.MistralConfig(sliding_window=window, **common))
    else:
        model = transformers.LlamaForCausalLM(transformers.LlamaConfig(**common))
    state = model.state_dict()
    for tensor, name in enumerate(names()):
        at = state[name + ".weight"]
        if at.dim() == 2:
            at.copy_(torch.from_numpy(values(tensor, at.numel()) * np.float32(0.5)).reshape(at.shape))
        else:
            at.fill_(1)
    model.eval()
    token, gap = list(range(7, 7 + PROMPT)), float("inf")
    with torch.no_grad():
        for _ in range(TOKENS):
            logits = model(torch.tensor([token]), use_cache=False).logits[0, -1]
            top = torch.topk(logits, 2).values
            gap = min(gap, float(top[0] - top[1]))
            token.append(int(logits.argmax()))
    return {"tokens": token[PROMPT:], "gap": round(gap, 6)}


print(json.dumps({spec: continuation(*shape) for spec, shape in SPECS.items()}))
