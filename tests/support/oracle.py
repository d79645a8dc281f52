"""The paper's sums, written down naively: slow, and independent of the engine.

Elements are homogeneous integer matrices; products are matrix products; an index is found by
comparing matrices. Nothing here reads a composition table, an index table or a coset table.
"""

from __future__ import annotations

import functools
import itertools

import numpy as np
import torch


class NaiveGroup:
    """A stabilizer as a plain list of integer matrices."""

    def __init__(self, group):
        self.dimension = d = group.dimension
        nowhere = (0,) * d
        self.linear = [
            np.array(group.matrix(*s, *nowhere).tolist(), dtype=int)[:d, :d]
            for s in group.stabilizer_indices
        ]
        self.inverse, self.times = map(functools.cache, (self.inverse, self.times))

    def flat(self, A):
        return next(i for i, B in enumerate(self.linear) if (A == B).all())

    def inverse(self, s):
        return next(
            i for i, B in enumerate(self.linear) if (B @ self.linear[s] == np.eye(len(B))).all()
        )

    def times(self, s, t):
        return self.flat(self.linear[s] @ self.linear[t])

    def cosets(self, subgroup):
        """For each element the number of its left coset, numbered by smallest element."""
        members = [frozenset(self.times(s, h) for h in subgroup) for s in range(len(self.linear))]
        order = sorted(set(members), key=min)
        return [order.index(coset) for coset in members]


def cells(size, d):
    """Doubled centred coordinates of a box, row-major."""
    return list(itertools.product(*[range(-(size - 1), size, 2)] * d))


def support(naive, size):
    box = set(cells(size, naive.dimension))
    return [
        x for x in cells(size, naive.dimension) if all(tuple(A @ x) in box for A in naive.linear)
    ]


def naive_parameters(naive, size, H_in, H_out):
    """The parameter of each point (coset, cell): orbits of H_out by first point, row-major."""
    coset = naive.cosets(H_in)
    representatives = [coset.index(i) for i in range(max(coset) + 1)]
    points = [(i, x) for i in range(len(representatives)) for x in support(naive, size)]
    parameter, count = {}, 0
    for i, x in points:
        if (i, x) not in parameter:
            for h in H_out:
                image = coset[naive.times(h, representatives[i])], tuple(naive.linear[h] @ x)
                parameter[image] = count
            count += 1
    return parameter, count


def naive_table(group, size, H_in, H_out):
    """The index table by the formula `g⁻¹( g(s',0)⁻¹ · g(s,x) )`, one entry at a time."""
    naive = NaiveGroup(group)
    parameter, count = naive_parameters(naive, size, H_in, H_out)
    coset_in, coset_out = naive.cosets(H_in), naive.cosets(H_out)
    S_in, S_out = max(coset_in) + 1, max(coset_out) + 1
    box = cells(size, group.dimension)
    table = np.full((S_out, S_in, len(box)), -1)
    for j, i, (n, x) in itertools.product(range(S_out), range(S_in), enumerate(box)):
        back = naive.inverse(coset_out.index(j))
        read = coset_in[naive.times(back, coset_in.index(i))], tuple(naive.linear[back] @ x)
        table[j, i, n] = parameter.get(read, -1)
    return table.reshape(S_out, S_in, *(size,) * group.dimension), count


def torus_convolution(group, f, weight, size, H_in, H_out):
    """Eq. 10 and 11 as sums over group elements, `Σ_y f(y) ψ(g⁻¹ y)`, on a torus.

    Args:
        group: The group.
        f: The feature map, `(B, C_in, S_in, n, …)`, float64.
        weight: `(C_out, C_in, P)`.
        size: The odd kernel size.
        H_in: Flat indices of the input's subgroup.
        H_out: Flat indices of the output's subgroup.
    """
    naive = NaiveGroup(group)
    parameter, _ = naive_parameters(naive, size, H_in, H_out)
    coset_in, coset_out = naive.cosets(H_in), naive.cosets(H_out)
    S_in, S_out = max(coset_in) + 1, max(coset_out) + 1
    n, d = f.shape[-1], group.dimension
    torus = list(itertools.product(range(n), repeat=d))
    f, weight = f.numpy(), weight.detach().numpy()
    out = np.zeros((f.shape[0], weight.shape[0], S_out, *f.shape[3:]))
    for j, t in itertools.product(range(S_out), torus):
        back = naive.inverse(coset_out.index(j))  # g⁻¹ = (A⁻¹, -A⁻¹ t)
        for y in torus:
            x = naive.linear[back] @ (np.array(y) - np.array(t))
            x = tuple(2 * ((x + n // 2) % n - n // 2))  # the nearest image about the origin
            for i in range(S_in):
                point = coset_in[naive.times(back, coset_in.index(i))], x
                if point not in parameter:
                    continue
                psi = weight[:, :, parameter[point]]  # (C_out, C_in)
                out[(..., j, *t)] += f[(..., i, *y)] @ psi.T
    return torch.from_numpy(out)
