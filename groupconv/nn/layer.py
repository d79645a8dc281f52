"""What all layers share: a named range in torch's profiler."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn


class Layer(nn.Module):
    """A module whose calls `torch.profiler` shows by the layer's class and sizes."""

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        """Call `forward` as any module does."""
        is_profiled = torch.autograd._profiler_enabled  # type: ignore[attr-defined]
        if torch.compiler.is_compiling() or not is_profiled():
            return super().__call__(*inputs, **options)
        with torch.profiler.record_function(repr(self)):
            return super().__call__(*inputs, **options)
