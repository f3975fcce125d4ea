#!/usr/bin/env python3
"""powerlaw.py - the numbers in powerlaw.json, from SciPy's curve_fit.

    python3 -m venv v && v/bin/pip install scipy && v/bin/python powerlaw.py

L(D) = E + exp(a) (D / D1)^-beta is fitted as it is written, with D1 the largest D.  Nothing is shared with analysis/statistics/powerlaw.c.
"""
import json
import os

import numpy as np
import scipy
from scipy.optimize import curve_fit


def curve(d, e, a, beta):
    return e + np.exp(a - beta * d)


def slopes_of_curve(d, e, a, beta):
    power = np.exp(a - beta * d)
    return np.stack([np.ones_like(d), power, -d * power], axis=1)


def fit(d, y, start):
    return curve_fit(curve, d, y, p0=start, jac=slopes_of_curve, xtol=1e-14, ftol=1e-14, gtol=1e-14, maxfev=100000)


def told(p, top):
    """What is told of a fit; top is the loss at D1 of the whole fit, over which E is a height."""
    e, a, beta = p
    loss, following = curve(0.0, *p), curve(np.log(2), *p)
    return np.array([loss, np.exp(a) * beta * np.log(2), loss - following, following, beta,
                     np.log(top - e)])


def slopes(p, top):
    rows = []
    for i in range(3):
        h = 1e-6
        up, down = p.copy(), p.copy()
        up[i] += h
        down[i] -= h
        rows.append((told(up, top) - told(down, top)) / (2 * h))
    return np.array(rows).T


NAMES = ["loss", "doubling", "gain", "next", "beta", "height"]


def case(name, tokens, seeds, truth, noise, spread, holes, rng):
    e, log_a, beta = truth
    most = max(tokens)
    points = []
    for s in range(seeds):
        shift = rng.normal(0, spread)
        for k, d in enumerate(tokens):
            if (s, k) in holes:
                continue
            loss = e + np.exp(log_a) * d ** -beta + shift + rng.normal(0, noise)
            points.append((float(d), float(loss), s))
    d = np.array([np.log(p[0] / most) for p in points])
    y = np.array([p[1] for p in points])
    seed = np.array([p[2] for p in points])
    start = (e, log_a - beta * np.log(most), beta)
    p, c = fit(d, y, start)
    top = curve(0.0, *p)
    j = slopes(p, top)
    row = {"name": name, "points": points, "E": p[0], "log_a": p[1] + p[2] * np.log(most),
           "se_E": np.sqrt(c[0, 0])}
    for i, key in enumerate(NAMES):
        row[key] = told(p, top)[i]
        row["se_" + key] = np.sqrt(j[i] @ c @ j[i])
    if seeds > 1:
        left_out = np.array([told(fit(d[seed != s], y[seed != s], p)[0], top) for s in range(seeds)])
        for i, key in enumerate(NAMES):
            row["jackknife_" + key] = np.sqrt((seeds - 1) * left_out[:, i].var())
    return {k: float(v) if isinstance(v, (float, np.floating)) else v for k, v in row.items()}


def main():
    rng = np.random.default_rng(13)
    octaves = [65536 * 2 ** k for k in range(4)]
    cases = [
        case("one run", [100000 * k for k in range(2, 11)], 1, (2.0, 4.0, 0.4), 0.005, 0, [], rng),
        case("three seeds", octaves, 3, (1.5, 5.0, 0.35), 0.004, 0.004, [], rng),
        case("holes", octaves + [2 ** 20], 5, (2.5, 6.0, 0.5), 0.01, 0.01,
             [(0, 0), (1, 4), (3, 2), (3, 3)], rng),
        case("Hoffmann's exponents", [10 ** k for k in range(6, 11)], 4,
             (1.69, np.log(410.7), 0.28), 0.01, 0.01, [], rng),
    ]
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "powerlaw.json"), "w") as out:
        json.dump({"scipy": scipy.__version__, "cases": cases}, out, indent=1)
        out.write("\n")


main()
