"""The member's cases: tell us, follow, answer, confirm."""

import logging
from typing import Any

from django.http import FileResponse, Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from compensation.portal.base import MemberRequest, go, older, page, signed_in
from compensation.refunds.words import told
from config.common.asked import id_in
from config.common.errors import DomainError, KeyReused, NotFound
from feedback.attachments.rules import BadFile
from feedback.attachments.serving import respond
from feedback.cases import commands, own, rules
from feedback.knowledge import answering
from feedback.knowledge.markup import to_html
from feedback.models import AnswerGiven, AnswerOutcome, Case, Channel
from feedback.portal.forms import ComplainForm, OnceForm, ReopenForm, WriteForm
from feedback.portal.panels import tracked
from feedback.portal.reasons import REASONS
from feedback.portal.statements import affecting

logger = logging.getLogger(__name__)


@require_safe
@signed_in
def cases(request: MemberRequest) -> HttpResponse:
    """My cases, newest first."""
    at = timezone.now()
    rows, more = older(own.own(request.member), "opened_at", request.GET.get("after", ""))
    context = {"tracked": [tracked(case, at) for case in rows], "more": more}
    return page(request, "portal/cases.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def complain(request: MemberRequest) -> HttpResponse:
    """Tell us what is wrong, with a photo."""
    if request.method == "POST":
        form = ComplainForm(request.POST, request.FILES, member=request.member)
        if form.is_valid() and (offered := _offer(request, form)):
            context = {"form": form, "order": _order(form), "offered": offered}
            return page(
                request, "portal/complain.html", {**context, "offered_body": to_html(offered.version.body)}
            )
        if form.is_valid() and (case := _open(request, form)):
            return HttpResponseRedirect(f"{reverse('portal:case', args=[case.pk])}?said=opened")
    else:
        form = ComplainForm(
            member=request.member,
            initial={"order": id_in(request.GET.get("order")), "reason": request.GET.get("reason")},
        )
    context = {"form": form, "order": _order(form)}
    return page(request, "portal/complain.html", context, status=400 if form.is_bound else 200)


def _offer(request: MemberRequest, form: ComplainForm) -> AnswerGiven | None:
    """An article that answers what was written, shown once before it is sent; none when there are files."""
    content = form.cleaned_data
    if content["answer"] is not None or content["photos"] or not content["body"].strip():
        return None
    offered = answering.give(
        text=content["body"],
        language=request.member.language,
        channel=Channel.PORTAL,
        member=request.member,
        at=timezone.now(),
    )
    if offered is not None:
        form.answered_by(offered.pk)
    return offered


def _order(form: ComplainForm) -> Any:
    """The order that the page was opened from, if it is the member's own."""
    chosen = id_in(str(form["order"].value() or ""))
    return form.fields["order"].queryset.filter(pk=chosen).first() if chosen else None  # type: ignore[attr-defined]  # a ModelChoiceField's


def _open(request: MemberRequest, form: ComplainForm) -> Case | None:
    content = form.cleaned_data
    reason, order = REASONS[content["reason"]], content["order"]
    try:
        case = commands.open_case(
            member=request.member,
            kind=reason.kind,
            channel=Channel.PORTAL,
            subject=_subject(str(reason.label), content["body"]),
            body=content["body"],
            order=order,
            attachments=content["photos"],
            idempotency_key=str(content["key"]),
            actor=request.member,
            at=timezone.now(),
        )
    except DomainError as error:
        _show(form, error)
        return None
    _wants_person(request, content["answer"], case)
    return case


def _wants_person(request: MemberRequest, answer: int | None, case: Case) -> None:
    """Keep that an answer which was offered was not enough; one that cannot be found stops nobody."""
    if answer:
        try:
            answering.settle(
                answer_id=answer,
                outcome=AnswerOutcome.PERSON,
                case=case,
                actor=request.member,
                at=timezone.now(),
            )
        except DomainError:
            logger.info("no answer %s of this member", answer)


def _subject(reason: str, body: str) -> str:
    words = rules.first_words(rules.clean_text(body), 60)
    return _("%(reason)s: %(words)s") % {"reason": reason, "words": words} if words else reason


def another_time(form: OnceForm) -> None:
    """Say that a form was sent before with other content; sent again it counts as a new one."""
    form.another_time()
    form.add_error(None, _("You have sent this form before. Send it again if that is what you want."))


def _show(form: OnceForm, error: DomainError) -> None:
    """Put a refusal beside the field that it is about."""
    if isinstance(error, KeyReused):
        another_time(form)
    else:
        form.add_error("photos" if isinstance(error, BadFile) else None, str(error))


@require_safe
@signed_in
def case(request: MemberRequest, pk: int) -> HttpResponse:
    """A case: where it is, what we promised, what was said; a merged one's number leads to what goes on."""
    goes_on = own.goes_on_as(request.member, pk)
    return _case(request, pk) if goes_on == pk else redirect("portal:case", goes_on)


def _case(
    request: MemberRequest,
    pk: int,
    write: WriteForm | None = None,
    reopen: ReopenForm | None = None,
    refusal: str = "",
) -> HttpResponse:
    at = timezone.now()
    found = get_object_or_404(own.own_with_thread(request.member), pk=own.goes_on_as(request.member, pk))
    context = {
        **tracked(found, at),
        "actions": own.actions(found, at),
        "write": write or WriteForm(),
        "reopen": reopen or ReopenForm(),
        "refusal": refusal,
        "refunds": told(found.order.refunds.all()) if found.order else [],
        "statement": affecting(found),
    }
    refused = refusal or (write and write.is_bound) or (reopen and reopen.is_bound)
    return page(request, "portal/case.html", context, status=400 if refused else 200)


@require_POST
@signed_in
def write(request: MemberRequest, pk: int) -> HttpResponse:
    """Say something in a case."""
    form = WriteForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            commands.member_message(
                case_id=pk,
                body=form.cleaned_data["body"],
                attachments=form.cleaned_data["photos"],
                key=str(form.cleaned_data["key"]),
                actor=request.member,
                at=timezone.now(),
            )
        except NotFound as error:
            raise Http404 from error
        except DomainError as error:
            _show(form, error)
        else:
            return go("case", pk, said="written")
    return _case(request, pk, write=form)


@require_POST
@signed_in
def confirm(request: MemberRequest, pk: int) -> HttpResponse:
    """It is solved."""
    try:
        commands.confirm(case_id=pk, actor=request.member, at=timezone.now())
    except NotFound as error:
        raise Http404 from error
    except DomainError as error:
        return _case(request, pk, refusal=str(error))
    return go("case", pk, said="confirmed")


@require_POST
@signed_in
def reopen(request: MemberRequest, pk: int) -> HttpResponse:
    """It is not solved."""
    form = ReopenForm(request.POST)
    if form.is_valid():
        try:
            commands.reopen(
                case_id=pk, reason=form.cleaned_data["reason"], actor=request.member, at=timezone.now()
            )
        except NotFound as error:
            raise Http404 from error
        except DomainError as error:
            form.add_error("reason", str(error))
        else:
            return go("case", pk, said="reopened")
    return _case(request, pk, reopen=form)


@require_safe
@signed_in
def attachment(request: MemberRequest, pk: int) -> FileResponse:
    """A file of one of my cases."""
    try:
        return respond(own.own_attachment(request.member, pk))
    except NotFound as error:
        raise Http404 from error
