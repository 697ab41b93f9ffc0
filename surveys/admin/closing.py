"""What members said of one's own cases, the files of answers, and who follows up what."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib import admin
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET
from unfold.admin import ModelAdmin

from config.common.errors import Invalid
from config.common.keyset import part
from config.common.models import User
from config.common.registry import MenuItem, Page
from config.common.screens import StaffRequest, page
from feedback.admin.access import needs
from feedback.attachments.serving import respond
from feedback.cases.queries import WORK, visible_to
from feedback.org.queries import departments_led
from surveys.admin.answers import Said, rows_of
from surveys.campaigns.queries import visible_responses
from surveys.models import AnswerFile, AspectDepartment, Response
from surveys.responses import mine
from surveys.responses.recovery import recovery

SIZE = 30
PERIODS = {"today": (_("today"), 1), "week": (_("7 days"), 7), "month": (_("30 days"), 30)}


@dataclass(frozen=True, slots=True)
class Row:
    """An answer as the list shows it; the words only to who may see the case."""

    response: Response
    is_new: bool
    is_bad: bool
    sees_case: bool
    said: Sequence[Said]


@require_GET
@needs(WORK)
def mine_page(request: StaffRequest) -> HttpResponse:
    """What members said of the cases of this person, or of the departments that this person leads."""
    at, user = timezone.now(), request.user
    name = request.GET.get("in", "today")
    if name not in PERIODS:
        raise Http404
    midnight = timezone.localtime(at).replace(hour=0, minute=0, second=0, microsecond=0)
    since = midnight - timedelta(days=PERIODS[name][1] - 1)
    upto = mine.seen_upto(user)
    found = mine.of(user).filter(at__gte=since, at__lte=at)
    try:
        shown = part(
            mine.shown(found), "at", after=request.GET.get("after", ""), size=SIZE, newest_first=True
        )
    except Invalid as error:
        raise Http404 from error
    context = {
        "rows": _rows(shown.rows, user, upto),
        "after": shown.after,
        "period": name,
        "periods": [(key, label) for key, (label, _days) in PERIODS.items()],
        "summary": mine.summary(found),
        "recovery": recovery(found, at=at),
        "leads": bool(departments_led(user)),
    }
    response = page(request, "surveys/mine.html", context, at=at)
    if not request.GET.get("after"):
        mine.see(user, at=at)
    return response


def _rows(responses: Sequence[Response], user: User, upto: datetime | None) -> list[Row]:
    cases = {one.invitation.case_id for one in responses if one.invitation and one.invitation.case_id}
    seen = set(visible_to(user).filter(pk__in=cases).values_list("pk", flat=True))
    return [
        Row(
            response=one,
            is_new=upto is None or (one.at is not None and one.at > upto),
            is_bad=bool(getattr(one, "is_bad", False)),
            sees_case=bool(one.invitation and one.invitation.case_id in seen),
            said=rows_of(one, scores_only=not (one.invitation and one.invitation.case_id in seen)),
        )
        for one in responses
    ]


@require_GET
@needs("surveys.view_response", WORK)
def file(request: StaffRequest, pk: int) -> FileResponse:
    """A picture or recording of an answer, for whoever may see the case that it is about or led to."""
    found = get_object_or_404(AnswerFile.objects.select_related("answer__response__invitation"), pk=pk)
    response = found.answer.response
    about = response.invitation.case_id if response.invitation else None
    cases = [pk for pk in (response.follow_up_id, about) if pk is not None]
    is_ours = visible_to(request.user).filter(pk__in=cases).exists() or (
        request.user.has_perm("surveys.view_response")
        and visible_responses(request.user).filter(pk=response.pk).exists()
    )
    if not is_ours:
        raise Http404
    return respond(found)


@admin.register(AspectDepartment)
class AspectDepartmentAdmin(ModelAdmin):
    """Who follows up bad answers about what."""

    list_display = ["aspect", "department"]
    list_select_related = ["department"]


CLOSING_PAGES = [
    Page("my-answers/", mine_page, "my_answers"),
    Page("survey-files/<int:pk>/", file, "survey_file"),
]
CLOSING_MENU = [
    MenuItem(_("My members’ answers"), "my_answers", "reviews", (WORK,), group="work"),
]
