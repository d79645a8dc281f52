"""Digits in larger canvases, pixel by pixel: a p4m U-Net against an ordinary one.

Both are written by hand from layers, with equally many parameters: two levels down by pooling, two
up by transposed convolutions, skips between them, and a convolution from the group to the lattice
in front of the scores of every pixel. Trained on upright canvases, tested on these and on
canvases turned by quarter turns; what the group network answers turns with them.

    python examples/segmentation.py --data DIR [--group p4m] [--epochs N] [--quick]

The folder holds MNIST; without one, scikit-learn's small digits serve. It draws
`segmentation.png`: a canvas and the answers, as it stands and turned.
"""

from __future__ import annotations

import argparse
import math
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import groupconv as gc

SIDE, DIGITS, CLASSES = 32, 4, 11


class UNet(nn.Module):
    """An encoder and a decoder with skips, on any group of the square lattice."""

    def __init__(self, group: str, width: int) -> None:
        super().__init__()
        L = gc.layers(group)
        one, two, four = width, 2 * width, 4 * width

        def block(first: nn.Module, channels: int) -> nn.Module:
            second = L.GroupConv(channels, channels, 3, padding=1, bias=False)
            norms = L.BatchNorm(channels), L.BatchNorm(channels)
            return nn.Sequential(first, norms[0], nn.ReLU(), second, norms[1], nn.ReLU())

        def conv(before: int, after: int) -> nn.Module:
            return L.GroupConv(before, after, 3, padding=1, bias=False)

        self.down = L.MaxPool(2)
        self.first = block(L.LiftingConv(1, one, 3, padding=1, bias=False), one)
        self.second = block(conv(one, two), two)
        self.middle = block(conv(two, four), four)
        self.up_second = L.GroupConvTranspose(four, two, 2, stride=2)
        self.after_second = block(conv(2 * two, two), two)
        self.up_first = L.GroupConvTranspose(two, one, 2, stride=2)
        self.after_first = block(conv(2 * one, one), one)
        # On the lattice, a convolution of size 1 is equivariant as it is. Few channels of the group
        # make many of the lattice, so that the scores are not combinations of few maps.
        lattice = L.GroupConv(one, 32, 3, padding=1, out_space="lattice")
        self.scores = nn.Sequential(lattice, nn.ReLU(), nn.Conv2d(32, CLASSES, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Scores `(B, 11, H, W)` of canvases `(B, 1, H, W)`, sides divisible by 4."""
        first = self.first(x)
        second = self.second(self.down(first))
        middle = self.middle(self.down(second))
        second = self.after_second(torch.cat([self.up_second(middle), second], dim=1))
        first = self.after_first(torch.cat([self.up_first(second), first], dim=1))
        return self.scores(first)


def canvases(images: Tensor, labels: Tensor, count: int, seed: int) -> tuple[Tensor, Tensor]:
    """Digits, halved, at random places: `(count, 1, SIDE, SIDE)`, and a class for every pixel.

    Class 0 is the ground, class `n + 1` the digit `n`.
    """
    images = F.avg_pool2d(images, 2)
    generator = torch.Generator().manual_seed(seed)
    x = torch.zeros(count, 1, SIDE, SIDE)
    y = torch.zeros(count, SIDE, SIDE, dtype=torch.long)
    size = images.shape[-1]
    for canvas, classes in zip(x[:, 0], y, strict=True):
        for _ in range(DIGITS):
            n = int(torch.randint(len(images), (), generator=generator))
            i, j = torch.randint(SIDE - size + 1, (2,), generator=generator).tolist()
            place = slice(i, i + size), slice(j, j + size)
            if canvas[place].sum() > 0.2 * images[n].sum():  # too close to another digit
                continue
            canvas[place] = torch.maximum(canvas[place], images[n, 0])
            classes[place][images[n, 0] > 0.4] = labels[n] + 1
    return x, y


def train(net: nn.Module, x: Tensor, y: Tensor, epochs: int, batch: int = 8) -> float:
    """Adam with a one-cycle rate; the ground, most of every canvas, counts less. Seconds."""
    steps, start = len(x) // batch, time.perf_counter()
    optimizer = torch.optim.Adam(net.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.004, total_steps=epochs * steps)
    weight = torch.tensor([0.2] + [1.0] * (CLASSES - 1))
    generator = torch.Generator().manual_seed(0)
    for epoch in range(epochs):
        net.train()
        total = 0.0
        for chosen in torch.randperm(len(x), generator=generator)[: steps * batch].split(batch):
            loss = F.cross_entropy(net(x[chosen]), y[chosen], weight)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item()
        print(f"  epoch {epoch + 1} of {epochs}: loss {total / steps:.3f}", flush=True)
    net.eval()
    return time.perf_counter() - start


@torch.no_grad()
def mean_iou(net: nn.Module, x: Tensor, y: Tensor) -> float:
    """The share of a class's pixels that answer and truth have in common, averaged over digits."""
    found = torch.cat([net(part).argmax(1) for part in x.split(50)])
    shares = []
    for n in range(1, CLASSES):
        both, either = (found == n) & (y == n), (found == n) | (y == n)
        if either.any():
            shares.append(both.sum().item() / either.sum().item())
    return sum(shares) / len(shares)


def draw(nets: dict[str, nn.Module], x: Tensor, y: Tensor, file: str) -> None:
    """A canvas, the truth and every answer; below, of the canvas turned by a quarter."""
    import matplotlib.pyplot as plt

    rows = [(x, y), (x.rot90(1, (-2, -1)), y.rot90(1, (-2, -1)))]
    figure, axes = plt.subplots(2, 2 + len(nets), figsize=(2.3 * (2 + len(nets)), 4.8))
    for line, (canvas, truth) in zip(axes, rows, strict=True):
        with torch.no_grad():
            answers = [net(canvas[None])[0].argmax(0) for net in nets.values()]
        line[0].imshow(canvas[0].numpy(), cmap="gray")
        for axis, classes in zip(line[1:], [truth, *answers], strict=True):
            axis.imshow(classes.numpy(), cmap="tab20", vmin=0, vmax=19, interpolation="nearest")
    for axis, title in zip(axes[0], ["canvas", "truth", *nets], strict=True):
        axis.set_title(title)
    for axis in axes.flat:
        axis.set_axis_off()
    figure.tight_layout()
    figure.savefig(file, dpi=100)
    plt.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="a folder with MNIST")
    parser.add_argument("--group", default="p4m")
    parser.add_argument("--width", type=int, default=16, help="of the planar network")
    parser.add_argument("--canvases", type=int, default=1500)
    parser.add_argument("--epochs", type=int, default=16)
    parser.add_argument("--quick", action="store_true", help="few canvases, one epoch")
    a = parser.parse_args()
    count, epochs, width = (48, 1, 6) if a.quick else (a.canvases, a.epochs, a.width)
    digits = gc.data.load_mnist(a.data) if a.data else gc.data.bundled_digits()
    x, y = canvases(digits.train_x, digits.train_y, count, seed=0)
    test_x, test_y = canvases(digits.test_x, digits.test_y, max(count // 4, 8), seed=1)
    turns = torch.arange(len(test_x)) % 4
    turned_x = torch.stack([c.rot90(int(r), (-2, -1)) for c, r in zip(test_x, turns, strict=True)])
    turned_y = torch.stack([c.rot90(int(r), (-2, -1)) for c, r in zip(test_y, turns, strict=True)])
    print(f"{digits.name}: {len(x):,} canvases to train, {len(test_x):,} to test")
    nets: dict[str, nn.Module] = {}
    lines = []
    for group, channels in (
        ("z2", width),
        (a.group, round(width / math.sqrt(gc.group(a.group).order))),
    ):
        torch.manual_seed(0)
        net = nets[group] = UNet(group, channels)
        print(f"{group} U-Net")
        seconds = train(net, x, y, epochs)
        upright, turned = mean_iou(net, test_x, test_y), mean_iou(net, turned_x, turned_y)
        parameters = sum(p.numel() for p in net.parameters())
        error = gc.testing.equivariance_error(net, test_x[:4], group=a.group).worst
        lines.append(
            f"{group:6} {parameters:>9,} parameters  IoU upright {upright:.3f}  turned {turned:.3f}"
            f"  answer turned or turned answer: {error:.0e}  {seconds:.0f} s"
        )
    print(*lines, sep="\n")
    draw(nets, test_x[0], test_y[0], "segmentation.png")
    print("segmentation.png")


if __name__ == "__main__":
    main()
