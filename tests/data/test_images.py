"""Turning images, the bundled digits, and MNIST from files."""

from __future__ import annotations

import gzip
import math

import numpy as np
import pytest
import torch

from groupconv.data import ImageSet, bundled_digits, load_mnist, mnist_draw, rotate, rotated
from groupconv.errors import ArgumentError, DataError, MissingDependencyError


@pytest.mark.parametrize("size", [7, 8])
def test_quarter_turns_are_rot90(size):
    images = torch.rand(4, 2, size, size)
    turned = rotate(images, torch.arange(4) * math.pi / 2)
    for r in range(4):
        expected = torch.rot90(images[r], r, (-2, -1))
        torch.testing.assert_close(turned[r], expected, atol=1e-4, rtol=0)


def test_an_eighth_turn_keeps_a_disk():
    u, v = torch.meshgrid(torch.linspace(-1, 1, 31), torch.linspace(-1, 1, 31), indexing="ij")
    disk = torch.exp(-8 * (u**2 + v**2))[None, None]
    torch.testing.assert_close(rotate(disk, torch.tensor([0.7])), disk, atol=0.02, rtol=0)


def test_oblong_images_turn_without_stretching():
    image = torch.zeros(1, 1, 9, 15)
    image[..., 4, 4:11] = 1  # a bar along the columns
    turned = rotate(image, torch.tensor([math.pi / 2]))
    expected = torch.zeros(1, 1, 9, 15)
    expected[..., 1:8, 7] = 1
    torch.testing.assert_close(turned, expected, atol=1e-4, rtol=0)


def test_bad_shapes_are_refused():
    with pytest.raises(ArgumentError, match="angles"):
        rotate(torch.zeros(2, 1, 5, 5), torch.zeros(3))
    with pytest.raises(ArgumentError, match="train='false': expected True or False"):
        rotated(bundled_digits(), train="false")
    with pytest.raises(DataError, match=r"the test part of 'x' has Tensor \(1, 2\)"):
        ImageSet("x", torch.ones(1, 1, 2, 2), torch.ones(1), torch.ones(1, 2), torch.ones(1))


def test_bundled_digits_are_split_without_overlap():
    digits = bundled_digits()
    assert len(digits.train_x) + len(digits.test_x) == 1797
    everything = {image.numpy().tobytes() for image in torch.cat([digits.train_x, digits.test_x])}
    assert len(everything) > 1700
    assert 0 <= digits.train_x.min() < digits.train_x.max() <= 1
    assert set(digits.test_y.tolist()) == set(range(10))
    assert torch.equal(bundled_digits().train_y, digits.train_y)


def test_rotated_sets_are_reproducible_and_keep_labels():
    digits = bundled_digits()
    both, test_only = rotated(digits, seed=3), rotated(digits, seed=3, train=False)
    assert torch.equal(both.test_x, test_only.test_x)
    assert torch.equal(test_only.train_x, digits.train_x)
    assert not torch.equal(both.train_x, digits.train_x)
    assert not torch.equal(rotated(digits, seed=4).test_x, both.test_x)
    assert torch.equal(both.train_y, digits.train_y)


def test_without_scikit_learn_the_next_step_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "sklearn.datasets", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'groupconv\[demo\]'"):
        bundled_digits()


TRAIN, TEST = 50, 20


@pytest.fixture
def arrays():
    generator = np.random.default_rng(0)
    return {
        "train_x": generator.integers(0, 256, (TRAIN, 28, 28), dtype=np.uint8),
        "train_y": generator.integers(0, 10, TRAIN, dtype=np.uint8),
        "test_x": generator.integers(0, 256, (TEST, 28, 28), dtype=np.uint8),
        "test_y": generator.integers(0, 10, TEST, dtype=np.uint8),
    }


def write_idx(folder, arrays, ending=""):
    names = {
        "train_x": "train-images-idx3-ubyte",
        "train_y": "train-labels-idx1-ubyte",
        "test_x": "t10k-images-idx3-ubyte",
        "test_y": "t10k-labels-idx1-ubyte",
    }
    for key, name in names.items():
        array = arrays[key]
        sizes = b"".join(n.to_bytes(4, "big") for n in array.shape)
        data = bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes()
        (folder / (name + ending)).write_bytes(gzip.compress(data) if ending else data)


def write_npz(folder, arrays, ending=""):
    np.savez(folder / "mnist.npz", **arrays)


def write_keras_npz(folder, arrays, ending=""):
    np.savez(folder / "mnist.npz", **{"_".join(k.split("_")[::-1]): v for k, v in arrays.items()})


@pytest.mark.parametrize("write", [write_idx, write_npz, write_keras_npz])
@pytest.mark.parametrize("ending", ["", ".gz"])
def test_mnist_is_read_from_every_format(tmp_path, arrays, write, ending):
    write(tmp_path, arrays, ending)
    mnist = load_mnist(tmp_path)
    expected = torch.tensor(arrays["test_x"])[:, None] / 255
    torch.testing.assert_close(mnist.test_x, expected)
    assert mnist.train_y.tolist() == arrays["train_y"].tolist()
    assert (mnist.train_x.dtype, mnist.train_y.dtype) == (torch.float32, torch.int64)


