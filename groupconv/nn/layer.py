"""What all layers share: a named range in torch's profiler."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.autograd import _profiler_enabled  # type: ignore[attr-defined]
from torch.compiler import is_compiling


class Layer(nn.Module):
    """A module whose calls `torch.profiler` shows by the layer's class and sizes."""

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        """Call `forward` as any module does."""
        if is_compiling() or not _profiler_enabled():
            return super().__call__(*inputs, **options)
        with torch.profiler.record_function(" ".join(repr(self).split())):  # on one line
            return super().__call__(*inputs, **options)
