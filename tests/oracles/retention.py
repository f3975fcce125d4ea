"""retention (variants/retention.c): with all pairs of positions written out."""


def forward(x, w, d):
    q = rope(heads(x @ w.q_proj.T, d.H), d.theta)
    k = rope(heads(x @ w.k_proj.T, d.H), d.theta)
    v = heads(x @ w.v_proj.T, d.H)
    if d.gated:
        a = torch.nn.functional.logsigmoid(x @ w.a_proj.T).mT[..., None] / 16
    else:
        a = torch.log(1 - 2.0 ** (-5 - torch.arange(d.H, dtype=x.dtype)))[:, None, None].expand(d.H, d.T, 1)
    since = a.cumsum(-2) - a.cumsum(-2).mT
    o = ((q @ k.mT / d.E**0.5) * since.exp()).tril() @ v
    o = torch.nn.functional.layer_norm(o, o.shape[-1:], eps=1e-6)
    return (torch.nn.functional.silu(x @ w.g_proj.T) * merge(o)) @ w.o_proj.T
