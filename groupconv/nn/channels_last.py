"""Norms of maps whose planes are the innermost axis, as `torch.channels_last` has them.

torch's norms take the cells of a channel as one block of memory, so such a map would be copied on
its way in, and come out in the other order. Here each plane is a channel of torch's, with the
scale and shift of its own channel. Batch statistics are those of a group norm whose one image is
the whole batch; on a GPU they are those of the planes, pooled, and so are those of large
contiguous maps there, where torch's norm of few channels leaves most of it idle.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from groupconv.nn.higher_order import gradients_of
from groupconv.nn.planes import is_watched

if TYPE_CHECKING:
    from collections.abc import Iterator

FORMATS = {4: torch.channels_last, 5: torch.channels_last_3d}

LEAST_ENTRIES = 2**23
"""The entries of a contiguous map on a GPU below which calls take longer than the norm."""

FAR = 2
"""The mean, in standard deviations, above which torch's group norm is inexact where channels are
innermost, since it adds up squares there; a contiguous copy is normalised exactly."""

Gradients: TypeAlias = tuple[Tensor | None, Tensor | None, Tensor | None, None, None]


def norm_of_planes(
    norm: nn.Module,
    x: Tensor,  # shape: (B, C, …)
    channels: int,
) -> Tensor | None:  # shape: (B, C·S, *spatial)
    """A norm of torch's applied to a map without a copy, if its planes are the innermost axis."""
    planes = _innermost_planes(x)
    if type(norm) is nn.BatchNorm1d:
        if planes is None and _keeps_gpu_busy(x):
            planes = x.flatten(1, 2)
        return None if planes is None else _batch_norm(planes, norm)
    if planes is None:
        return None
    if type(norm) is nn.GroupNorm:
        blocks = norm.num_groups
    elif type(norm) is nn.InstanceNorm1d and norm.running_mean is None:
        blocks = channels
    else:
        return None
    if planes.is_cuda:
        weight, bias = _per_plane(planes.shape[1] // channels, norm.weight, norm.bias)
        return F.group_norm(planes, blocks, weight, bias, norm.eps)
    return _group_norm(planes, blocks, norm, channels)


def _innermost_planes(x: Tensor) -> Tensor | None:
    """A view of a map as planar channels, if these are innermost."""
    if x.is_contiguous() or is_watched():
        return None
    if x.stride(2) == 1 and x.stride(1) == x.shape[2]:
        x = x.flatten(1, 2)
    is_innermost = x.ndim in FORMATS and x.is_contiguous(memory_format=FORMATS[x.ndim])
    return x if is_innermost else None


def _keeps_gpu_busy(x: Tensor) -> bool:
    """Whether a GPU, which takes channels side by side, is faster with planes in their place."""
    return x.is_cuda and not is_watched() and x.is_contiguous() and x.numel() > LEAST_ENTRIES


def _per_plane(planes: int, *values: Tensor | None) -> Iterator[Any]:
    """Values of channels, for each of their planes: all at once, since small calls cost most."""
    given = [v for v in values if v is not None]
    if not given:
        return iter(values)
    found = iter(torch.stack(given).repeat_interleave(planes, 1).unbind())
    return (v if v is None else next(found) for v in values)


def _batch_norm(
    x: Tensor,  # shape: (B, C·S, *spatial)
    norm: nn.BatchNorm1d,
) -> Tensor | None:  # shape: as x
    """Normalise by the statistics of the batch, or by those that the norm keeps."""
    C, mean, var = norm.num_features, norm.running_mean, norm.running_var
    if mean is not None and not norm.training:
        planes = x.shape[1] // C
        mean, var = _per_plane(planes, mean, var)  # apart from what may be differentiated
        weight, bias = _per_plane(planes, norm.weight, norm.bias)
        return F.batch_norm(x, mean, var, weight, bias, eps=norm.eps)
    if x.is_inference() and torch.is_grad_enabled():
        x = x.clone()  # which can be learned from
    y, batch_mean, inverse = _BatchNorm.apply(x, norm.weight, norm.bias, C, norm.eps)
    if x.is_cpu and _is_far(batch_mean, inverse):
        return None
    if mean is not None and var is not None and norm.num_batches_tracked is not None:
        norm.num_batches_tracked.add_(1)
        rate = 1 / int(norm.num_batches_tracked) if norm.momentum is None else norm.momentum
        cells = x.numel() // C
        batch_var = (inverse.pow(-2) - norm.eps) * (cells / (cells - 1))
        mean.lerp_(batch_mean.to(mean.dtype), rate)
        var.lerp_(batch_var.to(var.dtype), rate)
    return y  # type: ignore[no-any-return]


def _group_norm(
    x: Tensor,  # shape: (B, C·S, *spatial)
    groups: int,
    norm: Any,
    channels: int,
) -> Tensor | None:  # shape: as x
    """Torch's group norm on a CPU; None where it would not be exact."""
    weight, bias = _in_single(x, channels, norm.weight, norm.bias)
    is_learned = any(p is not None and p.requires_grad for p in (weight, bias))
    if is_learned and not x.requires_grad:  # without the gradient of x, torch 2.13 crashes
        x = (x.clone() if x.is_inference() else x.detach()).requires_grad_()
    sizes = len(x), x.shape[1], x[0, 0].numel()
    y, means, inverses = torch.native_group_norm(x, weight, bias, *sizes, groups, norm.eps)
    return None if _is_far(means.detach(), inverses.detach()) else y


def _in_single(
    x: Tensor, channels: int, weight: Tensor | None, bias: Tensor | None
) -> tuple[Tensor | None, Tensor | None]:
    """Parameters for each plane, in the type that statistics have."""
    dtype = torch.promote_types(x.dtype, torch.float32)
    given = (p if p is None else p.to(dtype) for p in (weight, bias))
    weight, bias = _per_plane(x.shape[1] // channels, *given)
    if weight is None and x.dtype != dtype:
        weight = torch.ones(x.shape[1], dtype=dtype)
    return weight, bias


def _is_far(means: Tensor, inverses: Tensor) -> bool:
    """Whether a mean is far from zero, in standard deviations."""
    return float(torch.linalg.vector_norm(means * inverses, torch.inf)) > FAR


class _BatchNorm(torch.autograd.Function):
    """A batch norm of planes by kernels that torch has for other norms."""

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,  # shape: (B, C·S, *spatial)
        weight: Tensor | None,
        bias: Tensor | None,
        channels: int,
        eps: float,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The output, and the mean and the inverse of the deviation of every channel."""
        normalise = _normalise_on_gpu if x.is_cuda else _normalise_on_cpu
        y, mean, inverse, of_planes = normalise(x, weight, bias, channels, eps)
        ctx.save_for_backward(x, weight, of_planes, mean, inverse)
        ctx.channels, ctx.eps = channels, eps
        ctx.mark_non_differentiable(mean, inverse)
        return y, mean, inverse

    @staticmethod
    def backward(ctx: Any, grad: Tensor, *_: Tensor) -> Gradients:
        if torch.is_grad_enabled():
            return _differentiable_gradients(ctx, grad)
        x, _, weight, mean, inverse = ctx.saved_tensors
        order = torch.contiguous_format if x.is_contiguous() else FORMATS[x.ndim]
        gradients = _gradients_on_gpu if x.is_cuda else _gradients_on_cpu
        grad = grad.contiguous(memory_format=order)
        found = gradients(grad, x, weight, mean, inverse, ctx.channels)
        needs = zip(found, ctx.needs_input_grad, strict=False)
        return *(g if needed else None for g, needed in needs), None, None  # type: ignore[return-value]


def _normalise_on_cpu(
    x: Tensor, weight: Tensor | None, bias: Tensor | None, channels: int, eps: float
) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
    """By the group norm of one image, which is the whole batch: planes are innermost in both."""
    weight, bias = _in_single(x, channels, weight, bias)
    sizes = 1, x.shape[1], x.numel() // x.shape[1]
    y, means, inverses = torch.native_group_norm(x, weight, bias, *sizes, channels, eps)
    return y, means[0], inverses[0], weight


def _gradients_on_cpu(
    grad: Tensor, x: Tensor, weight: Tensor | None, mean: Tensor, inverse: Tensor, channels: int
) -> tuple[Tensor | None, ...]:
    sizes, has_weight = (1, x.shape[1], x.numel() // x.shape[1]), weight is not None
    dx, *sums = torch.ops.aten.native_group_norm_backward(
        grad, x, mean, inverse, weight, *sizes, channels, [True, has_weight, has_weight]
    )
    return dx, *(s if s is None else s.view(channels, -1).sum(1) for s in sums)


def _normalise_on_gpu(
    x: Tensor, weight: Tensor | None, bias: Tensor | None, channels: int, eps: float
) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
    """By the kernels with which torch pools the statistics of several GPUs."""
    planes = x.shape[1] // channels
    found = (s.view(channels, planes).T.contiguous() for s in torch.batch_norm_stats(x, eps))
    means, inverses = found
    counts = means.new_full((planes,), x.numel() // x.shape[1])
    mean, inverse = torch.batch_norm_gather_stats_with_counts(
        means, means, inverses, None, None, 0.0, eps, counts
    )
    weight, bias, mean_p, inverse_p = _per_plane(planes, weight, bias, mean, inverse)
    return torch.batch_norm_elemt(x, weight, bias, mean_p, inverse_p, eps), mean, inverse, weight


def _gradients_on_gpu(
    grad: Tensor, x: Tensor, weight: Tensor | None, mean: Tensor, inverse: Tensor, channels: int
) -> tuple[Tensor | None, ...]:
    planes = x.shape[1] // channels
    mean_p, inverse_p = _per_plane(planes, mean, inverse)
    of_planes = torch.batch_norm_backward_reduce(
        grad, x, mean_p, inverse_p, weight, True, False, False
    )[:2]  # the sums of grad, and of grad · (x - mean)
    sums = [s.view(channels, -1).sum(1) for s in of_planes]
    count = torch.full((1,), x.numel() // channels, dtype=torch.int32, device=x.device)
    of_bias, product = _per_plane(planes, *sums)
    dx = torch.batch_norm_backward_elemt(
        grad, x, mean_p, inverse_p, weight, of_bias, product, count
    )
    return dx, sums[1] * inverse, sums[0]


def _differentiable_gradients(ctx: Any, grad: Tensor) -> Gradients:
    """The same gradients by torch's own norm, which can be differentiated again."""
    x, weight, *_ = ctx.saved_tensors
    apart = (ctx.channels, -1)

    def normalised(x: Tensor, weight: Tensor) -> Tensor:
        cells = x.unflatten(1, apart).flatten(2)
        return F.batch_norm(cells, None, None, weight, training=True, eps=ctx.eps).view_as(x)

    needs_x, needs_weight, needs_bias = ctx.needs_input_grad[:3]
    found = gradients_of(normalised, x, weight, grad, (needs_x, needs_weight))
    of_bias = grad.unflatten(1, apart).flatten(2).sum((0, 2)) if needs_bias else None
    return *found, of_bias, None, None
