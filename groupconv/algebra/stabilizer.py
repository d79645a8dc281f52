"""`Stabilizer`: a finite group of integer matrices, known by its tables; and its subgroups."""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from groupconv.algebra import finite_groups
from groupconv.algebra.exact import read_only
from groupconv.algebra.integer_matrices import inverse
from groupconv.algebra.memo import Memo
from groupconv.algebra.representations import fourier_matrix, real_irreps
from groupconv.algebra.words import in_words
from groupconv.errors import ArgumentError, AxiomError, GroupError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import numpy.typing as npt

    from groupconv.algebra.exact import FloatArray, IntArray
    from groupconv.algebra.lattice import Lattice
    from groupconv.algebra.representations import Irrep

MEMO_BYTES = 2**26
"""How many bytes of tables are kept with the stabilizer that they are made of."""


@dataclass(frozen=True, eq=False, repr=False)
class Stabilizer:
    """A finite group of integer matrices that keep a lattice: the stabilizer of its origin.

    Crystallographers call it a point group. Its elements are flat indices, and 0 is the identity.

    Attributes:
        lattice: The lattice.
        matrices: The matrices `A_s` in lattice coordinates, `(S, d, d)`, int64, read-only.
        composition: The flat index of `s·t` at `[s, t]`, `(S, S)`, int64, read-only.
        inverse: The flat index of `s⁻¹` at `[s]`, `(S,)`, int64, read-only.
        group: The name of the group that it belongs to, for messages.
        coordinates: The names of its elements' coordinates, and the number of values of each, in
            the row-major order of flat indices.
        order: The number of elements `S`.
        dimension: The dimension `d` of the lattice.

    Examples:
        >>> from groupconv import group
        >>> D4 = group("p4m").stabilizer
        >>> D4.name, D4.is_abelian, D4.center.elements
        ('D4', False, (0, 2))
        >>> D4.conjugacy_classes
        ((0,), (1, 3), (2,), (4, 6), (5, 7))
    """

    lattice: Lattice
    matrices: IntArray  # shape: (S, d, d)
    composition: IntArray  # shape: (S, S)
    inverse: IntArray  # shape: (S,)
    group: str
    coordinates: tuple[tuple[str, int], ...]
    order: int = field(init=False)
    dimension: int = field(init=False)

    def __post_init__(self) -> None:
        for table in (self.matrices, self.composition, self.inverse):
            table.setflags(write=False)
        # Layers ask for these while torch compiles them, which cannot enter a cached property.
        vars(self).update(order=len(self.matrices), dimension=self.lattice.dimension)

    @classmethod
    def from_matrices(
        cls,
        matrices: npt.ArrayLike,  # shape: (S, d, d)
        lattice: Lattice,
        *,
        group: str = "stabilizer",
        coordinates: Sequence[tuple[str, int]] | None = None,
    ) -> Stabilizer:
        """The group of some integer matrices; its axioms are examined exactly on the way.

        Args:
            matrices: All elements, the identity first.
            lattice: The lattice that they keep.
            group: The name of the group that it belongs to.
            coordinates: Names and numbers of values of its elements' coordinates; by default one,
                the flat index.

        Raises:
            AxiomError: a matrix is not an isometry of the lattice, or they are not a group.

        Examples:
            >>> from groupconv import SQUARE
            >>> half = [[-1, 0], [0, -1]]
            >>> Stabilizer.from_matrices([[[1, 0], [0, 1]], half], SQUARE).name
            'C2'
        """
        labels: Sequence[Any] = range(4096)
        if coordinates is not None:
            indices = itertools.product(*(range(size) for _, size in coordinates))
            labels = [(*index, *(0,) * lattice.dimension) for index in indices]
        require_isometries(matrices, lattice, group=group, labels=labels)

        def broken(axiom: str, problem: str, *elements: int) -> AxiomError:
            return AxiomError(group, axiom, problem, tuple(labels[s] for s in elements))

        parts = read_only(matrices)
        flat_of: dict[bytes, int] = {}
        for s, A in enumerate(parts):
            first = flat_of.setdefault(A.tobytes(), s)
            if first != s:
                same = f"{labels[first]} and {labels[s]} have the same matrix {A.tolist()}"
                raise broken("injectivity", same, first, s)
        if flat_of.get(np.eye(lattice.dimension, dtype=np.int64).tobytes()) != 0:
            found = f"the matrix of {labels[0]} is {parts[0].tolist()}, expected the identity"
            raise broken("identity", found, 0)
        products = parts[:, None] @ parts  # shape: (S, S, d, d)
        composition = np.empty(products.shape[:2], dtype=np.int64)
        for s, t in np.ndindex(composition.shape):
            composition[s, t] = flat = flat_of.get(products[s, t].tobytes(), -1)
            if flat < 0:
                found = f"{products[s, t].tolist()}, which is not the matrix of any element"
                problem = f"the product of {labels[s]} and {labels[t]} is {found}"
                raise broken("closure", problem, s, t)
        inverse = (composition == 0).argmax(axis=1)
        named = (("s", len(parts)),) if coordinates is None else tuple(coordinates)
        return cls(lattice, parts, composition, inverse, group, named)

    # -- as a finite group --------------------------------------------------------------------

    @functools.cached_property
    def name(self) -> str:
        """The abstract group, such as `C4`, `D6` (order 12), `O×C2`; found by isomorphism.

        `C` is cyclic, `D` dihedral, `Q8` and `Dic` dicyclic, `T`, `O`, `I` are the rotations of
        tetrahedron, cube, icosahedron; `G20` is one of order 20 without such a name.
        """
        return finite_groups.abstract_name(self.composition)

    @functools.cached_property
    def generators(self) -> tuple[int, ...]:
        """As few elements as generate the group."""
        return finite_groups.minimal_generators(self.composition)

    @functools.cached_property
    def element_orders(self) -> tuple[int, ...]:
        """The order of each element: the least `n > 0` with `sⁿ = 1`."""
        return tuple(finite_groups.element_orders(self.composition).tolist())

    @functools.cached_property
    def _conjugates(self) -> IntArray:
        return finite_groups.conjugates(self.composition)

    @functools.cached_property
    def conjugacy_classes(self) -> tuple[tuple[int, ...], ...]:
        """The sets `{g s g⁻¹}`, by their smallest element."""
        return tuple(sorted({tuple(np.unique(column).tolist()) for column in self._conjugates.T}))

    @functools.cached_property
    def center(self) -> Subgroup:
        """The elements that commute with all."""
        alone = (members[0] for members in self.conjugacy_classes if len(members) == 1)
        return Subgroup(self, tuple(alone))

    @property
    def is_abelian(self) -> bool:
        """Whether all elements commute."""
        return self.center.is_whole

    @functools.cached_property
    def irreps(self) -> tuple[Irrep, ...]:
        """The real irreducible representations up to equivalence, the trivial one first."""
        return real_irreps(self.composition, self.inverse)

    @functools.cached_property
    def fourier(self) -> FloatArray:
        """The Fourier transform of functions on the group, an orthogonal matrix `(S, S)`.

        Its rows are the functions `s ↦ √(D/S) v ρ(s)` of all irreps. It makes every correlation
        `y(s) = Σ_t x(t) ψ(s⁻¹ t)` block diagonal: on each irrep, rows of `x` are multiplied by
        `Σ_u ψ(u) ρ(u⁻¹)`.

        Examples:
            >>> from groupconv import group
            >>> (4 * group("pmm").stabilizer.fourier.round(2)).astype(int).tolist()
            [[2, 2, 2, 2], [2, 2, -2, -2], [2, -2, 2, -2], [2, -2, -2, 2]]
        """
        return fourier_matrix(self.irreps)

    @functools.cached_property
    def fourier_products(self) -> int:
        """How many products a correlation takes between Fourier transforms: `Σ D³/e`, not `S²`.

        Examples:
            >>> from groupconv import group
            >>> S = group("p4m").stabilizer
            >>> S.fourier_products, S.order**2
            (12, 64)
        """
        return sum(len(irrep.rows) * irrep.dimension**2 for irrep in self.irreps)

    # -- subgroups ----------------------------------------------------------------------------

    @functools.cached_property
    def trivial(self) -> Subgroup:
        """The subgroup of the identity alone."""
        return Subgroup(self, (0,))

    @functools.cached_property
    def whole(self) -> Subgroup:
        """All of it, as a subgroup of itself."""
        return Subgroup(self, tuple(range(self.order)))

    def subgroup(self, generators: Iterable[int]) -> Subgroup:
        """The smallest subgroup that contains some elements; the trivial one of none."""
        return Subgroup(self, finite_groups.closure(self.composition, generators))

    @functools.cached_property
    def subgroups(self) -> tuple[Subgroup, ...]:
        """All subgroups, the smallest first."""
        found = finite_groups.all_subgroups(self.composition)
        return tuple(Subgroup(self, elements) for elements in found)

    @functools.cached_property
    def normal_subgroups(self) -> tuple[Subgroup, ...]:
        """The subgroups that every conjugation keeps, the smallest first."""
        found = finite_groups.normal_subgroups(self.composition)
        return tuple(Subgroup(self, elements) for elements in found)

    @functools.cached_property
    def subgroup_classes(self) -> tuple[tuple[Subgroup, ...], ...]:
        """All subgroups, those that are conjugate to each other together; the smallest first."""
        classes: dict[tuple[int, ...], list[Subgroup]] = {}
        for subgroup in self.subgroups:
            images = np.sort(self._conjugates[:, list(subgroup.elements)], axis=1)
            classes.setdefault(tuple(min(images.tolist())), []).append(subgroup)
        return tuple(map(tuple, classes.values()))

    # -- as matrices --------------------------------------------------------------------------

    @functools.cached_property
    def permutes_axes(self) -> bool:
        """Whether every element permutes the axes, up to signs, so that boxes stay boxes."""
        return bool((np.abs(self.matrices).sum(axis=1) == 1).all())

    @functools.cached_property
    def mixed_axes(self) -> tuple[tuple[int, int], ...]:
        """The pairs `(i, j)` of different axes that some element maps, `j` to `i`, or mixes."""
        pairs = np.argwhere(self.matrices.any(axis=0)).tolist()
        return tuple((i, j) for i, j in pairs if i != j)

    @functools.cached_property
    def reversed_axes(self) -> frozenset[int]:
        """The axes whose two ends some element exchanges, or mixes with other axes."""
        if not self.permutes_axes:
            return frozenset(range(self.dimension))
        return frozenset(np.argwhere(self.matrices < 0)[:, 2].tolist())

    @functools.cached_property
    def descriptions(self) -> tuple[str, ...]:
        """What each element does to an array, in words.

        Examples:
            >>> from groupconv import group
            >>> group("p4m").stabilizer.descriptions[:5:2]
            ('identity', 'half turn', 'reverses axis 0')
            >>> group("P4").stabilizer.descriptions[1]
            'quarter turn from axis 0 to axis 1'
        """
        return tuple(map(in_words, self.matrices.tolist()))

    def contains(self, other: Stabilizer) -> bool:
        """Whether every matrix of another is one of its own, however both are numbered.

        Examples:
            >>> from groupconv import group
            >>> D4, C4 = group("p4m").stabilizer, group("p4").stabilizer
            >>> D4.contains(C4), C4.contains(D4)
            (True, False)
        """
        own, others = (set(map(str, S.matrices.tolist())) for S in (self, other))
        return self.lattice == other.lattice and own >= others

    @functools.cached_property
    def memo(self) -> Memo:
        """The tables that were made of it lately."""
        return Memo(MEMO_BYTES)

    # -- identity of the object ---------------------------------------------------------------

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Stabilizer):
            return NotImplemented
        return self.lattice == other.lattice and np.array_equal(self.matrices, other.matrices)

    def __hash__(self) -> int:
        return hash((self.lattice, self.matrices.tobytes()))

    def __reduce__(self) -> tuple[Any, ...]:
        tables = self.matrices, self.composition, self.inverse
        return type(self), (self.lattice, *tables, self.group, self.coordinates)

    def __deepcopy__(self, _: dict[int, Any]) -> Stabilizer:
        return self  # nothing of it can change

    def __repr__(self) -> str:
        return f"Stabilizer.from_matrices({self.matrices.tolist()}, {self.lattice!r})"


