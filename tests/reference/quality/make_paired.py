"""Reference numbers of baselines/src/quality/paired.rs. Needs numpy 2.4.6, scipy 1.17.1, scikit-learn 1.9.1; prints them."""
import numpy as np
from scipy.stats import t
from sklearn.metrics import accuracy_score, roc_auc_score, root_mean_squared_error

state = 7


def draw():
    global state
    state = (1_103_515_245 * state + 12_345) % (1 << 31)
    return state / (1 << 31)


y, a, b = [], [], []
for _ in range(200):
    u, v, w = draw(), draw(), draw()
    y.append(u < 0.4)
    lift = 0.3 if u < 0.4 else 0.0
    a.append(np.floor(10.0 * (v + lift)) / 10.0)
    b.append(w + 1.5 * lift)
y, a, b = np.array(y), np.array(a), np.array(b)
n, blocks = len(y), 14
edges = [k * n // blocks for k in range(blocks + 1)]


def half(influence, independent):
    sums = np.array([influence[lo:hi].sum() for lo, hi in zip(edges, edges[1:])])
    clustered = (sums**2).sum() * blocks / (blocks - 1)
    return t.ppf(0.975, blocks - 1) * np.sqrt(max(independent, clustered))


def components(s):
    """DeLong's placements by definition: psi(X_i, Y_j) averaged over the other sample."""
    psi = (s[y][:, None] > s[~y][None, :]) + 0.5 * (s[y][:, None] == s[~y][None, :])
    out = np.empty(n)
    out[y], out[~y] = psi.mean(1), psi.mean(0)
    return out


d = components(b) - components(a)
gain = roc_auc_score(y, b) - roc_auc_score(y, a)
m = np.where(y, y.sum(), (~y).sum())
print("auc", roc_auc_score(y, a), roc_auc_score(y, b), half((d - gain) / m, d[y].var(ddof=1) / y.sum() + d[~y].var(ddof=1) / (~y).sum()))
h = ((b > 0.5) == y).astype(float) - ((a > 0.5) == y)
print("accuracy", accuracy_score(y, a > 0.5), accuracy_score(y, b > 0.5), half((h - h.mean()) / n, h.var(ddof=1) / n))
ra, rb = root_mean_squared_error(y, a), root_mean_squared_error(y, b)
u = (a - y) ** 2 / (2 * ra) - (b - y) ** 2 / (2 * rb)
print("rmse", ra, rb, half((u - u.mean()) / n, u.var(ddof=1) / n))
