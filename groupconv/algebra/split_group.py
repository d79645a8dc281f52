"""`SplitGroup`: a group `Z^d ⋊ S` of lattice translations and a finite stabilizer."""

from __future__ import annotations

import functools
import inspect
import itertools
import math
import operator
import types
from abc import ABCMeta, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from groupconv.algebra.exact import equal, is_concrete, matrix_text
from groupconv.algebra.formulas import Formulas
from groupconv.algebra.plugin import API_VERSION, as_element, as_matrix, check_plugin
from groupconv.errors import ArgumentError, ElementError, GroupConvError, GroupError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    import sympy

    from groupconv.algebra.exact import Element, Rows
    from groupconv.algebra.lattice import Lattice
    from groupconv.algebra.stabilizer import Stabilizer, Subgroup


class _CheckedOnCreation(ABCMeta):
    """Checks what a plugin states as soon as an object of it is made."""

    def __call__(cls, *arguments: Any, **named: Any) -> Any:
        version = getattr(cls, "api_version", API_VERSION)
        if version != API_VERSION:
            raise GroupError(
                f"class {cls.__name__} has api_version={version!r}, and this groupconv knows "
                f"api_version={API_VERSION}; install versions of the two that fit together"
            )
        group = super().__call__(*arguments, **named)
        check_plugin(group, group.status)
        return group


