"""The tree of departments: who stands above whom."""

from collections.abc import Iterable, Iterator, Mapping

Parents = Mapping[int, int | None]
"""The department above each department, by primary key."""


def above(parents: Parents, department_id: int) -> Iterator[int]:
    """The departments above one, nearest first. A circle, should somebody make one, ends the walk."""
    seen = {department_id}
    parent = parents.get(department_id)
    while parent is not None and parent not in seen:
        seen.add(parent)
        yield parent
        parent = parents.get(parent)


def with_below(parents: Parents, roots: Iterable[int]) -> set[int]:
    """The given departments and all below them."""
    wanted = set(roots)
    return wanted | {one for one in parents if wanted.intersection(above(parents, one))}
