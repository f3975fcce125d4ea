"""mha, mqa, gqa and window (variants/grouped.c): softmax over t - size < s <= t."""


def forward(x, w, d):
    q = rope(heads(x @ w.q_proj.T, d.H), d.theta)
    k = rope(heads(x @ w.k_proj.T, d.n_kv_heads), d.theta)
    v = heads(x @ w.v_proj.T, d.n_kv_heads)
    k, v = (a.repeat_interleave(d.H // d.n_kv_heads, dim=1) for a in (k, v))
    score = q @ k.mT / d.E**0.5
    t = torch.arange(d.T)
    seen = (t[None] <= t[:, None]) & (t[None] > t[:, None] - d.size)
    p = score.masked_fill(~seen, -torch.inf).softmax(-1)
    return merge(p @ v) @ w.o_proj.T
