"""A user's own labels, types and keys, from one YAML file.

::

    users:
      label: Customer
      key: customer_no
      columns: {country: country}          # ours: theirs
    products:
      label: Item
      key: sku
      columns: {title: name, price: price}
      brand: {type: MADE_IN, label: Maker, key: name}
      category: {type: FILED_UNDER, label: Shelf, key: name, parent: PART_OF}
      attributes:
        - {type: HAS_COLOUR, label: Colour, key: name, name: colour}
    events:
      - {type: BOUGHT, kind: purchase, columns: {occurred_at: at, quantity: n}}
      - {through: [PLACED, Basket, HOLDS], columns: {occurred_at: at, order_id: number}}
    relations:
      - {type: GOES_WITH, relation: goes with}
    follows:
      - {type: KNOWS, columns: {occurred_at: since}}

A relationship type that this program writes itself (``PURCHASED``, ``CONTAINS`` …) cannot be
mapped: nobody could tell the two apart. A brand's, category's or attribute's ``direction`` is
``out``, away from the product, unless ``in`` is said; an event's is away from the user.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal, Self

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from ingestion.errors import SourceError
from kg.records import RELATIONSHIPS

#: Types that loads create: with a foreign meaning, one event would count twice.
OWN_TYPES: Final = (
    *RELATIONSHIPS.values(),
    *("PLACED", "CONTAINS", "SEARCHED", "FOUND", "RELATED_TO", "RECOMMENDED", "STATED"),
    *("COUNTS_FOR_A", "COUNTS_FOR_B"),
)


def _foreign(type_: str) -> str:
    if type_ in OWN_TYPES:
        raise ValueError(f"{type_} is a type of this program's own")
    return type_


Name = Annotated[str, Field(min_length=1)]
ForeignType = Annotated[Name, AfterValidator(_foreign)]
Direction = Literal["out", "in"]
Kind = Literal["view", "click", "cart", "purchase", "return", "rate"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Nodes(_Part):
    """Nodes of a label; ``columns`` are properties, ours first."""

    label: Name
    key: Name
    columns: dict[Name, Name] = {}


class Link(_Part):
    """What a product is linked to: a brand, a category, or an attribute ``name=value``."""

    type: Name
    label: Name
    key: Name
    direction: Direction = "out"


class Tree(Link):
    """Categories; ``parent`` is the type from a category to the one above it."""

    parent: Name | None = None


class Attribute(Link):
    """An attribute's value; without a ``name`` it is a bare one."""

    name: Name | None = None


class Products(Nodes):
    """Products and what they are linked to."""

    brand: Link | None = None
    category: Tree | None = None
    attributes: list[Attribute] = []


class Events(_Part):
    """Events of one kind: a relationship, or a node between such as an order."""

    type: ForeignType | None = None
    through: tuple[ForeignType, Name, ForeignType] | None = None
    kind: Kind = "purchase"
    direction: Direction = "out"
    columns: dict[Name, Name] = {}

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.type is None) == (self.through is None):
            raise ValueError("say either type, or through: [type, label, type]")
        return self


class Relations(_Part):
    """Relations between products."""

    type: ForeignType
    relation: Name | None = None
    columns: dict[Name, Name] = {}


class Follows(_Part):
    """Who follows whom."""

    type: Name
    columns: dict[Name, Name] = {}


class Mapping(_Part):
    """What in a graph stands for what."""

    users: Nodes
    products: Products
    events: list[Events] = Field(min_length=1)
    relations: list[Relations] = []
    follows: list[Follows] = []


def read_mapping(path: Path) -> Mapping:
    """Read a mapping file.

    Raises:
        SourceError: it is not there, no YAML, or says something that no mapping has; naming where.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror or error}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        where = getattr(error, "problem_mark", None)
        line = "" if where is None else f" in line {where.line + 1}"
        raise SourceError(f"{path}: no YAML{line}") from error
    try:
        return Mapping.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise SourceError(f"{path}: {place}: {first['msg']}") from error
