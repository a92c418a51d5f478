import pandas as pd
import pytest

from ingestion.money import without_currency
from ingestion.values import trim


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("$12.99", "12.99", "$"),
        ("US$ 12.99", "12.99", "USD"),
        ("12,99 €", "12,99", "EUR"),
        ("12,99\u00a0€", "12,99", "EUR"),
        ("EUR12.99", "12.99", "EUR"),
        ("1 234,50 PLN", "1 234,50", "PLN"),
        ("99 zł", "99", "PLN"),
        ("-£1,234.50", "-1,234.50", "GBP"),
        ("£-5", "-5", "GBP"),
        ("¥500", "500", "¥"),
        ("5 kr", "5", "kr"),
        ("12.5", "12.5", ""),
        ("12 pcs", "12 pcs", ""),
        ("EUR", "EUR", ""),
        ("€12€", "€12€", ""),
        ("free", "free", ""),
    ],
)
def test_an_amount_stands_beside_its_currency(text: str, amount: str, currency: str) -> None:
    amounts, currencies = without_currency(trim(pd.Series(["1", text, ""], dtype="str")))
    assert amounts.fillna("-").tolist() == ["1", amount, "-"]
    assert currencies.fillna("").tolist() == ["", currency, ""]
