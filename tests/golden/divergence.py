#!/usr/bin/env python3
"""divergence.py - the numbers in divergence.json, from SciPy (Debian: python3-scipy)."""
import json
import os

from scipy import stats

CASES = [(0, 6, 0, 6), (2, 6, 0, 6), (6, 6, 0, 6), (1, 3, 1, 3), (3, 5, 0, 10), (10, 10, 3, 8), (1, 1, 0, 1),
         (0, 4, 7, 20), (40, 100, 25, 90)]

rows = [{"case": c, "p": float(stats.fisher_exact([[c[0], c[1] - c[0]], [c[2], c[3] - c[2]]])[1])}
        for c in CASES]
with open(os.path.join(os.path.dirname(__file__), "divergence.json"), "w") as f:
    json.dump({"fisher": rows}, f, indent=1)
    f.write("\n")
