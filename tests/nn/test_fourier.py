"""The evaluation by the Fourier transform of the stabilizer equals the lowered one, everywhere."""

from __future__ import annotations

import copy
import sys
import threading
from pathlib import Path

import pytest
import torch
from torch.nn.utils import parametrizations
from torch.profiler import profile
from torch.utils.flop_counter import FlopCounterMode

import groupconv as gc
from groupconv.errors import ArgumentError
from groupconv.nn import fourier, workers
from groupconv.nn.workers import run_all

CASES = {
    "p4m": ("p4m", 3, 5, 3, 7, {"padding": 1}),
    "without padding": ("p4m", 3, 2, 3, 7, {}),
    "with more of it than the kernel reaches": ("p4m", 2, 3, 3, 6, {"padding": 3}),
    "an even kernel": ("p4m", 2, 2, 2, 6, {"padding": 1}),
    "dilated": ("p4", 2, 3, 3, 9, {"padding": 2, "dilation": 2}),
    "a torus": ("p4m", 2, 3, 3, 7, {"padding": 1, "padding_mode": "circular"}),
    "same": ("p4", 2, 3, 3, 7, {"padding": "same"}),
    "complex irreps": ("p4", 4, 3, 5, 8, {"padding": 2}),
    "complex irreps of thirds": ("p3", 2, 3, 3, 7, {"padding": 1}),
    "hexagons": ("p6m", 2, 3, 3, 7, {"padding": 1}),
    "all cells of a hexagon": ("p3", 2, 3, 3, 7, {"padding": 1, "support": "lattice"}),
    "a line": ("z1m", 2, 3, 3, 9, {"padding": 1}),
    "three axes": ("P432", 2, 3, 3, 5, {"padding": 1}),
    "48 elements": ("Pm-3m", 2, 1, 3, 4, {"padding": 1}),
    "three sizes": ("P222", 2, 3, (3, 1, 5), 5, {"padding": (1, 0, 2)}),
    "one pixel": ("p4m", 3, 5, 1, 7, {}),
    "one pixel, padded": ("p4m", 3, 5, 1, 4, {"padding": 1}),
    "no bias": ("p4m", 3, 5, 3, 5, {"padding": 1, "bias": False}),
}

pytestmark = pytest.mark.filterwarnings("ignore::groupconv.errors.ExperimentalWarning")


@pytest.fixture(params=["one chunk", "many chunks", "many parts"])
def chunks(request, monkeypatch):
    """Sizes of chunks: all at once, a few rows at a time, and a few cells of the kernel."""
    size, least = {"one chunk": (2**30, 1), "many chunks": (2**13, 1), "many parts": (2**13, 40)}[
        request.param
    ]
    monkeypatch.setitem(fourier.CHUNK_BYTES, "cpu", size)
    monkeypatch.setattr(fourier, "LEAST_PLACES", least)


def twins(group, C_in, C_out, kernel, n, options, dtype=torch.float64):
    """A layer that is lowered, the same by the Fourier transform, and an input."""
    options = {"group": group, "dtype": dtype} | options
    lowered = gc.nn.GroupConv(C_in, C_out, kernel, evaluation="lowered", **options)
    by_fourier = gc.nn.GroupConv(C_in, C_out, kernel, evaluation="fourier", **options)
    by_fourier.load_state_dict(lowered.state_dict())
    S = lowered.group.stabilizer
    x = torch.randn(3, C_in, S.order, *[n] * S.dimension, dtype=dtype)
    return lowered, by_fourier, x


def is_by_fourier(y):
    """Whether an output comes from the Fourier transform, by the node that made it."""
    return type(y.grad_fn).__name__ == "_FourierConvolutionBackward"


def gradients(layer, x, grad):
    x = x.clone().requires_grad_()
    y = layer(x)
    return y, torch.autograd.grad(y, (x, *layer.parameters()), grad)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.usefixtures("chunks")
