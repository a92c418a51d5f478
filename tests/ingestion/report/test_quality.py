import json
import math
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ingestion.cleaner import Cleaner
from ingestion.report.distributions import EDGES, Amounts
from ingestion.report.drift import drift, ks, psi
from ingestion.report.findings import findings
from ingestion.report.page import render
from ingestion.report.quality import Quality
from ingestion.report.store import compared, find_last, keep
from ingestion.sources import tables

#: Two weeks of a shop, with all that a report tells of.
SHOP = {
    "products": "product_id,title,price\np,Lamp,2.50\nq,,\nr,Bulb,1\n",
    "interactions": (
        "user_id,product_id,kind,occurred_at,quantity,price,order_id\n"
        "u,p,purchase,2011-01-03T10:30,2,2.50,o1\n"  # a Monday
        "u,p,purchase,2011-01-03T10:45,1,2.50,o1\n"
        ",q,purchase,2011-01-09,1,10,o2\n"  # a Sunday
        "v,s,view,2011-01-16,,,\n"
        "v,s,stare,2011-01-16,,,\n"
        "v,,view,,,,\n"
        "v,p,view,sometime,,,\n"
    ),
}


def quality_of(folder: Path, **files: str) -> dict[str, Any]:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text)
    quality, cleaner = Quality(), Cleaner()
    for block in tables.read(folder, 2):
        quality.note(cleaner.clean(block), block)
    return quality.told()


@pytest.fixture
def told(tmp_path: Path) -> dict[str, Any]:
    return quality_of(tmp_path / "shop", **SHOP)


def load_of(quality: dict[str, Any]) -> dict[str, Any]:
    rejected = quality["rejected"]
    read = sum(table["rows"] for table in quality["tables"].values())
    return {
        "source": "shop",
        "format": "tables",
        "at": "2026-01-02T03:04:05+00:00",
        "until": None,
        "read": read,
        "written": read - sum(rejected.values()),
        "unchanged": 0,
        "rejected": rejected,
        "rejects_file": None,
        "seconds": 1.0,
        "quality": quality,
    }


def test_rows_kinds_and_rejects_are_counted(told: dict[str, Any]) -> None:
    assert told["tables"]["interactions"]["rows"] == 7
    assert told["tables"]["interactions"]["kept"] == 4
    assert told["tables"]["products"]["filled"] == {"price": 2 / 3, "product_id": 1, "title": 2 / 3}
    assert told["kinds"] == {"purchase": 3, "view": 1}
    assert told["guests"] == 1
    assert told["rejected"] == {"unknown-kind": 1, "missing-product_id": 1, "bad-time": 1}
    assert told["examples"]["bad-time"] == [
        {"file": "interactions.csv", "line": 8, "row": "v,p,view,sometime,,,"}
    ]


def test_times_have_days_gaps_and_hours(told: dict[str, Any]) -> None:
    times = told["times"]
    assert (times["first"], times["last"]) == (
        "2011-01-03T10:30:00+00:00",
        "2011-01-16T00:00:00+00:00",
    )
    assert times["per_day"] == {
        "purchase": {"2011-01-03": 2, "2011-01-09": 1},
        "view": {"2011-01-16": 1},
    }
    assert (times["days"], times["span_days"]) == (3, 14)
    assert times["longest_gap"] == {"days": 6, "after": "2011-01-09"}
    assert times["week"][0][10] == 2
    assert times["week"][6][0] == 2
    assert sum(map(sum, times["week"])) == 4


def test_users_and_products_are_counted_on_both_sides(told: dict[str, Any]) -> None:
    products = told["products"]
    assert (products["active"], products["described"]) == (3, 3)
    assert (products["undescribed"], products["idle"]) == (1, 1)  # s, and r
    assert products["events"]["most"] == 2
    assert products["events"]["bins"] == {"1": 2, "2": 1}
    assert told["users"]["active"] == 2
    assert told["users"]["described"] == 0


def test_amounts_have_exact_ends_and_mean(told: dict[str, Any]) -> None:
    price = told["amounts"]["interactions.price"]
    assert (price["count"], price["least"], price["most"], price["mean"]) == (3, 2.5, 10, 5)
    assert sum(price["bins"].values()) == 3


