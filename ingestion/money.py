"""Amounts of money and what currency they say they are in."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from ingestion.values import GROUP, NUMBER

#: Codes of ISO 4217 that prices come with.
CODES: Final = (
    *("AED", "ARS", "AUD", "BDT", "BGN", "BHD", "BRL", "CAD", "CHF", "CLP", "CNY", "COP", "CZK"),
    *("DKK", "DZD", "EGP", "EUR", "GBP", "GHS", "HKD", "HUF", "IDR", "ILS", "INR", "ISK", "JOD"),
    *("JPY", "KES", "KRW", "KWD", "KZT", "LKR", "MAD", "MXN", "MYR", "NGN", "NOK", "NZD", "OMR"),
    *("PEN", "PHP", "PKR", "PLN", "QAR", "RON", "RSD", "RUB", "SAR", "SEK", "SGD", "THB", "TND"),
    *("TRY", "TWD", "UAH", "UGX", "USD", "UYU", "VND", "ZAR"),
)

#: Signs that one currency alone has.
SIGNS: Final = {
    "€": "EUR", "£": "GBP", "₹": "INR", "₩": "KRW", "₽": "RUB", "₺": "TRY", "₪": "ILS",
    "฿": "THB", "₫": "VND", "₴": "UAH", "₦": "NGN", "zł": "PLN", "Kč": "CZK", "Ft": "HUF",
    "US$": "USD", "A$": "AUD", "C$": "CAD", "R$": "BRL", "HK$": "HKD", "NZ$": "NZD", "S$": "SGD",
}  # fmt: skip

_CURRENCY: Final = "|".join([*CODES, *(s.replace("$", r"\$") for s in SIGNS), r"\$", "¥", r"kr\.?"])
_AMOUNT: Final = rf"[+-]?[0-9.,](?:[0-9.,{GROUP}]*[0-9.,])?"
_MONEY: Final = (
    rf"^(?P<sign>[+-])?(?:(?P<before>{_CURRENCY})\s*(?P<one>{_AMOUNT})"
    rf"|(?P<other>{_AMOUNT})\s*(?P<behind>{_CURRENCY}))$"
)


def without_currency(text: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Amounts without the sign or code of a currency at either end, and those; NaN if none.

    A sign that one currency alone has becomes its code; $, ¥ and kr. stay as they are.
    """
    if text.str.fullmatch(NUMBER, na=True).all():
        return text, pd.Series(np.nan, index=text.index, dtype="str")
    parts = text.str.extract(_MONEY)
    found = parts["before"].fillna(parts["behind"])
    amount = parts["sign"].fillna("") + parts["one"].fillna(parts["other"])
    codes = found.replace(SIGNS)
    return text.where(found.isna(), amount), codes
