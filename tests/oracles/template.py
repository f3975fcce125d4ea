"""template (variants/template.c): the mean of the values so far."""


def forward(x, w, d):
    v = x @ w.v_proj.T
    count = torch.arange(1, d.T + 1, dtype=x.dtype)[:, None]
    return v.cumsum(1) / count @ w.o_proj.T
