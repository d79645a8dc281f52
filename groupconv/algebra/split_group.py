"""`SplitGroup`: a group `Z^d ⋊ S` of lattice translations and a finite stabilizer."""

from __future__ import annotations

import inspect
import itertools
import math
import operator
from abc import ABCMeta, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from groupconv.algebra.contract import (
    WRAPPERS,
    Element,
    check_api,
    check_form,
    checked_compose,
    checked_inverse,
    is_checked,
    state,
)
from groupconv.algebra.structure import Structure
from groupconv.algebra.subgroup import Subgroup, all_subgroups, generated_subgroup
from groupconv.algebra.tables import stabilizer_tables
from groupconv.errors import ElementError, GroupError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import sympy

    from groupconv.algebra.lattice import Lattice

    IntArray = npt.NDArray[np.int64]

__all__ = ["SplitGroup"]

_DERIVED = (
    "composition_table",
    "dimension",
    "flat_index",
    "identity",
    "inverse_table",
    "order",
    "stabilizer_indices",
    "stabilizer_matrices",
    "structure",
    "subgroup",
    "subgroups",
)
"""What follows from a plugin's formulas, and may not be written beside them."""


class _CheckedAtBirth(ABCMeta):
    """Checks what a plugin states as soon as an object of it is made, however it was made."""

    api_version: int

    def __call__(cls, *arguments: Any, **named: Any) -> Any:
        check_api(cls.__name__, cls.api_version)
        if missing := sorted(getattr(cls, "__abstractmethods__", ())):
            raise GroupError(
                f"class {cls.__name__} lacks {' and '.join(missing)}; a plugin writes both of its "
                f"formulas, matrix and index"
            )
        group = super().__call__(*arguments, **named)
        check_form(group)
        return group


