"""delta and gated-delta (variants/delta.c): the recurrence, position by position."""


def forward(x, w, d):
    silu, pad = torch.nn.functional.silu, torch.nn.functional.pad

    def input(name):
        p = x @ getattr(w, name + "_proj").T
        if d.conv:
            taps = getattr(w, name + "_conv1d")
            p = torch.nn.functional.conv1d(pad(p.mT, (3, 0)), taps, groups=len(taps)).mT
        return heads(silu(p), d.H)

    def unit(a):
        return a * torch.rsqrt(a.pow(2).sum(-1, keepdim=True) + 1e-6)

    q, k, v = unit(input("q")), unit(input("k")), input("v")
    beta = d.beta_max * torch.sigmoid(x @ w.b_proj.T).mT[..., None]
    decay = torch.zeros_like(beta)
    if d.gated:
        step = torch.nn.functional.softplus(x @ w.a_proj.T + w.dt_bias)
        decay = (-w.A_log.exp() * step).mT[..., None]
    S, o = torch.zeros(len(x), d.H, d.E, v.shape[-1], dtype=x.dtype), []
    for t in range(d.T):
        S = decay[:, :, t, :, None].exp() * S
        r = v[:, :, t] - (S * k[:, :, t, :, None]).sum(-2)
        S = S + k[:, :, t, :, None] * (beta[:, :, t] * r)[..., None, :]
        o.append((S * q[:, :, t, :, None]).sum(-2) / d.E**0.5)
    y = merge(rmsnorm(torch.stack(o, 2), w.o_norm))
    return (silu(x @ w.g_proj.T) * y if d.gated else y) @ w.o_proj.T