def test_outputs_and_gradients_are_equal(case):
    lowered, by_fourier, x = twins(*CASES[case])
    grad = torch.randn_like(lowered(x))
    y, expected = gradients(lowered, x, grad)
    z, found = gradients(by_fourier, x, grad)
    assert is_by_fourier(z)
    assert not is_by_fourier(y)
    torch.testing.assert_close(z, y, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("case", ["p4m", "hexagons", "three axes"])
def test_in_single_precision(case):
    lowered, by_fourier, x = twins(*CASES[case], dtype=torch.float32)
    y, expected = gradients(lowered, x, torch.ones_like(lowered(x)))
    z, found = gradients(by_fourier, x, torch.ones_like(y))
    for a, b in zip((z, *found), (y, *expected), strict=True):
        assert (a - b).norm() <= 1e-5 * b.norm()


@pytest.mark.usefixtures("chunks")
def test_in_inference_mode_and_in_training_after_it():
    group = gc.group("p4m").subgroup((0, 1)).as_group("unused")  # no tables are kept with it yet
    lowered, by_fourier, x = twins(group, 3, 4, 3, 7, {"padding": 1})
    expected = lowered(x)
    for mode in (torch.inference_mode, torch.no_grad):
        with mode():
            y = by_fourier(x)
        assert y.is_inference() == (mode is torch.inference_mode)
        torch.testing.assert_close(y, expected)
    grad = torch.ones_like(expected)
    torch.testing.assert_close(gradients(by_fourier, x, grad)[1], gradients(lowered, x, grad)[1])


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_only_what_is_needed_is_computed(axis):
    lowered, by_fourier, x = twins(*CASES["p4m"])
    for layer in (lowered, by_fourier):
        layer.weight.requires_grad_(axis == 0)
        layer.bias.requires_grad_(axis == 1)
    results = []
    for layer in (lowered, by_fourier):
        given = x.clone().requires_grad_(axis == 2)
        layer(given).square().sum().backward()
        results.append((layer.weight.grad, layer.bias.grad, given.grad))
    for found, expected in zip(*results, strict=True):
        torch.testing.assert_close(found, expected)


def test_any_layout_of_the_input():
    lowered, by_fourier, x = twins(*CASES["p4m"])
    last = x.flatten(1, 2).to(memory_format=torch.channels_last).view(x.shape)
    assert by_fourier(last).flatten(1, 2).is_contiguous(memory_format=torch.channels_last)
    learned = last.clone().requires_grad_()
    by_fourier(learned).sum().backward()
    assert learned.grad.stride() == last.stride()
    for given in (last, x.flip(-1), x.transpose(-1, -2), x[:, :, :, ::2, 1:]):
        torch.testing.assert_close(by_fourier(given), lowered(given))


def test_derivatives_of_second_order():
    _, layer, x = twins("p4m", 1, 2, 3, 4, {"padding": 1})

    def call(x, weight, bias):
        return torch.func.functional_call(layer, {"weight": weight, "bias": bias}, (x,))

    inputs = (x[:1].requires_grad_(), layer.weight, layer.bias)
    assert is_by_fourier(call(*inputs))
    assert torch.autograd.gradcheck(call, inputs, fast_mode=True)
    assert torch.autograd.gradgradcheck(call, inputs, fast_mode=True)


def test_a_parametrized_weight_is_made_once():
    torch.manual_seed(1)
    layers = twins(*CASES["p4m"])[:2]
    x = twins(*CASES["p4m"])[2]
    states = []
    for layer in layers:
        torch.manual_seed(2)
        parametrizations.spectral_norm(layer)  # improves its estimate at every reading
        layer(x)
        states.append(layer.state_dict())
    torch.testing.assert_close(*states)


@pytest.mark.parametrize("threads", [1, 2])
def test_runs_are_equal_bit_for_bit(threads, monkeypatch):
    monkeypatch.setitem(fourier.CHUNK_BYTES, "cpu", 2**16)  # many chunks, for whoever is free
    _, layer, x = twins("p4m", 8, 8, 3, 16, {"padding": 1}, dtype=torch.float32)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        runs = [gradients(layer, x, torch.ones_like(x))[1] for _ in range(10)]
    finally:
        torch.set_num_threads(before)
    for run in runs[1:]:
        for a, b in zip(run, runs[0], strict=True):
            assert torch.equal(a, b)


@pytest.mark.usefixtures("chunks")
def test_any_number_of_threads_agrees():
    lowered, layer, x = twins("p4m", 3, 4, 3, 9, {"padding": 1})
    expected = gradients(lowered, x, torch.ones_like(lowered(x)))[1]
    before = torch.get_num_threads()
    try:
        for threads in (1, 2, 3, 2):
            torch.set_num_threads(threads)
            found = gradients(layer, x, torch.ones_like(lowered(x)))[1]
            torch.testing.assert_close(found, expected)
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)


