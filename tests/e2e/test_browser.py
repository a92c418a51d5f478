"""Neo4j Browser, served by the local server: its guide, and what it draws.

With SHOPGRAPH_PICTURES naming a folder, what is seen is saved there: the README's pictures.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")

PICTURES = os.environ.get("SHOPGRAPH_PICTURES", "")

ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

#: A user's first four recommendations, each with the path through the rarest link.
DRAWN = """
MATCH (run:ModelRun {live: true})
MATCH offer = (u:User {user_id: '%s'})-[r:RECOMMENDED {run_id: run.run_id}]->(p:Product) WHERE r.rank <= 4
CALL (u, p) {
  MATCH reason = (u)-[:PURCHASED]->()-[:CONTAINS|MADE_BY|HAS_ATTRIBUTE]-(link)-[:CONTAINS|MADE_BY|HAS_ATTRIBUTE]-(p)
  RETURN reason ORDER BY COUNT { (link)--() } LIMIT 1
}
RETURN offer, reason
""".strip()  # noqa: E501

#: Of whom four reasons can be drawn side by side, one for each recommendation.
DRAWABLE = DRAWN.replace(" {user_id: '%s'}", "").replace(
    "RETURN offer, reason",
    """
WITH u, collect(DISTINCT p.title) AS offered, collect(DISTINCT nodes(reason)[1].title) AS known,
     collect(DISTINCT elementId(nodes(reason)[2])) AS links,
     count(DISTINCT labels(nodes(reason)[2])) AS kinds
WHERE size(known) = 4 AND size(links) = 4 AND none(title IN known WHERE title IN offered)
RETURN u.user_id AS user_id, offered + known AS titles ORDER BY kinds DESC, user_id LIMIT 1
""",
)

#: A product's diameter in the style, where nothing is zoomed.
PRODUCT = 130

#: What is drawn, from the elements' own data.
NODES = """elements => elements.map(({__data__: d, textContent: text}) =>
    ({id: d.id, label: d.labels[0], text: text.trim()}))"""
EDGES = """elements => elements.map(({__data__: d}) =>
    ({source: d.source.id, type: d.type, target: d.target.id}))"""


@pytest.fixture
def page() -> Iterator[Any]:
    """A page of a browser of its own."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("there is no chromium: apt-get install chromium")
    with playwright.sync_playwright() as program:
        browser = program.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        context = browser.new_context(
            viewport={"width": 1400, "height": 900},
            permissions=["clipboard-read", "clipboard-write"],
        )
        context.set_default_timeout(60_000)
        yield context.new_page()
        browser.close()


def test_the_browser_draws_a_user_s_recommendations_with_their_reasons(job: Any, page: Any) -> None:
    (drawable,) = job.ask(DRAWABLE)
    log_in(page, job.answers["up"])
    # Only what the statement returns, not all that lies between.
    run(page, ":config {autoComplete: false}")
    run(page, ":clear")
    run(page, DRAWN % drawable["user_id"])
    nodes, edges = page.locator("svg g.node"), page.locator("svg g.relationship")
    playwright.expect(nodes).to_have_count(13)
    playwright.expect(edges).to_have_count(16)
    drawn = nodes.evaluate_all(NODES)
    assert [node["text"] for node in drawn if node["label"] == "User"] == [drawable["user_id"]]
    products = {node["text"].split()[0] for node in drawn if node["label"] == "Product"}
    assert products == {title.split()[0] for title in drawable["titles"]}
    types = [edge["type"] for edge in edges.evaluate_all(EDGES)]
    assert types.count("RECOMMENDED") == types.count("PURCHASED") == 4
    if PICTURES:
        show_alone(page)
        arrange(page, drawn, edges.evaluate_all(EDGES))
        save(page, "browser.png")


def test_the_guide_opens_on_connect_and_its_statements_are_a_click_away(
    job: Any, page: Any
) -> None:
    log_in(page, job.answers["up"])
    guide = page.get_by_test_id("carousel")
    playwright.expect(guide).to_contain_text("Your shop as a graph")
    # The style came by itself, too.
    playwright.expect(page.get_by_text("node.Product").first).to_be_visible()
    if PICTURES:
        page.get_by_test_id("frame").first.scroll_into_view_if_needed()
        page.mouse.move(700, 400)
        page.mouse.wheel(0, -5_000)
        page.wait_for_timeout(1_000)
        save(page, "guide.png")
    choose(page, guide, "MATCH (n)")
    labels = {row["label"] for row in job.ask("MATCH (n) RETURN DISTINCT labels(n)[0] AS label")}
    frame = page.get_by_test_id("frame").first
    for label in labels - {"ShopgraphSchema"}:
        playwright.expect(frame).to_contain_text(label)


