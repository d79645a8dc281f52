"""Handwritten digits that come with scikit-learn."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from groupconv.data.images import ImageSet
from groupconv.errors import MissingDependencyError

TEST_IMAGES = 597
SPLIT_SEED = 0


def bundled_digits() -> ImageSet:
    """The 1,797 handwritten digits of scikit-learn, enlarged to the format of MNIST.

    The 8×8 images (Alpaydin and Kaynak, UCI repository, 1998) are enlarged bilinearly to 20×20 and
    centred in 28×28; 1,200 of them, drawn with a fixed seed, train and 597 test.

    Raises:
        MissingDependencyError: scikit-learn is not installed.

    Examples:
        >>> bundled_digits().train_x.shape
        torch.Size([1200, 1, 28, 28])
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        step = "run: pip install 'groupconv[demo]'"
        raise MissingDependencyError(f"the bundled digits need scikit-learn; {step}") from error
    digits = load_digits()
    images = torch.tensor(digits.images, dtype=torch.float32)[:, None] / 16  # (N, 1, 8, 8)
    images = F.interpolate(images, size=(20, 20), mode="bilinear", align_corners=False)
    images = F.pad(images, (4, 4, 4, 4))
    labels = torch.tensor(digits.target, dtype=torch.int64)
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(SPLIT_SEED))
    test, train = order[:TEST_IMAGES], order[TEST_IMAGES:]
    return ImageSet("digits", images[train], labels[train], images[test], labels[test])
