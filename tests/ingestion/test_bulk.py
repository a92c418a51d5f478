from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pandas as pd
import pytest

from ingestion.bulk import load_bulk
from ingestion.errors import SourceError
from ingestion.load import LoadReport, load
from kg.bulk.csv_writer import UnfitForImport
from kg.bulk.staging import Staging
from kg.bulk.store import fill_store
from kg.connection import Graph, open_graph
from kg.local.memory import Memory
from kg.local.server import down, up
from kg.schema import migrate

SHOP = {
    "products": (
        "product_id,title,description,brand,category,attributes,price,stock,valid_from,fabric\n"
        'p1,"A ""quoted"", title","two\nlines",Ann,Women > Shoes|Sale,color=red|new,9.5,3,,silk\n'
        "p2,,,,,,,0,,\n"
        "p3,old,,Bob,Men,,1,,2011-01-01,\n"
        "p3,new,,,Men > Shoes,,1e3,,2011-02-01T10:00:00.123456,\n"
        "p4,same,,,,,2,,,\np4,same,,,,,2,,,\n"
        "p5,bad,,,,,-1,,,\n"
        "only-here,,,,,,,,,\n"
    ),
    "users": "user_id,country\nu1,NL\nu2,\nu2,DE\nonly-here,\n",
    "interactions": (
        "user_id,product_id,kind,occurred_at,quantity,price,rating,order_id,session_id,note\n"
        'u1,p1,purchase,2011-03-01T08:26:00.123456+01:00,6,2.55,,o1,s1,"a, ""b"""\n'
        "u1,p2,,2011-03-01T08:00,1.5,0.1,,o1,,\n"
        "u1,p2,,2011-03-01T08:00,1.5,0.1,,o1,,\n"
        ",p1,purchase,,2,2,,guest,,\n"
        ",p3,purchase,1950-01-01,2,2,,o1,,\n"
        "u2,p1,purchase,,1,,,o2,,x\n"
        "u3,p1,view,2011-03-02,,,,,,  \n"
        "u3,p9,rate,,,,4.5,,,\n"
        "u3,p9,return,,1,,,o1,,\n"
        "u3,p9,cart,,,,,,,\nu3,p9,click,,,,,,,\n"
        "u3,p9,wish,,,,,,,\n"
        'ü 😀,"p\uff5e, ""x""",view,,,,,,,\n'
        "\uff5e,p😀,view,,,,,,,\n"
    ),
    "relations": "product_id,relation,other_id,weight\np1,goes with,p2,1\np1,goes with,p7,\n",
    "follows": "user_id,follows_id\nu1,u8\nu8,u1\n",
    "reviews": (
        "user_id,product_id,rating,title,text,occurred_at,interaction_id\n"
        'u1,p1,5,Fine,"It fits.\r\nVery well.",2011-04-01,r1\n'
        'u1,p1,5,Fine,"It fits.\r\nVery well.",2011-04-01,r1\n'
        "u1,p2,1,,,,r1\n"
        "u9,p1,,,,,\n"
    ),
    "searches": "query,user_id,product_id\nshoes,u1,p1\nshoes,,\nhat,,p6\n",
}

#: Differs from load to load.
TIME = "ingested_at"

#: A server as small as it can be.
SMALL = Memory(heap_mb=512, page_cache_mb=64)

Contents = Callable[..., tuple[list[str], list[str]]]
OpenGraph = Callable[[], AbstractContextManager[Graph]]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("bulk")
    yield folder
    down(folder)


@pytest.fixture
def opened(home: Path) -> OpenGraph:
    """Starts the home's server and opens its graph."""

    @contextmanager
    def start() -> Iterator[Graph]:
        info = up(home, memory=SMALL, usual_ports=False)
        with open_graph(info.bolt, info.user, info.read_password(), "neo4j") as graph:
            migrate(graph)
            yield graph

    return start


def write_shop(folder: Path, **tables: str) -> Path:
    folder.mkdir()
    for name, text in (tables or SHOP).items():
        (folder / f"{name}.csv").write_bytes(text.encode())
    return folder


def loads(graph: Graph) -> int:
    """How many loads the graph's nodes and relationships come from."""
    records, _, _ = graph.driver.execute_query(
        "CALL () { MATCH (n) RETURN n.ingested_at AS load UNION MATCH ()-[r]->() "
        "RETURN r.ingested_at AS load } RETURN count(DISTINCT load)",
        database_=graph.database,
    )
    return int(records[0][0])


def outcome(report: LoadReport) -> LoadReport:
    return replace(report, seconds=0.0, rejects_file=None)


def test_both_roads_give_the_same_graph_and_report(
    graph: Graph, home: Path, opened: OpenGraph, contents: Contents, tmp_path: Path
) -> None:
    shop = write_shop(tmp_path / "shop")
    merged = load(graph, shop, rejects_dir=tmp_path)
    imported = load_bulk(home, opened, shop, "auto", rejects_dir=tmp_path)
    assert outcome(imported) == outcome(merged)
    assert merged.read == sum(text.count("\n") for text in SHOP.values()) - 7 - 3
    with opened() as bulk:
        nodes, links = contents(bulk, TIME)
        assert (nodes, links) == contents(graph, TIME)
        assert len(nodes) > 30
        assert len(links) > 30
        assert loads(bulk) == loads(graph) == 1
        again = load(bulk, shop, rejects_dir=tmp_path)
        assert again.written == 0
        assert contents(bulk, TIME) == (nodes, links)


