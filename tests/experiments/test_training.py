"""Training learns, reports, and repeats itself."""

from __future__ import annotations

import pytest
import torch

from groupconv.data import ImageSet, bundled_digits
from groupconv.errors import ArgumentError
from groupconv.experiments import accuracy, train
from groupconv.models import P4CNN


def few(n=128):
    digits = bundled_digits()
    parts = (digits.train_x, digits.train_y) * 2
    return ImageSet("few", *(part[:n] for part in parts))


def run(seed=0):
    torch.manual_seed(0)
    model, seen = P4CNN(channels=4), []
    result = train(model, few(), epochs=10, batch_size=32, seed=seed, report=seen.append)
    return result, seen, model


def test_a_network_learns_what_it_sees():
    result, seen, model = run()
    assert result.accuracy > 0.9
    assert [(p.epoch, p.epochs) for p in seen] == [(i, 10) for i in range(1, 11)]
    assert seen[-1].loss < seen[0].loss / 2
    assert result.parameters == sum(p.numel() for p in model.parameters())
    assert result.seconds > 0
    images = few()
    assert accuracy(model, images.test_x, images.test_y, batch_size=7) == result.accuracy


@pytest.mark.parametrize("options", [{"epochs": 0}, {"epochs": 1, "batch_size": 0}])
def test_bad_numbers_are_refused(options):
    with pytest.raises(ArgumentError, match="expected a positive integer"):
        train(P4CNN(), few(), **options)


def test_training_repeats_itself():
    (one, seen, _), (two, again, _) = run(), run()
    assert one.accuracy == two.accuracy
    assert seen == again
    assert run(seed=1)[1] != seen
