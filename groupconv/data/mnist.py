"""MNIST from files in a folder, and the draw that rotated MNIST is made of."""

from __future__ import annotations

import contextlib
import gzip
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch

from groupconv.data.images import ImageSet
from groupconv.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["load_mnist", "mnist_draw"]

NPZ = "mnist.npz"
NPZ_KEYS = (
    ("train_x", "x_train"),
    ("train_y", "y_train"),
    ("test_x", "x_test"),
    ("test_y", "y_test"),
)
IDX = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
IDX_BYTES = 0x08

TRAIN_IMAGES, ALL_IMAGES = 12_000, 62_000

Bytes = npt.NDArray[np.uint8]


def load_mnist(folder: str | Path) -> ImageSet:
    """MNIST from a folder with `mnist.npz` or the four idx files, plain or gzipped.

    Args:
        folder: The folder. An npz file holds `train_x`, `train_y`, `test_x` and `test_y`
            (or `x_train` and so on): uint8 images `(N, 28, 28)` and labels `(N,)`.

    Raises:
        DataError: a file is missing or damaged, or holds something else than MNIST.
    """
    if not isinstance(folder, str | Path):
        raise DataError(f"folder={folder!r}: expected a path")
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"folder={str(folder)!r} is not a folder; name one that holds MNIST")
    if (folder / NPZ).is_file():
        arrays = _read_npz(folder / NPZ)
    else:
        arrays = tuple(_read_idx(_find_idx(folder, name)) for name in IDX)
    train_x, train_y, test_x, test_y = arrays
    for images, labels in ((train_x, train_y), (test_x, test_y)):
        if images.shape[1:] != (28, 28) or labels.shape != images.shape[:1]:
            raise DataError(
                f"MNIST in {str(folder)!r} has images {images.shape} and labels {labels.shape}, "
                f"expected (N, 28, 28) and (N,)"
            )
        if images.dtype != np.uint8 or labels.dtype.kind not in "iu":
            raise DataError(
                f"MNIST in {str(folder)!r} has {images.dtype} images and {labels.dtype} labels, "
                f"expected uint8 and integers"
            )
        if not np.isin(labels, range(10)).all():
            raise DataError(
                f"MNIST in {str(folder)!r} has labels {np.unique(labels)[:12]}, expected 0 to 9"
            )
    return ImageSet("MNIST", _pixels(train_x), _labels(train_y), _pixels(test_x), _labels(test_y))


def mnist_draw(folder: str | Path, seed: int = 0) -> ImageSet:
    """12,000 training and 50,000 test digits, drawn from all 70,000 of MNIST, upright.

    `rotated` makes rotated MNIST of them: as many digits as in the set of Larochelle et al.
    (2007) that the paper used, but other ones at other angles, so errors compare only roughly.

    Args:
        folder: A folder that holds MNIST, as for `load_mnist`.
        seed: The seed of the draw.

    Raises:
        DataError: the files cannot be read, or hold fewer than 62,000 digits.
    """
    mnist = load_mnist(folder)
    images = torch.cat([mnist.train_x, mnist.test_x])
    labels = torch.cat([mnist.train_y, mnist.test_y])
    if len(images) < ALL_IMAGES:
        raise DataError(
            f"folder={str(folder)!r} holds {len(images)} digits, and the draw takes "
            f"{ALL_IMAGES}; use the whole of MNIST"
        )
    draw = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))
    train, test = draw[:TRAIN_IMAGES], draw[TRAIN_IMAGES:ALL_IMAGES]
    return ImageSet("MNIST", images[train], labels[train], images[test], labels[test])


def _read_npz(path: Path) -> tuple[Bytes, ...]:
    with _blaming(path), path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
        missing = [names[0] for names in NPZ_KEYS if not set(names) & set(file.files)]
        if missing:
            raise ValueError(
                f"it has no array {missing[0]!r}, expected train_x, train_y, test_x and test_y"
            )
        return tuple(file[next(n for n in names if n in file.files)] for names in NPZ_KEYS)


def _find_idx(folder: Path, name: str) -> Path:
    for candidate in (name, name + ".gz", name.replace("-idx", ".idx")):
        if (folder / candidate).is_file():
            return folder / candidate
    raise DataError(
        f"folder={str(folder)!r} holds neither {NPZ!r} nor {name!r} (plain or .gz); put MNIST "
        f"there as one npz file or as the four idx files"
    )


def _read_idx(path: Path) -> Bytes:
    """An idx file: two zero bytes, the type, the number of axes, their sizes, the data."""
    with _blaming(path):
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        if data[:3] != bytes([0, 0, IDX_BYTES]):
            raise ValueError("it is not an idx file of unsigned bytes")
        shape = np.frombuffer(data, dtype=">u4", count=data[3], offset=4)
        return np.frombuffer(data, dtype=np.uint8, offset=4 + 4 * data[3]).reshape(shape)


@contextlib.contextmanager
def _blaming(path: Path) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # gzip, zipfile and numpy raise many kinds at a damaged file
        raise DataError(f"{str(path)!r} cannot be read: {error}; download it again") from error


def _pixels(images: Bytes) -> torch.Tensor:
    return torch.from_numpy(images.astype(np.float32) / 255)[:, None]


def _labels(labels: Bytes) -> torch.Tensor:
    return torch.from_numpy(labels.astype(np.int64))
