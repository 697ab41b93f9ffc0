"""Lists of cases that somebody put together and kept, for themselves or for departments."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid, NotFound, NotPermitted, Taken
from config.common.models import User
from feedback.cases.filtering import filter_from, sort_from
from feedback.cases.queue import VIEWS, Listed, View
from feedback.cases.rules import clean_line
from feedback.models import DeskSetup, SavedView
from feedback.org.queries import department_ids

SHARE = "feedback.assign_case"
MOST = 20  # views of their own that somebody keeps; each is counted on every page
NAME_LENGTH = 40

COLUMNS: dict[str, str | Promise] = {
    "kind": _("kind and channel"),
    "number": _("number"),
    "tier": _("tier"),
    "agent": _("agent"),
    "department": _("department"),
    "subject": _("subject"),
    "order": _("order"),
    "opened": _("opened"),
    "waited": _("last message"),
}
"""What a row can show beside its clock, the member and the last words."""

USUAL = ("kind", "number", "tier", "agent", "department")


@dataclass(frozen=True, slots=True)
class Kept:
    """A saved view as the desk shows it."""

    row: SavedView
    listed: Listed
    columns: tuple[str, ...]
    is_mine: bool
    shared: tuple[str, ...]

    @property
    def code(self) -> str:
        """Its name in addresses."""
        return f"view-{self.row.pk}"


@dataclass(frozen=True, slots=True)
class Setup:
    """How somebody has set up the desk."""

    order: tuple[str, ...] = ()
    hidden: frozenset[str] = frozenset()
    columns: tuple[str, ...] = USUAL


def kept_views(user: User, ours: Collection[int]) -> list[Kept]:
    """The saved views that this person sees: their own, and those shared with their departments."""
    rows = (
        SavedView.objects.filter(Q(owner=user) | Q(departments__in=list(ours)))
        .distinct()
        .prefetch_related("departments")
        .order_by("position", "name", "pk")[: 2 * MOST]
    )
    return [_kept(row, user) for row in rows]


def _kept(row: SavedView, user: User) -> Kept:
    return Kept(
        row,
        Listed(view_from(row.filter.get("view")), filter_from(row.filter), sort_from(row.sort)),
        columns_from(row.columns),
        row.owner_id == user.pk,
        tuple(str(one) for one in row.departments.all()),
    )


def view_from(text: object) -> View:
    """The base of a list that was kept or asked for, else all of the departments."""
    return next((view for view in VIEWS if view == text), "department")


def columns_from(values: object) -> tuple[str, ...]:
    """The columns that were kept or asked for; without any, the usual ones."""
    chosen = [one for one in values if one in COLUMNS] if isinstance(values, list | tuple) else []
    return tuple(dict.fromkeys(chosen)) or USUAL


@transaction.atomic
def save_view(
    *,
    user: User,
    view_id: int | None = None,
    name: str,
    base: str,
    narrow: Mapping[str, Any],
    sort: str,
    columns: Sequence[str],
    departments: Collection[int] = (),
) -> SavedView:
    """Keep a view under a name; with `view_id` change one of the person's own.

    Raises:
        Invalid: no name or too long a one, or too many views.
        NotFound: none of the person's own.
        NotPermitted: sharing is for those who assign work, with departments that they see.
        Taken: there is one with this name.
    """
    wanted = set(departments)
    row = _own(user, view_id) if view_id else SavedView(owner=user)
    if wanted and not (user.has_perm(SHARE) and wanted <= department_ids(user)):
        raise NotPermitted(_("Views are shared by who assigns work, with their own departments."))
    if view_id is None and SavedView.objects.filter(owner=user).count() >= MOST:
        raise Invalid(_("That is as many views as one can keep: delete one first."))
    row.name = clean_line(name, limit=NAME_LENGTH)
    row.filter = {"view": view_from(base), **filter_from(narrow).to_json()}
    row.sort, row.columns = sort_from(sort), list(columns_from(columns))
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise Taken(_("You have a view of this name already.")) from error
    row.departments.set(wanted)
    return row


@transaction.atomic
def delete_view(*, user: User, view_id: int) -> None:
    """Delete one of the person's own views.

    Raises:
        NotFound: none of theirs.
    """
    _own(user, view_id).delete()


def _own(user: User, view_id: int) -> SavedView:
    row = SavedView.objects.select_for_update(no_key=True).filter(owner=user, pk=view_id).first()
    if row is None:
        raise NotFound
    return row


def setup_of(user: User) -> Setup:
    """How this person has set up the desk."""
    row = DeskSetup.objects.filter(user=user).first()
    if row is None:
        return Setup()
    return Setup(tuple(row.views), frozenset(row.hidden), columns_from(row.columns))


def arrange(
    *, user: User, order: Sequence[str], hidden: Collection[str], columns: Sequence[str]
) -> DeskSetup:
    """Set up the desk: the order of the views, those not shown, and what a row shows.

    Raises:
        Invalid: nothing would be shown.
    """
    known = [one for one in dict.fromkeys(order) if _is_view(one)][: 4 * MOST]
    unseen = [one for one in dict.fromkeys(hidden) if _is_view(one)][: 4 * MOST]
    if set(VIEWS) <= set(unseen):
        raise Invalid(_("Leave at least one view on the desk."))
    content = {"views": known, "hidden": unseen, "columns": list(columns_from(columns))}
    row, _is_new = DeskSetup.objects.update_or_create(user=user, defaults=content)
    return row


def _is_view(code: str) -> bool:
    return code in VIEWS or (code.startswith("view-") and code[5:].isdecimal())


def arranged(codes: Sequence[str], setup: Setup, *, current: str) -> list[str]:
    """The views that are shown, in the person's order; new ones come last, the current one always is."""
    places = {code: place for place, code in enumerate(setup.order)}
    shown = [code for code in codes if code not in setup.hidden or code == current]
    return sorted(shown, key=lambda code: places.get(code, len(places)))
