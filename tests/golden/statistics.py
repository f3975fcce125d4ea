#!/usr/bin/env python3
"""statistics.py - the numbers in statistics.json, from SciPy and statsmodels.

    python3 -m venv v && v/bin/pip install scipy statsmodels && v/bin/python statistics.py

Nothing here is shared with analysis/: integrals are SciPy's adaptive ones, tests are its own.  The
densities inside the integrals are written out, for scipy.stats takes far longer to say the same.
"""
import itertools
import json
import math
import os

import numpy as np
import scipy
import statsmodels
from scipy import integrate, special, stats
from statsmodels.stats.power import TTestPower
from statsmodels.stats.weightstats import ttost_paired


cdf = special.ndtr


def pdf(z):
    return math.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def chi2_pdf(x, df):
    return math.exp((df / 2 - 1) * math.log(x) - x / 2 - df / 2 * math.log(2) - math.lgamma(df / 2))


def star(x, size):
    return 2 * integrate.quad(
        lambda z: pdf(z) * (cdf(z + x) - cdf(z - x)) ** size,
        0, 9, epsabs=1e-12, epsrel=1e-11)[0]


def over_scale(f, df):
    hi = np.sqrt(stats.chi2.isf(1e-15, df) / df)
    return integrate.quad(lambda s: chi2_pdf(df * s * s, df) * 2 * df * s * f(s),
                          0, hi, epsabs=1e-11, epsrel=1e-10, limit=200)[0]


def tail(sizes, c, df):
    return 1 - over_scale(lambda s: math.prod(star(math.sqrt(2) * c * s, k) for k in sizes), df)


def star_side(x, size, left):
    """No t reaches its side, `left` of them looked at from the left."""
    return integrate.quad(
        lambda z: pdf(z) * cdf(x + z) ** left * cdf(x - z) ** (size - left),
        -9, 9, epsabs=1e-12, epsrel=1e-11)[0]


def tail_side(sizes, c, df):
    """The worst choice of sides, by trying them all; stars are added up."""
    return sum(max(1 - over_scale(lambda s: star_side(math.sqrt(2) * c * s, k, left), df)
                   for left in range(k + 1)) for k in sizes)


def dunnett_side():
    return [{"sizes": sizes, "df": df, "c": c, "tail": tail_side(sizes, c, df)}
            for sizes, df, c in [([1], 5, 2.0), ([2], 4, 3.0), ([3], 6, 2.5), ([7], 14, 3.2),
                                 ([2, 2], 10, 2.9), ([3, 1], 8, 4.5), ([4], 9, -0.3)]]


def dunnett():
    rows = []
    for sizes, df, c in [([2], 4, 3.0), ([3], 6, 2.5), ([7], 14, 3.2), ([7], 28, 1.0),
                         ([2, 2], 10, 2.9), ([3, 1], 8, 4.5), ([1, 1, 1], 5, 2.0), ([2], 2, 9.0)]:
        rows.append({"sizes": sizes, "df": df, "c": c, "tail": tail(sizes, c, df)})
    return rows


def dunnett_of_scipy(rng):
    """SciPy's own Dunnett test (a randomised integral, good to three digits)."""
    groups = [rng.normal(m, 1, 6) for m in (0, 0.9, 1.6, 2.2)]
    r = stats.dunnett(*groups[1:], control=groups[0], random_state=1)
    return [{"sizes": [3], "df": 20, "c": float(abs(t)), "tail": float(p)}
            for t, p in zip(r.statistic, r.pvalue)]


def tukey():
    return [{"arms": k, "df": df, "c": c,
             "tail": float(stats.studentized_range.sf(c * np.sqrt(2), k, df))}
            for k, df, c in [(3, 4, 3.0), (4, 9, 2.7), (8, 14, 3.8)]]


