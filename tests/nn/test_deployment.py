"""What people do with networks, done with every layer and with networks of the paper's kinds."""

from __future__ import annotations

import copy
import functools
import io
import logging
import pickle
import shutil
import warnings

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, prune
from torch.utils.checkpoint import checkpoint
from torch.utils.flop_counter import FlopCounterMode

import groupconv as gc
from tests.support.groups import P4, P4M, P6M
from tests.support.layers import Everything

needs_compiler = pytest.mark.skipif(
    shutil.which("g++") is None, reason="torch's default compiler needs one of C++"
)


class SmallResNet(gc.models.ResNet44):
    """One block in each stage, and few channels."""

    BLOCKS = 1


def p4cnn():
    return gc.models.P4CNN(group=P4, channels=2), torch.randn(2, 1, 34, 34)


def resnet():
    return SmallResNet(widths=(2, 3, 4), group=P4M), torch.randn(2, 3, 17, 17)


def everything(group):
    net = Everything(group)
    return net, net.inputs


NETWORKS = {"P4CNN": p4cnn, "ResNet": resnet}
ALL = NETWORKS | {f"layers of {g.name}": functools.partial(everything, g) for g in (P4M, P6M)}


def slow_but(*quick):
    """All of them, of which those that are not named run by `make slow` alone."""
    marks = {name: () if name in quick else pytest.mark.slow for name in ALL}
    return [pytest.param(make, id=name, marks=marks[name]) for name, make in ALL.items()]


all_layers = pytest.mark.parametrize("make", ALL.values(), ids=ALL)


@pytest.fixture(autouse=True)
def quiet():
    torch.compiler.reset()
    logging.disable(logging.WARNING)
    with warnings.catch_warnings():
        # torch's exporters use what it deprecates, and say that sizes become constants
        for kind in (DeprecationWarning, FutureWarning, torch.jit.TracerWarning):
            warnings.simplefilter("ignore", kind)
        yield
    logging.disable(logging.NOTSET)


def each(function, x):
    return [function(entry) for entry in x] if isinstance(x, list) else function(x)


def squares(y):
    """One number that every output counts in."""
    return sum(entry.square().sum() for entry in (y if isinstance(y, list) else [y]))


def parts(net, x):
    """A network and its input, or every layer and its own."""
    return zip(net.layers, x, strict=True) if isinstance(x, list) else [(net, x)]


CONVOLUTIONS = gc.nn.GroupConv, gc.nn.GroupConvTranspose


def with_filters(net, x):
    """Those of them that convolve."""
    return [(m, x) for m, x in parts(net, x) if m is net or isinstance(m, CONVOLUTIONS)]


def larger(x, sizes):
    """The same with another batch, and on larger arrays."""
    grow = 4 if sizes else 0
    return each(lambda x: torch.randn(3, *x.shape[1:-2], *(n + grow for n in x.shape[-2:])), x)


def dynamic(x, sizes):
    """What `torch.export` is to keep symbolic."""
    auto = torch.export.Dim.AUTO
    return each(
        lambda x: {a: auto for a in range(x.ndim) if a == 0 or (sizes and a >= x.ndim - 2)}, x
    )


def assert_same(found, expected, tolerance=1e-5):
    torch.testing.assert_close(found, expected, rtol=tolerance, atol=tolerance)


# -- compiled and exported ---------------------------------------------------------------------


@all_layers
def test_compiled_graphs_take_any_batch_and_size(make):
    net, x = make()
    net.eval()
    compiled = torch.compile(net, fullgraph=True, backend="eager")
    other = larger(x, sizes=True)
    for inputs in (x, other):
        each(lambda x: torch._dynamo.mark_dynamic(x, (0, x.ndim - 2, x.ndim - 1)), inputs)
    with torch.no_grad():
        assert_same(compiled(x), net(x))
        with torch.compiler.set_stance("fail_on_recompile"):
            assert_same(compiled(other), net(other))


