"""mha, mqa, gqa and window (variants/grouped.c), and attend, which other variants use as well."""


def slopes(n):
    """Slopes of ALiBi: a geometric sequence for a power of two, else that of the power below n and
    then every second one of the power above."""
    if n & (n - 1) == 0:
        return [2.0 ** (-8 * k / n) for k in range(1, n + 1)]
    below = 1 << (n.bit_length() - 1)
    return slopes(below) + slopes(2 * below)[0::2][: n - below]


def attend(x, w, d, bias=None):
    """o (B, T, H E); bias (B, H, T, T) is added to the scores."""
    q, k, v = heads(x @ w.q_proj.T, d.H), heads(x @ w.k_proj.T, d.n_kv_heads), heads(x @ w.v_proj.T, d.n_kv_heads)
    if d.qk_norm:
        q, k = rmsnorm(q, w.q_norm), rmsnorm(k, w.k_norm)
    if d.rope and not d.alibi:
        q, k = rope(q, d.theta), rope(k, d.theta)
    k, v = (a.repeat_interleave(d.H // d.n_kv_heads, dim=1) for a in (k, v))
    score = q @ k.mT / d.E**0.5
    if d.softcap:
        score = d.softcap * torch.tanh(score / d.softcap)
    t = torch.arange(d.T)
    distance = t[:, None] - t[None]
    if d.alibi:
        score = score - torch.tensor(slopes(d.H), dtype=x.dtype)[:, None, None] * distance
    if bias is not None:
        score = score + bias
    score = score.masked_fill((distance < 0) | (distance >= d.size), -torch.inf)
    if d.sink:
        column = w.sinks[None, :, None, None].expand(d.B, d.H, d.T, 1)
        score = torch.cat([score, column], -1)
    p = score.softmax(-1)[..., : d.T]
    return merge(p @ v)


def forward(x, w, d):
    return attend(x, w, d) @ w.o_proj.T
