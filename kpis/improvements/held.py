"""What every command on an improvement does: find it for this person, lock it, check the move."""

from datetime import date, datetime

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.common.asked import in_years
from config.common.errors import Invalid, MoveNotAllowed, NotFound, NotPermitted
from config.common.models import User
from feedback.models import Department
from feedback.org.queries import departments_of
from kpis.improvements.rules import MOVES
from kpis.models import Improvement, ImprovementStatus

VIEW, ADD, CHANGE, SEE_ALL = (
    "kpis.view_improvement",
    "kpis.add_improvement",
    "kpis.change_improvement",
    "kpis.see_all_improvements",
)
ENDED = (ImprovementStatus.CLOSED, ImprovementStatus.DROPPED)


def visible_to(user: User) -> QuerySet[Improvement]:
    """The improvements that somebody may see: of their departments, those they own, or all."""
    if not (user.is_active and user.has_perm(VIEW)):
        return Improvement.objects.none()
    if user.has_perm(SEE_ALL):
        return Improvement.objects.all()
    mine = departments_of(user).values("pk")
    return Improvement.objects.filter(Q(department__in=mine) | Q(owner=user))


def may_change(improvement: Improvement, user: User) -> bool:
    """Whether somebody may move it: with the right, of a department that they see."""
    return user.has_perm(CHANGE) and departments_of(user).filter(pk=improvement.department_id).exists()


def held(improvement_id: int, actor: User | None) -> Improvement:
    """An improvement that this person may change, locked until the transaction ends; without one, ours.

    Raises:
        NotFound: there is none that this person sees.
        NotPermitted: it is not theirs to change.
    """
    found = Improvement.objects.select_for_update(no_key=True).filter(pk=improvement_id).first()
    if found is None:
        raise NotFound
    if actor is None:
        return found
    if not visible_to(actor).filter(pk=found.pk).exists():
        raise NotFound
    if not may_change(found, actor):
        raise NotPermitted
    return found


def open_one(improvement_id: int, actor: User | None) -> Improvement:
    """The same of one that has not ended.

    Raises:
        NotFound, NotPermitted: see `held`.
        MoveNotAllowed: it was closed or dropped.
    """
    found = held(improvement_id, actor)
    if found.status in ENDED:
        raise MoveNotAllowed(_("This improvement has ended."))
    return found


def check_move(improvement: Improvement, to: ImprovementStatus) -> None:
    """Refuse a move that its state does not lead to.

    Raises:
        MoveNotAllowed: it does not.
    """
    if to not in MOVES[improvement.status]:
        raise MoveNotAllowed(
            _("An improvement that is “%(now)s” can't become “%(to)s”.")
            % {"now": improvement.get_status_display(), "to": to.label}
        )


def text_of(text: str, limit: int, field: str, *, is_needed: bool = True) -> str:
    """A text as it is kept.

    Raises:
        Invalid: there is none, it is too long, or holds a character that no text has.
    """
    text = text.strip()
    if is_needed and not text:
        raise Invalid(_("Write something here."), field=field)
    if len(text) > limit:
        raise Invalid(_("This is too long."), field=field)
    if "\x00" in text:
        raise Invalid(_("There is a character in it that no text has."), field=field)
    return text


def day_of(at: datetime) -> date:
    """The day of a moment, where the house stands."""
    return timezone.localdate(at)


def coming_day(day: date | None, at: datetime, field: str) -> date:
    """A day that is still to come, or today.

    Raises:
        Invalid: there is none, it is past, or beyond what calendars know.
    """
    if day is None or not in_years(day) or day < day_of(at):
        raise Invalid(_("Choose a day that is not past."), field=field)
    return day


def check_department(department: Department, actor: User | None) -> None:
    """Refuse a department that is not this person's.

    Raises:
        NotPermitted: it is not.
    """
    if actor is not None and not departments_of(actor).filter(pk=department.pk).exists():
        raise NotPermitted(_("This is not one of your departments."))
