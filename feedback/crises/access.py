"""Who may do what about a crisis: by right, and within their departments."""

from django.utils.translation import gettext_lazy as _

from config.common.errors import NotPermitted
from config.common.models import User
from feedback.models import Crisis
from feedback.org.queries import department_ids

VIEW = "feedback.view_crisis"
WORK = "feedback.change_crisis"
OPEN = "feedback.open_crisis"
PUBLISH = "feedback.publish_statement"
ANSWERS = ("feedback.change_crisis", "feedback.work_case")
BATCH = "compensation.add_batch"

RIGHTS: dict[str, tuple[str, ...]] = {
    "begin": (OPEN,),
    "open": (OPEN,),
    "dismiss": (OPEN,),
    "change": (OPEN,),
    "contain": (OPEN,),
    "go_on": (OPEN,),
    "close": (OPEN,),
    "add": (WORK,),
    "remove": (WORK,),
    "learn": (WORK,),
    "write": (WORK,),
    "publish": (PUBLISH,),
    "take_down": (PUBLISH,),
    "answer": ANSWERS,
    "resolve": (OPEN, "feedback.work_case"),
    "make_good": (WORK, BATCH),
}
"""What each step asks for."""


def may(user: User, step: str, crisis: Crisis | None = None) -> bool:
    """Whether somebody may take a step: by their role, and as the crisis is one of their departments'.

    What is only proposed belongs to no department yet.
    """
    if not user.is_active or not user.has_perms(RIGHTS[step]):
        return False
    if crisis is None or crisis.department_id is None:
        return True
    return crisis.department_id in department_ids(user)


def check(user: User, step: str, crisis: Crisis | None = None) -> None:
    """Refuse a step.

    Raises:
        NotPermitted: with the reason.
    """
    if not user.has_perms(RIGHTS[step]):
        raise NotPermitted(_("Your role does not allow this."))
    if not may(user, step, crisis):
        raise NotPermitted(_("Another department is in charge of this crisis."))


def check_department(user: User, department_id: int) -> None:
    """Refuse to give a crisis to a department that is none of theirs.

    Raises:
        NotPermitted: it is not.
    """
    if department_id not in department_ids(user):
        raise NotPermitted(_("You can only give it to a department of your own."))
