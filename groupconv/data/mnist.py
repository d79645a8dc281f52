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

NPZ = "mnist.npz"
NPZ_NAMES = ("train_x", "train_y", "test_x", "test_y")
KERAS_NAMES = ("x_train", "y_train", "x_test", "y_test")
IDX = tuple(
    f"{part}-{kind}-ubyte" for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1")
)
IDX_BYTES = 0x08

TRAIN_IMAGES, ALL_IMAGES = 12_000, 62_000

Bytes = npt.NDArray[np.uint8]


def load_mnist(folder: str | Path) -> ImageSet:
    """MNIST from a folder with `mnist.npz` or the four idx files, plain or gzipped.

    An npz file holds `train_x`, `train_y`, `test_x` and `test_y` (or `x_train` and so on): uint8
    images `(N, 28, 28)` and labels `(N,)`.

    Raises:
        DataError: a file is missing, is damaged, or does not hold MNIST.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"folder={str(folder)!r} is not a folder; name one that holds MNIST")
    if (folder / NPZ).is_file():
        arrays = _read_npz(folder / NPZ)
    else:
        arrays = tuple(_read_idx(folder, name) for name in IDX)
    parts: list[torch.Tensor] = []
    for images, labels in (arrays[:2], arrays[2:]):
        fit = images.shape[1:] == (28, 28) and labels.shape == images.shape[:1]
        are_bytes = images.dtype == np.uint8 and labels.dtype.kind in "iu"
        if not (fit and are_bytes and np.isin(labels, range(10)).all()):
            found = f"{images.dtype} images {images.shape}, {labels.dtype} labels {labels.shape}"
            expected = "expected uint8 (N, 28, 28) and integers from 0 to 9 (N,)"
            raise DataError(f"MNIST in {str(folder)!r} has {found}, {expected}")
        parts.append(torch.from_numpy(images.astype(np.float32) / 255)[:, None])
        parts.append(torch.from_numpy(labels.astype(np.int64)))
    return ImageSet("MNIST", *parts)


def mnist_draw(folder: str | Path, seed: int = 0) -> ImageSet:
    """12,000 training and 50,000 test digits, drawn from all 70,000 of MNIST, upright.

    `rotated` makes rotated MNIST of them: as many digits as in the set of Larochelle et al.
    (2007) that the paper used, but other ones at other angles, so errors compare only roughly.

    Raises:
        DataError: the files cannot be read, or hold fewer than 62,000 digits.
    """
    mnist = load_mnist(folder)
    images = torch.cat([mnist.train_x, mnist.test_x])
    labels = torch.cat([mnist.train_y, mnist.test_y])
    if len(images) < ALL_IMAGES:
        found = f"folder={str(folder)!r} holds {len(images)} digits"
        raise DataError(f"{found}, and the draw takes {ALL_IMAGES}; use the whole of MNIST")
    draw = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))
    train, test = draw[:TRAIN_IMAGES], draw[TRAIN_IMAGES:ALL_IMAGES]
    return ImageSet("MNIST", images[train], labels[train], images[test], labels[test])


def _read_npz(path: Path) -> tuple[Bytes, ...]:
    with _blaming(path), path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
        names = KERAS_NAMES if "x_train" in file.files else NPZ_NAMES
        return tuple(file[name] for name in names)


def _read_idx(folder: Path, name: str) -> Bytes:
    """An idx file: two zero bytes, the type, the number of axes, their sizes, the data."""
    places = [folder / each for each in (name, name + ".gz", name.replace("-idx", ".idx"))]
    path = next(filter(Path.is_file, places), None)
    if path is None:
        missing = f"folder={str(folder)!r} holds neither {NPZ!r} nor {name!r} (plain or .gz)"
        raise DataError(f"{missing}; put MNIST there as one npz file or as the four idx files")
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
