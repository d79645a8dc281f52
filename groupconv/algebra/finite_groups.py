"""What follows from the composition table of a finite group: orders, subgroups, its name."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from groupconv.algebra.exact import IntArray

Elements: TypeAlias = tuple[int, ...]


def closure(table: IntArray, generators: Iterable[int]) -> Elements:
    """The subgroup that some elements generate, ascending."""
    generators = tuple(generators)
    members, frontier = {0}, [0]
    while frontier:
        reached = {int(table[s, g]) for s in frontier for g in generators} - members
        members |= reached
        frontier = list(reached)
    return tuple(sorted(members))


def element_orders(table: IntArray) -> IntArray:
    """The order of each element, shape `(S,)`."""
    elements = np.arange(len(table))
    orders, power = np.ones_like(elements), elements
    while power.any():
        orders[power != 0] += 1
        power = np.where(power == 0, 0, table[power, elements])
    return orders


def conjugates(table: IntArray) -> IntArray:
    """The conjugate `g s g⁻¹` at `[g, s]`, shape `(S, S)`."""
    inverse = (table == 0).argmax(axis=1)
    result: IntArray = table[table, inverse[:, None]]
    return result


def normal_subgroups(table: IntArray) -> list[Elements]:
    """All normal subgroups, the smallest first: the joins of normal closures of elements."""
    conjugacy = conjugates(table)
    closures = {closure(table, set(conjugacy[:, s].tolist())) for s in range(len(table))}
    found, frontier = set(closures), set(closures)
    while frontier:
        joins = {
            tuple(np.unique(table[np.ix_(one, other)]).tolist())  # N M is a subgroup: both normal
            for one in frontier
            for other in closures
        }
        frontier = joins - found
        found |= frontier
    return sorted(found, key=lambda elements: (len(elements), elements))


def all_subgroups(table: IntArray) -> list[Elements]:
    """Every subgroup, the smallest first: cyclic ones are joined until nothing new appears."""
    cyclic = {closure(table, (s,)) for s in range(len(table))}
    found, frontier = set(cyclic), set(cyclic)
    while frontier:
        frontier = {
            closure(table, {*one, *other})
            for one in frontier
            for other in cyclic
            if not set(other) <= set(one)
        } - found
        found |= frontier
    return sorted(found, key=lambda elements: (len(elements), elements))


def minimal_generators(table: IntArray) -> Elements:
    """As few elements as generate the group, the first such ones met in ascending order."""
    reached: dict[Elements, Elements] = {(0,): ()}
    while True:
        found: dict[Elements, Elements] = {}
        for subgroup, generators in reached.items():
            if len(subgroup) == len(table):
                return generators
            for s in sorted(set(range(len(table))).difference(subgroup)):
                found.setdefault(closure(table, (*generators, s)), (*generators, s))
        reached = found


def abstract_name(table: IntArray) -> str:
    """The name of the isomorphism class, as a direct product with the largest factors first.

    `C6` is cyclic, `D6` dihedral of order 12, `Q8` and `Dic3` dicyclic (of order 8 and 12), `T`,
    `O` and `I` are the rotations of tetrahedron, cube and icosahedron; `G20` stands for an
    indecomposable group of order 20 without one of these names.
    """
    # The indecomposable factors are unique up to isomorphism (Krull, Remak, Schmidt).
    factors = list(_indecomposable_factors(table))
    cyclic = Counter(factor for factor in factors if isinstance(factor, int))
    others = []
    for name, order in sorted((f for f in factors if isinstance(f, tuple)), key=lambda f: -f[1]):
        if name == "D" and order % 4 == 2 and cyclic[2]:  # D_n × C2 = D_2n for an odd n
            cyclic[2] -= 1
            order *= 2
        others.append(f"D{order // 2}" if name == "D" else name)
    names = others + [f"C{order}" for order in _invariant_factors(cyclic)]
    return "×".join(names) or "C1"


def _indecomposable_factors(table: IntArray) -> Iterator[int | tuple[str, int]]:
    """The orders of cyclic factors, prime powers, and the name and order of each other one."""
    order = len(table)
    if (table == table.T).all():
        yield from _prime_powers(element_orders(table))
        return
    for one, other in itertools.combinations(normal_subgroups(table)[1:-1], 2):
        if len(one) * len(other) == order and set(one).intersection(other) == {0}:
            for part in (one, other):
                yield from _indecomposable_factors(restricted(table, part))
            return
    yield _indecomposable_name(table), order


def restricted(table: IntArray, elements: Elements) -> IntArray:
    """The composition table of a subgroup, whose elements are numbered anew."""
    numbers: IntArray = np.searchsorted(elements, table[np.ix_(elements, elements)])
    return numbers


def _prime_powers(orders: IntArray) -> Iterator[int]:
    """The cyclic factors of an abelian group, from the orders of its elements."""
    import sympy

    for prime, exponent in sympy.factorint(len(orders)).items():
        powers = [prime**k for k in range(1, exponent + 1)]
        # With r factors of order p^k or more, p^r times as many elements are killed by p^k as by
        # p^(k-1).
        killed = [1, *(int((power % orders == 0).sum()) for power in powers)]
        ranks = [sympy.multiplicity(prime, b // a) for a, b in itertools.pairwise(killed)]
        for power, (rank, higher) in zip(powers, itertools.pairwise([*ranks, 0]), strict=True):
            yield from [power] * (rank - higher)


def _invariant_factors(prime_powers: Counter[int]) -> list[int]:
    """Cyclic factors of which each divides the one before: `2, 4, 3` become `12, 2`."""
    import sympy

    by_prime: dict[int, list[int]] = {}
    for power in sorted(prime_powers.elements(), reverse=True):
        (prime,) = sympy.primefactors(power)
        by_prime.setdefault(prime, []).append(power)
    columns = itertools.zip_longest(*by_prime.values(), fillvalue=1)
    return [int(np.prod(column)) for column in columns]


def _indecomposable_name(table: IntArray) -> str:
    """The name of a group that is neither abelian nor a direct product; `D` for a dihedral one.

    Elements `a`, `b`, `ab` of orders 2, 2, n, or 2, 3 and 3, 4 or 5 generate the rotation group of
    a dihedron, tetrahedron, cube or icosahedron: these groups have no smaller quotient in which
    the three orders stay (Coxeter & Moser, *Generators and Relations*, section 4).
    """
    order, orders = len(table), element_orders(table)
    polyhedral = {(2, 2, order // 2): "D"}
    polyhedral |= {(2, 3, n): name for n, size, name in POLYHEDRA if size == order}
    for (p, q, n), name in polyhedral.items():
        if (orders[table[np.ix_(orders == p, orders == q)]] == n).any():
            return name
    if any(_inverts(table, int(a)) for a in np.flatnonzero(2 * orders == order)):
        return "Q8" if order == 8 else f"Dic{order // 4}"
    return f"G{order}"


POLYHEDRA = ((3, 12, "T"), (4, 24, "O"), (5, 60, "I"))
"""The order of `ab`, that of the group, and its name."""


def _inverts(table: IntArray, a: int) -> bool:
    """Whether all elements outside `⟨a⟩`, of index 2, conjugate it to its inverse: `a b a = b`.

    Then `b²` is 1, and the group dihedral, or the one involution of `⟨a⟩`, and it is dicyclic.
    """
    outside = np.setdiff1d(np.arange(len(table)), closure(table, (a,)))
    return bool((table[table[a, outside], a] == outside).all())


def factors_once(table: IntArray, generators: Elements) -> bool:
    """Whether every element is a product `a^i b^j …` of powers in exactly one way."""
    products = [0]
    for g in generators:
        products = [int(table[s, p]) for s in products for p in _powers(table, g)]
        if len(products) > len(table):
            return False
    return sorted(products) == list(range(len(table)))


def factorization(table: IntArray, preferred: Iterable[int]) -> Elements | None:
    """Generators such that every element is a product `a^i b^j …` of powers in exactly one way.

    They are found along a chain of subgroups: the products of the first few are one each time.

    Args:
        table: A composition table.
        preferred: Elements to try first; then those of large order.

    Returns:
        The generators; None if there are none along any chain, as for the quaternions.
    """
    by_order = np.argsort(-element_orders(table), kind="stable").tolist()
    candidates = [s for s in dict.fromkeys([*preferred, *by_order]) if s != 0]

    def extend(subgroup: Elements, chosen: Elements) -> Elements | None:
        if len(subgroup) == len(table):
            return chosen
        for s in candidates:
            cyclic = _powers(table, s)
            larger = tuple(np.unique(table[np.ix_(subgroup, cyclic)]).tolist())
            is_free = len(larger) == len(subgroup) * len(cyclic)
            if is_free and closure(table, (*chosen, s)) == larger:
                found = extend(larger, (*chosen, s))
                if found is not None:
                    return found
        return None

    return extend((0,), ())


def _powers(table: IntArray, s: int) -> list[int]:
    """`1, s, s², …`, each once."""
    found = [0]
    while power := int(table[found[-1], s]):
        found.append(power)
    return found
