"""The network: TabM on piecewise-linear embeddings of numbers.

TabM (Gorishniy, Kotelnikov, Babenko, "TabM: Advancing Tabular Deep Learning with Parameter-Efficient Ensembling",
ICLR 2025, arXiv:2410.24210) is one multilayer perceptron that answers as `members` of them: each layer shares its
matrix and each member i has its own vectors, `y_i = ((x * r_i) W) * s_i + b_i` (BatchEnsemble: Wen, Tran, Ba, ICLR 2020),
and its own output layer. Each member has its own loss; their predictions are averaged.
Numbers are embedded as `x w + b + PLE(x) V`, where PLE is the piecewise-linear encoding over training quantiles
(Gorishniy, Rubachev, Babenko, "On Embeddings for Numerical Features in Tabular Deep Learning", NeurIPS 2022,
arXiv:2203.05556, eq. 1) and V begins at zero. Unlike there, the first and the last bin end at 0 and 1 too: beyond the
training rows a narrow last bin would run away steeply, and drift is what we live with; the line `x w` goes on, over an x
that `encode` keeps within 3. Categories are looked up; code 0 begins at zero, so that a category never
seen adds nothing.

It does not know rows, losses or devices.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class NetworkShape:
    """All sizes; with the state dict, all of the network. `n_bins` is the largest number of bins of a column."""

    n_inputs: int
    n_bins: int
    cardinalities: list[int]
    n_outputs: int
    members: int
    blocks: int
    width: int
    embedding: int
    dropout: float


def quantile_edges(numbers: np.ndarray, n_bins: int) -> list[np.ndarray]:
    """Edges of each column's bins: distinct quantiles of the training rows, at least two (float64)."""
    edges = []
    for idx in range(numbers.shape[1]):
        column = np.unique(np.quantile(numbers[:, idx].astype(np.float64), np.linspace(0.0, 1.0, n_bins + 1)))
        edges.append(column if len(column) > 1 else np.array([column[0], column[0] + 1.0]))
    return edges


class PiecewiseLinear(nn.Module):
    """(rows, columns) to (rows, columns, bins): how far each value has come through each bin, 0 to 1.

    Columns with fewer bins are padded with zeros.
    """

    def __init__(self, n_columns: int, n_bins: int) -> None:
        super().__init__()
        self.register_buffer("left", torch.zeros(n_columns, n_bins))
        self.register_buffer("per_width", torch.zeros(n_columns, n_bins))

    def set_edges(self, edges: list[np.ndarray]) -> None:
        for idx, column in enumerate(edges):
            n = len(column) - 1
            self.left[idx, :n] = torch.from_numpy(column[:-1])
            self.per_width[idx, :n] = torch.from_numpy(1.0 / np.maximum(np.diff(column), 1e-6))

    def forward(self, x: Tensor) -> Tensor:
        return ((x.unsqueeze(-1) - self.left) * self.per_width).clamp(0.0, 1.0)


class Embedding(nn.Module):
    """(rows, n_inputs) and (rows, categorical) to (rows, all columns, embedding)."""

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        bound = shape.embedding**-0.5
        self.bins = PiecewiseLinear(shape.n_inputs, shape.n_bins)
        self.slope = nn.Parameter(torch.empty(shape.n_inputs, shape.embedding).uniform_(-bound, bound))
        self.level = nn.Parameter(torch.empty(shape.n_inputs, shape.embedding).uniform_(-bound, bound))
        self.bend = nn.Parameter(torch.zeros(shape.n_inputs, shape.n_bins, shape.embedding))
        starts = [0, *np.cumsum(shape.cardinalities).tolist()]
        self.register_buffer("starts", torch.tensor(starts[:-1], dtype=torch.int64))
        self.categories = nn.Parameter(torch.empty(starts[-1], shape.embedding).uniform_(-bound, bound))
        with torch.no_grad():
            self.categories[self.starts] = 0.0

    def forward(self, numbers: Tensor, codes: Tensor) -> Tensor:
        columns = []
        if numbers.shape[1]:
            bent = torch.bmm(self.bins(numbers).transpose(0, 1), self.bend).transpose(0, 1)
            columns.append(numbers.unsqueeze(-1) * self.slope + self.level + bent)
        if codes.shape[1]:
            # index_select: its backward adds up without waiting for the device, so that a graph can hold it.
            chosen = self.categories.index_select(0, (codes + self.starts).flatten())
            columns.append(chosen.view(*codes.shape, -1))
        return torch.cat(columns, dim=1) if len(columns) > 1 else columns[0]


