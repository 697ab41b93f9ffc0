"""The builder: a draft's sections and questions, what is edited of it, and how it looks to a member."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from config.common.errors import DomainError, NotFound, Stale
from config.common.registry import Page
from config.common.screens import StaffRequest, page, tell
from feedback.admin.access import needs
from surveys.admin import questionnaire_acts as acts
from surveys.admin.questionnaire_editor import Editor, editor_of
from surveys.admin.questionnaire_outline import Outline, outline
from surveys.models import QuestionKind, Survey, SurveyVersion
from surveys.questionnaires.commands import CodeTaken
from surveys.questionnaires.conditions import KNOWN, asked_in
from surveys.questionnaires.queries import draft_of

CHANGE, PUBLISH = "surveys.change_survey", "surveys.publish_survey"
OK, REFUSED = 200, 422
FRAMED = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self';"
    " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; frame-src 'self'"
)


@require_http_methods(["GET", "POST"])
@needs(CHANGE)
def builder(request: StaffRequest, survey_id: int) -> HttpResponse:
    """A questionnaire's draft; a POST does one thing to it."""
    survey = get_object_or_404(Survey, pk=survey_id)
    version = draft_of(survey)
    if version is None:
        return redirect("admin:questionnaire", survey_id)
    if request.method == "GET":
        return _show(request, survey, editor_of(outline(version), request.GET))
    did = request.POST.get("do", "save")
    if did == "save":
        return _save(request, survey, version)
    try:
        chosen = acts.act(did, request.POST, version, actor=request.user, at=timezone.now())
    except NotFound:
        messages.warning(request, _("Somebody else has taken this away."))
        chosen = ""
    except DomainError as error:
        messages.error(request, str(error))
        chosen = request.POST.get("key", "")
    return redirect(f"{reverse('admin:questionnaire_builder', args=[survey_id])}?{chosen}")


def _save(request: StaffRequest, survey: Survey, version: SurveyVersion) -> HttpResponse:
    """Keep what a form sends; where somebody was quicker, or something is wrong, say so and keep nothing."""
    form = request.POST
    try:
        editor = editor_of(outline(version), form, form)
    except Http404:
        messages.warning(request, _("Somebody else has taken this away."))
        return redirect("admin:questionnaire_builder", survey.pk)
    status = OK
    if not editor.check():
        status = REFUSED
    else:
        try:
            acts.save(editor, form.get("over") or form.get("seen"), actor=request.user, at=timezone.now())
        except Stale as error:
            editor.theirs, editor.seen = editor.compare(error.details["now"]), error.details["seen"]
            status = error.status
        except DomainError as error:
            editor.errors = {"code" if isinstance(error, CodeTaken) else "all": [str(error)]}
            status = REFUSED
    if status == OK:
        if not request.htmx:
            return redirect(f"{reverse('admin:questionnaire_builder', args=[survey.pk])}?{editor.key}")
        fresh = SurveyVersion.objects.get(pk=version.pk)
        editor = editor_of(outline(fresh), QueryDict(editor.key))
    else:
        editor.offered, editor.seen = editor.seen, form.get("seen", "")
    response = _show(request, survey, editor, status=status)
    return tell(response, kept={}) if status == OK else response


def _show(request: StaffRequest, survey: Survey, editor: Editor, *, status: int = OK) -> HttpResponse:
    version = editor.outline.version
    context = {
        "survey": survey,
        "version": version,
        "outline": editor.outline,
        "editor": editor,
        "form": editor.form,
        "is_saved": request.method == "POST" and status == OK,
        "kinds": QuestionKind.choices,
        "may_publish": request.user.has_perm(PUBLISH),
        "preview": reverse("admin:questionnaire_preview", args=[version.pk]),
        "known": _known(editor.outline),
    }
    response = page(request, "surveys/questionnaires/builder.html", context, status=status)
    response["Content-Security-Policy"] = FRAMED
    return response


def _known(found: Outline) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """What the questions depend on of what we know: the preview can be looked at as one or the other."""
    rows: list[Any] = [*found.questions, *(part.section for part in found.parts if part.section)]
    wanted: dict[str, set[str]] = {}
    for row in rows:
        for clause in asked_in(row.show_if):
            if clause["of"] == "known":
                wanted.setdefault(clause["name"], set()).update(clause.get("value", []))
    return [
        (name, str(KNOWN[name]), [(code, code) for code in sorted(codes)]) for name, codes in wanted.items()
    ]


BUILDER_PAGES = [Page("questionnaires/<int:survey_id>/draft/", builder, "questionnaire_builder")]
