#!/usr/bin/env python3
"""sample.py - the numbers in sample.json, from SciPy (Debian: python3-scipy).

Crossed variance components by restricted maximum likelihood: the likelihood as it is written, with its full covariance
matrix, and SciPy's minimiser.  For balanced data with no component at 0 they are those of the mean squares that
analysis/answers/sample.c uses (Searle, Casella and McCulloch, 1992, ch. 4), which are not used here.
"""
import json
import os

import numpy as np
from scipy.optimize import minimize


def components(d):
    seeds, pieces = d.shape
    y, n = d.ravel(), d.size
    of_seed, of_piece = np.kron(np.eye(seeds), np.ones((pieces, 1))), np.kron(np.ones((seeds, 1)), np.eye(pieces))
    one = np.ones(n)

    def covariance(log_v):
        v = np.exp(log_v)
        return v[0] * of_seed @ of_seed.T + v[1] * of_piece @ of_piece.T + v[2] * np.eye(n)

    def deviance(log_v):
        v = covariance(log_v)
        weight = np.linalg.solve(v, one)
        mean = weight @ y / weight.sum()
        return np.linalg.slogdet(v)[1] + np.log(weight.sum()) + (y - mean) @ np.linalg.solve(v, y - mean)

    at = np.log(np.full(3, y.var() / 3))
    for _ in range(5):
        at = minimize(deviance, at, method="Nelder-Mead", options={"xatol": 1e-11, "fatol": 1e-14, "maxiter": 4000}).x
    v = np.exp(at)
    se = 1 / np.sqrt(np.linalg.solve(covariance(at), one).sum())
    return {"seed": v[0], "piece": v[1], "error": v[2], "se": se, "share": v[1] / pieces / se ** 2}


rng = np.random.default_rng(4)
rows = []
for seeds, pieces, sd in [(3, 8, (1, 1, 0.5)), (6, 10, (0.02, 0.03, 0.01)), (5, 12, (1, 3, 1))]:
    d = (rng.normal(0, sd[0], (seeds, 1)) + rng.normal(0, sd[1], (1, pieces)) +
         rng.normal(0, sd[2], (seeds, pieces))).round(6)
    rows.append({"seeds": seeds, "pieces": pieces, **components(d), "d": d.ravel().tolist()})
with open(os.path.join(os.path.dirname(__file__), "sample.json"), "w") as f:
    json.dump({"reml": rows}, f)
    f.write("\n")
