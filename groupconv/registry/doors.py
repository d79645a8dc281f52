"""Functions of a group that take the name of an installed one as well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupconv.registry.plugins import as_group

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from groupconv.algebra import Space, SplitGroup
    from groupconv.transforms import FilterTransform
    from groupconv.verification import VerificationReport


def verify(
    group: SplitGroup | str, *, progress: Callable[[str, int, int], None] | None = None
) -> VerificationReport:
    """Prove the axioms of a group, or of an installed one: `groupconv.verification.verify`.

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
    *,
    support: str = "group",
) -> FilterTransform:
    """The filter transform of a group, or of an installed one, for a convolution between spaces.

    The other arguments are those of `groupconv.transforms.filter_transform`.

    Raises:
        PluginError: there is no such plugin, or it does not load.
        ArgumentError: a size or a space does not fit the group.

    Examples:
        >>> filter_transform("p4", 3, in_space="lattice").index.shape
        (4, 1, 3, 3)
    """
    from groupconv import transforms

    spaces = in_space, out_space
    S = as_group(group).stabilizer
    return transforms.filter_transform(S, kernel_size, *spaces, support=support)
