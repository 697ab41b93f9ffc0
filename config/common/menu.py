"""The menu of staff: every page below a heading, and those most used in the bar as well."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from config.common.counting import counts
from config.common.models import User
from config.common.registry import MENU, MenuItem

GROUPS: Mapping[str, str | Promise] = {
    "work": pgettext_lazy("menu", "Work"),
    "lead": pgettext_lazy("menu", "Supervision"),
    "rules": pgettext_lazy("menu", "SOP"),
    "knowledge": pgettext_lazy("menu", "Knowledge"),
    "customers": pgettext_lazy("menu", "Customers"),
    "setup": pgettext_lazy("menu", "Set-up"),
}
"""The headings by their key, in their order."""

IN_BAR = 6  # links in the bar of a wide window; a narrower one shows the first of them
COUNTED_UP_TO = 100  # "99+"
INDEX = MenuItem(_("Administration"), "index", "settings", group="setup")


@dataclass(frozen=True, slots=True)
class Link:
    """A page in somebody's menu: where it is, how much waits there, and whether they look at it now."""

    title: str | Promise
    href: str
    count: int
    current: str
    """As aria-current has it: "page" for the page itself, "true" for one below it, else nothing."""

    @property
    def shown(self) -> str:
        """The count as it is written; nothing where nothing waits."""
        return written(self.count)


@dataclass(frozen=True, slots=True)
class Group:
    """Links below one heading."""

    key: str
    title: str | Promise
    links: Sequence[Link]


@dataclass(frozen=True, slots=True)
class Menu:
    """A person's menu: what stands in the bar, and all of it in groups."""

    bar: Sequence[Link]
    groups: Sequence[Group]

    @property
    def shown(self) -> str:
        """How much waits behind all of it, as it is written."""
        return written(self._count)

    @property
    def beyond_bar(self) -> str:
        """How much waits behind what does not stand in the bar, as it is written."""
        return written(self._count - sum(link.count for link in self.bar))

    @property
    def _count(self) -> int:
        return sum(link.count for group in self.groups for link in group.links)


def written(count: int) -> str:
    """A count as it is written: nothing for none, "99+" for more than were counted."""
    return f"{COUNTED_UP_TO - 1}+" if count >= COUNTED_UP_TO else str(count or "")


def items_of(user: User | AnonymousUser) -> list[MenuItem]:
    """Give the pages in this person's menu."""
    return [
        item for item in MENU if not item.permissions or any(user.has_perm(name) for name in item.permissions)
    ]


def grouped(items: Sequence[MenuItem]) -> list[tuple[str | Promise, list[MenuItem]]]:
    """Put pages below their headings, those most used first; a heading without any is left out."""
    ordered = sorted(items, key=lambda item: -item.rank)
    pairs = [(title, [item for item in ordered if item.group == key]) for key, title in GROUPS.items()]
    return [(title, inside) for title, inside in pairs if inside]


def menu_for(request: HttpRequest) -> Menu:
    """Give the menu of whoever asks. One query counts what waits for them."""
    items = [*items_of(request.user), INDEX]
    lists = {item.page: item.waiting(request.user) for item in items if item.waiting}
    counted = dict(zip(lists, counts(list(lists.values()), upto=COUNTED_UP_TO), strict=True))
    hrefs = {item.page: reverse(f"admin:{item.page}") for item in items}
    here = _here(request.path, hrefs)
    links = {
        item.page: Link(
            item.title,
            hrefs[item.page],
            counted.get(item.page, 0),
            "" if item.page != here else "page" if request.path == hrefs[here] else "true",
        )
        for item in items
    }
    often = sorted((item for item in items if item.rank), key=lambda item: -item.rank)[:IN_BAR]
    groups = [
        Group(inside[0].group, title, [links[item.page] for item in inside])
        for title, inside in grouped(items)
    ]
    return Menu([links[item.page] for item in often], groups)


def _here(path: str, hrefs: Mapping[str, str]) -> str:
    """The page that is looked at, or the one above it; the index is above none."""
    above = [page for page, href in hrefs.items() if path.startswith(href) and page != INDEX.page]
    if above:
        return max(above, key=lambda page: len(hrefs[page]))
    return INDEX.page if path == hrefs[INDEX.page] else ""
