import struct
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion import identity as identity_module
from ingestion.blocks import Block, join_rejects
from ingestion.clean import clean
from ingestion.identity import Identities
from ingestion.sheet import Cleaned

FILE = Path("shop/t.csv")
NAMES = ["user_id", "product_id", "occurred_at", "interaction_id"]


def block(rows: list[tuple[str, str, str, str]], start: int = 2) -> Block:
    index = pd.RangeIndex(start, start + len(rows))
    return Block("interactions", pd.DataFrame(rows, columns=NAMES, index=index).astype("str"), FILE)


def assign(*blocks: list[tuple[str, str, str, str]]) -> Cleaned:
    """All rows of one load, in the order of their lines, which go on from block to block."""
    identities = Identities()
    parts, start = [], 2
    for rows in blocks:
        whole = block(rows, start)
        parts.append(identities.assign(clean(whole), whole))
        start += len(rows)
    parts += identities.rest()
    frame = pd.concat([part.frame for part in parts]).sort_values("line", ignore_index=True)
    return Cleaned("interactions", frame, join_rejects([part.rejects for part in parts]))


def ids(cleaned: Cleaned) -> list[str]:
    return cleaned.frame["interaction_id"].tolist()


SALE = ("u", "p", "2011-01-01", "")


def siphash(key: bytes, data: bytes) -> int:
    """SipHash-2-4 as its paper has it (Aumasson and Bernstein, 2012)."""
    whole = (1 << 64) - 1
    k0, k1 = (int.from_bytes(key[at : at + 8], "little") for at in (0, 8))
    v = [k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D]
    v += [k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573]

    def turn(number: int, bits: int) -> int:
        return (number << bits | number >> (64 - bits)) & whole

    def rounds(count: int) -> None:
        for _ in range(count):
            v[0], v[2] = (v[0] + v[1]) & whole, (v[2] + v[3]) & whole
            v[1], v[3] = turn(v[1], 13) ^ v[0], turn(v[3], 16) ^ v[2]
            v[0] = turn(v[0], 32)
            v[2], v[0] = (v[2] + v[1]) & whole, (v[0] + v[3]) & whole
            v[1], v[3] = turn(v[1], 17) ^ v[2], turn(v[3], 21) ^ v[0]
            v[2] = turn(v[2], 32)

    padded = data + bytes(7 - len(data) % 8) + bytes([len(data) % 256])
    for at in range(0, len(padded), 8):
        word = int.from_bytes(padded[at : at + 8], "little")
        v[3] ^= word
        rounds(2)
        v[0] ^= word
    v[2] ^= 0xFF
    rounds(4)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def identity(person: bytes, data: bytes) -> str:
    keys = (person.ljust(14)[:14] + half for half in (b"-a", b"-b"))
    return b"".join(mixed(siphash(key, data)).to_bytes(8, "little") for key in keys).hex()


def mixed(number: int) -> int:
    """The last steps of SplitMix64 (Steele, Lea and Flood, 2014)."""
    number = (number ^ number >> 30) * 0xBF58476D1CE4E5B9 & (1 << 64) - 1
    number = (number ^ number >> 27) * 0x94D049BB133111EB & (1 << 64) - 1
    return number ^ number >> 31


def test_siphash_is_the_published_one() -> None:
    assert siphash(bytes(range(16)), bytes(range(15))) == 0xA129CA6149BE45E5


def test_the_hash_is_settled_for_good() -> None:
    # Ids are in graphs already, so what is hashed, and how, must never change.
    numbers = (1293840000000000).to_bytes(8, "little"), struct.pack("<d", 2.5)
    row = b"\x1e".join(
        [
            *(b"user_id\x1fu", b"product_id\x1fp", b"kind\x1fpurchase"),
            *(b"occurred_at\x1f" + numbers[0], b"price\x1f" + numbers[1]),
        ]
    )
    first = identity(b"interactions", row)
    again = identity(b"ordinal", bytes.fromhex(first) + (1).to_bytes(8, "little"))
    frame = block([SALE, SALE]).frame.assign(price=["2.5", "2.50"]).astype("str")
    identities, whole = Identities(), Block("interactions", frame, FILE)
    found = ids(identities.assign(clean(whole), whole))
    assert [*found, *(id_ for part in identities.rest() for id_ in ids(part))] == [first, again]
    assert first == "8b7a1d8ab6a2d60d4e3340c6cde05fb7"


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
    first = [("u", "p", "", "e1"), ("u", "p", "", "e1"), ("v", "p", "", "e1")]
    second = [("u", "p", "", "e1"), ("u", "q", "", "e1"), ("u", "q", "", "e2")]
    result = assign(first, second)
    assert list(zip(result.frame["line"], ids(result), strict=True)) == [(2, "e1"), (7, "e2")]
    assert result.rejects.frame[["line", "reason", "row"]].to_numpy().tolist() == [
        [4, "duplicate-interaction_id", "v,p,,e1"],
        [6, "duplicate-interaction_id", "u,q,,e1"],
    ]


def test_rows_with_and_without_their_own_id_may_mix() -> None:
    result = assign([SALE, ("u", "p", "2011-01-01", "e1"), SALE])
    assert len(set(ids(result))) == 3
    assert ids(result)[1] == "e1"


def test_rows_that_only_seem_to_have_come_before_keep_their_ids() -> None:
    rows = [("u", str(n), "", "" if n % 2 else f"e{n}") for n in range(2_000)]
    crowded = Identities(expected=0)
    crowded_parts = []
    for start in range(0, len(rows), 100):
        # So many more keys than the filter is made for that most are taken for old ones.
        whole = block(rows[start : start + 100], start + 2)
        crowded_parts.append(crowded.assign(clean(whole), whole))
    assert sum(len(part.frame) for part in crowded_parts) < len(rows)
    crowded_parts += crowded.rest()
    found = pd.concat([part.frame for part in crowded_parts]).sort_values("line")
    assert found["interaction_id"].tolist() == ids(assign(rows))
    assert not any(len(part.rejects) for part in crowded_parts)


ROW = st.tuples(st.sampled_from("uv"), st.sampled_from("pq"), st.just("2011-01-01"), st.just(""))


@settings(deadline=None)
@given(st.lists(ROW, min_size=1, max_size=20), st.data())
def test_blocks_and_overlaps_do_not_change_ids(
    rows: list[tuple[str, str, str, str]], data: st.DataObject
) -> None:
    whole = ids(assign(rows))
    assert len(set(whole)) == len(rows)
    cut = data.draw(st.integers(0, len(rows)))
    assert ids(assign(rows[:cut], rows[cut:])) == whole
    # An earlier export that holds the first rows alone names them alike.
    assert ids(assign(rows[:cut])) == whole[:cut]


@settings(deadline=None)
@given(st.lists(ROW, min_size=1, max_size=20), st.integers(1, 5))
def test_ids_are_the_same_however_many_rows_are_decided_at_once(
    rows: list[tuple[str, str, str, str]], at_once: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(identity_module, "DECIDED_AT_ONCE", at_once)
        patch.setattr(identity_module, "READ_KEYS", 1)
        found = ids(assign(rows, rows))
    assert found == ids(assign(rows, rows))