@needs_compiler
def test_the_default_compiler_takes_any_batch_and_size():
    net, x = resnet()
    net.eval()
    compiled = torch.compile(net, fullgraph=True, dynamic=True)
    with torch.no_grad():
        assert_same(compiled(x), net(x))
        with torch.compiler.set_stance("fail_on_recompile"):
            assert_same(compiled(other := larger(x, sizes=True)), net(other))


@pytest.mark.slow
@needs_compiler
@pytest.mark.parametrize("make", list(ALL.values())[2:], ids=list(ALL)[2:])
def test_the_default_compiler_takes_every_layer(make):
    net, x = make()
    net.eval()
    compiled = torch.compile(net, fullgraph=True, dynamic=True)
    for inputs in (x, larger(x, sizes=True)):
        with torch.no_grad():
            assert_same(compiled(inputs), net(inputs))


@pytest.mark.slow  # for any size as well, its compiler would take an hour
@needs_compiler
def test_the_default_compiler_takes_any_batch_of_p4cnn():
    net, x = p4cnn()
    net.eval()
    compiled = torch.compile(net, fullgraph=True)
    with torch.no_grad():
        for inputs in (x, larger(x, sizes=False)):
            torch._dynamo.mark_dynamic(inputs, 0)
            assert_same(compiled(inputs), net(inputs))


@all_layers
def test_export_with_dynamic_shapes(make):
    net, x = make()
    net.eval()
    program = torch.export.export(net, (x,), dynamic_shapes=(dynamic(x, sizes=True),))
    for inputs in (x, larger(x, sizes=True)):
        with torch.no_grad():
            assert_same(program.module()(inputs), net(inputs))


@pytest.mark.parametrize("is_learned", [True, False])
@pytest.mark.parametrize(("channels", "size", "others"), [(32, 8, (2, 64)), (16, 7, (2, 128))])
def test_export_of_wide_layers_takes_any_batch(channels, size, others, is_learned):
    """Also those for which a layer by itself would be computed in another way."""
    layer = gc.nn.GroupConv(channels, channels, 3, padding=1, group=P4M)
    first, *rest = (torch.randn(B, channels, 8, size, size) for B in (8, *others))
    assert len({layer.uses_fourier(x) for x in (first, *rest)}) == 2
    with torch.set_grad_enabled(is_learned):
        shapes = (dynamic(first, sizes=False),)
        exported = torch.export.export(layer, (first,), dynamic_shapes=shapes).module()
        for x in rest:
            assert_same(exported(x), layer(x), tolerance=1e-4)


class Functional(nn.Module):
    """A convolution and a pooling as functions of a weight."""

    def __init__(self, group):
        super().__init__()
        self.group, self.transform = group, gc.filter_transform(group, 3, in_space="lattice")
        self.weight = nn.Parameter(torch.randn(3, 2, self.transform.num_parameters))

    def forward(self, x):
        y = gc.nn.functional.group_conv(x, self.weight, transform=self.transform)
        return gc.nn.functional.coset_pool(y, self.group)


def test_functions_export_and_compile(any_bank):
    # A group of its own, so that the export is the first to need its tables.
    group = gc.GeneratedGroup(f"cm with a {any_bank} bank", {"m": ([[0, 1], [1, 0]], 2)})
    net, x = Functional(group), torch.randn(2, 2, 7, 7)
    exported = torch.export.export(net, (x,)).module()
    torch.testing.assert_close(exported(x), net(x))
    compiled = torch.compile(net, backend="aot_eager")  # in several graphs
    with torch.no_grad():
        torch.testing.assert_close(compiled(x), net(x))


@needs_compiler
@pytest.mark.parametrize("make", slow_but("ResNet"))
def test_ahead_of_time_package(make, tmp_path):
    net, x = make()
    net.eval()
    with torch.no_grad():
        program = torch.export.export(net, (x,), dynamic_shapes=(dynamic(x, sizes=False),))
        options = {"package_path": str(tmp_path / "net.pt2")}
        loaded = torch._inductor.aoti_load_package(
            torch._inductor.aoti_compile_and_package(program, **options)
        )
        assert_same(loaded(other := larger(x, sizes=False)), net(other))