def test_a_shops_export_gives_the_same_graph_by_both_roads(
    graph: Graph,
    home: Path,
    opened: OpenGraph,
    contents: Contents,
    tmp_path: Path,
    shared_data: Path,
) -> None:
    export = tmp_path / "lines.csv"
    with gzip.open(shared_data / "online_retail" / "lines.csv.gz", "rt", encoding="utf-8") as file:
        export.write_text("".join(line for line in islice(file, 4_001)), encoding="utf-8")
    merged = load(graph, export, rejects_dir=tmp_path)
    imported = load_bulk(home, opened, export, "auto", rejects_dir=tmp_path)
    assert outcome(imported) == outcome(merged)
    with opened() as bulk:
        assert contents(bulk, TIME) == contents(graph, TIME)


def test_what_a_table_of_deletions_names_stays_out_by_both_roads(
    graph: Graph, home: Path, opened: OpenGraph, contents: Contents, tmp_path: Path
) -> None:
    gone = "table,id\nusers,u3\nproducts,p2\nreviews,r1\nusers,nobody\n"
    kept = "interaction_id,user_id,product_id,order_id\nkept,u1,p1,o1\ngone,u1,p3,o9\n"
    tables = SHOP | {"deletions": gone + "interactions,gone\n", "interactions": kept}
    shop = write_shop(tmp_path / "shop", **tables)
    merged = load(graph, shop, rejects_dir=tmp_path)
    imported = load_bulk(home, opened, shop, "auto", rejects_dir=tmp_path)
    assert outcome(imported) == outcome(merged)
    # A tombstone's key is salted with what only its graph knows.
    unlike = (TIME, "key", "deleted_at")
    with opened() as bulk:
        nodes, links = contents(bulk, *unlike)
        assert (nodes, links) == contents(graph, *unlike)
        assert sum("Tombstone" in node for node in nodes) == 5
        assert not any(name in node for node in nodes for name in ("'u3'", "'p2'", "'o9'"))
        again = load(bulk, shop, rejects_dir=tmp_path)
        assert again.written == 0
        assert contents(bulk, *unlike) == (nodes, links)


def test_facts_alone_are_loaded_too(
    graph: Graph, home: Path, opened: OpenGraph, contents: Contents, tmp_path: Path
) -> None:
    shop = write_shop(tmp_path / "shop", users="user_id,country\nu,NL\nv,\n")
    load_bulk(home, opened, shop, "auto", rejects_dir=tmp_path)
    load(graph, shop, rejects_dir=tmp_path)
    with opened() as bulk:
        assert contents(bulk, TIME) == contents(graph, TIME)


def test_the_rows_that_the_import_does_not_take_are_told(
    home: Path, opened: OpenGraph, contents: Contents, tmp_path: Path
) -> None:
    now = pd.Timestamp("2026-01-01", tz="UTC").to_pydatetime()
    staging = Staging(tmp_path / "staging", now)
    frame = pd.DataFrame(
        {
            "user_id": pd.array(["u", "v"], dtype="str"),
            "product_id": pd.array(["p", "q"], dtype="str"),
            "kind": pd.array(["view", "view"], dtype="str"),
            "interaction_id": pd.array(["a", "b"], dtype="str"),
            "line": [2, 3],
        }
    )
    staging.add_events(frame)
    arguments = staging.finish()
    products = next(each for each in arguments if each.startswith("--nodes=Product"))
    rows = Path(products.rpartition(",")[2])
    first = gzip.decompress(rows.read_bytes()).splitlines(keepends=True)[0]
    rows.write_bytes(gzip.compress(first))
    refused = fill_store(home, arguments)
    assert len(refused) == 1
    assert "VIEWED" in refused[0]
    with opened() as bulk:
        nodes, links = contents(bulk, TIME)
    assert (len(nodes), len(links)) == (3, 1)


@pytest.mark.parametrize("name", ["a:b", "a,b", 'a"b', "a;b"])
def test_what_the_import_cannot_say_leaves_the_store_as_it_was(
    home: Path, opened: OpenGraph, tmp_path: Path, name: str
) -> None:
    def never() -> AbstractContextManager[Graph]:
        raise AssertionError("no server is started")

    quoted = name.replace('"', '""')
    shop = write_shop(tmp_path / "shop", interactions=f'user_id,product_id,"{quoted}"\nu,p,1\n')
    with pytest.raises(UnfitForImport):
        load_bulk(home, never, shop, "auto", rejects_dir=tmp_path)
    assert not (home / "staging").exists()


def test_a_damaged_source_leaves_the_store_as_it_was(home: Path, tmp_path: Path) -> None:
    def never() -> AbstractContextManager[Graph]:
        raise AssertionError("no server is started")

    shop = write_shop(tmp_path / "shop", interactions="user_id,product_id\nu,p\n")
    (shop / "interactions.csv").write_bytes(b"user_id,product_id\nu,p\nu,\xff\n")
    with pytest.raises(SourceError, match="UTF-8"):
        load_bulk(home, never, shop, "auto", rejects_dir=tmp_path)
    assert not (home / "staging").exists()