def test_parts_of_a_load_add_up_to_the_whole(told: dict[str, Any], tmp_path: Path) -> None:
    whole = Quality()
    folder = tmp_path / "again"
    folder.mkdir()
    for name, text in SHOP.items():
        (folder / f"{name}.csv").write_text(text)
    cleaner = Cleaner()
    for block in tables.read(folder, 2):
        part = Quality()
        part.note(cleaner.clean(block), block)
        whole.merge(part)
    assert whole.told() == told


def test_quartiles_lie_in_the_bin_of_the_true_ones() -> None:
    values = np.random.default_rng(0).lognormal(1, 1, 10_001)
    amounts = Amounts()
    for part in np.array_split(values, 7):
        amounts.add(part)
    found = amounts.told()
    assert found is not None
    step = EDGES[1] / EDGES[0]
    for value, quartile in zip(np.quantile(values, (0.25, 0.5, 0.75)), found["quartiles"],
                               strict=True):  # fmt: skip
        assert 1 / step < value / quartile < step


def test_the_stability_index_and_the_distance_by_hand() -> None:
    now, before = {"1": 3, "2": 1}, {"1": 1, "2": 1}
    assert psi(now, before) == pytest.approx(0.25 * math.log(1.5) - 0.25 * math.log(0.5))
    assert ks(now, before) == pytest.approx(0.25)
    assert psi(now, now) == ks(now, now) == 0
    assert psi({"1": 1}, {"2": 1}) == pytest.approx(2 * (1 - 1e-4) * math.log(1e4))


def test_a_load_like_the_last_has_not_drifted(told: dict[str, Any]) -> None:
    assert {entry["level"] for entry in drift(told, told)} == {"stable"}
    assert all(entry["psi"] == pytest.approx(0) for entry in drift(told, told))


def test_what_changed_comes_first(told: dict[str, Any], tmp_path: Path) -> None:
    dearer = SHOP | {"interactions": SHOP["interactions"].replace("2.50,o1", "900,o1")}
    other = quality_of(tmp_path / "dearer", **dearer)
    first = drift(other, told)[0]
    assert (first["name"], first["level"]) == ("interactions.price", "changed")
    assert first["ks"] == pytest.approx(2 / 3)


def test_findings_are_sentences_the_gravest_first(told: dict[str, Any]) -> None:
    found = findings(compared(load_of(told), None))
    assert found[0] == (
        "bad",
        "3 of 10 rows (30%) were rejected, 1 of them as unknown-kind.",
    )
    texts = [finding.text for finding in found]
    assert "1 purchases (25%) name no customer: they count for what goes together, not for any " \
        "user." in texts  # fmt: skip
    assert "No product has a category." in texts
    assert any("nothing for 6 days after 2011-01-09" in text for text in texts)


def links(page: str) -> Iterator[str]:
    for mark in ("http:", "https:", "src=", "@import", "url("):
        at = page.find(mark)
        while at >= 0:
            yield page[at : at + 60]
            at = page.find(mark, at + 1)


def test_the_page_is_whole_and_escapes_what_rows_hold(tmp_path: Path) -> None:
    evil = SHOP | {"products": "product_id,title,price\n<b>,<script>x</script>,dear\n"}
    load = compared(load_of(quality_of(tmp_path / "evil", **evil)), None)
    page = render(load)
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert page.count("<svg") >= 4
    # Names of XML are no addresses; whatever a picture refers to lies in the page.
    outside = [link for link in links(page) if "www.w3.org" not in link]
    assert [link for link in outside if not link.startswith("url(#")] == []
    again = compared(load_of(quality_of(tmp_path / "shop", **SHOP)), load)
    assert "last load" in render(again, load)


def test_a_load_is_kept_and_found_by_its_format(told: dict[str, Any], tmp_path: Path) -> None:
    folder = tmp_path / "loads"
    assert find_last(folder, "tables") is None
    for second, fmt in enumerate(("tables", "tables", "amazon")):
        load = compared(load_of(told) | {"format": fmt, "read": second}, None)
        keep(folder, load, datetime(2026, 1, 1, 0, 0, second, tzinfo=UTC))
    (folder / "load-99999999T000000Z.json").write_text("{broken")
    found = find_last(folder, "tables")
    assert found is not None
    assert found["read"] == 1
    assert json.loads(json.dumps(found)) == found


def test_a_load_of_nothing_has_a_page(tmp_path: Path) -> None:
    load = compared(load_of(quality_of(tmp_path / "none", users="user_id\n")), None)
    assert "Nothing was read." in render(load)
