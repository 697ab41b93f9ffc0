"""Least squares, and how sure their effects are where some members answered several times. Pure.

Errors are by members (Liang & Zeger 1986, Biometrika 73), since who answers twice says much the same, and as
if each were left out in turn (Bell & McCaffrey 2002, Survey Methodology 28, CR3), which of those who answered
once is HC3 (MacKinnon & White 1985, Journal of Econometrics 29). They hold where answers spread unequally.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

TAIL = 0.025
NOUGHT = 1e-9
"""Effects below this part of the values' size are what arithmetic rounds."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """Least squares: for the constant and each column its effect, the 95 % margin and the chance of none."""

    effects: tuple[float, ...]
    margins: tuple[float, ...]
    chances: tuple[float, ...]
    explained: float


def fit(columns: Any, numbers: Any, sums: Any, squares: Any, whose: Any = None) -> Fitted:
    """Least squares with CR3 of rows that stand for several answers: how many, their sum, sum of squares.

    `columns` has a row for each, its first column is the constant. `whose` names the member of each row, 0
    where each answer is somebody else's; without it all are. Intervals after Student, by how many members.
    """
    whose = np.zeros(len(numbers), int) if whose is None else whose
    inverse = np.linalg.inv(columns.T @ (columns * numbers[:, None]))
    effects = inverse @ (columns.T @ sums)
    effects[np.abs(effects) < NOUGHT * np.sqrt(squares.sum() / numbers.sum())] = 0.0
    guess = columns @ effects
    off = np.maximum(squares - 2 * guess * sums + guess**2 * numbers, 0.0)
    once, again = whose == 0, whose != 0
    leverage = np.minimum(np.einsum("ij,jk,ik->i", columns, inverse, columns), 1 - NOUGHT)
    middle = columns.T @ (columns * (once * off / (1 - leverage) ** 2)[:, None])
    middle += _several(columns[again], numbers[again], (sums - guess * numbers)[again], whose[again], inverse)
    errors = np.sqrt(np.diag(inverse @ middle @ inverse))
    n = float(numbers.sum())
    freedom = max(1.0, float(numbers[once].sum()) + len(np.unique(whose[again])) - columns.shape[1])
    chances = [
        float(2 * special.stdtr(freedom, -abs(effect) / error)) if error else float(not effect)
        for effect, error in zip(effects, errors, strict=True)
    ]
    spread = float(squares.sum()) - float(sums.sum()) ** 2 / n
    return Fitted(
        tuple(float(one) for one in effects),
        tuple(float(special.stdtrit(freedom, 1 - TAIL)) * float(one) for one in errors),
        tuple(chances),
        max(0.0, 1 - float(off.sum()) / spread) if spread > 0 else 0.0,
    )


def _several(columns: Any, numbers: Any, rests: Any, whose: Any, inverse: Any) -> Any:
    """What members who answered several times add to the middle of the sandwich.

    Each adds the square of their X'(I - H)⁻¹e, where H is what of their answers is fitted by themselves. Rows
    that stand for several answers count by the root of their number; members with as many rows go together.
    """
    found = np.zeros_like(inverse)
    roots, order = np.sqrt(numbers), np.argsort(whose, kind="stable")
    _members, starts, sizes = np.unique(whose[order], return_index=True, return_counts=True)
    for size in np.unique(sizes):
        rows = order[starts[sizes == size][:, None] + np.arange(size)]
        own, off = columns[rows] * roots[rows][:, :, None], rests[rows] / roots[rows]
        values, vectors = np.linalg.eigh(own @ inverse @ own.transpose(0, 2, 1))
        turned = np.einsum("mij,mi->mj", vectors, off) / np.maximum(1 - values, NOUGHT)
        scores = np.einsum("mik,mij,mj->mk", own, vectors, turned)
        found += scores.T @ scores
    return found
