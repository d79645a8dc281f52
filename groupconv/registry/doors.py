"""Functions of a group that take the name of an installed one as well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupconv.registry.plugins import as_group

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from groupconv.algebra import Space, SplitGroup
    from groupconv.transforms import FilterTransform
    from groupconv.verification import VerificationReport

__all__ = ["filter_transform", "verify"]


def verify(
    group: SplitGroup | str, *, progress: Callable[[str, int, int], None] | None = None
) -> VerificationReport:
    """Prove the axioms of a group; see `groupconv.verification.verify`.

    Args:
        group: A group, or the name of an installed one.
        progress: Called now and then with the name of a check, the cases done, and all of them.

    Raises:
        PluginError: there is no such plugin, or it does not load.

    Examples:
        >>> verify("p4").passed
        True
    """
    from groupconv import verification

    return verification.verify(as_group(group), progress=progress)


def filter_transform(
    group: SplitGroup | str,
    kernel_size: int | Sequence[int],
    in_space: Space = "group",
    out_space: Space = "group",
) -> FilterTransform:
    """The filter transform of a convolution; see `groupconv.transforms.filter_transform`.

    Args:
        group: A group, or the name of an installed one.
        kernel_size: The size of the filter's box, one integer or one per axis.
        in_space: Where the input lives: `"lattice"`, `"group"` or a subgroup.
        out_space: Where the output lives.

    Raises:
        PluginError: there is no such plugin, or it does not load.
        ArgumentError: a size or a space does not fit the group.

    Examples:
        >>> filter_transform("p4", 3, in_space="lattice").index.shape
        (4, 1, 3, 3)
    """
    from groupconv import transforms

    return transforms.filter_transform(as_group(group).stabilizer, kernel_size, in_space, out_space)
