"""Names of one kind in groups that mean the same."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from ingestion.knowledge.likeness import EXACT, Likeness, compare
from ingestion.knowledge.names import attribute_form, normal_form

FORMS: Final = {"brand": normal_form, "attribute": attribute_form}

#: A person's word is taken before any rule's.
PERSON: Final = Likeness(2.0, "person")


@dataclass(frozen=True)
class Merge:
    """A name that means the same as the canonical one; how sure that is, up to 1, and why."""

    alias: str
    canonical: str
    rule: str
    score: float


@dataclass(frozen=True)
class Suggestion:
    """Two names that look alike and are left apart until a person says otherwise."""

    one: str
    other: str
    score: float


def cluster(
    kind: str,
    products: Mapping[str, int],
    joined: Mapping[str, str] | None = None,
    apart: Collection[frozenset[str]] = (),
) -> tuple[list[Merge], list[Suggestion]]:
    """Group the names of brands or attributes; the commonest of a group is its canonical name.

    Names are taken in the order of their products, then A to Z. Each joins the group whose
    canonical name it is likest to, or begins one: no chain of small differences joins names that
    are not alike.

    Args:
        kind: brand or attribute.
        products: how many products were given each name.
        joined: aliases that a person has named, each with its canonical name; whatever is written
            like them comes last and goes there too.
        apart: pairs that a person has parted.
    """
    forms = {name: FORMS[kind](name) for name in products}
    told = {forms[alias]: canonical for alias, canonical in (joined or {}).items()}
    near, alike = compare(kind, sorted(set(forms.values())))
    groups = _Groups()
    merges = []
    for name in sorted(products, key=lambda n: (forms[n] in told, -products[n], n)):
        form = forms[name]
        may_be = {form: EXACT, **near[form]}
        likest = max(
            (
                (likeness, -group)
                for group, likeness in groups.candidates(may_be, told.get(form)).items()
                if not groups.holds_any(group, name, apart)
            ),
            default=None,
        )
        if likest is None:
            groups.begin(name, form)
        else:
            (score, rule), group = likest[0], -likest[1]
            merges.append(Merge(name, groups.names[group][0], rule, min(score, 1.0)))
            groups.join(group, name)
    first = {forms[name]: name for name in sorted(products, key=lambda n: (products[n], n))}
    suggestions = []
    for pair, score in alike.items():
        one, other = sorted(first[form] for form in pair)
        if not groups.are_one(one, other) and frozenset((one, other)) not in apart:
            suggestions.append(Suggestion(one, other, score))
    merges.sort(key=lambda merge: merge.alias)
    suggestions.sort(key=lambda pair: (-pair.score, pair.one, pair.other))
    return merges, suggestions


@dataclass
class _Groups:
    """The groups so far, their canonical names first."""

    names: list[list[str]] = field(default_factory=list)
    of_name: dict[str, int] = field(default_factory=dict)
    of_form: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    def candidates(
        self, may_be: Mapping[str, Likeness], canonical: str | None
    ) -> dict[int, Likeness]:
        """The groups whose canonical name has one of these forms, and the one a person names."""
        found = {
            group: likeness
            for form, likeness in may_be.items()
            for group in self.of_form.get(form, ())
        }
        if canonical in self.of_name:
            found[self.of_name[canonical]] = PERSON
        return found

    def holds_any(self, group: int, name: str, apart: Collection[frozenset[str]]) -> bool:
        return any(frozenset((name, other)) in apart for other in self.names[group])

    def are_one(self, one: str, other: str) -> bool:
        return self.of_name[one] == self.of_name[other]

    def begin(self, name: str, form: str) -> None:
        self.of_form[form].append(len(self.names))
        self.names.append([])
        self.join(len(self.names) - 1, name)

    def join(self, group: int, name: str) -> None:
        self.names[group].append(name)
        self.of_name[name] = group
