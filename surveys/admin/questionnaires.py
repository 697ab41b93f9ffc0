"""Questionnaires: which there are, their versions with what came back, differences, and files."""

import json
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from config.common.asked import id_in
from config.common.errors import DomainError
from config.common.registry import MenuItem, Page
from config.common.screens import StaffRequest, page
from feedback.admin.access import needs
from surveys.admin.questionnaire_builder import BUILDER_PAGES, CHANGE, PUBLISH
from surveys.admin.questionnaire_forms import NamesForm, NewForm
from surveys.models import Survey, SurveyVersion
from surveys.questionnaires import checking, commands, documents, queries, reading, shipped
from surveys.questionnaires.differences import differences
from surveys.questionnaires.documents import FORMAT, Document

VIEW, ADD = "surveys.view_survey", "surveys.add_survey"
LISTED = 50
RETIRED = "retired"


@require_GET
@needs(VIEW)
def questionnaires(request: StaffRequest) -> HttpResponse:
    """The questionnaires by code."""
    is_retired = request.GET.get("state") == RETIRED
    rows = queries.listed().filter(retired_at__isnull=not is_retired)
    after = request.GET.get("after", "")[:50]
    if after and after.isprintable():
        rows = rows.filter(code__gt=after)
    found = list(rows[: LISTED + 1])
    context = {
        "rows": found[:LISTED],
        "after": found[LISTED - 1].code if len(found) > LISTED else None,
        "is_retired": is_retired,
        "may_add": request.user.has_perm(ADD),
    }
    return page(request, "surveys/questionnaires/list.html", context)


@require_http_methods(["GET", "POST"])
@needs(ADD)
def new(request: StaffRequest) -> HttpResponse:
    """Begin a questionnaire: empty, as another or a template, or from a file."""
    sources = [
        *((f"template:{code}", shipped.template(code)) for code in shipped.codes()),
        *((f"survey:{one.pk}", one) for one in Survey.objects.filter(retired_at=None).order_by("code")),
    ]
    form = NewForm(
        request.POST or None, request.FILES or None, sources=sources, source=request.GET.get("source", "")
    )
    if request.method == "POST" and form.is_valid():
        try:
            document = _document(form.cleaned_data)
            version = commands.create_from(
                survey=form.save(commit=False), document=document, actor=request.user, at=timezone.now()
            )
        except DomainError as error:
            form.add_error("file" if isinstance(error, reading.Unreadable) else None, str(error))
        else:
            return redirect("admin:questionnaire_builder", version.survey_id)
    return page(
        request, "surveys/questionnaires/new.html", {"form": form}, status=400 if form.errors else 200
    )


def _document(given: dict[str, Any]) -> Document:
    """What a new questionnaire begins with."""
    if given["file"] is not None:
        return reading.parsed(given["file"].read(reading.MOST_BYTES + 1))
    what, _colon, name = given["source"].partition(":")
    if what == "template":
        return shipped.template(name).document
    survey = Survey.objects.filter(pk=id_in(name) or 0).first() if what == "survey" else None
    version = survey.versions.order_by("-number").first() if survey else None
    if version is not None:
        return documents.of_version(version)
    return {"title": given["name"], "title_en": given["name_en"], "questions": []}


@require_http_methods(["GET", "POST"])
@needs(VIEW)
def questionnaire(request: StaffRequest, survey_id: int) -> HttpResponse:
    """One questionnaire with its versions; a POST takes one of the steps named by `step`."""
    survey = get_object_or_404(Survey, pk=survey_id)
    form = NamesForm(instance=survey)
    if request.method == "POST":
        if not request.user.has_perm(CHANGE):
            raise PermissionDenied
        form = NamesForm(request.POST if request.POST.get("step") == "rename" else None, instance=survey)
        try:
            answer = _step(request, survey, form)
        except DomainError as error:
            messages.error(request, str(error))
            answer = redirect("admin:questionnaire", survey.pk)
        if answer is not None:
            return answer
        survey = get_object_or_404(Survey, pk=survey_id)
    versions = list(queries.versions_of(survey))
    context = {
        "survey": survey,
        "form": form,
        "versions": versions,
        "draft": next((one for one in versions if one.published_at is None), None),
        "campaigns": queries.campaigns_of(survey),
        "may_change": request.user.has_perm(CHANGE),
        "may_add": request.user.has_perm(ADD),
    }
    return page(request, "surveys/questionnaires/one.html", context, status=400 if form.errors else 200)


