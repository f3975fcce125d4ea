#!/usr/bin/env python3
"""muon.py - the numbers in muon.json, from torch.optim.Muon (PyTorch 2.9 or later).

torch.optim.Muon rounds the gradient to bfloat16 before Newton and Schulz.  Here it keeps float64: its own
source is taken with that one rounding removed, so everything else is PyTorch's.
"""
import inspect
import json
import os

import torch
import torch.optim._muon as muon

source = inspect.getsource(muon._zeropower_via_newtonschulz)
assert source.count("dtype=torch.bfloat16") == 1
exec(source.replace("dtype=torch.bfloat16", "dtype=grad.dtype"), muon.__dict__)

SHAPES = [(8, 8), (24, 8), (8, 24), (40, 33), (1, 12), (12, 1)]
STEPS, LR, DECAY, CLIP = 4, 0.02, 0.1, 0.5


def numbers(rows, columns, step):
    """Numbers that C makes as well, exactly: (k^2 31 + k step 17) mod 1009, centered, float32."""
    k = torch.arange(1, rows * columns + 1, dtype=torch.int64).reshape(rows, columns)
    return ((k * k * 31 + k * step * 17) % 1009 - 504).double() / 1024


cases = []
for shape in SHAPES:
    w = torch.nn.Parameter(numbers(*shape, 0))
    optimizer = torch.optim.Muon([w], lr=LR, weight_decay=DECAY, adjust_lr_fn="match_rms_adamw")
    for step in range(1, STEPS + 1):
        w.grad = CLIP * numbers(*shape, step)
        optimizer.step()
    cases.append({"rows": shape[0], "columns": shape[1],
                  "after": [round(x, 9) for x in w.detach().flatten().tolist()]})

with open(os.path.join(os.path.dirname(__file__), "muon.json"), "w") as f:
    json.dump({"steps": STEPS, "lr": LR, "decay": DECAY, "clip": CLIP, "cases": cases}, f)
    f.write("\n")