def power():
    """Two-sided powers by noncentral t; alpha is that of one of `m` contrasts by Bonferroni."""
    rows = []
    for effect, n, m in [(1.0, 5, 1), (1.5, 3, 1), (0.5, 20, 1), (2.0, 4, 1), (20.0, 2, 1),
                         (9.0, 3, 9), (3.0, 5, 9), (0.0, 2, 1)]:
        df, nc = n - 1, effect * math.sqrt(n)
        c = stats.t.isf(0.025 / m, df)
        # P(|T| > c) as the mean over the scale, split where the integrand is steep.
        def given(s):
            return cdf(nc - c * s) + cdf(-nc - c * s)
        hi = np.sqrt(stats.chi2.isf(1e-15, df) / df)
        p = integrate.quad(lambda s: chi2_pdf(df * s * s, df) * 2 * df * s * given(s), 1e-300, hi,
                           points=sorted({min(nc / c, hi * 0.99), min((nc + 3) / c, hi * 0.999)}),
                           epsabs=1e-12, epsrel=1e-11, limit=500)[0]
        if m == 1 and effect and n > 2:
            known = TTestPower().power(effect, n, 0.05, alternative="two-sided")
            assert abs(p - known) < 1e-6, (p, known)
        rows.append({"effect": effect, "n": n, "m": m, "power": float(p)})
    return rows


def equivalence_power():
    """Power of two one-sided t tests, by Owen's integral."""
    rows = []
    for effect, margin, se, df in [(0.0, 1.0, 0.3, 5), (0.2, 1.0, 0.25, 9), (0.5, 1.0, 0.4, 4),
                                     (0.3, 1.0, 0.08, 1), (0.0, 1.0, 0.05, 2)]:
        c = stats.t.isf(0.05, df)
        p = over_scale(lambda s: max(0.0, stats.norm.cdf((margin - effect) / se - c * s)
                                     - stats.norm.cdf((-margin - effect) / se + c * s)), df)
        rows.append({"effect": effect, "margin": margin, "se": se, "df": df, "c": c, "power": p})
    return rows


def mean_difference(x, y, axis=-1):
    return np.mean(x - y, axis=axis)


def paired(rng):
    """Two arms: below 6 seeds the paired t test; from 6 on, sign-flips."""
    rows = []
    for n in (3, 5, 6, 8, 10):
        seed = rng.normal(3, 0.05, n)
        base = np.round(seed + rng.normal(0, 0.01, n), 6)
        arm = np.round(seed + rng.normal(0.012, 0.01, n), 6)
        margin = 0.03
        row = {"base": list(base), "arm": list(arm), "margin": margin,
               "correlation": stats.pearsonr(arm, base)[0]}
        if n < 6:
            t = stats.ttest_rel(arm, base)
            ci = t.confidence_interval(0.95)
            row |= {"p": t.pvalue, "lo": ci.low, "hi": ci.high,
                    "p_equivalent": ttost_paired(arm, base, -margin, margin)[0]}
        else:
            def flip_p(delta):
                return stats.permutation_test((arm - delta, base), mean_difference,
                                              permutation_type="samples", n_resamples=np.inf,
                                              vectorized=True).pvalue
            row |= {"p": flip_p(0.0),
                    "p_equivalent": max(flip_p(-margin), flip_p(margin)) / 2}
            d = arm - base
            # The ends of Hartigan's intervals: order statistics of the means of all subsets.
            means = sorted(np.mean(c) for k in range(1, n + 1) for c in itertools.combinations(d, k))
            k = int(np.floor(0.05 * 2 ** (n - 1) + 1e-9))
            row |= {"lo": means[k - 1], "hi": means[-k]}
        rows.append({k: v if isinstance(v, list) else float(v) for k, v in row.items()})
    return rows


def few_seeds(rng):
    """Four arms, three seeds, one arm ten times as wide: SciPy's paired t and statsmodels' TOST of
    each contrast, times the number of contrasts."""
    A, S = 4, 3
    y = np.round(rng.normal(3, 0.05, (1, S)) + np.array([0, 0.004, 0.02, -0.05])[:, None]
                 + rng.normal(0, 0.01, (A, S)) * np.array([1, 1, 10, 1])[:, None], 6)
    margin, m = 0.5, A - 1
    out = {"y": y.tolist(), "margin": margin}
    for row in y[1:]:
        t = stats.ttest_rel(row, y[0])
        outer, inner = t.confidence_interval(1 - 0.05 / m), t.confidence_interval(1 - 0.1 / m)
        d = row - y[0]
        one = {"se": d.std(ddof=1) / np.sqrt(S), "p": t.pvalue, "p_adjusted": min(1, m * t.pvalue),
               "lo": outer.low, "hi": outer.high, "inner_lo": inner.low, "inner_hi": inner.high,
               "p_equivalent": min(1, m * ttost_paired(row, y[0], -margin, margin)[0])}
        for k, v in one.items():
            out.setdefault(k, []).append(float(v))
    return out


