"""Sampling images onto other lattices, and back."""

from __future__ import annotations

import math

import pytest
import torch

import groupconv as gc
from groupconv.data import from_lattice, to_lattice
from groupconv.errors import ArgumentError
from groupconv.nn.functional import act
from groupconv_plugins import hexagonal

SPACING = math.sqrt(2 / math.sqrt(3))


def blob(n, down=0.0, right=0.0, width=3.0):
    """A smooth hill beside the centre of an image."""
    rows, columns = torch.meshgrid(*[torch.arange(n) - (n - 1) / 2] * 2, indexing="ij")
    distance = (rows - down) ** 2 + (columns - right) ** 2
    return torch.exp(-distance / (2 * width**2))[None, None].double()


def test_linear_images_are_sampled_exactly():
    rows, columns = torch.meshgrid(*[torch.arange(21.0).double() - 10] * 2, indexing="ij")
    found = to_lattice((2 * rows - 3 * columns)[None, None], size=9)[0, 0]
    for u in range(-4, 5):
        for v in range(-4, 5):
            down, right = SPACING * (u - v / 2), SPACING * v * math.sqrt(3) / 2
            if max(abs(down), abs(right)) < 9:
                assert found[u + 4, v + 4].item() == pytest.approx(2 * down - 3 * right)


def test_the_density_stays():
    image = blob(28, 2.0, -3.0)
    assert to_lattice(image).sum() / image.sum() == pytest.approx(1, abs=2e-3)
    square = to_lattice(image, gc.SQUARE, 28)
    torch.testing.assert_close(square, image)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_reads_at_the_same_places(dtype):
    image = torch.rand(1, 1, 64, 64, generator=torch.Generator().manual_seed(0)).to(dtype)
    for sample in (to_lattice, lambda x: from_lattice(x, 51)):
        exact = sample(image.float())
        assert sample(image).dtype == dtype
        assert (sample(image).float() - exact).abs().max() <= torch.finfo(dtype).eps


def test_there_and_back_again():
    image = blob(28, 2.0, -3.0)
    back = from_lattice(to_lattice(image), 28)
    assert (back - image).abs().max() < 0.05
    torch.testing.assert_close(from_lattice(image, 28, gc.SQUARE), image)


def test_a_sixth_of_a_turn_of_the_image_is_one_of_the_lattice():
    angle = torch.tensor([math.pi / 3], dtype=torch.float64)
    image = blob(41, 4.0, -6.0, 4.0)
    turned = to_lattice(gc.data.rotate(image, angle))
    moved = act(to_lattice(image), (1, 0, 0), hexagonal.p6)
    assert (turned - moved).abs().max() < 0.02
    assert (turned - to_lattice(image)).abs().max() > 0.5


@pytest.mark.parametrize("n", [27, 28, 32])
def test_the_default_array_holds_the_disc_and_no_more(n):
    size = to_lattice(torch.ones(1, 1, n, n)).shape[-1]

    def holds(side):
        half = side // 2
        outside = [(u, v) for u in range(-half - 1, half + 2) for v in range(-half - 1, half + 2)
                   if max(abs(u), abs(v)) > half]  # fmt: skip
        far = [SPACING * math.hypot(u - v / 2, v * math.sqrt(3) / 2) for u, v in outside]
        return min(far) > n / 2

    assert holds(size)
    assert not holds(size - 2)


def test_gradients_flow():
    image = torch.randn(1, 2, 6, 6, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: from_lattice(to_lattice(x), 5), image)


def test_maps_need_not_be_square():
    maps = torch.rand(1, 1, 7, 11)
    torch.testing.assert_close(from_lattice(maps, 7, gc.SQUARE), maps[..., 2:9])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: to_lattice(torch.ones(3, 3)), r"images has shape \(3, 3\)"),
        (
            lambda: to_lattice(torch.ones(1, 1, 3, 3).int()),
            "type torch.int32, expected .* floating",
        ),
        (lambda: from_lattice(torch.ones(3, 3), 3), r"maps has shape \(3, 3\)"),
        (lambda: to_lattice(torch.ones(1, 1, 3, 3), size=0), "size=0"),
        (lambda: from_lattice(torch.ones(1, 1, 3, 3), 2.5), "size=2.5"),
    ],
)
def test_bad_arguments_are_refused(call, message):
    with pytest.raises(ArgumentError, match=message):
        call()