@pytest.mark.parametrize("make", slow_but("ResNet", "layers of p4m"))
def test_onnx_with_a_dynamic_batch(make, tmp_path):
    runtime = pytest.importorskip("onnxruntime")
    net, x = make()
    net.eval()
    if make not in NETWORKS.values() and net.layers[1].group == P4M:
        place = net.names.index("adaptive maximum")  # for boxes, which torch cannot export either
        del net.layers[place], x[place]
    program = torch.onnx.export(
        net, (x,), dynamo=True, dynamic_shapes=(dynamic(x, sizes=False),), verbose=False
    )
    program.save(tmp_path / "net.onnx")
    session = runtime.InferenceSession(tmp_path / "net.onnx")
    other = larger(x, sizes=False)
    given = other if isinstance(other, list) else [other]
    named = {put.name: x.numpy() for put, x in zip(session.get_inputs(), given, strict=True)}
    found = [torch.tensor(y) for y in session.run(None, named)]
    with torch.no_grad():
        expected = net(other)
    assert_same(found, expected if isinstance(expected, list) else [expected])


@all_layers
def test_traces_are_saved_and_loaded(make):
    """With gradients on, as people forget to switch them off, and loaded elsewhere."""
    net, x = make()
    net.eval()
    file = io.BytesIO()
    torch.jit.save(torch.jit.trace(net, (x,), check_trace=False), file)
    file.seek(0)
    loaded, other = torch.jit.load(file), larger(x, sizes=True)
    assert_same(loaded(other), net(other))


@all_layers
def test_symbolic_traces_have_the_layers_as_leaves(make):
    class Tracer(torch.fx.Tracer):
        def is_leaf_module(self, module, name):
            return type(module).__module__.startswith("groupconv.nn") or super().is_leaf_module(
                module, name
            )

    net, x = make()
    net.eval()
    for part, given in parts(net, x):
        whole = nn.Sequential(part)
        traced = torch.fx.GraphModule(whole, Tracer().trace(whole))
        assert torch.equal(traced(given), part(given))
        leaves = {node.target for node in traced.graph.nodes if node.op == "call_module"}
        ours = {n for n, m in whole.named_modules() if isinstance(m, gc.nn.GroupConv)}
        assert leaves >= ours


# -- types, devices, copies, files -------------------------------------------------------------


@all_layers
def test_autocast_stays_in_bfloat16(make):
    net, x = make()
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        y = net.eval()(each(torch.Tensor.bfloat16, x))
    for name, entry in zip(
        getattr(net, "names", [""]), y if isinstance(y, list) else [y], strict=True
    ):
        assert entry.dtype == torch.bfloat16, name


@all_layers
def test_states_travel_by_every_road(make, tmp_path):
    safetensors = pytest.importorskip("safetensors.torch")
    net, x = make()
    net.eval()
    with torch.no_grad():
        expected = net(x)
    file = tmp_path / "net.safetensors"
    safetensors.save_model(net, str(file))
    with torch.device("meta"):
        on_meta, assigned = make()[0], make()[0]
    on_meta.to_empty(device="cpu").load_state_dict(net.state_dict())
    assigned.load_state_dict(net.state_dict(), assign=True)
    from_file = make()[0]
    safetensors.load_model(from_file, str(file))
    copies = copy.deepcopy(net), pickle.loads(pickle.dumps(net))
    for other in (*copies, on_meta, assigned, from_file):
        with torch.no_grad():
            assert_same(other.eval()(x), expected, tolerance=0)


@all_layers
def test_workers_of_a_loader_get_layers(make):
    net, x = make()
    net.requires_grad_(False).eval()
    loader = torch.utils.data.DataLoader(
        range(4), batch_size=2, num_workers=2, collate_fn=_Applied(net, x),
        multiprocessing_context="fork",
    )  # fmt: skip
    for found in loader:
        assert_same(found, net(x), tolerance=0)


class _Applied:
    """What a worker does with the numbers of a batch."""

    def __init__(self, net, x):
        self.net, self.x = net, x

    def __call__(self, numbers):
        return self.net(self.x)