def _step(request: StaffRequest, survey: Survey, form: NamesForm) -> HttpResponse | None:
    """Take a step; None where the page is to be shown with what is wrong."""
    step = request.POST.get("step", "")
    who: dict[str, Any] = {"actor": request.user, "at": timezone.now()}
    if step == "edit":
        commands.open_draft(survey_id=survey.pk, **who)
        return redirect("admin:questionnaire_builder", survey.pk)
    if step == "rename":
        if not form.is_valid():
            return None
        commands.rename(survey_id=survey.pk, **form.cleaned_data, **who)
    elif step == "retire":
        commands.retire(survey_id=survey.pk, **who)
    elif step == "restore":
        commands.restore(survey_id=survey.pk, **who)
    elif step == "replace":
        file = request.FILES.get("file")
        content = file.read(reading.MOST_BYTES + 1) if file else b""
        commands.replace_draft(survey_id=survey.pk, document=reading.parsed(content), **who)
        return redirect("admin:questionnaire_builder", survey.pk)
    elif step == "discard":
        draft = queries.draft_of(survey)
        if draft is not None:
            commands.discard_draft(version_id=draft.pk, **who)
        if not Survey.objects.filter(pk=survey.pk).exists():
            return redirect("admin:questionnaires")
    else:
        raise Http404
    return redirect("admin:questionnaire", survey.pk)


@require_http_methods(["GET", "POST"])
@needs(CHANGE)
def publish(request: StaffRequest, survey_id: int) -> HttpResponse:
    """What a draft changes and what has to be mended; a POST gives it out."""
    survey = get_object_or_404(Survey, pk=survey_id)
    draft = queries.draft_of(survey)
    if draft is None:
        return redirect("admin:questionnaire", survey_id)
    if request.method == "POST":
        if not request.user.has_perm(PUBLISH):
            raise PermissionDenied
        try:
            commands.publish(
                version_id=draft.pk, seen=request.POST.get("seen", ""), actor=request.user, at=timezone.now()
            )
        except commands.NotWhole:
            pass  # the page says what
        except DomainError as error:
            messages.error(request, str(error))
        else:
            told = _("Version %(number)s is given out from now on.") % {"number": draft.number}
            messages.success(request, told)
            return redirect("admin:questionnaire", survey_id)
        return redirect("admin:questionnaire_publish", survey_id)
    questions = list(queries.questions_of(draft.pk))
    now, current = documents.of_version(draft), queries.current(survey)
    context = {
        "survey": survey,
        "draft": draft,
        "seen": documents.digest(now),
        "current": current,
        "differences": differences(documents.of_version(current), now) if current else [],
        "problems": checking.problems(draft, questions),
        "untranslated": len(checking.untranslated(draft, questions)),
        "campaigns": queries.campaigns_of(survey).exclude(state="ended"),
        "may_publish": request.user.has_perm(PUBLISH),
    }
    return page(request, "surveys/questionnaires/publish.html", context)


@require_GET
@needs(VIEW)
def compare(request: StaffRequest, survey_id: int) -> HttpResponse:
    """Two versions, and what is different."""
    survey = get_object_or_404(Survey, pk=survey_id)
    versions = list(queries.versions_of(survey))
    by_number = {one.number: one for one in versions}
    asked = [by_number.get(id_in(request.GET.get(name)) or 0) for name in ("was", "now")]
    now = asked[1] or (versions[0] if versions else None)
    was = asked[0] or next((one for one in versions if now and one.number < now.number), now)
    if was is None or now is None:
        raise Http404
    context = {
        "survey": survey,
        "versions": versions,
        "older": was,
        "newer": now,
        "differences": differences(documents.of_version(was), documents.of_version(now)),
    }
    return page(request, "surveys/questionnaires/compare.html", context)


@require_GET
@needs(VIEW)
def export(request: StaffRequest, survey_id: int, number: int) -> HttpResponse:  # noqa: ARG001 - the site's
    """A version as a file that can be taken in elsewhere."""
    version = get_object_or_404(
        SurveyVersion.objects.select_related("survey"), survey=survey_id, number=number
    )
    survey = version.survey
    named = {name: getattr(survey, name) for name in reading.NAMED if getattr(survey, name)}
    content = {"format": FORMAT, **named, **documents.of_version(version)}
    response = HttpResponse(
        json.dumps(content, ensure_ascii=False, indent=2) + "\n", content_type="application/json"
    )
    response["Content-Disposition"] = f'attachment; filename="{survey.code}-{version.number}.json"'
    return response


QUESTIONNAIRE_PAGES = [
    Page("questionnaires/", questionnaires, "questionnaires"),
    Page("questionnaires/new/", new, "questionnaire_new"),
    Page("questionnaires/<int:survey_id>/", questionnaire, "questionnaire"),
    Page("questionnaires/<int:survey_id>/publish/", publish, "questionnaire_publish"),
    Page("questionnaires/<int:survey_id>/compare/", compare, "questionnaire_compare"),
    Page("questionnaires/<int:survey_id>/versions/<int:number>/", export, "questionnaire_file"),
    *BUILDER_PAGES,
]
QUESTIONNAIRE_MENU = [
    MenuItem(gettext_lazy("Questionnaires"), "questionnaires", "quiz", (VIEW,), group="customers")
]
