"""What users with the same profile like: for those of whom nothing else is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from gnn.histories import Histories, IntArray
from gnn.recommender import FloatArray

#: Users that the whole shop counts as, beside a group's own: small groups say little.
PRIOR_USERS = 20.0

#: Products kept a group.
PREFERRED = 50


def preferences(
    histories: Histories, target_kind: int, groups: Mapping[str, IntArray]
) -> Iterator[tuple[str, IntArray, FloatArray]]:
    """The products that most of a group turned to, as a share of its users.

    share = (users of the group who had it + m · share of all users) / (users of the group + m)
    with m = ``PRIOR_USERS``, over users who did anything of the target kind.

    Shapes:
        groups: of each (users,) rows of ``histories``
        returned: of each group its products, the dearest first, and their shares, descending
    """
    had = histories.keep(histories.kind == target_kind).matrix()
    active = np.diff(had.indptr) > 0
    everybody = np.asarray(had.sum(axis=0)).ravel() / max(1, int(np.count_nonzero(active)))
    for key, users in groups.items():
        own = users[active[users]]
        counts = np.asarray(had[own].sum(axis=0)).ravel()
        share = (counts + PRIOR_USERS * everybody) / (len(own) + PRIOR_USERS)
        best = np.argsort(-share, kind="stable")[:PREFERRED]
        best = best[share[best] > 0]
        yield key, best.astype(np.int64), share[best].astype(np.float32)
