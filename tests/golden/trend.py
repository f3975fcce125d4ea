#!/usr/bin/env python3
"""trend.py - the numbers in trend.json, by SciPy's linregress and t.

    python3 -m venv v && v/bin/pip install scipy && v/bin/python trend.py

The line is fitted to the means over seeds.  by_seeds is the t-interval of the seeds' own predictions; by_sizes the textbook
prediction interval of a regression on the means.  Nothing is shared with analysis/statistics/trend.c.
"""
import json
import os

import numpy as np
import scipy
from scipy.stats import linregress, sem
from scipy.stats import t as student


def predict(u, d, at, alpha):
    line = linregress(u, d.mean(axis=1))
    value = line.intercept + line.slope * at
    out = {"value": value}
    seeds = d.shape[1]
    if seeds > 1:
        own = []
        for s in range(seeds):
            one = linregress(u, d[:, s])
            own.append(one.intercept + one.slope * at)
        out["by_seeds"] = student.ppf(1 - alpha / 2, seeds - 1) * sem(own)
    if len(u) > 2:
        df = len(u) - 2
        rest = d.mean(axis=1) - (line.intercept + line.slope * u)
        s = np.sqrt((rest ** 2).sum() / df)
        out["by_sizes"] = student.ppf(1 - alpha / 2, df) * s * np.sqrt(1 + 1 / len(u) + (at - u.mean()) ** 2 / ((u - u.mean()) ** 2).sum())
    return line.slope, out


def main():
    rng = np.random.default_rng(11)
    cases = []
    for levels, seeds, at, alpha in [(3, 6, 24, 0.05), (4, 3, 23, 0.05), (5, 8, 30, 0.1), (5, 1, 19, 0.05), (2, 4, 22, 0.05), (4, 2, 18.5, 0.01)]:
        u = np.sort(17 + rng.uniform(0, 5, levels))
        d = 0.05 - 0.01 * (u[:, None] - 18) + rng.normal(0, 0.01, (levels, seeds)) + rng.normal(0, 0.02, (1, seeds))
        slope, out = predict(u, d, at, alpha)
        case = {"name": f"{levels} levels, {seeds} seeds", "levels": levels, "seeds": seeds, "at": at, "alpha": alpha, "u": list(u),
                "d": list(d.ravel()), "slope": slope, **out}
        if levels > 3:
            case["backtest"] = predict(u[:-1], d[:-1], u[-1], alpha)[1]["value"]
        cases.append(case)
    path = os.path.join(os.path.dirname(__file__), "trend.json")
    with open(path, "w") as f:
        json.dump({"made_by": f"trend.py, NumPy {np.__version__}, SciPy {scipy.__version__}", "cases": cases}, f, indent=1)
        f.write("\n")


if __name__ == "__main__":
    main()