class SplitGroup(metaclass=_CheckedAtBirth):
    """A split group `G = Z^d ⋊ S`: all lattice translations, and a finite stabilizer `S`.

    An element is an index `(s…, t…)`: the stabilizer coordinates, each in its range, then the
    `d` translations. A plugin is a subclass with three names and two formulas; everything else
    (composition, inverses, tables, subgroups, layers) follows from them (Cohen & Welling 2016,
    sections 4.2, 4.3 and 7.1). Groups are immutable, hashable and picklable; one with parameters
    is a frozen dataclass.

    Attributes:
        name: The name under which the group is registered.
        lattice: The lattice it acts on.
        stabilizer_shape: The number of values of each stabilizer coordinate; `()` if there is
            no coordinate.
        status: `"stable"`, or `"experimental"` while its conventions may still change: loading
            such a group by its name warns once.
        api_version: The version of this contract that the plugin is written for; another one
            than groupconv's is refused.

    Raises:
        GroupError: an object is made of a class that lacks a formula, or is written for another
            version of the contract.
        AxiomError: an object is made whose name, lattice, stabilizer_shape or status is malformed.

    Examples:
        >>> from groupconv import group
        >>> p4 = group("p4")
        >>> p4.compose((1, 0, 0), (0, 2, 3))
        (1, -3, 2)
        >>> p4.inverse((1, -3, 2))
        (3, -2, -3)
    """

    name: str
    lattice: Lattice
    stabilizer_shape: tuple[int, ...]
    status: str = "stable"
    api_version: ClassVar[int] = 1
    overrides: ClassVar[frozenset[str]] = frozenset()
    """Which of `compose` and `inverse` a plugin writes itself; they are checked as such."""

    # -- what a plugin writes -----------------------------------------------------------------

    @abstractmethod
    def matrix(self, *index: Any, **named: Any) -> sympy.ImmutableMatrix:
        """The exact homogeneous matrix `g(index)`, shape `(d+1, d+1)`, in lattice coordinates.

        The coordinates are integers, or symbols wherever the formula admits them.

        Raises:
            ElementError: the index has a wrong length, range or type.

        Examples:
            >>> from groupconv import group
            >>> group("p4").matrix(1, 5, 7)
            Matrix([
            [0, -1, 5],
            [1,  0, 7],
            [0,  0, 1]])
        """

    @abstractmethod
    def index(self, matrix: Any) -> Element:
        """The index of a homogeneous matrix: the inverse `g⁻¹(·)` of `matrix`.

        Raises:
            ElementError: the matrix is no element of the group.

        Examples:
            >>> from groupconv import group
            >>> group("p4").index([[0, -1, 5], [1, 0, 7], [0, 0, 1]])
            (1, 5, 7)
        """

    # -- what follows from it -----------------------------------------------------------------

    @checked_compose
    def compose(self, g: Element, h: Element) -> Element:
        """The index of the product `g h`, through the matrices (section 4.2)."""
        return self.index(self.matrix(*g) * self.matrix(*h))

    @checked_inverse
    def inverse(self, g: Element) -> Element:
        """The index of the inverse `g⁻¹`, through the matrix (section 4.2)."""
        return self.index(self.matrix(*g).inv())

    @property
    def identity(self) -> Element:
        """The index of the identity: all zeros."""
        return (0,) * (len(self.stabilizer_shape) + self.dimension)

    @property
    def dimension(self) -> int:
        """The dimension `d` of the lattice."""
        return self.lattice.dimension

    @property
    def coordinate_names(self) -> tuple[str, ...]:
        """The names of an element's coordinates, as the plugin's `matrix` calls them.

        Examples:
            >>> from groupconv import group
            >>> group("p4m").coordinate_names
            ('m', 'r', 'u', 'v')
        """
        parameters = list(inspect.signature(self.matrix).parameters.values())
        names = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
        if len(names) == len(self.identity):
            return tuple(names)
        stabilizer = [f"s{i}" for i in range(len(self.stabilizer_shape))]
        return (*stabilizer, *(f"t{i}" for i in range(self.dimension)))

    @property
    def stabilizer_indices(self) -> tuple[tuple[int, ...], ...]:
        """The coordinates of all stabilizer elements, in the order of their flat index.

        Examples:
            >>> from groupconv import group
            >>> group("p4").stabilizer_indices
            ((0,), (1,), (2,), (3,))
        """
        return tuple(itertools.product(*map(range, self.stabilizer_shape)))

    @property
    def order(self) -> int:
        """The number of elements of the stabilizer."""
        return math.prod(self.stabilizer_shape)

    @property
    def stabilizer_matrices(self) -> IntArray:
        """The linear parts `A_s`, shape `(S, d, d)`, int64, read-only.

        Raises:
            AxiomError: the stabilizer is not a group of integer matrices.
        """
        return stabilizer_tables(self).matrices

    @property
    def composition_table(self) -> IntArray:
        """The flat index of `s·t` at `[s, t]`, shape `(S, S)`, int64, read-only.

        Raises:
            AxiomError: the stabilizer is not a group of integer matrices.
        """
        return stabilizer_tables(self).composition

    @property
    def inverse_table(self) -> IntArray:
        """The flat index of `s⁻¹` at `[s]`, shape `(S,)`, int64, read-only.

        Raises:
            AxiomError: the stabilizer is not a group of integer matrices.
        """
        return stabilizer_tables(self).inverse

    def flat_index(self, stabilizer: int | tuple[int, ...]) -> int:
        """The flat index of a stabilizer element, given by its coordinates or already flat.

        Raises:
            ElementError: there is no such stabilizer element.

        Examples:
            >>> from groupconv import group
            >>> group("p4m").flat_index((1, 2))
            6
        """
        if isinstance(stabilizer, tuple):
            if all(type(c) is not bool and hasattr(c, "__index__") for c in stabilizer):
                coordinates = tuple(map(operator.index, stabilizer))
                if coordinates in (indices := self.stabilizer_indices):
                    return indices.index(coordinates)
        elif type(stabilizer) is not bool and hasattr(stabilizer, "__index__"):
            flat = operator.index(stabilizer)
            if 0 <= flat < self.order:
                return flat
        raise ElementError(
            f"stabilizer={stabilizer!r} is no stabilizer element of {self.name!r}: expected "
            f"coordinates within {self.stabilizer_shape} or a flat index below {self.order}"
        )

    @property
    def structure(self) -> Structure:
        """The stabilizer as a finite group: its abstract name, generators, classes and centre.

        Examples:
            >>> from groupconv import group
            >>> group("p4m").structure.name
            'D4'
        """
        return Structure(self)

    # -- subgroups ----------------------------------------------------------------------------

    def subgroup(self, *generators: int | tuple[int, ...]) -> Subgroup:
        """The subgroup of the stabilizer generated by some of its elements.

        Args:
            generators: Stabilizer elements, by their coordinates or their flat index; none
                generate the trivial subgroup.

        Raises:
            ElementError: one of them is no stabilizer element.

        Examples:
            >>> from groupconv import group
            >>> group("p4m").subgroup((0, 2)).elements
            (0, 2)
        """
        return generated_subgroup(self, [self.flat_index(element) for element in generators])

    def subgroups(self) -> tuple[Subgroup, ...]:
        """All subgroups of the stabilizer, the smallest first.

        Examples:
            >>> from groupconv import group
            >>> [subgroup.order for subgroup in group("p4").subgroups()]
            [1, 2, 4]
        """
        return all_subgroups(self)

    # -- identity of the object ---------------------------------------------------------------

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for name in _DERIVED:
            if getattr(cls, name) is not getattr(SplitGroup, name):
                raise GroupError(
                    f"class {cls.__name__} defines {name!r}, which follows from its formulas; "
                    f"leave it out"
                )
        # Resolved, not looked up in the class body, so that what a mixin brings is checked too.
        for name, wrap in WRAPPERS.items():
            if isinstance(inspect.getattr_static(cls, name), staticmethod | classmethod):
                raise GroupError(
                    f"class {cls.__name__} has a static or class method {name}, expected a method "
                    f"of its objects; write it with self"
                )
            if not callable(getattr(cls, name)):
                raise GroupError(
                    f"class {cls.__name__} has {name}={getattr(cls, name)!r}, expected a method"
                )
            if not is_checked(getattr(cls, name)):
                setattr(cls, name, wrap(getattr(cls, name)))
        cls.overrides = frozenset(
            name
            for name in ("compose", "inverse")
            if getattr(cls, name) is not getattr(SplitGroup, name)
        )

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(
            f"{name!r} of a {type(self).__name__} cannot be set: groups are immutable; write "
            f"one with parameters as a frozen dataclass"
        )

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and state(self) == state(other)

    def __hash__(self) -> int:
        return hash((type(self), *sorted(state(self).items())))

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"
