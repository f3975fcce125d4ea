#!/usr/bin/env python3
"""shift_muon.py - the cases shift (model.token_shift=half) and muon (train.optimizer=muon), from PyTorch in float64.

    python3 tests/cases/shift_muon.py        (PyTorch 2.9 or later, safetensors)

README.md describes the format.  Weights are rounded to float32 first, so that both programs begin with the same.
"""
import inspect
import math
import os

import torch
import torch.optim._muon as torch_muon
from safetensors.torch import save_file
from torch.nn import functional

torch.set_default_dtype(torch.float64)

# torch.optim.Muon rounds to bfloat16; without that one cast it keeps float64.
source = inspect.getsource(torch_muon._zeropower_via_newtonschulz)
assert source.count("dtype=torch.bfloat16") == 1
exec(source.replace("dtype=torch.bfloat16", "dtype=grad.dtype"), torch_muon.__dict__)

SETTINGS = {"vocab": 64, "dim": 32, "layers": 2, "heads": 4, "kv_heads": 2, "head_dim": 8, "ffn": 48, "seq": 24,
            "batch": 2, "tied": 0, "window": 0, "norm_eps": 1e-5, "rope_theta": 10000.0, "rope_scaling": "none",
            "rope_factor": 1.0, "original_context": 0, "lr": 1e-2, "beta1": 0.9, "beta2": 0.95, "adam_eps": 1e-5,
            "weight_decay": 0.1, "clip": 1.0, "steps": 3, "token_shift": "none", "optimizer": "adamw"}


def start(s, random):
    """The parameters by name."""
    dim, q, kv, ffn = s["dim"], s["heads"] * s["head_dim"], s["kv_heads"] * s["head_dim"], s["ffn"]
    matrices = {"model.embed_tokens": (s["vocab"], dim)}
    gains = ["model.norm"]
    for i in range(s["layers"]):
        at = f"model.layers.{i}."
        matrices |= {at + "self_attn.q_proj": (q, dim), at + "self_attn.k_proj": (kv, dim),
                     at + "self_attn.v_proj": (kv, dim), at + "self_attn.o_proj": (dim, q),
                     at + "mlp.gate_proj": (ffn, dim), at + "mlp.up_proj": (ffn, dim), at + "mlp.down_proj": (dim, ffn)}
        gains += [at + "input_layernorm", at + "post_attention_layernorm"]
    if not s["tied"]:
        matrices["lm_head"] = (s["vocab"], dim)
    w = {name: torch.randn(shape, generator=random) / math.sqrt(shape[1]) for name, shape in matrices.items()}
    w |= {name: 1 + 0.1 * torch.randn(dim, generator=random) for name in gains}
    return {name + ".weight": x.float().double().requires_grad_() for name, x in w.items()}


def turn(x, s):
    """RoPE of x (batch, heads, positions, head_dim), by halves."""
    half = s["head_dim"] // 2
    angle = torch.outer(torch.arange(x.shape[2]).double(), s["rope_theta"] ** (-torch.arange(half) / half))
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * angle.cos() - b * angle.sin(), b * angle.cos() + a * angle.sin()], -1)


def logits_of(w, s, ids):
    """(batch, positions, vocab)"""
    def norm(x, name):
        return x / (x.square().mean(-1, keepdim=True) + s["norm_eps"]).sqrt() * w[name + ".weight"]

    def linear(x, name):
        return x @ w[name + ".weight"].T

    B, T = ids.shape
    x = w["model.embed_tokens.weight"][ids]
    if s["token_shift"] == "half":
        before = functional.pad(x, (0, 0, 1, 0))[:, :T]
        x = x + 0.5 * before.roll(s["dim"] // 2, -1)
    for i in range(s["layers"]):
        at = f"model.layers.{i}."
        h = norm(x, at + "input_layernorm")
        q, k, v = (linear(h, f"{at}self_attn.{n}_proj").view(B, T, -1, s["head_dim"]).transpose(1, 2) for n in "qkv")
        groups = s["heads"] // s["kv_heads"]
        k, v = turn(k, s).repeat_interleave(groups, 1), v.repeat_interleave(groups, 1)
        seen = functional.scaled_dot_product_attention(turn(q, s), k, v, is_causal=True)
        x = x + linear(seen.transpose(1, 2).reshape(B, T, -1), at + "self_attn.o_proj")
        h = norm(x, at + "post_attention_layernorm")
        x = x + linear(functional.silu(linear(h, at + "mlp.gate_proj")) * linear(h, at + "mlp.up_proj"), at + "mlp.down_proj")
    return linear(norm(x, "model.norm"), "model.embed_tokens" if s["tied"] else "lm_head")


def optimizers(w, s):
    """AdamW, and Muon for the matrices of the layers if the case asks for it."""
    to_muon = {n for n, x in w.items() if s["optimizer"] == "muon" and ".layers." in n and x.dim() == 2}
    groups = [{"params": [x for n, x in w.items() if n not in to_muon and x.dim() == rank],
               "weight_decay": s["weight_decay"] if rank == 2 else 0} for rank in (1, 2)]
    made = [torch.optim.AdamW(groups, lr=s["lr"], betas=(s["beta1"], s["beta2"]), eps=s["adam_eps"])]
    if to_muon:
        made.append(torch.optim.Muon([w[n] for n in sorted(to_muon)], lr=s["lr"], weight_decay=s["weight_decay"],
                                     adjust_lr_fn="match_rms_adamw"))
    return made


def write(name, seed, **changes):
    s = SETTINGS | changes
    random = torch.Generator().manual_seed(seed)
    w = start(s, random)
    ids = torch.randint(s["vocab"], (s["batch"], s["seq"] + 1), generator=random)
    tokens, targets = ids[:, :-1], ids[:, 1:].clone()
    targets[0, 5] = targets[1, 0] = -1

    def loss_of():
        return functional.cross_entropy(logits_of(w, s, tokens).flatten(0, 1), targets.flatten(), ignore_index=-1)

    out = {"weight." + n: x.detach().clone() for n, x in w.items()}
    loss = loss_of()
    loss.backward()
    out |= {"grad." + n: x.grad.clone() for n, x in w.items()}
    out["loss"] = loss.detach().reshape(1)
    out["grad_norm"] = torch.cat([x.grad.flatten() for x in w.values()]).norm().reshape(1)
    with torch.no_grad():
        out["logits"] = logits_of(w, s, tokens)
        greedy = tokens[:1, :8]
        while greedy.shape[1] < s["seq"]:
            greedy = torch.cat([greedy, logits_of(w, s, greedy)[:, -1:].argmax(-1)], 1)
    losses, update = [], optimizers(w, s)
    for _ in range(s["steps"]):
        for x in w.values():
            x.grad = None
        loss = loss_of()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(list(w.values()), s["clip"])
        for one in update:
            one.step()
        losses.append(loss.detach())
    out["step_losses"] = torch.stack(losses)
    out |= {"after." + n: x.detach() for n, x in w.items()}
    out = {n: x.float().contiguous() for n, x in out.items()}
    out |= {"input_ids": tokens.int().contiguous(), "target_ids": targets.int(), "greedy_ids": greedy[0].int()}
    save_file(out, os.path.join(os.path.dirname(__file__), name + ".safetensors"), {k: str(x) for k, x in s.items()})


write("shift", 14, token_shift="half")
write("shift_tied", 15, token_shift="half", tied=1)
write("muon", 16, optimizer="muon", token_shift="half")
