from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from kg import publish as module
from kg import vectors as vectors_module
from kg.connection import Graph
from kg.errors import UnknownRun
from kg.publish import Publication, Published, publish, read_live_run, read_runs, rollback
from kg.queries import find_query, run_query

USERS, PRODUCTS = 5, 8
START = datetime(2026, 1, 1, tzinfo=UTC)

Ask = Callable[..., list[tuple[Any, ...]]]
Answer = tuple[tuple[str, float], ...]

#: The query of the contract, word for word.
LIVE = """
MATCH (run:ModelRun {live: true})
MATCH (:User {user_id: $user_id})-[r:RECOMMENDED {run_id: run.run_id}]->(p:Product)
RETURN p.product_id, r.score ORDER BY r.rank
"""


@pytest.fixture
def shop(graph: Graph, ask: Ask) -> Graph:
    """Users u0… and products p0…, all in stock, tensor rows as their numbers say."""
    ask("UNWIND range(0, $n - 1) AS i CREATE (:User {user_id: 'u' + i, idx: i})", n=USERS)
    ask(
        "UNWIND range(0, $n - 1) AS i "
        "CREATE (:Product {product_id: 'p' + i, idx: i, in_stock: true})",
        n=PRODUCTS,
    )
    return graph


def products_of(number: int, user: int) -> list[int]:
    """What run ``number`` recommends to a user: lists of different runs differ everywhere."""
    return [(number + user + place) % PRODUCTS for place in range(2 + number % 3)]


def run(number: int, dim: int = 2, **properties: Any) -> Publication:
    """A run of its own: lists, scores and neighbours tell its number."""
    lists = [products_of(number, user) for user in range(USERS)]
    width = max(map(len, lists)) + 1
    products = np.array([row + [-1] * (width - len(row)) for row in lists], np.int64)
    scores = np.where(products >= 0, number + np.linspace(1, 0.5, width), -np.inf)
    # Along a quarter circle, in an order of the run's own, at distances that all differ.
    angles = np.random.default_rng(number).permutation(PRODUCTS) ** 1.3 * 0.1
    z = np.zeros((PRODUCTS, dim), np.float32)
    z[:, 0], z[:, 1] = np.cos(angles), np.sin(angles)
    rest = np.ones((PRODUCTS, 2), np.float32)
    vectors = np.concatenate([z, rest], axis=1)
    users = np.ones((USERS, dim + 2), np.float32) * (number + 1)
    return Publication(
        run_id=f"2026010{number}-000000-aaaa",
        properties={"ndcg_at_20": 0.1 * number, "settings": "x" * (40 * number), **properties},
        user_vectors=users,
        product_vectors=vectors,
        products=products,
        scores=scores.astype(np.float32),
    )


def answer_of(number: int, user: int) -> Answer:
    """What a reader is to see of a run."""
    whole = run(number)
    pairs = zip(whole.products[user].tolist(), whole.scores[user].tolist(), strict=True)
    return tuple((f"p{product}", score) for product, score in pairs if product >= 0)


def neighbours_of(number: int, product: int) -> tuple[str, ...]:
    """The products most like one by a run's vectors, ties by id."""
    z = run(number).product_vectors[:, :2]
    near = -np.round((z @ z[product]).astype(float), 5)
    order = sorted(range(PRODUCTS), key=lambda other: (near[other], f"p{other}"))
    return tuple(f"p{other}" for other in order if other != product)


def at(hours: int) -> datetime:
    return START + timedelta(hours=hours)


def live_answers(ask: Ask) -> list[Answer]:
    return [tuple(ask(LIVE, user_id=f"u{user}")) for user in range(USERS)]


def similar(graph: Graph, product: int, k: int = PRODUCTS) -> tuple[str, ...]:
    query = find_query("similar_products")
    rows = run_query(graph, query, {"product_id": f"p{product}", "k": k})
    return tuple(row["product_id"] for row in rows)


