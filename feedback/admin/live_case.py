"""What a page about a case says and asks while it is open: I am here, what was drafted, what has changed."""

from typing import Any

from django.http import HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from config.common import live
from config.common.errors import Invalid
from config.common.screens import StaffRequest, page
from feedback.admin.access import READS, case_or_404, needs
from feedback.admin.sheet import Sheet
from feedback.cases.mentions import offered
from feedback.cases.queries import visible_to
from feedback.desk import drafts, reading

WAITS = 20.0  # seconds that a page waits for news before it asks again
AGAIN = 5.0  # seconds, where it cannot wait


@require_GET
@needs(*READS)
def changes(request: StaffRequest, case_id: int) -> HttpResponse:
    """Wait until the case has another version than the page, or others read it than the page shows."""
    known = {"version": request.GET.get("version", ""), "readers": request.GET.get("readers", "")}
    case_or_404(request.user, case_id)

    def look() -> dict[str, Any] | None:
        found = visible_to(request.user).filter(pk=case_id).values_list("version", flat=True).first()
        people = reading.others(case_id, request.user, at=timezone.now())
        signs = ",".join(f"{one.user_id}{'w' if one.is_typing else ''}" for one in people)
        if (str(found or 0), signs) == (known["version"], known["readers"]):
            return None
        readers = [{"name": one.name, "typing": one.is_typing} for one in people]
        return {"version": found or 0, "readers": signs, "people": readers}

    answer = live.wait(
        {f"case:{case_id}", reading.topic(case_id)},
        look,
        timeout=WAITS if "wait" in request.GET else 0,
        owner=f"user:{request.user.pk}",
    )
    again = max(answer.again_after, AGAIN) if answer.again_after else 0
    return JsonResponse({**(answer.found or {}), "again": again})


@require_GET
@needs(*READS)
def work(request: StaffRequest, case_id: int) -> HttpResponse:
    """The case as it is now, for a page that puts what is new into what it shows."""
    at = timezone.now()
    sheet = Sheet(request, case_or_404(request.user, case_id), at)
    in_desk = request.GET.get("on") == "desk"
    return page(request, "feedback/case/work.html", sheet.context(in_desk=in_desk, tab="thread"), at=at)


@require_POST
@needs(*READS)
def here(request: StaffRequest, case_id: int) -> HttpResponse:
    """Note that somebody reads the case or writes in it, and keep what they have written so far."""
    at, post = timezone.now(), request.POST
    case = case_or_404(request.user, case_id)
    kinds, bodies = post.getlist("kind"), post.getlist("body")
    for kind, body in list(zip(kinds, bodies, strict=False))[: len(drafts.KINDS)]:
        try:
            drafts.keep(case=case, kind=kind, body=body, user=request.user, at=at)
        except Invalid:
            continue
    if "gone" in post:
        reading.gone(case_id=case.pk, user=request.user)
    else:
        reading.here(case=case, user=request.user, typing=post.get("typing") == "1", at=at)
    return HttpResponse(status=204)


@require_GET
@needs("feedback.work_case")
def people(request: StaffRequest, case_id: int) -> HttpResponse:
    """The colleagues that can be named in a note, as far as the name is typed."""
    case = case_or_404(request.user, case_id)
    found = offered(case, request.GET.get("q", "").strip()[:40])
    names = [str(user) for user in found]
    return JsonResponse(
        {
            "people": [
                {
                    "name": name,
                    "account": user.get_username(),
                    "insert": name if names.count(name) == 1 else user.get_username(),
                }
                for user, name in zip(found, names, strict=True)
            ]
        }
    )