class EnsembleLinear(nn.Module):
    """`y_i = ((x_i * r_i) W) * s_i + b_i` over (rows, members, width)."""

    def __init__(self, n_in: int, n_out: int, members: int) -> None:
        super().__init__()
        bound = n_in**-0.5
        self.weight = nn.Parameter(torch.empty(n_in, n_out).uniform_(-bound, bound))
        self.r = nn.Parameter(torch.ones(members, n_in))
        self.s = nn.Parameter(torch.ones(members, n_out))
        self.b = nn.Parameter(torch.empty(n_out).uniform_(-bound, bound).expand(members, n_out).clone())

    def forward(self, x: Tensor) -> Tensor:
        return torch.matmul(x * self.r, self.weight) * self.s + self.b


class TabM(nn.Module):
    """(rows, n_inputs) float and (rows, categorical) integer to (rows, members, n_outputs): logits, or numbers."""

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        self.shape = shape
        n_columns = shape.n_inputs + len(shape.cardinalities)
        self.embedding = Embedding(shape)
        # What makes the members differ: one sign-free random factor for each member and column (TabM, §3.3).
        self.perturbation = nn.Parameter(torch.randn(shape.members, n_columns, 1))
        widths = [n_columns * shape.embedding] + [shape.width] * shape.blocks
        self.layers = nn.ModuleList(EnsembleLinear(a, b, shape.members) for a, b in zip(widths, widths[1:]))
        self.dropout = nn.Dropout(shape.dropout)
        bound = shape.width**-0.5
        self.head = nn.Parameter(torch.empty(shape.members, shape.width, shape.n_outputs).uniform_(-bound, bound))
        self.head_bias = nn.Parameter(torch.empty(shape.members, shape.n_outputs).uniform_(-bound, bound))

    def forward(self, numbers: Tensor, codes: Tensor) -> Tensor:
        embedded = self.embedding(numbers, codes)
        x = (embedded.unsqueeze(1) * self.perturbation).flatten(2)
        for layer in self.layers:
            x = self.dropout(torch.relu(layer(x)))
        return torch.bmm(x.transpose(0, 1), self.head).transpose(0, 1) + self.head_bias

    def parameter_groups(self, weight_decay: float) -> list[dict]:
        """Matrices decay; vectors, embeddings and biases do not."""
        matrices = [layer.weight for layer in self.layers] + [self.head]
        chosen = {id(parameter) for parameter in matrices}
        rest = [parameter for parameter in self.parameters() if id(parameter) not in chosen]
        return [{"params": matrices, "weight_decay": weight_decay}, {"params": rest, "weight_decay": 0.0}]


def member_loss(task: str, outputs: Tensor, truth: Tensor, weights: Tensor | None) -> Tensor:
    """Mean over rows and members of each member's own loss (`outputs`: rows, members, n_outputs)."""
    outputs = outputs.float()
    members = outputs.shape[1]
    if task == "multiclass":
        repeated = truth.unsqueeze(1).expand(-1, members).flatten()
        loss = nn.functional.cross_entropy(outputs.flatten(0, 1), repeated, reduction="none").view(-1, members)
    elif task == "binary":
        repeated = truth.to(outputs.dtype).unsqueeze(1).expand(-1, members)
        loss = nn.functional.binary_cross_entropy_with_logits(outputs.squeeze(-1), repeated, reduction="none")
    else:
        loss = (outputs.squeeze(-1) - truth.unsqueeze(1)) ** 2
    return loss.mean() if weights is None else (loss * weights.unsqueeze(1)).mean()


def mean_prediction(task: str, outputs: Tensor) -> Tensor:
    """Members' answers averaged: probabilities (rows, classes), or standardised numbers (rows)."""
    outputs = outputs.float()
    if task == "multiclass":
        return outputs.softmax(dim=-1).mean(dim=1)
    if task == "binary":
        positive = outputs.squeeze(-1).sigmoid().mean(dim=1)
        return torch.stack([1.0 - positive, positive], dim=1)
    return outputs.squeeze(-1).mean(dim=1)