def is_live(graph: Graph, ask: Ask, number: int) -> bool:
    """Lists and neighbours are those of one run, and of it alone."""
    lists = live_answers(ask) == [answer_of(number, user) for user in range(USERS)]
    near = [similar(graph, i) for i in range(PRODUCTS)]
    return (
        lists
        and near == [neighbours_of(number, i) for i in range(PRODUCTS)]
        and read_live_run(graph) == run(number).run_id
    )


def recommending_runs(ask: Ask) -> set[str]:
    return {run_id for (run_id,) in ask("MATCH ()-[r:RECOMMENDED]->() RETURN DISTINCT r.run_id")}


def test_runs_that_the_tests_make_can_be_told_apart() -> None:
    for user in range(USERS):
        assert len({answer_of(number, user) for number in range(1, 8)}) == 7
    for product in range(PRODUCTS):
        pairs = zip(range(1, 7), range(2, 8), strict=True)
        assert all(neighbours_of(a, product) != neighbours_of(b, product) for a, b in pairs)


def test_before_the_first_run_there_is_nothing(shop: Graph, ask: Ask) -> None:
    assert read_runs(shop) == []
    assert read_live_run(shop) is None
    assert live_answers(ask) == [()] * USERS


def test_a_run_is_written_exactly(shop: Graph, ask: Ask) -> None:
    whole = run(2, note="mine")
    count = USERS * 4
    assert publish(shop, whole, at(0)) == Published(whole.run_id, USERS, count)
    rows = ask(
        "MATCH (u:User)-[r:RECOMMENDED]->(p:Product) "
        "RETURN u.idx, r.rank, p.idx, r.score, r.run_id, size(keys(r)) ORDER BY u.idx, r.rank"
    )
    assert rows == [
        (user, place + 1, product, float(whole.scores[user, place]), whole.run_id, 3)
        for user in range(USERS)
        for place, product in enumerate(products_of(2, user))
    ]
    [properties] = read_runs(shop)
    assert properties.pop("published_at").to_native() == at(0)
    assert properties == {
        "run_id": whole.run_id,
        "live": True,
        "slot": "a",
        "ndcg_at_20": 0.2,
        "settings": "x" * 80,
        "note": "mine",
        "keep_seen": False,
    }
    vectors = ask("MATCH (p:Product) RETURN p.vector_a ORDER BY p.idx")
    np.testing.assert_allclose(np.array([v for (v,) in vectors]), whole.product_vectors)
    vectors = ask("MATCH (u:User) RETURN u.vector_a ORDER BY u.idx")
    np.testing.assert_allclose(np.array([v for (v,) in vectors]), whole.user_vectors)
    assert is_live(shop, ask, 2)


def test_slots_alternate_and_two_runs_are_kept(shop: Graph, ask: Ask) -> None:
    slots = []
    for number in range(1, 5):
        publish(shop, run(number), at(number))
        assert is_live(shop, ask, number)
        slots.append(next(r["slot"] for r in read_runs(shop) if r["live"]))
        assert recommending_runs(ask) == {run(i).run_id for i in (number - 1, number) if i}
    assert slots == ["a", "b", "a", "b"]
    assert [(r["run_id"], r["live"], r.get("slot")) for r in read_runs(shop)] == [
        (run(4).run_id, True, "b"),
        (run(3).run_id, False, "a"),
        (run(2).run_id, False, None),
        (run(1).run_id, False, None),
    ]
    for properties in read_runs(shop):
        number = int(properties["run_id"][7])
        assert properties["published_at"].to_native() == at(number)
        assert properties["settings"] == "x" * (40 * number)


