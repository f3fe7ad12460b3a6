"""Detections and inner estimates of River's drift detectors. Run: python make_river.py > river.json
(Python 3.11, river 0.26.1, scipy 1.17.1, numpy 2.4.6)

The docstring examples of river.drift and river.drift.binary, and seeded series with planted shifts (rounded to three
decimals, so that the file holds the very values). `probes` are the inner estimates after every 37th value and at each
drift. River has no CUSUM: `cusum` is the tabular form of Montgomery, Introduction to Statistical Quality Control,
section 9.1, written as a plain loop below with numpy's mean and standard deviation."""
import json, random
import numpy as np, river, scipy
from river import drift
from river.drift import binary

assert river.__version__ == "0.26.1" and scipy.__version__ == "1.17.1"

def examples():
    rng = random.Random(12345)
    numbers = rng.choices([0, 1], k=1000) + rng.choices(range(4, 8), k=1000)
    rng = random.Random(42)
    errors = rng.choices([0, 1], k=1000)
    errors = errors + rng.choices([0, 1], k=1000, weights=[0.3, 0.7])
    return {"example_numbers": numbers, "example_errors": errors}

def planted():
    rng = np.random.default_rng(20261121)
    r = lambda x: [round(float(v), 3) for v in x]
    e = lambda *parts: [int(v) for p, n in parts for v in rng.random(n) < p]
    return {
        "step_up": r(np.r_[rng.normal(0, 1, 700), rng.normal(1, 1, 700)]),
        "step_down_and_back": r(np.r_[rng.normal(5, 1, 500), rng.normal(3, 1, 500), rng.normal(5, 1, 500)]),
        "variance": r(np.r_[rng.normal(0, 1, 600), rng.normal(0, 3, 600)]),
        "slow_trend": r(rng.normal(0, 1, 1500) + np.maximum(0, np.arange(1500) - 500) / 250),
        "still": r(rng.normal(0, 1, 1500)),
        "large_offset": r(1e6 + np.r_[rng.normal(0, 1, 400), rng.normal(4, 1, 400)]),
        "constant_then_other": [2.5] * 300 + [3.5] * 300,
        "short": r(rng.normal(0, 1, 20)),
        "windows": r(np.r_[np.abs(rng.normal(0.02, 0.01, 90)), np.abs(rng.normal(0.2, 0.05, 40))]),
        "errors_rise": e((0.1, 800), (0.3, 800)),
        "errors_fall_then_rise": e((0.4, 600), (0.05, 900), (0.2, 900)),
        "errors_still": e((0.2, 1500)),
        "no_errors": [0] * 400,
        "only_errors": [1] * 400,
    }

def page_hinkley(d): return [d._x_mean.get(), d._sum_increase, d._sum_decrease]
def adwin(d): return [d.width, d.total, d.variance, d.estimation]
def kswin(d): return [d.p_value]
def ddm(d): return [d._p.get(), d._p_min, d._s_min]
def eddm(d):
    v = d._error_distances
    return [v.mean.get() + 2 * v.get() ** 0.5, d._p2s_prime_max if d._p2s_prime_max >= 0 else None]

class Cusum:
    def __init__(self, k=0.5, h=5.0, warm_up=30, mean=None, std_dev=None):
        self.k, self.h, self.warm_up, self.given = k, h, warm_up, mean is not None
        self.mean, self.std_dev = mean, std_dev
        self.reset()
    def reset(self):
        self.learnt, self.high, self.low, self.drift_detected = [], 0.0, 0.0, False
        if not self.given:
            self.mean = self.std_dev = None
    def update(self, x):
        if self.drift_detected:
            self.reset()
        if self.mean is None:
            if len(self.learnt) >= self.warm_up and np.ptp(self.learnt) > 0:
                self.mean, self.std_dev = np.mean(self.learnt), np.std(self.learnt, ddof=1)
            else:
                self.learnt.append(x)
                return
        z = (x - self.mean) / self.std_dev
        self.high = max(0.0, self.high + z - self.k)
        self.low = max(0.0, self.low - z - self.k)
        self.drift_detected = bool(self.high > self.h or self.low > self.h)

def cusum(d): return [float(d.high), float(d.low)]

MAKE = {"page_hinkley": (drift.PageHinkley, page_hinkley), "adwin": (drift.ADWIN, adwin), "kswin": (drift.KSWIN, kswin),
        "ddm": (binary.DDM, ddm), "eddm": (binary.EDDM, eddm), "cusum": (Cusum, cusum)}
RENAMED = {"mode": "watch"}
ALTERNATIVES = {
    "page_hinkley": [{}, {"threshold": 10, "delta": 0.05, "mode": "up"}, {"threshold": 5, "alpha": 1.0, "mode": "down", "min_instances": 5},
                     {"threshold": 0.5, "min_instances": 10}],
    "adwin": [{}, {"delta": 0.05, "clock": 1}, {"delta": 1e-4, "clock": 7, "max_buckets": 2, "min_window_length": 1, "grace_period": 0},
              {"delta": 0.3, "clock": 5, "max_buckets": 9, "min_window_length": 10, "grace_period": 50}],
    "kswin": [{"seed": 0}, {"seed": 42, "alpha": 0.0001}, {"seed": 2**40 + 7, "alpha": 0.02, "window_size": 60, "stat_size": 11},
              {"seed": 3, "alpha": 0.001, "window_size": 500, "stat_size": 22}],
    "ddm": [{}, {"warm_start": 100, "warning_threshold": 1.5, "drift_threshold": 2.5}],
    "eddm": [{}, {"alpha": 0.8, "beta": 0.75}, {"warm_start": 10}],
    "cusum": [{}, {"k": 0.25, "h": 8, "warm_up": 100}, {"k": 1, "h": 4, "mean": 0.5, "std_dev": 2}],
}

series = {**examples(), **planted()}
cases = []
for name, (make, probe) in MAKE.items():
    for settings in ALTERNATIVES[name]:
        for label, values in series.items():
            if name in ("ddm", "eddm") and not set(values) <= {0, 1}:
                continue
            if label == "still" and name == "kswin" and settings.get("window_size") == 60:
                continue
            detector = make(**settings)
            drifts, warnings, probes = [], [], []
            for idx, value in enumerate(values):
                detector.update(value)
                if detector.drift_detected:
                    drifts.append(idx)
                elif getattr(detector, "warning_detected", False):
                    warnings.append(idx)
                if idx % 37 == 36 or detector.drift_detected:
                    probes.append([idx, *probe(detector)])
            cases.append({"detector": name, "settings": {RENAMED.get(k, k): str(v) for k, v in settings.items()},
                          "series": label, "drifts": drifts, "warnings": warnings, "probes": probes})
out = ["{", ' "series": {']
out.append(",\n".join(f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in series.items()))
out += [" },", ' "cases": [', ",\n".join("  " + json.dumps(c) for c in cases), " ]", "}"]
print("\n".join(out))