def test_unreadable_mnist_is_refused(tmp_path, arrays):
    with pytest.raises(DataError, match="is not a folder; name one that holds MNIST"):
        load_mnist(tmp_path / "nowhere")
    with pytest.raises(DataError, match=r"holds neither 'mnist\.npz' nor 'train-images"):
        load_mnist(tmp_path)
    write_idx(tmp_path, arrays)
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DataError, match=r"cannot be read: cannot reshape .*; download it again"):
        load_mnist(tmp_path)
    path.write_bytes(b"\1\2\3")
    with pytest.raises(DataError, match="it is not an idx file of unsigned bytes"):
        load_mnist(tmp_path)
    (tmp_path / "mnist.npz").write_bytes(b"no zip")
    with pytest.raises(DataError, match=r"mnist\.npz' cannot be read: .*; download it again"):
        load_mnist(tmp_path)
    np.savez(tmp_path / "mnist.npz", **arrays)
    whole = (tmp_path / "mnist.npz").read_bytes()
    (tmp_path / "mnist.npz").write_bytes(whole[:500] + b"x" * 50 + whole[550:])
    with pytest.raises(DataError, match=r"mnist\.npz' cannot be read: .*; download it again"):
        load_mnist(tmp_path)
    np.save(tmp_path / "array.npy", arrays["train_x"])
    (tmp_path / "array.npy").rename(tmp_path / "mnist.npz")
    with pytest.raises(DataError, match=r"mnist\.npz' cannot be read: .*; download it again"):
        load_mnist(tmp_path)
    np.savez(tmp_path / "mnist.npz", **(arrays | {"test_y": np.array(["one"] * TEST)}))
    with pytest.raises(DataError, match=r"<U3 labels \(20,\), expected uint8"):
        load_mnist(tmp_path)
    np.savez(tmp_path / "mnist.npz", train_x=arrays["train_x"])
    with pytest.raises(DataError, match="cannot be read: 'train_y is not a file in the archive"):
        load_mnist(tmp_path)
    np.savez(tmp_path / "mnist.npz", **(arrays | {"train_y": arrays["train_y"] + 10}))
    with pytest.raises(DataError, match=r"expected uint8 .* integers from 0 to 9"):
        load_mnist(tmp_path)
    np.savez(tmp_path / "mnist.npz", **(arrays | {"train_x": arrays["train_x"][:, :20]}))
    with pytest.raises(DataError, match=r"has uint8 images \(50, 20, 28\)"):
        load_mnist(tmp_path)


@pytest.mark.parametrize(
    ("write", "ending"), [(write_idx, ""), (write_idx, ".gz"), (write_npz, "")]
)
def test_a_damaged_file_is_a_data_error(tmp_path, arrays, write, ending):
    write(tmp_path, arrays, ending)
    path = max(tmp_path.iterdir(), key=lambda path: path.stat().st_size)
    whole = path.read_bytes()
    places = [*range(40), *np.random.default_rng(0).integers(40, len(whole), 60), len(whole) - 1]
    damaged = [whole[:place] + bytes([whole[place] ^ 16]) + whole[place + 1 :] for place in places]
    damaged += [whole[:place] for place in places]
    refused = 0
    for data in damaged:
        path.write_bytes(data)
        try:
            load_mnist(tmp_path)
        except DataError:
            refused += 1
    assert refused > len(places)


def test_a_flipped_bit_in_a_gzipped_file_is_a_data_error(tmp_path, arrays):
    arrays["train_x"][:] = 7  # so that there is something to compress
    write_idx(tmp_path, arrays, ".gz")
    path = tmp_path / "train-images-idx3-ubyte.gz"
    whole = path.read_bytes()
    path.write_bytes(whole[:20] + bytes([whole[20] ^ 255]) + whole[21:])
    with pytest.raises(DataError, match=r"idx3-ubyte\.gz' cannot be read: .*; download it again"):
        load_mnist(tmp_path)


def test_the_draw_pools_and_splits(tmp_path, arrays, monkeypatch):
    write_npz(tmp_path, arrays)
    with pytest.raises(DataError, match="holds 70 digits, and the draw takes 62000"):
        mnist_draw(tmp_path)
    monkeypatch.setattr("groupconv.data.mnist.TRAIN_IMAGES", 12)
    monkeypatch.setattr("groupconv.data.mnist.ALL_IMAGES", 62)
    drawn = mnist_draw(tmp_path, seed=1)
    assert (len(drawn.train_x), len(drawn.test_x)) == (12, 50)
    images = {image.numpy().tobytes() for image in torch.cat([drawn.train_x, drawn.test_x])}
    assert len(images) == 62
    assert not torch.equal(mnist_draw(tmp_path, seed=2).train_x, drawn.train_x)