# -- derivatives -------------------------------------------------------------------------------


@all_layers
def test_gradients_of_each_sample(make):
    net, x = make()
    net.eval()
    parameters = {name: p.detach() for name, p in net.named_parameters()}

    def loss(parameters, x):
        return squares(torch.func.functional_call(net, parameters, (each(lambda x: x[None], x),)))

    gradients = torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0))(parameters, x)
    alone = torch.func.grad(loss)(parameters, each(lambda x: x[1], x))
    for name, gradient in gradients.items():
        assert_same(gradient[1], alone[name], tolerance=1e-4)


@all_layers
def test_derivatives_forward_and_of_second_order(make, any_bank):
    """In the weights: `jvp` beside `grad`, and Hessians by products with a vector both ways."""
    net, x = make()
    net, x = net.double().eval(), each(lambda x: x[:1].double(), x)
    parameters = {name: p.detach() for name, p in net.named_parameters()}
    direction = {name: torch.randn_like(p) for name, p in parameters.items()}

    def loss(parameters):
        y = torch.func.functional_call(net, parameters, (x,))
        return sum(entry.tanh().sum() for entry in (y if isinstance(y, list) else [y]))

    def along(gradients):
        return sum((gradients[name] * direction[name]).sum() for name in direction)

    gradient = torch.func.grad(loss)
    _, slope = torch.func.jvp(loss, (parameters,), (direction,))
    assert_same(slope, along(gradient(parameters)), tolerance=1e-10)
    _, forward = torch.func.jvp(gradient, (parameters,), (direction,))
    backward = torch.func.grad(lambda p: along(gradient(p)))(parameters)
    assert_same(forward, backward, tolerance=1e-8)


@pytest.mark.parametrize("group", [P4, P6M], ids=lambda group: group.name)
def test_hessians_in_the_weights(group, any_bank):
    layer = gc.nn.LiftingConv(1, 1, 3, group=group, dtype=torch.float64)
    x = torch.randn(1, 1, 3, 3, dtype=torch.float64)

    def loss(weight):
        return torch.func.functional_call(layer, {"weight": weight}, (x,)).pow(3).sum()

    hessian = torch.func.hessian(loss)(layer.weight.detach())
    assert_same(hessian, torch.autograd.functional.hessian(loss, layer.weight), tolerance=1e-10)


@pytest.mark.parametrize("group", [P4, P6M], ids=lambda group: group.name)
def test_second_derivatives_of_layers(group, any_bank):
    size = 3
    L = gc.layers(group)
    for layer in (L.GroupConv(1, 1, 3, padding=1), L.GroupConvTranspose(1, 1, 3), L.LayerNorm(1)):
        layer = layer.double()
        x = torch.randn(1, 1, group.order, size, size, dtype=torch.float64, requires_grad=True)

        def run(x, *values, layer=layer):
            state = dict(zip(dict(layer.named_parameters()), values, strict=True))
            return torch.func.functional_call(layer, state, (x,)).square().mean((0, 3, 4))

        assert torch.autograd.gradgradcheck(run, (x, *layer.parameters()), fast_mode=True)


@all_layers
def test_gradients_are_equal_bit_for_bit(make, any_bank):
    net, x = make()
    torch.use_deterministic_algorithms(True)
    try:
        found = []
        for _ in range(2):
            torch.manual_seed(0)
            net.zero_grad()
            squares(net(x)).backward()
            found.append([p.grad.clone() for p in net.parameters()])
        assert all(map(torch.equal, *found))
    finally:
        torch.use_deterministic_algorithms(False)


@all_layers
def test_checkpointing(make):
    net, x = make()
    stages = nn.Sequential(*net.layers) if make is p4cnn else net
    net.train()
    gradients = []
    for run in (stages, lambda x: checkpoint(stages, x, use_reentrant=False)):
        torch.manual_seed(0)
        net.zero_grad()
        squares(run(x)).backward()
        gradients.append([p.grad.clone() for p in net.parameters() if p.grad is not None])
    assert len(gradients[0]) > 4
    assert all(map(torch.equal, *gradients))