def test_going_back_makes_the_former_run_live_whole(shop: Graph, ask: Ask) -> None:
    publish(shop, run(1), at(1))
    publish(shop, run(2), at(2))
    assert rollback(shop, at(3)) == Published(run(1).run_id, USERS, USERS * 3)
    assert is_live(shop, ask, 1)
    assert [(r["run_id"], r["live"], r["slot"]) for r in read_runs(shop)] == [
        (run(1).run_id, True, "a"),
        (run(2).run_id, False, "b"),
    ]
    publish(shop, run(3), at(4))
    assert is_live(shop, ask, 3)
    assert recommending_runs(ask) == {run(1).run_id, run(3).run_id}
    rollback(shop, at(5))
    assert is_live(shop, ask, 1)


@pytest.mark.parametrize("published", [0, 1])
def test_without_a_former_run_there_is_no_going_back(shop: Graph, ask: Ask, published: int) -> None:
    for number in range(1, published + 1):
        publish(shop, run(number), at(number))
    with pytest.raises(UnknownRun, match=r"^There is no earlier run to go back to$"):
        rollback(shop, at(9))
    assert read_live_run(shop) == (run(1).run_id if published else None)


def test_publishing_the_live_run_again_leaves_it(shop: Graph, ask: Ask) -> None:
    publish(shop, run(1), at(1))
    ids = "MATCH ()-[r:RECOMMENDED]->() RETURN elementId(r) ORDER BY elementId(r)"
    before = ask(ids), read_runs(shop)
    assert publish(shop, run(1), at(2)) == Published(run(1).run_id, USERS, USERS * 3)
    assert (ask(ids), read_runs(shop)) == before


def test_a_live_run_that_is_to_keep_what_was_bought_gets_its_lists_anew(
    shop: Graph, ask: Ask
) -> None:
    publish(shop, run(1), at(1))
    publish(shop, run(2), at(2))
    other = replace(run(4), run_id=run(2).run_id, keep_seen=True)

    def fail(users: int) -> None:
        raise Killed

    with pytest.raises(Killed):
        publish(shop, other, at(3), fail)
    assert publish(shop, other, at(4)) == Published(run(2).run_id, USERS, USERS * 3)
    assert live_answers(ask) == [answer_of(4, user) for user in range(USERS)]
    assert [similar(shop, i) for i in range(PRODUCTS)] == [
        neighbours_of(2, i) for i in range(PRODUCTS)
    ]
    [live, former] = read_runs(shop)
    assert (live["run_id"], live["keep_seen"], live["slot"]) == (run(2).run_id, True, "b")
    assert (former["run_id"], former["keep_seen"], former["slot"]) == (run(1).run_id, False, "a")
    rollback(shop, at(5))
    assert is_live(shop, ask, 1)


def test_publishing_a_former_run_again_makes_it_live(shop: Graph, ask: Ask) -> None:
    for number in (1, 2, 3, 1, 3):
        publish(shop, run(number), at(number))
        assert is_live(shop, ask, number)
    assert len(read_runs(shop)) == 3
    rollback(shop, at(9))
    assert is_live(shop, ask, 1)


def test_a_product_deleted_since_training_is_left_out(shop: Graph, ask: Ask) -> None:
    ask("MATCH (p:Product {product_id: 'p3'}) DETACH DELETE p")
    publish(shop, run(1), at(1))
    lists = [tuple(pair for pair in answer_of(1, u) if pair[0] != "p3") for u in range(USERS)]
    assert live_answers(ask) == lists
    assert similar(shop, 1) == tuple(p for p in neighbours_of(1, 1) if p != "p3")


def test_what_came_after_training_has_no_vector_of_the_run(shop: Graph, ask: Ask) -> None:
    ask("MATCH (n) WHERE n.idx = 4 SET n.vector_a = [9.0, 9.0, 9.0, 9.0]")
    whole = run(1)
    smaller = Publication(
        whole.run_id,
        {},
        whole.user_vectors[:4],
        whole.product_vectors[:4],
        np.array([[3, 2]] * 4),
        np.array([[1.0, 0.5]] * 4, np.float32),
    )
    assert publish(shop, smaller, at(1)) == Published(whole.run_id, 4, 8)
    assert ask("MATCH (n) WHERE n.idx >= 4 AND n.vector_a IS NOT NULL RETURN n") == []
    assert ask(LIVE, user_id="u4") == []
    assert similar(shop, 7) == ()
    assert set(similar(shop, 0)) == {"p1", "p2", "p3"}


