"""Why rows are rejected, in a merchant's words."""

from __future__ import annotations

from typing import Final

MEANINGS: Final = {
    "accounting": "bookkeeping, not a sale",
    "after-until": "later than the load was asked for",
    "bad-csv": "quotes or line ends that do not match",
    "bad-delisted": "neither yes nor no",
    "bad-float": "a number was expected",
    "bad-json": "no JSON record",
    "bad-position": "not a whole number from 0",
    "bad-price": "not an amount from 0",
    "bad-quantity": "not a number above 0",
    "bad-rating": "not a number",
    "bad-stock": "not a whole number",
    "bad-time": "not a time as the file writes them",
    "duplicate-interaction_id": "an id that another event has",
    "fee": "postage, carriage, charges, discounts, samples",
    "free": "price 0: gifts, found stock, notes",
    "missing-order_id": "no order named",
    "missing-product_id": "no product named",
    "missing-query": "no words searched for",
    "missing-user_id": "no user named",
    "not-a-product": "no product's record",
    "not-a-review": "no review's record",
    "not-a-stock-code": "the code is not a product's",
    "not-about-an-item": "joins two things that are no products",
    "nul-character": "binary, not text",
    "overlong-field": "a field of over a million characters",
    "overlong-line": "a line of over four million bytes",
    "return-without-customer": "a return that names no customer",
    "stock-correction": "goods lost or counted anew, no sale",
    "superseded": "a later row about the same thing holds",
    "unknown-kind": "no kind of event known here",
    "voucher": "gift vouchers",
    "wrong-number-of-columns": "more or fewer fields than the header",
}