@dataclass(frozen=True)
class Subgroup:
    """A subgroup `H` of a stabilizer `S`, which also names the space `G/H`.

    Args:
        stabilizer: The stabilizer `S`.
        elements: The flat indices of its elements, ascending.

    Attributes:
        index: The number of left cosets `sH`: the stabilizer planes of a feature map on `G/H`.

    Raises:
        GroupError: the elements are not a subgroup.

    Examples:
        >>> from groupconv import group
        >>> rotations = group("p4m").subgroup((0, 1))
        >>> rotations.order, rotations.index
        (4, 2)
        >>> rotations.representatives
        (0, 4)
    """

    stabilizer: Stabilizer = field(hash=False)  # the elements tell nearly all apart
    elements: tuple[int, ...]
    index: int = field(init=False, compare=False, repr=False)

    _make_group: ClassVar[Callable[[Subgroup, str], Any]]
    """Set in `generated.py`, which stands on this file."""

    def __post_init__(self) -> None:
        members = list(self.elements)
        is_ascending = members == sorted({0, *members}) and members[-1] < self.stabilizer.order
        if (
            not is_ascending
            or not np.isin(self.stabilizer.composition[np.ix_(members, members)], members).all()
        ):
            raise GroupError(
                f"elements={self.elements} are not the ascending flat indices of a subgroup of "
                f"{self.stabilizer.name}, of order {self.stabilizer.order}; "
                f"group.subgroup(*generators) makes one"
            )
        vars(self).update(index=self.stabilizer.order // len(members))

    @property
    def order(self) -> int:
        """The number of elements of `H`."""
        return len(self.elements)

    @property
    def is_whole(self) -> bool:
        """Whether `H = S`, so that `G/H` is the lattice."""
        return self.index == 1

    @functools.cached_property
    def abstract_name(self) -> str:
        """What group `H` is by itself, such as `C4` or `D3`; names as in `Stabilizer.name`."""
        table = self.stabilizer.composition
        return finite_groups.abstract_name(finite_groups.restricted(table, self.elements))

    @functools.cached_property
    def _cosets(self) -> tuple[tuple[int, ...], IntArray]:
        """The smallest flat index of each left coset, and the coset number of every element."""
        smallest = self.stabilizer.composition[:, list(self.elements)].min(axis=1)
        representatives, coset_of = np.unique(smallest, return_inverse=True)
        return tuple(representatives.tolist()), read_only(coset_of)

    @property
    def coset_of(self) -> IntArray:
        """The number of the left coset `sH` at `[s]`, shape `(S,)`, read-only.

        Cosets are numbered by their smallest element, so `H` itself is number 0.
        """
        return self._cosets[1]

    @property
    def representatives(self) -> tuple[int, ...]:
        """The smallest flat index of each left coset, ascending."""
        return self._cosets[0]

    def as_group(self, name: str = "") -> Any:
        """The split group `Z^d ⋊ H`, for layers and proofs like any other.

        Its elements keep the coordinates that they have in the larger group, as far as `H` is made
        of all values of some of them; otherwise powers of these generate it.

        Args:
            name: Its name; by default the expression that makes it.

        Returns:
            A `GeneratedGroup` on the same lattice.

        Raises:
            ArgumentError: no elements generate `H` as products of powers in exactly one way.

        Examples:
            >>> from groupconv import group
            >>> turns = group("p4m").subgroup((0, 1)).as_group()
            >>> turns.name, turns.coordinate_names
            ('p4m.subgroup((0, 1)).as_group()', ('r', 't0', 't1'))
        """
        return self._make_group(name)

    def planes_in(self, larger: Subgroup) -> IntArray:
        """The planes of `G/H` that make up each plane of `G/K`, for `H ≤ K` (section 6.3).

        Args:
            larger: The subgroup `K`.

        Returns:
            Plane numbers, shape `(S/K, K/H)`, int64, read-only.

        Raises:
            ArgumentError: `K` does not contain `H`.

        Examples:
            >>> from groupconv import group
            >>> p4m = group("p4m")
            >>> p4m.subgroup().planes_in(p4m.subgroup((1, 0))).tolist()
            [[0, 4], [1, 7], [2, 6], [3, 5]]
        """
        if not self <= larger:
            raise ArgumentError(
                f"subgroup={larger.elements} does not contain the subgroup {self.elements} on "
                f"whose cosets the input lives; pool over a larger one"
            )
        coset_of = larger.coset_of[list(self.representatives)]  # shape: (S/H,)
        return read_only(np.argsort(coset_of, kind="stable").reshape(larger.index, -1))

    def __le__(self, other: Subgroup) -> bool:
        return self.stabilizer == other.stabilizer and set(self.elements) <= set(other.elements)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.stabilizer, self.elements)


def require_isometries(
    matrices: npt.ArrayLike,  # shape: (n, d, d)
    lattice: Lattice,
    *,
    group: str,
    labels: Sequence[Any],
) -> None:
    """Refuse matrices that change lengths or angles of a lattice: `Aᵀ Γ A = Γ` has to hold.

    Isometries that map a lattice to itself are finitely many, so any of them generate a finite
    group.
    """
    exact = np.array(matrices, dtype=object)  # Python integers, which never overflow
    for gram in lattice.integer_grams:
        changed = (exact.transpose(0, 2, 1) @ gram @ exact != gram).any(axis=(1, 2))
        if changed.any():
            s = int(changed.argmax())
            problem = (
                f"{labels[s]} = {exact[s].tolist()} changes lengths or angles of the lattice "
                f"{lattice.name!r}, whose Gram matrix is {lattice.gram.tolist()}"
            )
            step = "name the lattice that these matrices belong to"
            if inverse(exact[s].tolist()) is None:
                step = "its determinant is not 1 or -1, so no lattice has it; correct the matrix"
            raise AxiomError(group, "isometry", problem, (labels[s],), step)
