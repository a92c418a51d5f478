"""Rows, ids and rejects of a load on a cluster are those of a load on one machine."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.cleaner import Cleaner
from ingestion.cluster import Places, load_on_cluster, place_part, read_part
from ingestion.errors import SourceError
from ingestion.load import load
from ingestion.report.quality import Quality
from ingestion.sources import tables
from ingestion.spelling import UNDECLARED
from kg.connection import Graph
from kg.tombstones import Tombstones

NONE = Tombstones(salt="")

HEADER = "user_id,product_id,kind,occurred_at,quantity,order_id,interaction_id\n"

#: Few different rows, so that most come again, some with ids of their own.
ROW = st.tuples(
    st.sampled_from(["u", "v", ""]),
    st.sampled_from(["p", "q", ""]),
    st.sampled_from(["purchase", "view", "steal"]),
    st.sampled_from(["2011-01-01", "", "never"]),
    st.sampled_from(["1", "2"]),
    st.sampled_from(["o", ""]),
    st.sampled_from(["", "", "i", "j"]),
).map(",".join)


def write_parts(folder: Path, parts: list[list[str]]) -> Path:
    table = folder / "interactions"
    table.mkdir(parents=True)
    for number, rows in enumerate(parts):
        (table / f"part-{number:03}.csv").write_text(HEADER + "".join(f"{row}\n" for row in rows))
    return folder


def on_one_machine(shop: Path) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    cleaner = Cleaner()
    cleaned = [cleaner.clean(block) for block in tables.read(shop, 3)]
    cleaned += cleaner.rest()
    return told([c.frame for c in cleaned], [c.rejects.frame for c in cleaned])


def in_parts(shop: Path, width: int) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """What workers would do, one after another."""
    places = Places()
    frames, rejects = [], []
    for part in tables.split(shop):
        pieces, keys = read_part("tables", part, None, UNDECLARED, NONE)
        (refused, *_), *cells = place_part(pieces, [places.take(k) for k in keys], width, NONE)
        rejects.append(refused.frame)
        frames += [frame for cell in cells for _, frame, _ in cell]
    return told(frames, rejects)


def told(
    frames: list[pd.DataFrame], rejects: list[pd.DataFrame]
) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    names = ["interaction_id", "user_id", "product_id", "kind", "line"]
    rows = [row for f in frames if len(f) for row in f[names].fillna("").itertuples(index=False)]
    refused = [row for frame in rejects for row in frame.itertuples(index=False)]
    return sorted(map(tuple, rows)), sorted(map(tuple, refused))


@settings(deadline=None, max_examples=40)
@given(parts=st.lists(st.lists(ROW, max_size=8), min_size=1, max_size=4), width=st.integers(1, 3))
def test_wherever_files_end_ids_and_rejects_are_those_of_one_machine(
    tmp_path_factory: pytest.TempPathFactory, parts: list[list[str]], width: int
) -> None:
    shop = write_parts(tmp_path_factory.mktemp("shop"), parts)
    assert in_parts(shop, width) == on_one_machine(shop)


def test_cells_of_a_diagonal_share_neither_user_nor_product(tmp_path: Path) -> None:
    rows = [f"u{n % 37},p{n % 23},purchase,,1,o{n},," for n in range(500)]
    shop = write_parts(tmp_path, [[row[:-1] for row in rows]])
    pieces, keys = read_part("tables", tables.split(shop)[0], None, UNDECLARED, NONE)
    places = Places()
    _, *cells = place_part(pieces, [places.take(k) for k in keys], 3, NONE)
    assert sum(len(frame) for cell in cells for _, frame, _ in cell) == 500
    for shift in range(3):
        for name in ("user_id", "product_id"):
            seen: set[str] = set()
            for row in range(3):
                ids = {i for _, f, _ in cells[row * 3 + (row + shift) % 3] for i in f[name]}
                assert not ids & seen
                seen |= ids


#: What differs from load to load, or from graph to graph.
LOADS_OWN = ("idx", "ingested_at", "key", "deleted_at")


def contents(graph: Graph) -> list[str]:
    """All there is in a graph but for tensor rows and times of loads, as comparable lines."""
    with graph.driver.session(database=graph.database) as session:
        nodes = session.run(
            "MATCH (n) WHERE NOT n:ShopgraphSchema "
            "RETURN labels(n) AS labels, properties(n) AS facts"
        )
        lines = [_line(row["labels"], row["facts"]) for row in nodes]
        edges = session.run(
            "MATCH (a)-[r]->(b) RETURN type(r) AS type, properties(r) AS facts, "
            "properties(a) AS a, properties(b) AS b"
        )
        lines += [_line(row["type"], row["facts"], row["a"], row["b"]) for row in edges]
    return sorted(lines)


def _line(name: object, *facts: dict[str, Any]) -> str:
    kept = [
        sorted((key, str(value)) for key, value in told.items() if key not in LOADS_OWN)
        for told in facts
    ]
    return f"{name} {kept}"


@pytest.mark.slow
def test_two_workers_make_the_graph_of_one_machine(
    graph: Graph, server: Any, tmp_path: Path
) -> None:
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'shopgraph[cluster]'")
    pick = random.Random(0)
    rows = [
        f"{pick.choice(['', *(f'u{n}' for n in range(30))])},p{pick.randrange(20)},"
        f"{pick.choice(['purchase', 'purchase', 'view', 'return', 'steal'])},"
        f"2011-01-{pick.randrange(1, 5):02},{pick.randrange(1, 3)},o{pick.randrange(40)},"
        f"{pick.choice(['', '', '', f'i{pick.randrange(60)}'])}"
        for _ in range(240)
    ]
    shop = write_parts(tmp_path / "shop", [rows[n : n + 80] for n in range(0, 240, 80)])
    (shop / "products.csv").write_text("product_id,title,category\np1,Lamp,A > B\np2,Mug,A\n")
    (shop / "deletions.csv").write_text("table,id\nusers,u3\nproducts,p4\ninteractions,i7\n")
    (shop / "searches.csv").write_text("query,user_id,product_id\nlamp,u1,p1\nlamp,u2,p2\n")
    whole = Quality()
    alone = load(graph, shop, rejects_dir=tmp_path, observe=whole.note)
    expected = contents(graph)
    with graph.driver.session(database=graph.database) as session:
        session.run("MATCH (n) WHERE NOT n:ShopgraphSchema DETACH DELETE n").consume()

    access = (server.uri, server.username, server.password, server.database)
    quality = Quality()
    report = load_on_cluster(access, shop, rejects_dir=tmp_path, workers=2, quality=quality)
    assert contents(graph) == expected
    for name in ("read", "written", "unchanged", "rejected"):
        assert getattr(report, name) == getattr(alone, name), name
    assert quality.told()["tables"] == whole.told()["tables"]
    assert quality.told()["times"] == whole.told()["times"]

    again = load_on_cluster(access, shop, rejects_dir=tmp_path, workers=2)
    assert (again.written, again.rejected) == (0, alone.rejected)
    assert contents(graph) == expected


def test_files_that_need_one_another_are_not_split(tmp_path: Path) -> None:
    (tmp_path / "x.inter").write_text("user_id:token\titem_id:token\nu\ti\n")
    with pytest.raises(SourceError, match="files of recbole need one another: no cluster"):
        load_on_cluster(("", "", "", ""), tmp_path, rejects_dir=tmp_path, workers=1)