# -- what changes weights ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "space"),
    [("GroupConv", "group"), ("LiftingConv", "lattice"), ("GroupConvTranspose", "group")],
)
def test_norms_of_weights_see_the_parameters(kind, space):
    """The matrix `(C_out, C_in · P)` of the parameters, not the planar operator."""
    make = functools.partial(getattr(gc.nn, kind), 3, 3, 3, group=P4)
    x = torch.randn(1, 3, 4, 5, 5) if space == "group" else torch.randn(1, 3, 5, 5)
    layer = parametrizations.spectral_norm(make(), n_power_iterations=50, dim=0)
    layer.train()(x)
    assert torch.linalg.matrix_norm(layer.weight.flatten(1), 2).item() == pytest.approx(1, abs=1e-3)
    layer = parametrizations.weight_norm(make())
    length = layer.parametrizations.weight.original0
    assert_same(layer.weight.flatten(1).norm(dim=1), length.flatten())
    layer(x).sum().backward()
    assert length.grad.abs().sum() > 0


@all_layers
def test_averages_and_pruning(make):
    net, x = make()
    average = torch.optim.swa_utils.AveragedModel(
        net, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.5)
    )
    average.update_parameters(net)
    before = {name: p.detach().clone() for name, p in net.named_parameters()}
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.mul_(3)
    average.update_parameters(net)
    for name, parameter in average.module.named_parameters():
        assert_same(parameter, 2 * before[name])
    convs = [(m, "weight") for m in net.modules() if isinstance(m, CONVOLUTIONS)]
    with torch.no_grad():
        net.eval()(x)  # kernels are kept from here on
        prune.global_unstructured(convs, prune.L1Unstructured, amount=0.5)
        zeros = [(conv.weight == 0).float().mean() for conv, _ in convs]
        assert 0.2 < sum(zeros) / len(zeros) < 0.8
        pruned = net(x)
        for conv in convs:
            prune.remove(*conv)
        assert_same(net(x), pruned, tolerance=0)


@all_layers
def test_the_planar_export_is_quantised(make):
    quantize = pytest.importorskip("torch.ao.quantization.quantize_fx")
    warnings.simplefilter("ignore", UserWarning)  # of torch's own default
    mapping = torch.ao.quantization.get_default_qconfig_mapping(torch.backends.quantized.engine)
    net, x = make()
    for part, given in with_filters(net.eval(), x):
        prepared = quantize.prepare_fx(gc.to_planar(nn.Sequential(part)), mapping, (given,))
        with torch.no_grad():
            prepared(given)
            small = quantize.convert_fx(prepared)
            found, expected = small(given), part(given)
        assert any("quantized" in str(type(module)) for module in small.modules()), part
        assert (found - expected).norm() < 0.2 * expected.norm(), part


# -- what looks at networks --------------------------------------------------------------------


@all_layers
def test_flop_counters_see_the_planar_figure(make):
    net, x = make()
    for part, given in with_filters(net.eval(), x):
        counts = []
        for module in (part, gc.to_planar(part)):
            with FlopCounterMode(display=False) as counter, torch.no_grad():
                module(given)
            counts.append(counter.get_total_flops())
        assert counts[0] == counts[1] > 1e4


@all_layers
def test_profiles_show_every_layer_by_name(make):
    net, x = make()
    with torch.profiler.profile() as profile:
        net(x)
    shown = {event.key for event in profile.key_averages()}
    ours = [m for m in net.modules() if type(m).__module__.startswith("groupconv.nn")]
    assert {" ".join(repr(module).split()) for module in ours} <= shown
    assert len(ours) > 8


def test_sync_batch_norm_takes_the_place_of_ours():
    net, _ = resnet()
    converted = nn.SyncBatchNorm.convert_sync_batchnorm(net)
    norms = [m for m in converted.modules() if isinstance(m, gc.nn.BatchNorm)]
    assert norms
    assert all(isinstance(norm.norm, nn.SyncBatchNorm) for norm in norms)