def call_all(functions):
    threads = torch.get_num_threads()
    return run_all(lambda _, function: function(), functions, lambda: None, threads)


def test_what_a_thread_keeps_is_made_once():
    for threads in (1, 2):
        rooms = run_all(lambda room, _: room, range(5), object, threads)
        assert len(set(rooms)) <= threads


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere chunks run in turn")
def test_threads_are_torchs_own_and_have_one_thread_each():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        assert call_all([workers.OPENMP.omp_in_parallel] * 5) == [1] * 5  # one thread for each
        (torch.ones(2**20) + 1).sum()
        threads = set(Path("/proc/self/task").iterdir())
        meeting = threading.Barrier(3)  # of all threads, so that none takes two
        numbers = call_all([lambda: (meeting.wait(), threading.get_native_id())[1]] * 3)
        assert len(set(numbers)) == 3
        assert {Path("/proc/self/task", str(number)) for number in numbers} <= threads
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


def test_without_openmp_tasks_run_in_turn(monkeypatch):
    monkeypatch.setattr(workers, "OPENMP", None)
    assert len(set(call_all([threading.get_native_id] * 3))) == 1


def test_no_gradients_are_recorded_in_any_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        assert call_all([torch.is_grad_enabled] * 2) == [False, False]
        with torch.inference_mode():
            assert call_all([torch.is_inference_mode_enabled] * 2) == [True, True]
    finally:
        torch.set_num_threads(before)


