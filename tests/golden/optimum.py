#!/usr/bin/env python3
"""optimum.py - the numbers in optimum.json, by NumPy's least squares and SciPy.

    python3 -m venv v && v/bin/pip install scipy && v/bin/python optimum.py

y = c_seed + b1 l + b2 l^2 is fitted with a column for each seed.  The ends of the interval are where the t-test of "the vertex is
at u", that is of b1 + 2 u b2 = 0, has p = 0.05, found by bisection.  Nothing is shared with analysis/statistics/optimum.c.
"""
import json
import os

import numpy as np
import scipy
from scipy.optimize import brentq
from scipy.stats import t as student


def optimum(x, y, largest):
    sign = -1 if largest else 1
    mean = y.mean(axis=1)  # NaN where a seed has no result
    best = int(np.nanargmin(sign * mean))
    out = {"edge": 1 if best == 0 else 2 if best == len(x) - 1 else 0}
    side = 0
    while side < 2 and best - side - 1 >= 0 and best + side + 1 < len(x) and np.isfinite(mean[best - side - 1] + mean[best + side + 1]):
        side += 1
    out.update(optimum=x[best], fitted=0)
    if side == 0:
        return out
    rows = range(best - side, best + side + 1)
    seeds = y.shape[1]
    l = np.repeat(np.log(x[list(rows)]), seeds)
    design = np.column_stack([np.tile(np.eye(seeds), (len(rows), 1)), l, l * l])
    values = y[list(rows)].ravel()
    b = np.linalg.lstsq(design, values, rcond=None)[0]
    u = -b[-2] / (2 * b[-1])
    if sign * b[-1] <= 0 or not np.log(x[best - 1]) <= u <= np.log(x[best + 1]):
        return out
    df = len(values) - seeds - 2
    out.update(optimum=np.exp(u), fitted=1, value=b[:seeds].mean() + b[-2] * u + b[-1] * u * u, lo=None, hi=None)
    if df == 0:
        return out
    s2 = ((values - design @ b) ** 2).sum() / df
    cov = s2 * np.linalg.inv(design.T @ design)
    critical = student.ppf(0.975, df)

    def excess(at):
        g = np.zeros(seeds + 2)
        g[-2], g[-1] = 1, 2 * at
        return abs(g @ b) - critical * np.sqrt(g @ cov @ g)

    if abs(b[-1]) <= critical * np.sqrt(cov[-1, -1]):
        return out
    far = 1.0
    while excess(u - far) < 0 or excess(u + far) < 0:
        far *= 2
    out.update(lo=np.exp(brentq(excess, u - far, u, xtol=1e-13)), hi=np.exp(brentq(excess, u, u + far, xtol=1e-13)))
    return out


def main():
    rng = np.random.default_rng(7)
    cases = []
    for name, points, seeds, best, noise, largest, wall in [
            ("plain", 5, 2, 2e-3, 0.01, False, 0), ("many seeds", 7, 6, 1.5e-3, 0.03, False, 0), ("one seed", 7, 1, 3e-3, 0.01, False, 0),
            ("near an end", 5, 3, 1.1e-3, 0.01, False, 0), ("at the lower edge", 5, 2, 2e-4, 0.01, False, 0),
            ("at the upper edge", 5, 2, 5e-2, 0.01, False, 0), ("a wall", 6, 3, 3.1e-3, 0.01, False, 2), ("largest", 6, 3, 3.1e-3, 0.02, True, 0),
            ("no interval", 5, 2, 2e-3, 0.4, False, 0), ("three points", 3, 2, 1e-3, 0.01, False, 0), ("one of three", 3, 1, 1e-3, 0.001, False, 0)]:
        x = 5e-4 * 2.0 ** np.arange(points)
        y = 3 + 0.05 * np.log(x[:, None] / best) ** 2 + rng.normal(0, 0.1, (1, seeds)) + rng.normal(0, noise, (points, seeds))
        if largest:
            y = -y
        if wall:
            y[-wall:, 0] = np.nan
        case = {"name": name, "largest": largest, "x": list(x), "y": [None if np.isnan(v) else v for v in y.ravel()]}
        case.update(optimum(x, y, largest))
        cases.append(case)
    path = os.path.join(os.path.dirname(__file__), "optimum.json")
    with open(path, "w") as f:
        json.dump({"made_by": f"optimum.py, NumPy {np.__version__}, SciPy {scipy.__version__}", "cases": cases}, f, indent=1)
        f.write("\n")


if __name__ == "__main__":
    main()
