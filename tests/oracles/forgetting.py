"""forgetting (variants/forgetting.c): scores get the sum of log f_l over s < l <= t."""

attend = oracle("grouped")["attend"]


def forward(x, w, d):
    log_f = torch.nn.functional.logsigmoid(x @ w.f_proj.T + w.f_bias).mT  # (B, H, T)
    t = torch.arange(d.T)
    between = ((t[None, None] > t[None, :, None]) & (t[None, None] <= t[:, None, None])).to(x.dtype)  # (t, s, l)
    return attend(x, w, d, torch.einsum("tsl,bhl->bhts", between, log_f)) @ w.o_proj.T
