"""Networks as people write them, in torch alone."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint


class VGG(nn.Module):
    """Convolutions, a pool to a fixed size, and a head on all its places."""

    def __init__(self, classes=10):
        super().__init__()
        layers, before = [], 3
        for width in (16, "M", 32, "M", 32):
            if width == "M":
                layers.append(nn.MaxPool2d(2, 2))
            else:
                layers += [nn.Conv2d(before, width, 3, padding=1), nn.BatchNorm2d(width)]
                layers.append(nn.ReLU(inplace=True))
                before = width
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d((7, 7))
        self.classifier = nn.Sequential(
            nn.Linear(before * 7 * 7, 64), nn.ReLU(True), nn.Dropout(),
            nn.Linear(64, 64), nn.ReLU(True), nn.Dropout(), nn.Linear(64, classes),
        )  # fmt: skip

    def forward(self, x):
        x = self.avgpool(self.features(x))
        return self.classifier(torch.flatten(x, 1))


class BasicBlock(nn.Module):
    expansion = 1

    def __init__(self, before, width, stride=1, conv=nn.Conv2d, norm=nn.BatchNorm2d):
        super().__init__()
        self.conv1 = conv(before, width, 3, stride, 1, bias=False)
        self.bn1 = norm(width)
        self.conv2 = conv(width, width, 3, 1, 1, bias=False)
        self.bn2 = norm(width)
        self.shortcut = nn.Sequential()
        if stride != 1 or before != width:
            self.shortcut = nn.Sequential(conv(before, width, 1, stride, bias=False), norm(width))

    def forward(self, x):
        out = F.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out += self.shortcut(x)
        return F.relu(out)


class Bottleneck(nn.Module):
    expansion = 4

    def __init__(self, before, width, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(before, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = None
        if stride != 1 or before != 4 * width:
            self.downsample = nn.Sequential(
                nn.Conv2d(before, 4 * width, 1, stride, bias=False), nn.BatchNorm2d(4 * width)
            )

    def forward(self, x):
        identity = x if self.downsample is None else self.downsample(x)
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        return self.relu(self.bn3(self.conv3(out)) + identity)


class ResNet(nn.Module):
    """ResNet-18 of (2, 2, 2, 2) basic blocks, ResNet-50 of (3, 4, 6, 3) bottlenecks."""

    def __init__(self, block, counts, width=16, classes=10):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        before, stages = width, []
        for place, count in enumerate(counts):
            blocks = []
            for n in range(count):
                stride = 2 if n == 0 and place > 0 else 1
                blocks.append(block(before, width * 2**place, stride))
                before = width * 2**place * block.expansion
            stages.append(nn.Sequential(*blocks))
        self.layers = nn.ModuleList(stages)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(before, classes)

    def forward(self, x):
        x = self.maxpool(F.relu(self.bn1(self.conv1(x))))
        for stage in self.layers:
            x = stage(x)
        return self.fc(self.avgpool(x).view(x.size(0), -1))


class PreActBlock(nn.Module):
    def __init__(self, before, width, stride=1):
        super().__init__()
        self.bn1 = nn.BatchNorm2d(before)
        self.conv1 = nn.Conv2d(before, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        if stride != 1 or before != width:
            self.shortcut = nn.Conv2d(before, width, 1, stride, bias=False)

    def forward(self, x):
        out = F.relu(self.bn1(x))
        shortcut = self.shortcut(out) if hasattr(self, "shortcut") else x
        out = self.conv1(out)
        return self.conv2(F.relu(self.bn2(out))) + shortcut


class PreActResNet(nn.Module):
    def __init__(self, classes=10):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.blocks = nn.Sequential(
            PreActBlock(16, 16), PreActBlock(16, 32, 2), PreActBlock(32, 64, 2)
        )
        self.bn = nn.BatchNorm2d(64)
        self.linear = nn.Linear(64, classes)

    def forward(self, x):
        out = F.relu(self.bn(self.blocks(self.conv1(x))))
        return self.linear(out.mean(dim=(2, 3)))


class DenseLayer(nn.Module):
    def __init__(self, before, growth):
        super().__init__()
        self.norm1, self.conv1 = (
            nn.BatchNorm2d(before),
            nn.Conv2d(before, 4 * growth, 1, bias=False),
        )
        self.norm2 = nn.BatchNorm2d(4 * growth)
        self.conv2 = nn.Conv2d(4 * growth, growth, 3, padding=1, bias=False)

    def bottleneck(self, *maps):
        return self.conv1(F.relu(self.norm1(torch.cat(maps, 1))))

    def forward(self, maps):
        if any(x.requires_grad for x in maps):
            out = checkpoint(self.bottleneck, *maps, use_reentrant=False)
        else:
            out = self.bottleneck(*maps)
        return self.conv2(F.relu(self.norm2(out)))


class DenseNet(nn.Module):
    def __init__(self, growth=8, classes=10):
        super().__init__()
        self.conv0 = nn.Conv2d(3, 16, 3, padding=1, bias=False)
        before, self.blocks, self.transitions = 16, nn.ModuleList(), nn.ModuleList()
        for _ in range(2):
            self.blocks.append(
                nn.ModuleList(DenseLayer(before + n * growth, growth) for n in range(3))
            )
            before += 3 * growth
            norm, conv = nn.BatchNorm2d(before), nn.Conv2d(before, before // 2, 1, bias=False)
            self.transitions.append(nn.Sequential(norm, nn.ReLU(), conv, nn.AvgPool2d(2, 2)))
            before //= 2
        self.norm, self.classifier = nn.BatchNorm2d(before), nn.Linear(before, classes)

    def forward(self, x):
        x = self.conv0(x)
        for block, transition in zip(self.blocks, self.transitions, strict=True):
            maps = [x]
            for layer in block:
                maps.append(layer(maps))
            x = transition(torch.cat(maps, 1))
        x = F.adaptive_avg_pool2d(F.relu(self.norm(x)), (1, 1))
        return self.classifier(torch.flatten(x, 1))


class InvertedResidual(nn.Module):
    def __init__(self, before, after, stride, expansion):
        super().__init__()
        hidden = before * expansion
        self.use_shortcut = stride == 1 and before == after
        self.conv = nn.Sequential(
            nn.Conv2d(before, hidden, 1, bias=False), nn.BatchNorm2d(hidden), nn.ReLU6(True),
            nn.Conv2d(hidden, hidden, 3, stride, 1, groups=hidden, bias=False),
            nn.BatchNorm2d(hidden), nn.ReLU6(inplace=True),
            nn.Conv2d(hidden, after, 1, bias=False), nn.BatchNorm2d(after),
        )  # fmt: skip

    def forward(self, x):
        return x + self.conv(x) if self.use_shortcut else self.conv(x)


class MobileNetV2(nn.Module):
    def __init__(self, classes=10):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 16, 3, 2, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU6(inplace=True)
        )
        self.blocks = nn.Sequential(
            InvertedResidual(16, 16, 1, 6),
            InvertedResidual(16, 24, 2, 6),
            InvertedResidual(24, 24, 1, 6),
        )
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(24, classes))

    def forward(self, x):
        x = self.blocks(self.stem(x))
        return self.classifier(x.mean([2, 3]))


class ConvNeXtBlock(nn.Module):
    """Depthwise, then pointwise layers and a norm in channels-last, and a scale per channel."""

    def __init__(self, width):
        super().__init__()
        self.dwconv = nn.Conv2d(width, width, 7, padding=3, groups=width)
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.pwconv1, self.act = nn.Linear(width, 4 * width), nn.GELU()
        self.pwconv2 = nn.Linear(4 * width, width)
        self.gamma = nn.Parameter(torch.full((width,), 0.1))

    def forward(self, x):
        shortcut = x
        x = self.dwconv(x).permute(0, 2, 3, 1)
        x = self.gamma * self.pwconv2(self.act(self.pwconv1(self.norm(x))))
        return shortcut + x.permute(0, 3, 1, 2)


class ConvNeXt(nn.Module):
    def __init__(self, width=16, classes=10):
        super().__init__()
        self.stem = nn.Conv2d(3, width, 4, 4)
        self.blocks = nn.Sequential(ConvNeXtBlock(width), ConvNeXtBlock(width))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, classes)

    def forward(self, x):
        return self.head(self.norm(self.blocks(self.stem(x)).mean([-2, -1])))


class UNet(nn.Module):
    """Two levels; up by transposed convolutions, or by bilinear upsampling."""

    def __init__(self, width=8, classes=4, *, bilinear=False):
        super().__init__()

        def double(before, after):
            return nn.Sequential(
                nn.Conv2d(before, after, 3, padding=1), nn.BatchNorm2d(after), nn.ReLU(True),
                nn.Conv2d(after, after, 3, padding=1), nn.BatchNorm2d(after), nn.ReLU(True),
            )  # fmt: skip

        self.inc, self.down1 = double(1, width), double(width, 2 * width)
        self.down2, self.pool = double(2 * width, 4 * width), nn.MaxPool2d(2)
        if bilinear:
            self.up1 = self.up2 = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)
        else:
            self.up1 = nn.ConvTranspose2d(4 * width, 4 * width, 2, stride=2)
            self.up2 = nn.ConvTranspose2d(2 * width, 2 * width, 2, stride=2)
        self.conv1, self.conv2 = double(6 * width, 2 * width), double(3 * width, width)
        self.outc = nn.Conv2d(width, classes, 1)

    def forward(self, x):
        one = self.inc(x)
        two = self.down1(self.pool(one))
        x = self.up1(self.down2(self.pool(two)))
        x = self.up2(self.conv1(torch.cat([two, x], dim=1)))
        return self.outc(self.conv2(torch.cat([one, x], dim=1)))


class WaveNet(nn.Module):
    """Dilated convolutions of a signal with gates, skips and residual connections."""

    def __init__(self, width=8, classes=5):
        super().__init__()
        self.start = nn.Conv1d(1, width, 1)
        self.filters, self.gates, self.residuals, self.skips = (nn.ModuleList() for _ in range(4))
        for n in range(3):
            options = {"dilation": 2**n, "padding": 2**n}
            self.filters.append(nn.Conv1d(width, width, 3, **options))
            self.gates.append(nn.Conv1d(width, width, 3, **options))
            self.residuals.append(nn.Conv1d(width, width, 1))
            self.skips.append(nn.Conv1d(width, 2 * width, 1))
        self.end1, self.end2 = nn.Conv1d(2 * width, 2 * width, 1), nn.Conv1d(2 * width, classes, 1)

    def forward(self, x):
        x, skip = self.start(x), 0
        for filter_, gate, residual, to_skip in zip(
            self.filters, self.gates, self.residuals, self.skips, strict=True
        ):
            z = torch.tanh(filter_(x)) * torch.sigmoid(gate(x))
            skip = skip + to_skip(z)
            x = x + residual(z)
        return self.end2(F.relu(self.end1(F.relu(skip))))


class ResNet3D(nn.Module):
    def __init__(self, classes=4):
        super().__init__()
        self.stem = nn.Conv3d(1, 8, 3, padding=1, bias=False)
        self.block1 = BasicBlock(8, 8, conv=nn.Conv3d, norm=nn.BatchNorm3d)
        self.block2 = BasicBlock(8, 16, 2, conv=nn.Conv3d, norm=nn.BatchNorm3d)
        self.pool, self.fc = nn.AdaptiveAvgPool3d(1), nn.Linear(16, classes)

    def forward(self, x):
        return self.fc(self.pool(self.block2(self.block1(self.stem(x)))).flatten(1))


class SqueezeExcite(nn.Module):
    def __init__(self, width, reduction=4):
        super().__init__()
        self.avg_pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Sequential(
            nn.Linear(width, width // reduction, bias=False), nn.ReLU(inplace=True),
            nn.Linear(width // reduction, width, bias=False), nn.Sigmoid(),
        )  # fmt: skip

    def forward(self, x):
        b, c, _, _ = x.size()
        y = self.avg_pool(x).view(b, c)
        return x * self.fc(y).view(b, c, 1, 1).expand_as(x)


class SENet(nn.Module):
    def __init__(self, classes=10):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16)
        self.se1, self.prelu = SqueezeExcite(16), nn.PReLU(16)
        self.conv2, self.gn = nn.Conv2d(16, 32, 3, padding=1), nn.GroupNorm(8, 32)
        self.drop, self.fc = nn.Dropout2d(0.1), nn.Linear(32, classes)

    def forward(self, x):
        x = self.prelu(self.se1(self.bn1(self.conv1(x))))
        x = self.drop(F.silu(self.gn(self.conv2(x))))
        return self.fc(F.avg_pool2d(x, x.shape[-1]).flatten(1))


class Inception(nn.Module):
    """Branches that are joined, behind two stems on two inputs."""

    def __init__(self, classes=10):
        super().__init__()
        self.stem_a, self.stem_b = nn.Conv2d(3, 16, 3, padding=1), nn.Conv2d(1, 16, 5, padding=2)
        self.branch1 = nn.Conv2d(32, 8, 1)
        self.branch3 = nn.Sequential(nn.Conv2d(32, 8, 1), nn.ReLU(), nn.Conv2d(8, 16, 3, padding=1))
        self.branch5 = nn.Sequential(nn.Conv2d(32, 4, 1), nn.ReLU(), nn.Conv2d(4, 8, 5, padding=2))
        self.branch_pool = nn.Sequential(nn.MaxPool2d(3, 1, 1), nn.Conv2d(32, 8, 1))
        self.norm, self.fc = nn.InstanceNorm2d(40, affine=True), nn.Linear(40, classes)

    def forward(self, image, depth):
        x = F.relu(torch.cat([self.stem_a(image), self.stem_b(depth)], 1))
        branches = self.branch1, self.branch3, self.branch5, self.branch_pool
        x = F.relu(self.norm(torch.cat([branch(x) for branch in branches], 1)))
        return self.fc(x.amax((2, 3)))


class Shared(nn.Module):
    """One block used again and again, and two modules with one weight."""

    def __init__(self, classes=10):
        super().__init__()
        self.stem, self.block = nn.Conv2d(3, 16, 3, padding=1), BasicBlock(16, 16)
        self.one, self.two = nn.Conv2d(16, 16, 1), nn.Conv2d(16, 16, 1)
        self.two.weight = self.one.weight
        self.head = nn.Sequential(nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(16, classes))
        self.again = self.block

    def forward(self, x):
        x = self.stem(x)
        for _ in range(2):
            x = self.block(x)
        if x.mean() > -1e9:  # a branch that depends on data
            x = self.again(F.relu(self.one(x)) + self.two(x))
        return self.head(x)


class Generator(nn.Module):
    """Images from maps of one cell."""

    def __init__(self, noise=12, width=8):
        super().__init__()
        self.main = nn.Sequential(
            nn.ConvTranspose2d(noise, 4 * width, 4, 1, 0, bias=False), nn.BatchNorm2d(4 * width),
            nn.ReLU(True), nn.ConvTranspose2d(4 * width, 2 * width, 4, 2, 1, bias=False),
            nn.BatchNorm2d(2 * width), nn.ReLU(True),
            nn.ConvTranspose2d(2 * width, 1, 4, 2, 1, bias=False), nn.Tanh(),
        )  # fmt: skip

    def forward(self, z):
        return self.main(z)


def image(*shape):
    return torch.randn(2, *shape)


ARCHITECTURES = {
    "VGG": (VGG, "p4m", lambda: image(3, 28, 28)),
    "ResNet-18": (lambda: ResNet(BasicBlock, (2, 2, 2, 2), 8), "p4m", lambda: image(3, 33, 33)),
    "ResNet-50": (lambda: ResNet(Bottleneck, (3, 4, 6, 3), 4), "p4", lambda: image(3, 33, 33)),
    "pre-activation ResNet": (PreActResNet, "p4m", lambda: image(3, 17, 17)),
    "DenseNet": (DenseNet, "p4m", lambda: image(3, 16, 16)),
    "MobileNetV2": (MobileNetV2, "p4m", lambda: image(3, 17, 17)),
    "ConvNeXt": (ConvNeXt, "p4m", lambda: image(3, 32, 32)),
    "U-Net": (UNet, "p4m", lambda: image(1, 16, 16)),
    "bilinear U-Net": (lambda: UNet(bilinear=True), "p4m", lambda: image(1, 16, 16)),
    "WaveNet": (WaveNet, "z1m", lambda: image(1, 31)),
    "3-D ResNet": (ResNet3D, "P4", lambda: image(1, 9, 9, 9)),
    "squeeze-and-excitation": (SENet, "p4m", lambda: image(3, 11, 11)),
    "inception": (Inception, "p4", lambda: (image(3, 9, 9), image(1, 9, 9))),
    "shared modules": (Shared, "p4m", lambda: image(3, 9, 9)),
    "GAN generator": (Generator, "p4m", lambda: image(12, 1, 1)),
}
"""Each network, a group for it, and an input of a size that fits."""