class SplitGroup(metaclass=_CheckedOnCreation):
    """A split group `G = Z^d ⋊ S`: all lattice translations, and a finite stabilizer `S`.

    An element is an index `(s…, t…)`: the stabilizer coordinates, each in its range, then the
    `d` translations. A plugin is a subclass with three names and two formulas; everything else
    (composition, inverses, tables, subgroups, layers) follows from them (Cohen & Welling 2016,
    sections 4.2, 4.3 and 7.1). Groups are immutable, hashable and picklable; one with parameters
    is a frozen dataclass.

    The formulas of a class are its author's: they are evaluated when the tables are built and when
    the axioms are proved. The same names on an object are its users': `group.matrix`,
    `group.index`, `group.compose` and `group.inverse` check what they are given, and answer from
    the tables wherever all coordinates are integers.

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
        TypeError: an object is made of a class that lacks a formula.
        GroupError: an object is made of a class that is written for another version of the
            contract, or whose statements are malformed.

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
    api_version: ClassVar[int] = API_VERSION

    # -- what a plugin writes -----------------------------------------------------------------

    @abstractmethod
    def matrix(self, *index: Any) -> sympy.ImmutableMatrix:
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
            ElementError: the matrix is not an element of the group.

        Examples:
            >>> from groupconv import group
            >>> group("p4").index([[0, -1, 5], [1, 0, 7], [0, 0, 1]])
            (1, 5, 7)
        """

    def compose(self, g: Element, h: Element) -> Element:
        """The index of the product `g h` (section 4.2); what a plugin states of it is proved.

        Raises:
            ElementError: `g` or `h` is not an element of the group.
        """
        return self.index(self.matrix(*g) * self.matrix(*h))

    def inverse(self, g: Element) -> Element:
        """The index of the inverse `g⁻¹` (section 4.2); what a plugin states of it is proved.

        Raises:
            ElementError: `g` is not an element of the group.
        """
        return self.index(self.matrix(*g).inv())

    # -- what a user calls --------------------------------------------------------------------

    def __new__(cls, *_: Any, **__: Any) -> Self:
        """An object whose checked operations stand before the formulas of its class."""
        group = super().__new__(cls)
        for name, operation in _OPERATIONS.items():
            vars(group)[name] = types.MethodType(operation, group)
        return group

    @functools.cached_property
    def formulas(self) -> Formulas:
        """The formulas as their author wrote them, with exact arguments."""
        own = (n for n in ("compose", "inverse") if getattr(type(self), n) is not _DEFAULTS[n])
        return Formulas(self, frozenset(own))

    @functools.cached_property
    def stabilizer(self) -> Stabilizer:
        """The stabilizer as a finite group of matrices; the first use examines the axioms.

        Raises:
            AxiomError: the formulas are not those of a split group; the error names the axiom and
                the elements.

        Examples:
            >>> from groupconv import group
            >>> group("p4m").stabilizer.name
            'D4'
        """
        tables = self._tables  # before the claims, which may themselves ask for products
        if self.formulas.claims:
            from groupconv.algebra.building import require_claims

            require_claims(self.formulas)
        return tables

    @functools.cached_property
    def _tables(self) -> Stabilizer:
        from groupconv.algebra.building import build_stabilizer

        return build_stabilizer(self.formulas, self._coordinates)

    @functools.cached_property
    def _rows(self) -> dict[Rows, int]:
        """The flat index of each linear part, in Python integers, which never overflow."""
        return {tuple(map(tuple, A)): s for s, A in enumerate(self._tables.matrices.tolist())}

    @functools.cached_property
    def _parts(self) -> tuple[Rows, ...]:
        return tuple(self._rows)

    # -- what follows -------------------------------------------------------------------------

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
        _, *parameters = inspect.signature(type(self).matrix).parameters.values()
        names = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
        if len(names) == len(self.identity):
            return tuple(names)
        stabilizer = [f"s{i}" for i in range(len(self.stabilizer_shape))]
        return (*stabilizer, *(f"t{i}" for i in range(self.dimension)))

    @property
    def _coordinates(self) -> tuple[tuple[str, int], ...]:
        """The stabilizer coordinates: their names and numbers of values."""
        return tuple(zip(self.coordinate_names, self.stabilizer_shape, strict=False))

    @functools.cached_property
    def stabilizer_indices(self) -> tuple[tuple[int, ...], ...]:
        """The coordinates of all stabilizer elements, in the order of their flat index."""
        return tuple(itertools.product(*map(range, self.stabilizer_shape)))

    @property
    def order(self) -> int:
        """The number of elements of the stabilizer."""
        return math.prod(self.stabilizer_shape)

    def flat_index(self, stabilizer: int | tuple[int, ...]) -> int:
        """The flat index of a stabilizer element, given by its coordinates or already flat.

        Raises:
            ElementError: there is no such stabilizer element.

        Examples:
            >>> from groupconv import group
            >>> group("p4m").flat_index((1, 2))
            6
        """
        try:
            if isinstance(stabilizer, tuple):
                return self.stabilizer_indices.index(tuple(map(operator.index, stabilizer)))
            return range(self.order).index(operator.index(stabilizer))
        except (TypeError, ValueError):
            raise ElementError(
                f"stabilizer={stabilizer!r} is not a stabilizer element of {self.name!r}: expected "
                f"coordinates within {self.stabilizer_shape} or a flat index below {self.order}"
            ) from None

    def element(
        self, stabilizer: int | tuple[int, ...], translation: Element | None = None
    ) -> Element:
        """The index of a stabilizer element, by coordinates or flat, with a translation or none.

        Examples:
            >>> from groupconv import group
            >>> group("p4m").element(6), group("p4m").element((1, 2), (5, 7))
            ((1, 2, 0, 0), (1, 2, 5, 7))
        """
        coordinates = self.stabilizer_indices[self.flat_index(stabilizer)]
        return (*coordinates, *((0,) * self.dimension if translation is None else translation))

    def split(self, g: Element) -> tuple[int, Element]:
        """The flat index of the stabilizer part of an element of integers, and its translation.

        Raises:
            ElementError: `g` is not an element of the group, or holds symbols.
        """
        element = as_element(self, g)
        if not is_concrete(element):
            raise ElementError(f"element={element} holds symbols, expected integers")
        return self._split(element)

    def _split(self, element: Element) -> tuple[int, Element]:
        flat, names = 0, len(self.stabilizer_shape)
        for c, size in zip(element[:names], self.stabilizer_shape, strict=True):
            flat = flat * size + c
        return flat, element[names:]

    # -- subgroups ----------------------------------------------------------------------------

    def subgroup(self, *generators: int | tuple[int, ...]) -> Subgroup:
        """The subgroup of the stabilizer generated by some of its elements.

        Args:
            generators: Stabilizer elements, by their coordinates or their flat index; without any,
                the subgroup is trivial.

        Raises:
            ElementError: there is no such stabilizer element.

        Examples:
            >>> from groupconv import group
            >>> group("p4m").subgroup((0, 2)).elements
            (0, 2)
        """
        return self.stabilizer.subgroup([self.flat_index(element) for element in generators])

    def subgroups(self) -> tuple[Subgroup, ...]:
        """All subgroups of the stabilizer, the smallest first."""
        return self.stabilizer.subgroups

    # -- the same group on another array ------------------------------------------------------

    def transposed(self, axes: Sequence[int]) -> SplitGroup:
        """The same group on an array whose axes are transposed, as by `x.permute(axes)`.

        Args:
            axes: For each axis of the new array, the axis of the old one.

        Raises:
            ArgumentError: `axes` is not a permutation of the axes.

        Examples:
            >>> from groupconv import group
            >>> group("P4").stabilizer.descriptions[1]  # volumes (D, H, W)
            'quarter turn from axis 0 to axis 1'
            >>> group("P4").transposed((2, 0, 1)).stabilizer.descriptions[1]
            'quarter turn from axis 1 to axis 2'
        """
        d = self.dimension
        if sorted(axes) != list(range(d)):
            expected = f"each of {', '.join(map(str, range(d)))} once"
            raise ArgumentError(f"axes={axes!r} of group {self.name!r}: expected {expected}")
        P = [[int(axes[new] == old) for new in range(d)] for old in range(d)]
        name = f"{self.name}.transposed({tuple(axes)})"
        return self.in_basis(P, name=name)

    def in_basis(self, P: Any, *, name: str = "") -> SplitGroup:
        """The same group in another basis of its lattice: `P⁻¹ A P` for every matrix `A`.

        Args:
            P: The new basis vectors as columns, in coordinates of the old ones: `(d, d)` integers
                with determinant 1 or -1.
            name: Its name; by default the expression that makes it.

        Raises:
            ArgumentError: `P` is not such a matrix.

        Examples:
            >>> from groupconv import group
            >>> group("p4").in_basis([[0, 1], [1, 0]]).matrix(1, 0, 0)
            Matrix([
            [ 0, 1, 0],
            [-1, 0, 0],
            [ 0, 0, 1]])
        """
        same: SplitGroup = self.stabilizer.whole.as_group(self.name)
        return same.in_basis(P, name=name)

    # -- identity of the object ---------------------------------------------------------------

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(
            f"{name!r} of a {type(self).__name__} cannot be set: groups are immutable; write "
            f"one with parameters as a frozen dataclass"
        )

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__getstate__() == other.__getstate__()

    def __hash__(self) -> int:
        return hash(type(self))

    def __deepcopy__(self, _: dict[int, Any]) -> Self:
        return self  # nothing of it can change

    def __getstate__(self) -> dict[str, Any]:
        """The attributes that make the group, without its operations and cached values."""
        derived = set(_OPERATIONS)
        for cls in type(self).__mro__:
            derived |= {n for n, v in vars(cls).items() if isinstance(v, functools.cached_property)}
        return {name: value for name, value in vars(self).items() if name not in derived}

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