def test_errors_of_a_thread_reach_the_caller(monkeypatch):
    _, layer, x = twins("p4m", 3, 4, 3, 9, {"padding": 1})
    monkeypatch.setattr(fourier.Windows, "read", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        layer(x)


WATCHED = {
    "compiled": lambda layer, x: torch.compile(layer, backend="aot_eager", fullgraph=True)(x),
    "exported": lambda layer, x: torch.export.export(layer, (x,)).module()(x),
    "vmap": lambda layer, x: torch.func.vmap(layer)(x[None])[0],
    "jvp": lambda layer, x: torch.func.jvp(layer, (x,), (x,))[0],
    "gradient of torch.func": lambda layer, x: torch.func.vjp(layer, x)[0],
    "autocast": lambda layer, x: torch.autocast("cpu", torch.bfloat16)(layer)(x),
    "meta": lambda layer, x: copy.deepcopy(layer).to("meta")(x.to("meta")),
    "bfloat16": lambda layer, x: copy.deepcopy(layer).bfloat16()(x.bfloat16()),
}


@pytest.mark.parametrize("way", WATCHED)
def test_what_torch_has_to_see_is_lowered(way, monkeypatch):
    lowered, layer, x = twins("p4m", 2, 3, 3, 5, {"padding": 1}, dtype=torch.float32)
    expected = WATCHED[way](lowered, x)
    monkeypatch.setattr(fourier, "convolve", lambda *_: 1 / 0)
    torch.testing.assert_close(WATCHED[way](layer, x), expected)


def test_forward_mode_is_lowered():
    lowered, layer, x = twins("p4m", 2, 3, 3, 5, {"padding": 1})
    forward = torch.autograd.forward_ad
    with forward.dual_level():
        tangents = [
            forward.unpack_dual(m(forward.make_dual(x, x))).tangent for m in (layer, lowered)
        ]
    torch.testing.assert_close(*tangents)


def test_counted_operations_are_those_of_the_planar_convolution():
    lowered, layer, x = twins("p4m", 2, 3, 3, 5, {"padding": 1}, dtype=torch.float32)
    counts = []
    for module in (lowered, layer):
        with FlopCounterMode(display=False) as counter:
            module(x)
        counts.append(counter.get_total_flops())
    assert counts[0] == counts[1] > 0


def test_the_rule_takes_it_where_it_is_faster():
    def is_chosen(channels, n, **options):
        layer = gc.nn.GroupConv(channels, channels, 3, padding=1, group="p4m", **options)
        x = torch.zeros(2, channels, 8, n, n)
        assert layer.uses_fourier(x) == is_by_fourier(layer(x))
        return layer.uses_fourier(x)

    assert is_chosen(64, 16)
    assert not is_chosen(64, 2)  # few places
    assert not is_chosen(4, 16)  # few channels
    assert not is_chosen(64, 17, stride=2)
    assert not is_chosen(64, 16, groups=64)
    assert not is_chosen(64, 16, evaluation="lowered")


def test_arrays_without_room_or_images_are_torchs():
    lowered, layer, x = twins("p4m", 2, 3, 5, 4, {"padding": 0})
    for module in (lowered, layer):
        with pytest.raises(RuntimeError, match="Kernel size can't be greater"):
            module(x)
    lowered, layer, x = twins(*CASES["p4m"])
    assert layer(x[:0]).shape == lowered(x[:0]).shape == (0, 5, 8, 7, 7)


def test_a_layer_shows_what_was_asked_for():
    assert "evaluation='fourier'" in repr(twins(*CASES["p4m"])[1])
    assert "evaluation" not in repr(gc.nn.GroupConv(2, 2, 3, group="p4m"))


def test_the_rule_counts_places_rows_gradients_and_formats():
    costs = gc.nn.GroupConv(12, 12, 3, padding=1, group="p4m")._costs
    assert costs.pays(8192, 16, learns=True)
    for places, width, learns, is_last in (
        (64, 16, True, False),  # few places
        (8192, 2, True, False),  # short rows
        (8192, 16, False, False),  # one product to a window, not three
        (8192, 16, True, True),  # arrays to rearrange
    ):
        assert not costs.pays(places, width, learns=learns, is_last=is_last)


def test_the_profiler_shows_it():
    _, by_fourier, x = twins(*CASES["p4m"])
    with torch.no_grad(), profile() as run:
        by_fourier(x)
    assert "_FourierConvolution" in {event.key for event in run.key_averages()}


def test_it_can_be_set_later():
    lowered, by_fourier, x = twins(*CASES["p4m"])
    lowered.evaluation = "fourier"
    assert is_by_fourier(lowered(x))
    by_fourier.evaluation = "lowered"
    assert not is_by_fourier(by_fourier(x))
    with pytest.raises(ArgumentError, match="evaluation='forier'"):
        lowered.evaluation = "forier"
    assert lowered.evaluation == "fourier"


def test_what_has_no_transform_says_so():
    for options in ({"stride": 2}, {"groups": 2}, {"out_space": "lattice"}):
        with pytest.raises(ArgumentError, match="stride=1 and groups=1; use 'auto', or"):
            gc.nn.GroupConv(2, 2, 3, group="p4m", evaluation="fourier", **options)
    with pytest.raises(ArgumentError, match="evaluation='fast'"):
        gc.nn.GroupConv(2, 2, 3, group="p4m", evaluation="fast")


def test_copies_and_states_are_the_same_for_both():
    lowered, layer, x = twins(*CASES["p4m"])
    layer(x)
    assert list(layer.state_dict()) == list(lowered.state_dict())
    torch.testing.assert_close(copy.deepcopy(layer)(x), lowered(x))
