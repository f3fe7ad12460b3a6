"""The made-up table of both make scripts: a function of the row number, so that Rust can make it again."""
import numpy as np, pandas as pd


def made_up(n, shift):
    i = np.arange(n)
    x = ((37 * i) % 101) / 10 + 0.3 * (i % 7) + shift
    y = ((53 * i) % 97) / 9 + 0.5 * (i % 5)
    z = 0.5 * x + ((29 * i) % 31) / 10 - shift * y
    y = np.where(i % 11 == 3, np.nan, y)
    a = np.array(list("aaaaabbbcd"), dtype=object)[(7 * i + (i // 10) * int(3 * shift)) % 10]
    a = np.where(i % 13 == 5, None, a)
    b = np.array(list("xyz"), dtype=object)[(i * i + i // 7) % 3]
    return pd.DataFrame({"x": x, "y": y, "z": z, "a": a, "b": b})
