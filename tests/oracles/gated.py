"""gated (variants/gated.c): a sigmoid gate for each entry of o, or for each head."""

attend = oracle("grouped")["attend"]


def forward(x, w, d):
    gate = torch.sigmoid(x @ w.g_proj.T)
    if not d.elementwise:
        gate = gate.repeat_interleave(d.E, dim=-1)
    return (attend(x, w, d) * gate) @ w.o_proj.T
