"""The main job on a graph that was there before, with labels, types and keys of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kg.connection import Graph

MAPPING = """
users:
  label: Customer
  key: customer_no
  columns: {country: country}
products:
  label: Item
  key: sku
  columns: {title: name, price: price}
  brand: {type: MAKES, label: Maker, key: name, direction: in}
  category: {type: FILED_UNDER, label: Shelf, key: name, parent: PART_OF}
  attributes:
    - {type: HAS_COLOUR, label: Colour, key: name, name: colour}
events:
  - {type: BOUGHT, kind: purchase, columns: {occurred_at: at, quantity: n}}
  - {through: [PLACED_BY, Basket, HOLDS], columns: {occurred_at: at, order_id: number}}
  - {type: SEEN_BY, kind: view, direction: in, columns: {occurred_at: at}}
relations:
  - {type: GOES_WITH, relation: goes with}
follows:
  - {type: KNOWS, columns: {occurred_at: since}}
"""

#: 24 customers and 12 items; every other customer buys and looks at red things, the rest at blue.
SHOP = """
CREATE (top:Shelf {name: 'Home'}), (low:Shelf {name: 'Lamps'})-[:PART_OF]->(top),
       (acme:Maker {name: 'Acme'}), (red:Colour {name: 'red'}), (blue:Colour {name: 'blue'})
WITH low, acme, red, blue
UNWIND range(0, 11) AS i
CREATE (item:Item {sku: 100 + i, name: 'Lamp number ' + i, price: 1.5 * i, secret: 'x'})
CREATE (item)-[:FILED_UNDER]->(low), (acme)-[:MAKES]->(item)
FOREACH (_ IN CASE WHEN i % 2 = 0 THEN [1] ELSE [] END | CREATE (item)-[:HAS_COLOUR]->(red))
FOREACH (_ IN CASE WHEN i % 2 = 1 THEN [1] ELSE [] END | CREATE (item)-[:HAS_COLOUR]->(blue))
WITH collect(item) AS items
FOREACH (pair IN [[0, 2]] |
  FOREACH (a IN [items[pair[0]]] | FOREACH (b IN [items[pair[1]]] | CREATE (a)-[:GOES_WITH]->(b))))
WITH items
UNWIND range(1, 24) AS c
CREATE (customer:Customer {customer_no: 'C' + c, country: 'NO'})
WITH items, c, customer
UNWIND range(0, 3) AS k
WITH items, c, customer, k, items[(2 * (c + k) + c % 2) % 12] AS item,
     localdatetime('2025-01-01T00:00:00') + duration({days: 7 * k, minutes: c}) AS at
CREATE (customer)-[:BOUGHT {at: at, n: 1 + k % 2}]->(item)
CREATE (item)-[:SEEN_BY {at: at}]->(customer)
"""

BASKET = """
MATCH (a:Customer {customer_no: 'C1'}), (b:Customer {customer_no: 'C2'})
MATCH (i:Item {sku: 100}), (j:Item {sku: 101})
CREATE (basket:Basket {number: 7, at: datetime('2025-02-01T00:00:00Z')})-[:PLACED_BY]->(a),
       (basket)-[:HOLDS]->(i), (basket)-[:HOLDS]->(j), (a)-[:KNOWS {since: date('2025-01-05')}]->(b)
"""

OWN = """
MATCH (n:Customer|Item|Maker|Shelf|Colour|Basket)
OPTIONAL MATCH (n)-[r:BOUGHT|SEEN_BY|PLACED_BY|HOLDS|KNOWS|GOES_WITH]->()
RETURN n {.customer_no, .country, .sku, .name, .price, .secret, .number, .at} AS node,
       count(r) AS links, collect(properties(r)) AS values
"""


@pytest.fixture
def shop(person: Any, graph: Graph) -> Path:
    with graph.driver.session(database=graph.database) as session:
        session.run(SHOP).consume()
        session.run(BASKET).consume()
    path: Path = person.folder / "mapping.yaml"
    path.write_text(MAPPING)
    return path


def ask(graph: Graph, cypher: str) -> list[list[Any]]:
    with graph.driver.session(database=graph.database) as session:
        return session.run(cypher).values()  # type: ignore[arg-type]


def own(graph: Graph) -> list[str]:
    """What the graph's owner put there, whatever the order it comes in."""
    return sorted(
        repr([*row[:-1], sorted(map(repr, row[-1]))]) for row in map(list, ask(graph, OWN))
    )


