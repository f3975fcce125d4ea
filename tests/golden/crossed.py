#!/usr/bin/env python3
"""crossed.py - the numbers in crossed.json, from NumPy and SciPy (Debian: python3-scipy).

reml: the item's component of a crossed table by restricted maximum likelihood, with components bounded at 0: the likelihood
as it is written, with its full covariance matrix, and SciPy's minimiser.
rows: two tasks and their group at four seeds: errors, intervals and p by the formulas of analysis/statistics/crossed.h with
SciPy's Student's t, p by solving for the level at which the interval ends at 0 (or at the margin).
"""
import json
import os

import numpy as np
from scipy.optimize import brentq, minimize
from scipy.stats import t as student


def item_component(d):
    seeds, items = d.shape
    y = d.ravel() - d.mean()
    scale = y.var()
    of_seed, of_item = np.kron(np.eye(seeds), np.ones((items, 1))), np.kron(np.ones((seeds, 1)), np.eye(items))
    one = np.ones(d.size)

    def deviance(root):
        v = scale * np.square(root)
        cov = v[0] * of_seed @ of_seed.T + v[1] * of_item @ of_item.T + v[2] * np.eye(d.size)
        weight = np.linalg.solve(cov, one)
        mean = weight @ y / weight.sum()
        return np.linalg.slogdet(cov)[1] + np.log(weight.sum()) + (y - mean) @ np.linalg.solve(cov, y - mean)

    best = None
    for start in ([0.5, 0.5, 0.5], [0.01, 0.7, 0.7], [0.7, 0.01, 0.7]):
        at = np.array(start)
        for _ in range(6):
            at = minimize(deviance, at, method="Nelder-Mead", options={"xatol": 1e-11, "fatol": 1e-14, "maxiter": 6000}).x
        if best is None or deviance(at) < deviance(best):
            best = at
    return scale * best[1] ** 2


rng = np.random.default_rng(16)
reml = []
for seeds, items, sd in [(3, 8, (1, 1, 0.5)), (5, 12, (0.3, 2, 1)), (4, 9, (0, 1, 1)), (4, 9, (1, 0, 1)), (3, 6, (0, 0, 1)),
                         (4, 10, (0, 0.7, 1)), (6, 7, (0, 0.7, 1))]:
    d = (rng.normal(0, sd[0], (seeds, 1)) + rng.normal(0, sd[1], (1, items)) + rng.normal(0, sd[2], (seeds, items))).round(4)
    reml.append({"seeds": seeds, "items": items, "d": d.ravel().tolist(), "item": item_component(d), "scale": d.var()})

ALPHA, MARGIN, SEEDS = 0.05, 1.5, 4
task = [(rng.normal(0, 0.2, (SEEDS, 1)) + rng.normal(0, 1, (1, n)) + rng.normal(shift, 0.5, (SEEDS, n))).round(4)
        for n, shift in ((10, 0.2), (14, 1.6))]
rows = []
for weight in ([0.5, 0.5], [1, 0], [0, 1]):
    by_seed = sum(w * d.mean(axis=1) for w, d in zip(weight, task))
    parts = [(w * w * item_component(d) / d.shape[1], d.shape[1] - 1) for w, d in zip(weight, task) if w]
    v = sum(x for x, _ in parts)
    df = v * v / sum(x * x / f for x, f in parts)
    diff, se = by_seed.mean(), by_seed.std(ddof=1) / SEEDS ** 0.5

    def half(alpha, sides, items=True):
        a = alpha / 3 / sides
        return np.hypot(student.isf(a, SEEDS - 1) * se, student.isf(a, df) * v ** 0.5 * items)

    room = MARGIN - abs(diff)
    rows.append({
        "weight": weight, "diff": diff, "se_seeds": se, "se_items": v ** 0.5, "df": df,
        "these_hi": diff + half(ALPHA, 2, False), "hi": diff + half(ALPHA, 2), "inner_hi": diff + half(ALPHA, 1),
        "p": 1 if half(1 - 1e-9, 2) > abs(diff) else brentq(lambda a: half(a, 2) - abs(diff), 1e-12, 1 - 1e-9, xtol=1e-15),
        "p_equivalent": 1 if room < 0 or half(1 - 1e-9, 1) > room else
        brentq(lambda a: half(a, 1) - room, 1e-12, 1 - 1e-9, xtol=1e-15)})
with open(os.path.join(os.path.dirname(__file__), "crossed.json"), "w") as f:
    json.dump({"reml": reml, "rows": {"margin": MARGIN, "seeds": SEEDS, "first": task[0].ravel().tolist(),
                                      "second": task[1].ravel().tolist(), "row": rows}}, f)
    f.write("\n")
