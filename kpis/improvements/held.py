"""What every command on an improvement does: find it for this person, lock it, check the move."""

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from config.common.errors import MoveNotAllowed, NotFound, NotPermitted
from config.common.models import User
from feedback.models import Department
from feedback.org.queries import departments_of
from kpis.improvements.rules import MOVES
from kpis.models import Improvement, ImprovementStatus, ImprovementTask

VIEW, ADD, CHANGE, SEE_ALL = (
    "kpis.view_improvement",
    "kpis.add_improvement",
    "kpis.change_improvement",
    "kpis.see_all_improvements",
)
ENDED = (ImprovementStatus.CLOSED, ImprovementStatus.DROPPED)


def visible_to(user: User) -> QuerySet[Improvement]:
    """What somebody may see: of their departments, what they own or have a task of, or all."""
    if not (user.is_active and user.has_perm(VIEW)):
        return Improvement.objects.none()
    if user.has_perm(SEE_ALL):
        return Improvement.objects.all()
    mine = departments_of(user).values("pk")
    asked = ImprovementTask.objects.filter(owner=user).values("improvement")
    return Improvement.objects.filter(Q(department__in=mine) | Q(owner=user) | Q(pk__in=asked))


def may_own(improvement: Improvement, user: User) -> bool:
    """Whether somebody may be given it or a task of it: of colleagues who see it anyway."""
    may = user.is_active and user.is_staff and user.has_perm(VIEW)
    return may and departments_of(user).filter(pk=improvement.department_id).exists()


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


def check_department(department: Department, actor: User | None) -> None:
    """Refuse a department that is not this person's.

    Raises:
        NotPermitted: it is not.
    """
    if actor is not None and not departments_of(actor).filter(pk=department.pk).exists():
        raise NotPermitted(_("This is not one of your departments."))
