"""An ordinary network made equivariant: before training, and after.

First a classifier is trained on upright digits, converted with its weights, and tested on digits
that are turned and mirrored, at once and after one more epoch. Then a U-Net of torch's own modules
is converted with as many parameters, and both are trained on upright canvases.

    python examples/conversion.py --data DIR [--group p4] [--epochs N] [--quick]

The folder holds MNIST; without one, scikit-learn's small digits serve. It draws `conversion.png`: a
canvas and the answers, as it stands and turned.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from segmentation import canvases, draw, mean_iou, train
from torch import Tensor, nn

import groupconv as gc


def classifier(classes: int = 10) -> nn.Module:
    """A network of torch alone, for digits of 28×28 or 8×8."""
    return nn.Sequential(
        nn.Conv2d(1, 12, 3, padding=1, bias=False), nn.BatchNorm2d(12), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(12, 24, 3, padding=1, bias=False), nn.BatchNorm2d(24), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(24, 24, 3, padding=1, bias=False), nn.BatchNorm2d(24), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(24, classes),
    )  # fmt: skip


class UNet(nn.Module):
    """A U-Net of torch alone; the same as in `segmentation.py`, but for its head."""

    def __init__(self, width: int, classes: int = 11) -> None:
        super().__init__()

        def block(before: int, after: int) -> nn.Module:
            return nn.Sequential(
                nn.Conv2d(before, after, 3, padding=1, bias=False),
                nn.BatchNorm2d(after), nn.ReLU(),
                nn.Conv2d(after, after, 3, padding=1, bias=False),
                nn.BatchNorm2d(after), nn.ReLU(),
            )  # fmt: skip

        one, two, four = width, 2 * width, 4 * width
        self.first, self.second, self.middle = block(1, one), block(one, two), block(two, four)
        self.up_second = nn.ConvTranspose2d(four, two, 2, stride=2)
        self.up_first = nn.ConvTranspose2d(two, one, 2, stride=2)
        self.after_second, self.after_first = block(2 * two, two), block(2 * one, one)
        self.head = nn.Sequential(
            nn.Conv2d(one, 32, 3, padding=1), nn.ReLU(), nn.Conv2d(32, classes, 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Scores `(B, 11, H, W)` of canvases `(B, 1, H, W)`, sides divisible by 4."""
        first = self.first(x)
        second = self.second(F.max_pool2d(first, 2))
        middle = self.middle(F.max_pool2d(second, 2))
        second = self.after_second(torch.cat([self.up_second(middle), second], dim=1))
        return self.head(self.after_first(torch.cat([self.up_first(second), first], dim=1)))


def fit(net: nn.Module, x: Tensor, y: Tensor, epochs: int, rate: float) -> None:
    """Adam with a one-cycle rate."""
    steps = epochs * (len(x) // 64)
    optimizer = torch.optim.Adam(net.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps)
    generator = torch.Generator().manual_seed(0)
    net.train()
    for _ in range(epochs):
        for chosen in torch.randperm(len(x), generator=generator)[: len(x) // 64 * 64].split(64):
            optimizer.zero_grad()
            F.cross_entropy(net(x[chosen]), y[chosen]).backward()
            optimizer.step()
            schedule.step()
    net.eval()


@torch.no_grad()
def error(net: nn.Module, x: Tensor, y: Tensor) -> float:
    """The share of wrong answers, in %."""
    found = torch.cat([net(part).argmax(1) for part in x.split(500)])
    return 100 * (found != y).float().mean().item()


def moved(x: Tensor, group: str) -> Tensor:
    """Each image moved by another element of the group."""
    G = gc.group(group)
    parts = [gc.nn.functional.act(x[s :: G.order], G.element(s), G) for s in range(G.order)]
    result = torch.empty_like(x)
    for s, part in enumerate(parts):
        result[s :: G.order] = part
    return result


def start_from_a_trained_network(digits: gc.data.ImageSet, group: str, *, is_quick: bool) -> None:
    """Train upright, convert with the weights, test on moved digits, train one epoch more."""
    count, epochs = (256, 1) if is_quick else (12_000, 6)
    x, y = digits.train_x[:count], digits.train_y[:count]
    test_x, test_y = digits.test_x[: 10 * count], digits.test_y[: 10 * count]
    turned = moved(test_x, group)
    torch.manual_seed(0)
    planar = classifier()
    fit(planar, x, y, epochs, 0.01)
    options = {"width": "channels", "init": "planar"}
    net, _ = gc.convert(planar, group, example=x[:2], **options)
    rows = [("planar", planar, 0.0), (f"converted to {group}", net.eval(), 0.0)]
    lines = [
        (name, error(each, test_x, test_y), error(each, turned, test_y)) for name, each, _ in rows
    ]
    start = time.perf_counter()
    fit(net, x, y, 1, 0.003)
    seconds = time.perf_counter() - start
    name = f"and one more epoch ({seconds:.0f} s)"
    lines.append((name, error(net, test_x, test_y), error(net, turned, test_y)))
    print(f"{digits.name}: {len(x):,} upright digits to train; errors in %")
    for name, upright, other in lines:
        print(f"  {name:32} upright {upright:5.2f}  turned {other:5.2f}")


def convert_and_train(
    digits: gc.data.ImageSet, group: str, width: int, epochs: int, *, is_quick: bool
) -> None:
    """Convert an untrained U-Net with as many parameters, and train it beside its origin."""
    count = 48 if is_quick else 1500
    x, y = canvases(digits.train_x, digits.train_y, count, seed=0)
    test_x, test_y = canvases(digits.test_x, digits.test_y, max(count // 4, 8), seed=1)
    turns = torch.arange(len(test_x)) % 4
    turned_x = torch.stack([c.rot90(int(r), (-2, -1)) for c, r in zip(test_x, turns, strict=True)])
    turned_y = torch.stack([c.rot90(int(r), (-2, -1)) for c, r in zip(test_y, turns, strict=True)])
    torch.manual_seed(0)
    planar = UNet(width)
    net, report = gc.convert(planar, group, example=x[:2])
    print(report)
    nets: dict[str, nn.Module] = {"planar": planar, f"converted ({group})": net}
    lines = []
    for name, each in nets.items():
        seconds = train(each, x, y, epochs)
        upright, turned = mean_iou(each, test_x, test_y), mean_iou(each, turned_x, turned_y)
        found = gc.testing.diagnose(each, test_x[:4], group=group)
        parameters = sum(p.numel() for p in each.parameters())
        lines.append(
            f"{name:16} {parameters:>9,} parameters  IoU upright {upright:.3f}  turned {turned:.3f}"
            f"  equivariance error {found.error:.0e}  {seconds:.0f} s"
        )
    print(*lines, sep="\n")
    fullest = int((test_y > 0).flatten(1).sum(1).argmax())
    draw(nets, test_x[fullest], test_y[fullest], "conversion.png")
    print("conversion.png")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="a folder with MNIST")
    parser.add_argument("--group", default="p4")
    parser.add_argument("--width", type=int, default=16, help="of the planar U-Net")
    parser.add_argument("--epochs", type=int, default=16, help="of the U-Nets")
    parser.add_argument("--quick", action="store_true", help="little data, one epoch")
    a = parser.parse_args()
    digits = gc.data.load_mnist(a.data) if a.data else gc.data.bundled_digits()
    start_from_a_trained_network(digits, a.group, is_quick=a.quick)
    width, epochs = (6, 1) if a.quick else (a.width, a.epochs)
    convert_and_train(digits, a.group, width, epochs, is_quick=a.quick)


if __name__ == "__main__":
    main()
