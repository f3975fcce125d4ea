#!/usr/bin/env python3
"""Compare one layer of an attention variant, values and gradients, with PyTorch in float64.

    tools/torch_oracle.py gqa:n_kv_heads=2             compare; needs build/tests/reference
    tools/torch_oracle.py gqa:n_kv_heads=2 --write     and keep the case for the tests

Write the variant's forward pass once more, in about ten lines of PyTorch, as tests/oracles/FILE.py,
where variants/FILE.c is the file of the variant:

    def forward(x, w, d):          # x (B, T, D); returns y (B, T, D)
        q = rope(heads(x @ w.q_proj.T, d.H), d.theta)
        ...

w has the parameters by name, as the variant declares them. d has the sizes B, T, D, H and E, layer
(counted from 0) and L, theta (the base of RoPE), and every option of the variant by its name. PyTorch finds the gradients. These
need no import: torch, heads, merge, rope and rmsnorm (below), and oracle("FILE")["NAME"],
which is a function of another of these files.

Three steps, and a file for each: `reference --inputs CASE SPEC` writes random inputs x, dy and w.NAME;
this program adds y, dx and dw.NAME; `reference CASE` compares. tests/cases/README.md describes the
file. With --write it is kept as tests/cases/layers/SPEC.safetensors (commas for colons): add SPEC to
the list of layers in tests/meson.build, and the tests will check it without PyTorch.

Needs torch, safetensors and numpy.
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile
import types

try:
    import torch
    from safetensors import safe_open
    from safetensors.torch import save_file
except ImportError as missing:
    sys.exit(f"torch_oracle: this needs PyTorch and safetensors: {missing}\n"
             "  python3 -m venv venv && venv/bin/pip install torch safetensors numpy")

ROOT = pathlib.Path(__file__).resolve().parent.parent


def heads(x, n):
    """(B, T, n * width) -> (B, n, T, width)"""
    return x.unflatten(-1, (n, -1)).transpose(1, 2)


def merge(x):
    """(B, n, T, width) -> (B, T, n * width)"""
    return x.transpose(1, 2).flatten(2)


def rope(x, theta):
    """Turn x (..., T, width) by its position: halves a and b become a cos - b sin, b cos + a sin."""
    T, width = x.shape[-2:]
    angle = torch.outer(torch.arange(T, dtype=x.dtype),
                        theta ** (-2 * torch.arange(width // 2, dtype=x.dtype) / width))
    a, b = x.chunk(2, -1)
    return torch.cat([a * angle.cos() - b * angle.sin(), b * angle.cos() + a * angle.sin()], -1)


def rmsnorm(x, gain=1, eps=1e-5):
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + eps) * gain


def oracle(variant_file):
    """The names that tests/oracles/FILE.py defines."""
    path = ROOT / "tests/oracles" / (pathlib.Path(variant_file).stem + ".py")
    if not path.exists():
        sys.exit(f"torch_oracle: there is no {path.relative_to(ROOT)}: write it, as {sys.argv[0]} --help says")
    names = dict(torch=torch, heads=heads, merge=merge, rope=rope, rmsnorm=rmsnorm, oracle=oracle)
    exec(compile(path.read_text(), str(path), "exec"), names)
    return names


def answer(path):
    """Add the results to a case that has inputs only."""
    with safe_open(path, "pt") as f:
        settings, case = f.metadata(), {name: f.get_tensor(name) for name in f.keys()}
    d = types.SimpleNamespace(theta=float(settings["rope_theta"]), **{s: int(settings[s]) for s in ("B", "T", "D", "H", "E", "layer", "L")})
    for option in filter(None, settings["options"].split(",")):
        name, value = option.split("=")
        setattr(d, name, int(value) if float(value).is_integer() else float(value))
    leaf = {name: t.double().requires_grad_() for name, t in case.items() if name == "x" or name.startswith("w.")}
    w = types.SimpleNamespace(**{name[2:]: t for name, t in leaf.items() if name != "x"})
    y = oracle(settings["file"])["forward"](leaf["x"], w, d)
    gradient = torch.autograd.grad(y, list(leaf.values()), case["dy"].double(), materialize_grads=True)
    case["y"] = y.detach()
    case.update({"d" + name: g for name, g in zip(leaf, gradient)})
    save_file({name: t.float().contiguous() for name, t in case.items()}, path, settings)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("spec", metavar="SPEC", help="the variant, with options: gqa:n_kv_heads=2")
    parser.add_argument("--sizes", default="", metavar="LIST", help="other sizes: B=2,T=71,D=20,H=4,E=8,layer=1,L=3")
    parser.add_argument("--build", default=ROOT / "build", metavar="FOLDER", type=pathlib.Path)
    parser.add_argument("--write", action="store_true", help="keep the case in tests/cases/layers")
    given = parser.parse_args()
    program = given.build / "tests/reference"
    if not program.exists():
        sys.exit(f"torch_oracle: there is no {program}: run `ninja -C {given.build} tests/reference`")
    with tempfile.TemporaryDirectory() as folder:
        case = pathlib.Path(folder) / (given.spec.replace(":", ",") + ".safetensors")
        if subprocess.run([program, "--inputs", case, given.spec, given.sizes]).returncode:
            sys.exit(1)
        answer(case)
        status = subprocess.run([program, case]).returncode
        if status == 0 and given.write:
            kept = ROOT / "tests/cases/layers" / case.name
            kept.write_bytes(case.read_bytes())
            print(f"wrote {kept.relative_to(ROOT)}: list it under \"layer\" in tests/meson.build")
    sys.exit(status)


if __name__ == "__main__":
    main()
