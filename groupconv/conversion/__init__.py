"""Any CNN to its group-equivariant CNN, and a group-equivariant CNN to plain torch."""

from groupconv.conversion.network import convert
from groupconv.conversion.planar import to_planar
from groupconv.conversion.report import ConversionReport

__all__ = ["ConversionReport", "convert", "to_planar"]
