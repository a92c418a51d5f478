from hashlib import blake2b
from pathlib import Path

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.blocks import Block
from ingestion.clean import clean
from ingestion.identity import Identities
from ingestion.sheet import Cleaned

FILE = Path("shop/t.csv")
NAMES = ["user_id", "product_id", "occurred_at", "interaction_id"]


def block(rows: list[tuple[str, str, str, str]], start: int = 2) -> Block:
    index = pd.RangeIndex(start, start + len(rows))
    return Block("interactions", pd.DataFrame(rows, columns=NAMES, index=index).astype("str"), FILE)


def assign(identities: Identities, *rows: tuple[str, str, str, str]) -> Cleaned:
    whole = block(list(rows))
    return identities.assign(clean(whole), whole)


def ids(cleaned: Cleaned) -> list[str]:
    return cleaned.frame["interaction_id"].tolist()


SALE = ("u", "p", "2011-01-01", "")


def test_the_hash_is_settled_for_good() -> None:
    # 2011-01-01 in microseconds; ids are in graphs already, so this value must never change.
    text = "\x1e".join(
        ["user_id\x1fu", "product_id\x1fp", "kind\x1fpurchase", "occurred_at\x1f1293840000000000"]
    )
    digest = blake2b(text.encode(), digest_size=16, person=b"interactions")
    again = blake2b(digest.digest() + (1).to_bytes(8, "little"), digest_size=16)
    assert ids(assign(Identities(), SALE, SALE)) == [digest.hexdigest(), again.hexdigest()]
    assert digest.hexdigest() == "3d676a3eea64aa7f0371adb206ad5c89"


def test_numbers_hash_by_value_however_they_are_printed() -> None:
    def one(**columns: str) -> str:
        frame = pd.DataFrame({"user_id": ["u"], "product_id": ["p"], **columns}, index=[2])
        whole = Block("interactions", frame.astype("str"), FILE)
        return ids(Identities().assign(clean(whole), whole))[0]

    assert one(quantity="6.0", price="2.550") == one(quantity="6", price="2.55")
    assert one(rating="-0") == one(rating="0")
    assert one(position="3.0") == one(position="3")
    assert one(quantity="") == one() == one(extra="")
    assert len({one(), one(quantity="6"), one(price="6"), one(extra="6"), one(note="6")}) == 5


def test_columns_in_another_order_give_the_same_ids() -> None:
    frame = block([("u", "p", "2011-01-01", "")]).frame.assign(b="1", a="2").astype("str")
    turned = frame[list(frame)[::-1]]
    results = [
        Identities().assign(clean(Block("interactions", f, FILE)), Block("interactions", f, FILE))
        for f in (frame, turned)
    ]
    assert ids(results[0]) == ids(results[1])


def test_tables_do_not_share_ids() -> None:
    frame = pd.DataFrame({"user_id": ["u"], "product_id": ["p"], "rating": ["5"]}, index=[2])
    found = set()
    for table in ("interactions", "reviews"):
        whole = Block(table, frame.astype("str"), FILE)
        found |= set(ids(Identities().assign(clean(whole), whole)))
    assert len(found) == 2


def test_a_source_id_holds_and_its_first_row_stays() -> None:
    identities = Identities()
    first = assign(identities, ("u", "p", "", "e1"), ("u", "p", "", "e1"), ("v", "p", "", "e1"))
    assert ids(first) == ["e1"]
    second = assign(identities, ("u", "p", "", "e1"), ("u", "q", "", "e1"), ("u", "q", "", "e2"))
    assert ids(second) == ["e2"]
    assert first.frame["line"].tolist() == [2]
    assert first.rejects.frame[["line", "reason", "row"]].to_numpy().tolist() == [
        [4, "duplicate-interaction_id", "v,p,,e1"]
    ]
    assert second.rejects.frame["line"].tolist() == [3]


def test_rows_with_and_without_their_own_id_may_mix() -> None:
    result = assign(Identities(), SALE, ("u", "p", "2011-01-01", "e1"), SALE)
    assert len(set(ids(result))) == 3
    assert ids(result)[1] == "e1"


ROW = st.tuples(st.sampled_from("uv"), st.sampled_from("pq"), st.just("2011-01-01"), st.just(""))


@settings(deadline=None)
@given(st.lists(ROW, min_size=1, max_size=20), st.data())
def test_blocks_and_overlaps_do_not_change_ids(
    rows: list[tuple[str, str, str, str]], data: st.DataObject
) -> None:
    whole = ids(assign(Identities(), *rows))
    assert len(set(whole)) == len(rows)
    cut = data.draw(st.integers(0, len(rows)))
    identities = Identities()
    parts = ids(assign(identities, *rows[:cut])) + ids(assign(identities, *rows[cut:]))
    assert parts == whole
    # An earlier export that holds the first rows alone names them alike.
    assert ids(assign(Identities(), *rows[:cut])) == whole[:cut]
