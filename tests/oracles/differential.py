"""differential (variants/differential.c): the difference of two maps, normed for each head."""


def forward(x, w, d):
    q, k = (rope(heads(x @ a.T, d.H), d.theta) for a in (w.q_proj, w.k_proj))
    v = heads(x @ w.v_proj.T, d.H // 2)
    score = q @ k.mT / d.E**0.5
    t = torch.arange(d.T)
    p = score.masked_fill(t[None] > t[:, None], -torch.inf).softmax(-1).unflatten(1, (-1, 2))
    start = 0.8 - 0.6 * torch.exp(torch.tensor(-0.3 * d.layer, dtype=x.dtype))
    by = torch.exp(w.lambda_q1 @ w.lambda_k1) - torch.exp(w.lambda_q2 @ w.lambda_k2) + start
    o = (p[:, :, 0] - by * p[:, :, 1]) @ v
    return merge(rmsnorm(o, w.subln) * (1 - start)) @ w.o_proj.T