def flips(rng):
    """Three contrasts at 6 and 8 seeds: joint flips by brute force, others about 0 and about their
    means."""
    rows = []
    for n in (6, 8):
        seed = rng.normal(3, 0.05, n)
        y = np.round(seed + np.array([0, 0.003, 0.02, 0.06])[:, None]
                     + rng.normal(0, 0.01, (4, n)), 6)
        d = y[1:] - y[0]
        signs = np.array(list(itertools.product([1, -1], repeat=n)))

        def t(x):
            z = signs * x
            with np.errstate(divide="ignore"):
                return np.abs(z.mean(1)) / (z.std(1, ddof=1) / np.sqrt(n))

        def p(c, delta, centred):
            own = t(d[c] - delta)
            other = [t(d[k] - (d[k].mean() if centred else 0)) for k in range(3) if k != c]
            seen = own[0]
            largest = np.maximum(own, np.max(other, axis=0))
            largest[0] = largest[-1] = seen
            return float(np.mean(largest >= seen * (1 - 1e-12)))

        def p_side(c, delta, centred):
            """Of all choices of sides, and the bound that is used."""
            own = t(d[c] - delta)
            other = [t(d[k] - (d[k].mean() if centred else 0)) for k in range(3) if k != c]
            seen = own[0] * (1 - 1e-12)
            own[-1] = own[0]
            ranked = np.sort([own, *other], axis=0)
            bound = (np.mean(ranked[-1] >= seen) + np.mean(ranked[-2] >= seen)) / 2

            def signed(x):
                z = signs * x
                with np.errstate(divide="ignore"):
                    return z.mean(1) / (z.std(1, ddof=1) / np.sqrt(n))
            each = [signed(d[c] - delta)] + [signed(d[k] - (d[k].mean() if centred else 0))
                                             for k in range(3) if k != c]
            exact = max(np.mean(np.max([s * x for s, x in zip(side, each)], axis=0) >= seen)
                        for side in itertools.product([1, -1], repeat=3))
            assert exact <= bound + 1e-12, (exact, bound)
            return float(bound)

        classic = [np.mean(np.max([t(x) for x in d], axis=0) >= t(d[c])[0] * (1 - 1e-12))
                   for c in range(3)]
        probe = [-0.03, 0.01, 0.03]
        rows.append({"y": y.tolist(), "probe": probe,
                     "p_adjusted": [max(p(c, 0, False), p(c, 0, True)) for c in range(3)],
                     "p_at_least": [float(x) for x in classic],
                     "p_side": [[max(p_side(c, x, False), p_side(c, x, True)) for x in probe]
                                for c in range(3)],
                     "p_probe": [[max(p(c, x, False), p(c, x, True)) for x in probe]
                                 for c in range(3)]})
    return rows


def welch(rng):
    x = np.round(rng.normal(3.02, 0.01, 5), 6)
    b = np.round(rng.normal(3.00, 0.03, 4), 6)
    t = stats.ttest_ind(x, b, equal_var=False)
    ci = t.confidence_interval(0.95)
    return {"arm": list(x), "base": list(b), "p": float(t.pvalue), "df": float(t.df),
            "lo": float(ci.low), "hi": float(ci.high)}


def main():
    rng = np.random.default_rng(20)
    out = {"made_with": f"scipy {scipy.__version__}, statsmodels {statsmodels.__version__}",
           "dunnett": dunnett(), "dunnett_side": dunnett_side(), "dunnett_of_scipy": dunnett_of_scipy(rng), "tukey": tukey(), "power": power(),
           "equivalence_power": equivalence_power(), "paired": paired(rng), "few_seeds": few_seeds(rng),
           "flips": flips(rng), "welch": welch(rng)}
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "statistics.json")
    with open(path, "w") as f:
        f.write("{\n" + ",\n".join(
            f' "{k}": ' + (json.dumps(v) if not isinstance(v, list) else
                          "[\n  " + ",\n  ".join(json.dumps(x) for x in v) + "]")
            for k, v in out.items()) + "\n}\n")


main()