def test_vectors_of_other_dimensions_get_an_index_anew(shop: Graph, ask: Ask) -> None:
    index = (
        "SHOW VECTOR INDEXES YIELD name, options, state RETURN name, options, state ORDER BY name"
    )

    def dimensions() -> dict[str, int]:
        rows = ask(index)
        assert {state for _, _, state in rows} == {"ONLINE"}
        configs = {name: options["indexConfig"] for name, options, _ in rows}
        assert {config["vector.quantization.type"] for config in configs.values()} == {"NONE"}
        return {name: config["vector.dimensions"] for name, config in configs.items()}

    publish(shop, run(1), at(1))
    publish(shop, run(2, dim=4), at(2))
    assert dimensions() == {"product_vector_a": 4, "product_vector_b": 6}
    assert is_live(shop, ask, 2)
    rollback(shop, at(3))
    assert is_live(shop, ask, 1)
    publish(shop, run(3, dim=3), at(4))
    assert dimensions() == {"product_vector_a": 4, "product_vector_b": 5}
    assert is_live(shop, ask, 3)


class Killed(Exception):
    """Stands for whatever ends the program half-way."""


@pytest.mark.parametrize("seed", range(4))
def test_a_publication_that_breaks_off_changes_nothing_and_the_next_cleans_up(
    shop: Graph, ask: Ask, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(module, "BATCH_USERS", 1)
    chance = random.Random(seed)
    survives = chance.choice([1, 2])
    for number in range(1, survives + 1):
        publish(shop, run(number), at(number))
    for attempt in range(2):
        left = chance.randrange(USERS)

        def fail(users: int) -> None:
            nonlocal left
            left -= users
            if left < 0:
                raise Killed

        with pytest.raises(Killed):
            publish(shop, run(3 + attempt), at(3), fail)
        assert is_live(shop, ask, survives)
        # The slot is overwritten by now: there is nothing whole to go back to.
        with pytest.raises(UnknownRun):
            rollback(shop, at(3))
        assert is_live(shop, ask, survives)
    number = chance.choice([3, 4, 5])
    publish(shop, run(number), at(5))
    assert is_live(shop, ask, number)
    assert recommending_runs(ask) == {run(survives).run_id, run(number).run_id}
    counts = ask(
        "MATCH ()-[r:RECOMMENDED {run_id: $id}]->() RETURN count(r)", id=run(number).run_id
    )
    assert counts == [(sum(len(products_of(number, user)) for user in range(USERS)),)]
    rollback(shop, at(6))
    assert is_live(shop, ask, survives)


def test_the_first_publication_may_break_off_too(shop: Graph, ask: Ask) -> None:
    def fail(users: int) -> None:
        raise Killed

    with pytest.raises(Killed):
        publish(shop, run(1), at(1), fail)
    assert read_live_run(shop) is None
    assert live_answers(ask) == [()] * USERS
    publish(shop, run(2), at(2))
    assert is_live(shop, ask, 2)
    assert recommending_runs(ask) == {run(2).run_id}


@contextmanager
def readers(shop: Graph, numbers: range) -> Iterator[dict[str, Counter[str]]]:
    """Four threads ask for lists and neighbours all the time, and name what they see."""
    stop = threading.Event()
    seen: dict[str, Counter[str]] = {"lists": Counter(), "neighbours": Counter()}
    lists = [{answer_of(n, user): str(n) for n in numbers} for user in range(USERS)]
    near = [{neighbours_of(n, product): str(n) for n in numbers} for product in range(PRODUCTS)]

    def ask_lists(turn: int) -> None:
        with shop.driver.session(database=shop.database, default_access_mode="READ") as session:
            while not stop.is_set():
                turn += 1
                user = turn % USERS
                found = tuple((r[0], r[1]) for r in session.run(LIVE, user_id=f"u{user}"))
                seen["lists"][lists[user].get(found, f"neither: {found}")] += 1

    def ask_neighbours(turn: int) -> None:
        while not stop.is_set():
            turn += 1
            product = turn % PRODUCTS
            found = similar(shop, product)
            seen["neighbours"][near[product].get(found, f"neither: {found}")] += 1

    jobs = (ask_lists, ask_lists, ask_lists, ask_neighbours)
    threads = [threading.Thread(target=job, args=(i,)) for i, job in enumerate(jobs)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def until_seen(seen: dict[str, Counter[str]], number: int) -> None:
    """Wait until readers of both kinds have met a run, however long the first query is planned."""
    deadline = time.monotonic() + 60
    while not all(counter[str(number)] for counter in seen.values()):
        assert time.monotonic() < deadline, f"run {number} was never read: {seen}"
        time.sleep(0.05)


def wrong(seen: dict[str, Counter[str]]) -> list[str]:
    return [name for counter in seen.values() for name in counter if not name.isdigit()]


def test_readers_see_one_whole_run_at_any_moment_while_runs_are_published(
    shop: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BATCH_USERS", 2)
    publish(shop, run(1), at(1))
    with readers(shop, range(1, 7)) as seen:
        for number in range(2, 7):
            publish(shop, run(number), at(number))
            until_seen(seen, number)
    assert wrong(seen) == []


def test_readers_see_one_whole_run_at_the_very_moment_of_the_switch(shop: Graph) -> None:
    publish(shop, run(1), at(1))
    publish(shop, run(2), at(2))
    with readers(shop, range(1, 3)) as seen:
        for turn in range(200):
            rollback(shop, at(3 + turn))
        # An even number of times: the second run is live. Slow readers meet each run, too.
        until_seen(seen, 2)
        rollback(shop, at(203))
        until_seen(seen, 1)
    assert wrong(seen) == []


def test_what_a_reader_may_still_be_reading_is_not_taken_away(shop: Graph, ask: Ask) -> None:
    publish(shop, run(1), START)
    publish(shop, run(2), START)
    done = threading.Event()
    with shop.session("READ") as session, session.begin_transaction() as reader:
        # It began when run 2 was live, whose former run's slot the next one takes.
        reader.run("MATCH (run:ModelRun {live: true}) RETURN run.run_id").consume()

        def third() -> None:
            publish(shop, run(3), START)
            done.set()

        writer = threading.Thread(target=third)
        writer.start()
        assert not done.wait(1.0)
        assert [row["run"]["run_id"] for row in shop.read("read/runs")] == [
            run(2).run_id,
            run(1).run_id,
        ]
    writer.join()
    assert read_live_run(shop) == run(3).run_id


def test_a_transaction_that_never_ends_holds_no_run_up_for_ever(
    shop: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.3)
    with shop.session("READ") as session, session.begin_transaction() as reader:
        reader.run("RETURN 1").consume()
        publish(shop, run(1), START)
        assert read_live_run(shop) == run(1).run_id


def test_one_transaction_writes_as_many_vectors_as_its_numbers_allow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(vectors_module, "BATCH_NUMBERS", 7)
    batches = list(vectors_module.vector_batches(np.zeros((5, 2), np.float32)))
    assert batches == [slice(0, 3), slice(3, 6)]
    wide = list(vectors_module.vector_batches(np.zeros((2, 9), np.float32)))
    assert wide == [slice(0, 1), slice(1, 2)]
    assert list(vectors_module.vector_batches(np.zeros((0, 2), np.float32))) == []
