"""Relations between products: bought together, bought next, and alike in text.

Baskets. Bought together is what an order holds; of purchases outside orders, what a session holds,
and where there are no sessions either, all that a user bought. Bought next is told by a user's
baskets in their order in time: orders, sessions, and outside them each moment of purchase; among
purchases without times positions order them. Guests' orders say what is bought together, not what
is bought next. Returned purchases were bought all the same.

Weights. A basket counts 1/√size for each pair in it, so that a wholesaler's hundreds of lines say
little of each. With n_ij the counts of baskets that hold i and j, BOUGHT_WITH weighs
n_ij / √((n_i + 1)(n_j + 1)): the cosine, shrunk so that what was bought once does not lead (Bell
and Koren, 2007). LEADS_TO adds up, over each basket and the next ``WINDOW`` ones of its user, 1/gap
divided by the roots of both sizes, and divides by (D_i + 1)^½ (E_j + 1)^¼, D_i and E_j being what
leads from i and to j at all; the ¼ holds popular products back half as much as a cosine would.
Told from the months before, on Online Retail's August of 2011, roots of sizes were the best of
three dampings for both. Counts alone rank what else is in an order a little better than any cosine
(NDCG@20 .213 to .203): they name what everybody buys, which is no relation. Three baskets were no
worse than ten, and fading by days (half-lives of 30 and 90) was worse than by baskets.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from kg.knowledge.purchases import NONE, IntArray, Purchases
from kg.records import NO_TIME

#: Columns of purchases, one entry a line.
COLUMNS = ("user", "product", "time", "place", "order", "session")

#: Relations kept a product.
TOP = 20

#: Baskets, or transitions, that must have a pair.
LEAST_SUPPORT = 3

#: Baskets after one that it still leads to.
WINDOW = 3

#: Cosine below which two texts have nothing to do with one another.
LEAST_SIMILARITY = 0.2

#: Rows of products that are computed at once, sparse and dense.
BLOCK = 1_024
TEXT_BLOCK = 256


@dataclass(frozen=True)
class Relations:
    """Where each product leads, how strongly, and on how much that rests.

    Shapes:
        weight, support: (products, products), of equal sparsity
    """

    weight: sp.csr_array
    support: sp.csr_array


def bought_with(
    purchases: Purchases, top: int = TOP, least_support: int = LEAST_SUPPORT
) -> Relations:
    """What is bought together; support is how many baskets hold both."""
    in_order, in_session = purchases.order != NONE, purchases.session != NONE
    user = np.where(in_order, NONE, purchases.user)
    label = np.where(in_order, purchases.order, purchases.session)
    kind = np.where(in_order, 0, np.where(in_session, 1, 2))
    _, basket = _numbered(kind, user, label)
    holds = _incidence(basket, purchases)
    damped = _damped(holds, 0.25)
    mass = np.asarray(damped.power(2).sum(axis=0)).ravel() + 1.0

    def rows(first: int, last: int) -> tuple[sp.csr_array, sp.csr_array]:
        weight = sp.csr_array(sp.csr_array(damped.T)[first:last] @ damped)
        support = sp.csr_array(sp.csr_array(holds.T)[first:last] @ holds)
        return _divided(weight, mass[first:last] ** 0.5, mass**0.5), support

    return _strongest(rows, purchases.num_products, top, least_support)


def leads_to(purchases: Purchases, top: int = TOP, least_support: int = LEAST_SUPPORT) -> Relations:
    """What is bought next; support is how often a user went from a basket to one soon after."""
    timed = purchases.time != NO_TIME
    known = (purchases.user != NONE) & (timed | (purchases.order == NONE))
    part = _rows_of(purchases, known)
    in_order, in_session = part.order != NONE, part.session != NONE
    moment = np.where(part.time != NO_TIME, part.time, part.place)
    kind = np.where(in_order, 0, np.where(in_session, 1, 2))
    label = np.where(in_order, part.order, np.where(in_session, part.session, moment))
    num_baskets, basket = _numbered(kind, part.user, label)
    holds = _incidence(basket, part)
    damped = _damped(holds, 0.5)
    steps, weighted = _steps(part, basket, num_baskets)
    before, after = sp.csr_array(holds.T), sp.csr_array(damped.T)
    ones = np.ones(num_baskets, np.float32)
    leaving = after @ (weighted @ ones) + 1.0
    arriving = after @ (weighted.T @ ones) + 1.0

    def rows(first: int, last: int) -> tuple[sp.csr_array, sp.csr_array]:
        weight = sp.csr_array(after[first:last] @ weighted @ damped)
        support = sp.csr_array(before[first:last] @ steps @ holds)
        return _divided(weight, leaving[first:last] ** 0.5, arriving**0.25), support

    return _strongest(rows, purchases.num_products, top, least_support)


def similar_to(vectors: npt.NDArray[np.float32], top: int = TOP) -> Relations:
    """The nearest by cosine of text; support is 2 where each is among the other's nearest, else 1.

    Shapes:
        vectors: (products, d); a zero row has no neighbours and is none
    """
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = (vectors / np.maximum(length, 1e-12)).astype(np.float32)
    products = len(vectors)
    width = min(top + 1, products)
    blocks = []
    for first in range(0, products, TEXT_BLOCK):
        cosine = unit[first : first + TEXT_BLOCK] @ unit.T
        row = np.arange(len(cosine))
        cosine[row, row + first] = 0
        nearest = np.argpartition(-cosine, width - 1, axis=1)[:, :width]
        value = np.take_along_axis(cosine, nearest, axis=1)
        by = np.lexsort((nearest, -value), axis=1)[:, :top]
        nearest, value = (np.take_along_axis(part, by, axis=1) for part in (nearest, value))
        near = value >= LEAST_SIMILARITY
        at = (np.repeat(row, near.sum(axis=1)), nearest[near])
        blocks.append(sp.csr_array((value[near], at), shape=cosine.shape))
    if not blocks:
        nothing = sp.csr_array(np.zeros((0, 0), np.float32))
        return Relations(nothing, nothing)
    weight = sp.csr_array(sp.vstack(blocks))
    support = weight.copy()
    # Whether the other names it, too, is looked up pair by pair.
    source = np.repeat(np.arange(products), np.diff(weight.indptr))
    pairs = source * products + weight.indices
    mutual = np.isin(weight.indices.astype(np.int64) * products + source, pairs)
    support.data[:] = 1.0 + mutual
    return Relations(weight, support)


def _numbered(*columns: IntArray) -> tuple[int, IntArray]:
    """How many different rows columns have, and the number of each row."""
    found, number = np.unique(np.stack(columns, axis=1), axis=0, return_inverse=True)
    return len(found), number.reshape(-1)


def _incidence(basket: IntArray, purchases: Purchases) -> sp.csr_array:
    """Baskets × products, 1 where a basket holds one."""
    shape = (int(basket.max(initial=-1)) + 1, purchases.num_products)
    ones = np.ones(len(basket), np.float32)
    holds = sp.csr_array((ones, (basket, purchases.product)), shape=shape)
    holds.sum_duplicates()
    holds.data[:] = 1.0
    return holds


def _damped(holds: sp.csr_array, power: float) -> sp.csr_array:
    """Each basket divided by its size to ``power``."""
    size = np.maximum(np.diff(holds.indptr), 1).astype(np.float32)
    return sp.csr_array(sp.diags_array(size**-power) @ holds)


def _rows_of(purchases: Purchases, mask: npt.NDArray[np.bool_]) -> Purchases:
    columns = {name: getattr(purchases, name)[mask] for name in COLUMNS}
    return Purchases(**columns, num_products=purchases.num_products)


def _steps(
    purchases: Purchases, basket: IntArray, num_baskets: int
) -> tuple[sp.csr_array, sp.csr_array]:
    """Baskets × later baskets of the same user: 1 for the next ``WINDOW``, and 1/gap."""
    order = np.lexsort((purchases.place, purchases.time, basket))
    first = np.unique(basket[order], return_index=True)[1]
    user, time, place = (
        column[order][first] for column in (purchases.user, purchases.time, purchases.place)
    )
    turn = np.lexsort((np.arange(num_baskets), place, time, user))
    parts: list[tuple[IntArray, IntArray, npt.NDArray[np.float32]]] = []
    for gap in range(1, WINDOW + 1):
        same = user[turn[gap:]] == user[turn[:-gap]]
        value = np.full(np.count_nonzero(same), 1.0 / gap, np.float32)
        parts.append((turn[:-gap][same], turn[gap:][same], value))
    source, target, value = (np.concatenate(column) for column in zip(*parts, strict=True))
    shape = (num_baskets, num_baskets)
    weighted = sp.csr_array((value, (source, target)), shape=shape)
    steps = weighted.copy()
    steps.data[:] = 1.0
    return steps, weighted


def _divided(
    matrix: sp.csr_array, left: npt.NDArray[np.float32], right: npt.NDArray[np.float32]
) -> sp.csr_array:
    return sp.csr_array(sp.diags_array(1 / left) @ matrix @ sp.diags_array(1 / right))


def _strongest(
    rows: Callable[[int, int], tuple[sp.csr_array, sp.csr_array]],
    num_products: int,
    top: int,
    least_support: int,
) -> Relations:
    """The strongest ``top`` of each row that have support, ties by product; the diagonal apart."""
    weights, supports = [], []
    for first in range(0, num_products, BLOCK):
        weight, support = rows(first, min(first + BLOCK, num_products))
        weight.sort_indices()
        support.sort_indices()
        row = np.repeat(np.arange(weight.shape[0]), np.diff(weight.indptr))
        keep = (support.data >= least_support) & (weight.indices != row + first)
        row, column = row[keep], weight.indices[keep]
        value, held = weight.data[keep], support.data[keep]
        by = np.lexsort((column, -value, row))
        begins = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=weight.shape[0]))])
        by = by[np.arange(len(by)) - begins[row[by]] < top]
        at = (row[by], column[by])
        weights.append(sp.csr_array((value[by], at), shape=weight.shape))
        supports.append(sp.csr_array((held[by], at), shape=weight.shape))
    if not weights:
        nothing = sp.csr_array(np.zeros((0, 0), np.float32))
        return Relations(nothing, nothing)
    weight, support = (sp.csr_array(sp.vstack(part)) for part in (weights, supports))
    return Relations(weight, support)