def test_the_main_job_on_a_graph_with_names_of_its_own(
    person: Any, shop: Path, graph: Graph
) -> None:
    before = own(graph)
    adopted = person.succeed("adopt", "mapping.yaml")
    assert (adopted["users"], adopted["products"]) == (24, 12)
    # 12 items, 24 customers, a relation, an acquaintance, 96 purchases, 96 views, 2 in a basket.
    assert adopted["read"] == adopted["written"] + adopted["unchanged"] == 12 + 24 + 1 + 1 + 194
    assert adopted["rejected"] == {}
    again = person.succeed("adopt", "mapping.yaml")
    assert (again["users"], again["products"], again["written"]) == (0, 0, 0)
    assert ask(
        graph,
        "MATCH (p:Product:Item {product_id: '101'}) RETURN p.sku, p.title, p.price, "
        "COLLECT { MATCH (p)-[:MADE_BY]->(b:Brand) RETURN b.name }, "
        "COLLECT { MATCH (p)-[:IN_CATEGORY]->(c:Category) RETURN c.path }, "
        "COLLECT { MATCH (p)-[:HAS_ATTRIBUTE]->(a:Attribute) RETURN a.key }",
    ) == [[101, "Lamp number 1", 1.5, ["Acme"], ["Home > Lamps"], ["colour=blue"]]]
    assert ask(graph, "MATCH (:User {user_id: 'C1'})-[:PLACED]->(o) RETURN o.order_id") == [["7"]]
    assert ask(graph, "MATCH (:User)-[f:FOLLOWS]->(u) RETURN u.user_id, f.occurred_at.day") == [
        ["C2", 5]
    ]
    assert person.succeed("embed")["encoded"] == 12
    settings = {"model": {"dim": 16}, "training": {"epochs": 2}}
    (person.folder / "quick.json").write_text(json.dumps(settings))
    trained = person.succeed("train", "--config", "quick.json", "--budget", "1m")
    published = person.succeed("publish", "latest")
    assert published["run_id"] == trained["run_id"]
    assert published["users"] == 24
    rows = person.succeed("query", "for_user", "user_id=C1")["rows"]
    assert rows
    assert ask(
        graph,
        "MATCH (run:ModelRun {live: true}) "
        "MATCH (:Customer {customer_no: 'C1'})-[r:RECOMMENDED {run_id: run.run_id}]->(i:Item) "
        "RETURN toString(i.sku) ORDER BY r.rank",
    ) == [[row["product_id"]] for row in rows]
    assert own(graph) == before


def test_a_graph_that_does_not_fit_its_mapping_is_left_alone(
    person: Any, shop: Path, graph: Graph
) -> None:
    ask(graph, "MATCH (i:Item {sku: 100}) SET i.title = 'its own'")
    outcome = person.quick("adopt", "mapping.yaml")
    assert outcome.code == 1
    assert outcome.complaint == "Item has a property 'title' of its own: map another"
    ask(graph, "MATCH (i:Item {sku: 100}) REMOVE i.title SET i.sku = 101")
    outcome = person.quick("adopt", "mapping.yaml")
    assert outcome.complaint == "Item.sku is not unique: '101' is there twice"
    assert ask(graph, "MATCH (p:Product) RETURN count(p)") == [[0]]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("key: sku", "kee: sku"), "products.key: Field required"),
        (("kind: view", "kind: look"), "events.2.kind: Input should be 'view', 'click'"),
        (("type: BOUGHT, ", ""), "events.0: Value error, say either type, or through"),
        (("users:", "users: ["), "no YAML in line"),
        (("type: BOUGHT", "type: PURCHASED"), "PURCHASED is a type of this program's own"),
    ],
)
def test_a_mapping_that_says_nothing_is_told_in_one_line(
    person: Any, change: tuple[str, str], complaint: str
) -> None:
    (person.folder / "mapping.yaml").write_text(MAPPING.replace(*change))
    outcome = person.quick("adopt", "mapping.yaml")
    assert outcome.code == 1
    assert complaint in outcome.complaint


def test_a_mapping_that_is_not_there_is_told_in_one_line(person: Any) -> None:
    outcome = person.quick("adopt", "mapping.yaml")
    assert (outcome.code, outcome.complaint) == (1, "mapping.yaml: No such file or directory")