def _matrix(self: SplitGroup, *index: Any) -> sympy.ImmutableMatrix:
    return self.formulas.matrix(*as_element(self, index))


def _index(self: SplitGroup, matrix: Any) -> Element:
    given = as_matrix(self, matrix, "the argument matrix")
    *rows, bottom = given.tolist()
    d = self.dimension

    def foreign(reason: object) -> ElementError:
        shown = matrix_text(given)
        return ElementError(f"matrix={shown} is not an element of {self.name!r}: {reason}")

    if bottom != [0] * d + [1]:
        raise foreign(f"the bottom row of a homogeneous matrix is {[0] * d + [1]}")
    numbers = [entry for row in rows for entry in row if entry.is_number]
    if not all(entry.is_Integer for entry in numbers):
        raise foreign(
            "everything about a group is exact; give integers, or symbols for translations"
        )
    if len(numbers) == d * (d + 1):
        s = self._rows.get(tuple(tuple(map(int, row[:d])) for row in rows))
        if s is None:
            raise foreign("none of its stabilizer elements has that linear part")
        return (*self.stabilizer_indices[s], *(int(row[d]) for row in rows))
    try:
        element = self.formulas.index(given)
        back = self.formulas.matrix(*element)
    except GroupConvError as error:
        raise foreign(error) from error
    if not equal(back, given):
        raise foreign(f"index gives {element}, whose matrix is {matrix_text(back)}")
    return element


def _compose(self: SplitGroup, g: Element, h: Element) -> Element:
    one, other = as_element(self, g), as_element(self, h)
    if not is_concrete(one, other):
        return self.formulas.compose(one, other)
    (s, t), (r, x) = self._split(one), self._split(other)
    product = self.stabilizer_indices[self._tables.composition[s, r]]
    rows = zip(self._parts[s], t, strict=True)
    return (*product, *[sum(map(operator.mul, row, x)) + n for row, n in rows])


def _inverse(self: SplitGroup, g: Element) -> Element:
    element = as_element(self, g)
    if not is_concrete(element):
        return self.formulas.inverse(element)
    s, t = self._split(element)
    back = self._tables.inverse[s]
    moved = [-sum(map(operator.mul, row, t)) for row in self._parts[back]]
    return (*self.stabilizer_indices[back], *moved)


_OPERATIONS = {"matrix": _matrix, "index": _index, "compose": _compose, "inverse": _inverse}
"""What users call: checked, and answered from the tables where all coordinates are integers."""
_DEFAULTS = {name: vars(SplitGroup)[name] for name in _OPERATIONS}
for _name, _operation in _OPERATIONS.items():
    functools.update_wrapper(_operation, _DEFAULTS[_name])
