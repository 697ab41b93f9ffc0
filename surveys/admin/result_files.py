"""Files of all responses that a worker makes: asked for, watched, taken by whoever asked."""

from uuid import UUID

from celery import current_app
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from config.common.errors import DomainError, NotFound, NotPermitted
from config.common.registry import Page
from config.common.screens import StaffRequest, page
from config.common.sheets import EXPORTS
from feedback.admin.access import needs
from surveys.admin.looking import look_at
from surveys.models import FileState
from surveys.results import files
from surveys.results.reach import READS, WORKS

SHOWN = 10


def wake(file_id: int) -> None:
    """Send a file to a worker at once."""
    current_app.send_task("surveys.make_file", [file_id])


@require_POST
@needs(READS, WORKS)
def ask(request: StaffRequest, campaign_id: int, kind: str) -> HttpResponse:
    """Have a file made of what is looked at."""
    at = timezone.now()
    found = look_at(request, campaign_id, at)
    try:
        file = files.ask(user=request.user, found=found, kind=kind, at=at)
    except NotPermitted as error:
        raise PermissionDenied from error
    except DomainError as error:
        messages.error(request, str(error))
    else:
        transaction.on_commit(lambda: wake(file.pk))
        messages.success(
            request, _("The file is being made. It can be taken from this page when it is ready.")
        )
    return redirect(f"{reverse('admin:survey_results', args=[campaign_id])}?{found.query}#files")


@require_GET
@needs(READS, WORKS)
def listed(request: StaffRequest, campaign_id: int) -> HttpResponse:
    """One's own files of a campaign, and how far they are."""
    look_at(request, campaign_id, timezone.now())
    return page(request, "surveys/results/files.html", own(request, campaign_id))


def own(request: StaffRequest, campaign_id: int) -> dict[str, object]:
    """What the list of one's own files shows."""
    rows = list(files.of(request.user, campaign_id)[:SHOWN]) if request.user.has_perm(EXPORTS) else []
    is_open = any(row.state in {FileState.WAITING, FileState.MAKING} for row in rows)
    return {"files": rows, "is_open": is_open, "campaign_id": campaign_id}


@require_GET
@needs(READS, WORKS)
def take(request: StaffRequest, ref: UUID) -> HttpResponseBase:
    """Hand one out, to whoever asked for it."""
    try:
        file = files.take(user=request.user, ref=ref, at=timezone.now())
    except NotFound as error:
        raise Http404 from error
    except NotPermitted as error:
        raise PermissionDenied from error
    except DomainError as error:
        messages.error(request, str(error))
        return redirect("admin:survey_all_results")
    return files.handed_out(file)


FILE_PAGES = [
    Page("survey/<int:campaign_id>/files/", listed, "survey_response_files"),
    Page("survey/<int:campaign_id>/files/ask/<str:kind>/", ask, "survey_response_file_ask"),
    Page("survey/files/<uuid:ref>/", take, "survey_response_file"),
]
