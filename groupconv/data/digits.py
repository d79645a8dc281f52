"""Handwritten digits that come with scikit-learn."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from groupconv.data.images import ImageSet, turned
from groupconv.errors import MissingDependencyError

__all__ = ["bundled_digits", "rotated"]

TEST_IMAGES = 597
SPLIT_SEED = 0


def bundled_digits() -> ImageSet:
    """The 1,797 handwritten digits of scikit-learn, enlarged to the format of MNIST.

    The 8×8 images (Alpaydin and Kaynak, UCI repository, 1998) are enlarged bilinearly to 20×20
    and centred in 28×28; 1,200 of them, drawn with a fixed seed, train and 597 test.

    Raises:
        MissingDependencyError: scikit-learn is not installed.

    >>> bundled_digits().train_x.shape
    torch.Size([1200, 1, 28, 28])
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise MissingDependencyError(
            "the bundled digits need scikit-learn; run: pip install 'groupconv[demo]'"
        ) from error
    digits = load_digits()
    images = torch.tensor(digits.images, dtype=torch.float32)[:, None] / 16  # (N, 1, 8, 8)
    images = F.interpolate(images, size=(20, 20), mode="bilinear", align_corners=False)
    images = F.pad(images, (4, 4, 4, 4))
    labels = torch.tensor(digits.target, dtype=torch.int64)
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(SPLIT_SEED))
    test, train = order[:TEST_IMAGES], order[TEST_IMAGES:]
    return ImageSet("digits", images[train], labels[train], images[test], labels[test])


def rotated(images: ImageSet, seed: int = 0, *, train: bool = True) -> ImageSet:
    """The same images, each turned by a random angle of its own.

    Args:
        images: An image set.
        seed: The seed of the angles; the test part uses the next one.
        train: Whether to turn the training part too.

    >>> rotated(bundled_digits(), train=False).name
    'upright digits → rotated'
    """
    return ImageSet(
        f"rotated {images.name}" if train else f"upright {images.name} → rotated",
        turned(images.train_x, seed) if train else images.train_x,
        images.train_y,
        turned(images.test_x, seed + 1),
        images.test_y,
    )
