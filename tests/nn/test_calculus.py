"""What the paper says of correlations as such: eq. 9 and 13, and the gradients of its appendices.

On a torus of N × N cells the group is finite, and a filter as wide as the torus is a function on
it, as a feature map is. So filters and maps can change places.
"""

from __future__ import annotations

import itertools

import pytest
import torch

from groupconv.nn import GroupConv
from groupconv.nn.functional import act
from tests.support.groups import P4, P4M

N = 5


def involution(group):
    """The number of `g⁻¹` for every element of the group of the torus, `(S·N·N,)`."""
    numbers = torch.arange(group.order * N * N).reshape(group.order, N, N)
    inverses = []
    for s, *x in itertools.product(range(group.order), range(N), range(N)):
        back = group.inverse(group.element(s, x))
        stabilizer, translation = back[: -group.dimension], back[-group.dimension :]
        place = group.flat_index(stabilizer), *(int(t) % N for t in translation)
        inverses.append(int(numbers[place]))
    return torch.tensor(inverses)


def star(group, f):
    """`f*(g) = f(g⁻¹)`, for functions `(…, S, N, N)`."""
    return f.flatten(-3)[..., involution(group)].reshape(f.shape)


def correlation_with(group, psi):
    """A layer whose filters are the functions `psi`, `(C_out, C_in, S, N, N)`."""
    options = {"padding": N // 2, "padding_mode": "circular", "group": group, "bias": False}
    layer = GroupConv(psi.shape[1], psi.shape[0], N, **options).double()
    centred = psi.roll((N // 2, N // 2), (-2, -1))  # the origin of a filter is its middle cell
    with torch.no_grad():
        layer.weight.copy_(centred.reshape(layer.weight.shape))
    return layer


def correlate(group, f, psi):
    """`[f ⋆ ψ](g) = Σ_h Σ_k f_k(h) ψ_k(g⁻¹ h)`, of a map `(C_in, S, N, N)`."""
    return correlation_with(group, psi)(f[None])[0]


def random(group, *channels):
    return torch.randn(*channels, group.order, N, N, dtype=torch.float64)


@pytest.fixture(params=[P4, P4M], ids=lambda group: group.name)
def group(request):
    return request.param


def test_a_correlation_is_the_involution_of_the_reverse_one(group):
    """Eq. 13: `f ⋆ ψ = (ψ ⋆ f)*`, for one channel."""
    f, psi = random(group, 1), random(group, 1)
    reverse = star(group, correlate(group, psi, f[None]))
    torch.testing.assert_close(correlate(group, f, psi[None]), reverse)


def test_gradients_are_correlations(group):
    """Eq. 21, `∂L/∂f = δ ⋆ ψ*`, and eq. 24, `∂L/∂ψ = δ* ⋆ f*`, with `δ = ∂L/∂(f ⋆ ψ)`."""
    f, psi, delta = random(group, 2), random(group, 3, 2), random(group, 3)
    layer = correlation_with(group, psi)
    f.requires_grad_()
    in_map, in_weight = torch.autograd.grad(layer(f[None])[0], (f, layer.weight), delta)
    torch.testing.assert_close(in_map, correlate(group, delta, star(group, psi).transpose(0, 1)))
    in_filter = in_weight.reshape(psi.shape).roll((-(N // 2), -(N // 2)), (-2, -1))
    for o in range(3):
        expected = correlate(group, star(group, delta[o : o + 1]), star(group, f.detach())[:, None])
        torch.testing.assert_close(in_filter[o], expected)


def test_turning_the_input_is_turning_the_filter_back_and_the_output(group):
    """Eq. 9, `[L_r f] ⋆ ψ = L_r [f ⋆ [L_{r⁻¹} ψ]]`, planar: they do not commute."""
    f, psi = torch.randn(1, 2, 7, 7).double(), torch.randn(3, 2, 3, 3).double()
    for r in map(group.element, range(1, group.order)):
        turned = torch.conv2d(act(f, r, group), psi, padding=1)
        back = torch.conv2d(f, act(psi, group.inverse(r), group), padding=1)
        torch.testing.assert_close(turned, act(back, r, group))
        assert not torch.allclose(turned, act(torch.conv2d(f, psi, padding=1), r, group))
