"""latent (variants/latent.c): multi-head latent attention, keys and values expanded."""


def forward(x, w, d):
    C, R = d.kv_lora_rank or 4 * d.E, d.qk_rope_head_dim or max(d.E // 4 * 2, 2)
    if d.q_lora_rank:
        q = rmsnorm(x @ w.q_a_proj.T, w.q_a_layernorm, 1e-6) @ w.q_b_proj.T
    else:
        q = x @ w.q_proj.T
    c, kr = (x @ w.kv_a_proj_with_mqa.T).split([C, R], -1)
    q, qr = heads(q, d.H).split([d.E, R], -1)
    k, v = heads(rmsnorm(c, w.kv_a_layernorm, 1e-6) @ w.kv_b_proj.T, d.H).chunk(2, -1)
    score = q @ k.mT + rope(qr, d.theta) @ rope(kr, d.theta)[:, None].mT
    mask = torch.ones(d.T, d.T).tril() == 0
    p = (score / (d.E + R) ** 0.5).masked_fill(mask, -torch.inf).softmax(-1)
    return merge(p @ v) @ w.o_proj.T