def test_a_product_s_neighbourhood_is_drawn_from_the_guide(job: Any, page: Any) -> None:
    log_in(page, job.answers["up"])
    run(page, ":config {autoComplete: false}")
    run(page, ":clear")
    run(page, ":play " + job.answers["up"]["browser"].split("?")[0] + "shopgraph/guide.html")
    guide = page.get_by_test_id("carousel")
    guide.locator("li[aria-label='5']").click()
    choose(page, guide, ":param product_id")
    choose(page, guide, "OPTIONAL MATCH knows")
    nodes = page.locator("svg g.node")
    playwright.expect(nodes.first).to_be_visible()
    drawn = nodes.evaluate_all(NODES)
    assert {"Product", "Brand", "Category"} <= {node["label"] for node in drawn}
    if PICTURES:
        show_alone(page)
        page.wait_for_timeout(4_000)
        page.get_by_label("zoom-to-fit").click()
        page.wait_for_timeout(2_000)
        save(page, "neighbourhood.png")


def choose(page: Any, guide: Any, begins: str) -> None:
    """Click a statement of the guide, and run what then stands in the editor."""
    guide.locator("pre.runnable", has_text=begins).first.click()
    page.wait_for_timeout(500)
    editor = page.locator("[data-testid=activeEditor]")
    if editor.locator(".view-lines").inner_text().strip():
        editor.locator(".monaco-editor").first.click()
        page.keyboard.press("Control+Enter")
    page.wait_for_timeout(2_000)


def save(page: Any, name: str) -> None:
    """Keep what is seen, for the README."""
    picture = Path(PICTURES) / name
    page.screenshot(path=picture)
    assert picture.stat().st_size < 300_000


def log_in(page: Any, server: dict[str, Any]) -> None:
    """Open the page that ``up`` names, with the password that it keeps."""
    page.goto(server["browser"])
    page.fill("[data-testid=password]", Path(server["password_file"]).read_text().strip())
    page.click("[data-testid=connect]")
    page.get_by_text("You are connected as user").wait_for()


def run(page: Any, text: str) -> None:
    """Type into the editor; pasted, so that it does not indent on its own."""
    page.locator("[data-testid=activeEditor] .monaco-editor").first.click()
    page.evaluate("text => navigator.clipboard.writeText(text)", text)
    page.keyboard.press("Control+V")
    page.keyboard.press("Control+Enter")
    # The editor is empty once the command has gone.
    page.wait_for_function(
        "() => !document.querySelector('[data-testid=activeEditor] .view-lines').innerText.trim()"
    )


def show_alone(page: Any) -> None:
    """Only the statement, all its lines, and the drawing."""
    frame = page.get_by_test_id("frame").first
    frame.get_by_role("button", name="Fullscreen").click()
    page.get_by_title("Collapse the node properties display").click()
    page.locator("[data-testid=frameCommand]").first.click()


def arrange(page: Any, nodes: list[dict[str, str]], edges: list[dict[str, str]]) -> None:
    """Drag the nodes apart: the user in the middle, each offer in a corner beside its reason."""
    ends = [{edge["source"], edge["target"]} for edge in edges]
    offered = [edge["target"] for edge in edges if edge["type"] == "RECOMMENDED"]
    known = {edge["target"] for edge in edges if edge["type"] == "PURCHASED"}
    user = next(node["id"] for node in nodes if node["label"] == "User")
    links = {node["id"] for node in nodes} - known - {user, *offered}
    places = {user: (0, 0)}
    for offer, right, down in zip(offered, (1, 1, -1, -1), (-1, 1, 1, -1), strict=True):
        link = next(end for end in links if {offer, end} in ends)
        reason = next(end for end in known if {link, end} in ends)
        places[offer] = (right * 155, down * 265)
        places[reason] = (right * 340, down * 100)
        places[link] = (right * 545, down * 265)
    page.get_by_label("zoom-out").click()
    page.wait_for_timeout(2_000)
    circles = page.locator("svg g.node").locator("circle:first-of-type")
    widths = circles.evaluate_all("circles => circles.map(c => c.getBoundingClientRect().width)")
    scale = max(widths) / PRODUCT
    for index, node in enumerate(nodes):
        circle = page.locator("svg g.node").nth(index).locator("circle").first
        # It moves until all are pinned.
        for _ in range(2):
            box = circle.bounding_box()
            page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
            page.mouse.down()
            right, down = places[node["id"]]
            page.mouse.move(700 + right * scale, 540 + down * scale, steps=5)
            page.mouse.up()
    # A click beside them all ends the selection.
    page.mouse.click(700, 870)
    page.get_by_label("zoom-to-fit").click()
    page.mouse.move(700, 5)
    page.wait_for_timeout(2_000)
