"""shared (variants/shared.c): the layers of a group, all with the input x, and the sum of their updates.

The layers of the group are numbered from the one that makes k and v: q_proj_0, k_proj_0, q_proj_1, ...
"""


def forward(x, w, d):
    first = d.layer - d.layer % d.every
    k = rope(heads(x @ w.k_proj_0.T, d.n_kv_heads), d.theta).repeat_interleave(d.H // d.n_kv_heads, 1)
    v = heads(x @ w.v_proj_0.T, d.n_kv_heads).repeat_interleave(d.H // d.n_kv_heads, 1)
    y = 0
    for j in range(min(d.every, d.L - first)):
        q = rope(heads(x @ getattr(w, f"q_proj_{j}").T, d.H), d.theta)
        o = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        y = y + merge(o) @ getattr(w, f"o_proj_{j}").T
    return y
