import pandas as pd

from ingestion.commonest import Commonest


def add(commonest: Commonest, *rows: tuple[str | None, str | None, str]) -> None:
    frame = pd.DataFrame(rows, columns=["key", "text", "time"])
    times = pd.to_datetime(frame["time"], utc=True)
    commonest.add(frame["key"].astype("str"), frame["text"].astype("str"), times)


def test_frequency_counts_over_all_blocks() -> None:
    commonest = Commonest()
    add(commonest, ("k", "x", "2011-01-01"), ("k", "y", "2011-01-09"))
    add(commonest, ("k", "x", "2011-01-02"))
    assert commonest.ranked() == [("k", ["x", "y"])]


def test_of_equally_frequent_texts_the_latest_leads_then_the_alphabet() -> None:
    commonest = Commonest()
    add(
        commonest,
        ("k", "old", "2011-01-01"), ("k", "b", "2011-01-02"), ("k", "a", "2011-01-02"),
        ("h", "only", "2011-01-01"),
    )  # fmt: skip
    assert commonest.ranked() == [("h", ["only"]), ("k", ["a", "b", "old"])]


def test_rows_without_key_or_text_say_nothing() -> None:
    commonest = Commonest()
    add(commonest, (None, "x", "2011-01-01"), ("k", None, "2011-01-01"))
    assert commonest.ranked() == []
