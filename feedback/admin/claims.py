"""Claims: what each channel says, what the audit found in it, what it promises; and a text tried out."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from compensation.models import Product
from config.common.asked import id_in
from config.common.errors import DomainError, Invalid
from config.common.keyset import part
from config.common.registry import MenuItem, Page
from config.common.screens import StaffRequest, page
from config.common.sending import sent_once
from feedback.admin.access import needs
from feedback.admin.files import offered
from feedback.claims import audit, auditing, commands, facts, parsing, queries
from feedback.models import (
    UNITS,
    Claim,
    ClaimChannel,
    ClaimValue,
    Finding,
    FindingKind,
    Measure,
)

VIEW, ADD, CHANGE = "feedback.view_claim", "feedback.add_claim", "feedback.change_claim"
SIZE = 50
BACK = timedelta(days=90)
FORMAT = "%Y-%m-%dT%H:%M"


class FilterForm(forms.Form):
    """What the list is narrowed to."""

    channel = forms.ChoiceField(
        required=False,
        label=gettext_lazy("channel"),
        choices=[("", gettext_lazy("all channels")), *ClaimChannel.choices],
    )
    product = forms.CharField(
        required=False,
        max_length=64,
        label=gettext_lazy("product"),
        help_text=gettext_lazy("the shop's number"),
    )
    state = forms.ChoiceField(
        required=False,
        label=gettext_lazy("state"),
        choices=[
            ("", gettext_lazy("all")),
            ("now", gettext_lazy("in force")),
            ("findings", gettext_lazy("with findings")),
            ("waiting", gettext_lazy("with suggestions")),
        ],
    )


class ClaimForm(forms.Form):
    """A claim as people enter it."""

    channel = forms.ChoiceField(label=gettext_lazy("channel"), choices=ClaimChannel.choices)
    text = forms.CharField(
        label=gettext_lazy("text"), max_length=commands.LONGEST, widget=forms.Textarea(attrs={"rows": 5})
    )
    product = forms.CharField(
        label=gettext_lazy("product"),
        required=False,
        max_length=64,
        help_text=gettext_lazy("the shop's number"),
    )
    category = forms.CharField(label=gettext_lazy("product category"), required=False, max_length=80)
    order_channel = forms.CharField(label=gettext_lazy("only orders from"), required=False, max_length=32)
    source = forms.CharField(label=gettext_lazy("source"), required=False, max_length=200)
    url = forms.URLField(label=gettext_lazy("link"), required=False, max_length=500, assume_scheme="https")
    valid_from = forms.DateTimeField(
        label=gettext_lazy("from"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=FORMAT),
    )
    valid_to = forms.DateTimeField(
        label=gettext_lazy("until"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=FORMAT),
    )

    def clean_product(self) -> Product | None:
        """The product that the number names."""
        number = self.cleaned_data["product"]
        if not number:
            return None
        product = Product.objects.filter(external_id=number).first()
        if product is None:
            raise forms.ValidationError(_("There is no such product."))
        return product


@require_GET
@needs(VIEW)
def claim_list(request: StaffRequest) -> HttpResponse:
    """The claims, the newest first."""
    at, form = timezone.now(), FilterForm(request.GET)
    context: dict[str, Any] = {"form": form, "may_add": request.user.has_perm(ADD)}
    if not form.is_valid():
        return page(request, "feedback/claims/list.html", context, at=at, status=400)
    found, data = Claim.objects.select_related("product"), form.cleaned_data
    if data["channel"]:
        found = found.filter(channel=data["channel"])
    if data["product"]:
        found = found.filter(product__external_id=data["product"])
    match data["state"]:
        case "now":
            found = queries.in_force(found, at)
        case "findings":
            found = queries.with_open_findings(found)
        case "waiting":
            found = found.filter(pk__in=queries.suggested().values("claim"))
    try:
        shown = part(found, "valid_from", after=request.GET.get("after", ""), newest_first=True)
    except Invalid as error:
        raise Http404 from error
    counts = queries.counted(shown.rows)
    context |= {"rows": [(claim, *counts[claim.pk]) for claim in shown.rows], "after": shown.after}
    return page(request, "feedback/claims/list.html", context, at=at)


@require_http_methods(["GET", "POST"])
@needs(ADD)
def claim_new(request: StaffRequest) -> HttpResponse:
    """Enter a claim."""
    at = timezone.now()
    initial = {"valid_from": timezone.localtime(at).replace(second=0, microsecond=0)}
    form = ClaimForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            claim = sent_once(request, lambda: _entered(request, form, at), Claim)
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            auditing.audit_claim(claim_id=claim.pk, terms=auditing.terms_in_use(), at=at)
            return redirect("admin:claim", claim.pk)
    status = 400 if form.errors else 200
    return page(request, "feedback/claims/edit.html", {"form": form}, at=at, status=status)


def _entered(request: StaffRequest, form: ClaimForm, at: datetime) -> Claim:
    content = _content(form, f"staff:{uuid.uuid4().hex}")
    return commands.put(content=content, actor=request.user, at=at)[0]


@require_http_methods(["GET", "POST"])
@needs(CHANGE)
def claim_edit(request: StaffRequest, pk: int) -> HttpResponse:
    """Change what a claim says; what it promised until now stays on record."""
    at, claim = timezone.now(), get_object_or_404(Claim.objects.select_related("product"), pk=pk)
    initial = {
        name: getattr(claim, name)
        for name in ("channel", "text", "category", "order_channel", "source", "url")
    }
    initial |= {
        "product": claim.product.external_id if claim.product else "",
        "valid_from": timezone.localtime(claim.valid_from),
        "valid_to": timezone.localtime(claim.valid_to) if claim.valid_to else None,
    }
    form = ClaimForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        content = _content(form, claim.key)
        if content.valid_from == claim.valid_from.replace(second=0, microsecond=0):
            content = _content(form, claim.key, valid_from=claim.valid_from)
        try:
            kept, _new = commands.put(content=content, actor=request.user, at=at)
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            auditing.audit_claim(claim_id=kept.pk, terms=auditing.terms_in_use(), at=at)
            return redirect("admin:claim", kept.pk)
    status = 400 if form.errors else 200
    return page(request, "feedback/claims/edit.html", {"form": form, "claim": claim}, at=at, status=status)


def _content(form: ClaimForm, key: str, **instead: Any) -> commands.Content:
    data = {**form.cleaned_data, **instead}
    product = data.pop("product")
    return commands.Content(key=key, product_id=product.pk if product else None, **data)


@require_GET
@needs(VIEW)
def claim_page(request: StaffRequest, pk: int) -> HttpResponse:
    """A claim with everything about it."""
    return _show(request, pk)


def _show(request: StaffRequest, pk: int, *, status: int = 200, error: str = "") -> HttpResponse:
    at, user = timezone.now(), request.user
    claim = get_object_or_404(Claim.objects.select_related("product", "made_by"), pk=pk)
    rows = list(claim.findings.select_related("decided_by").order_by("gone_at", "start", "pk"))
    now = [row for row in rows if row.gone_at is None]
    values = list(claim.values.select_related("decided_by"))
    context = {
        "claim": claim,
        "parts": queries.marked(claim, now),
        "findings": now,
        "past": [row for row in rows if row.gone_at is not None],
        "values": [(value, said(value)) for value in values],
        "facts": list(facts.at_moment(claim.product_id, claim.valid_from)) if claim.product_id else [],
        "promises": claim.promises.filter(withdrawn_at=None)[:1_000].count(),
        "measures": [(one.value, one.label, str(UNITS.get(one, ""))) for one in Measure],
        "may_decide": user.has_perm(auditing.DECIDE),
        "may_waive": user.has_perm(auditing.WAIVE),
        "may_change": user.has_perm(CHANGE),
        "error": error,
    }
    return page(request, "feedback/claims/claim.html", context, at=at, status=status)


def said(value: ClaimValue) -> str:
    """A value with its unit."""
    if value.number is None:
        return value.text
    return f"{value.number.normalize():f} {UNITS.get(Measure(value.measure), '')}".strip()


@require_POST
@needs(CHANGE)
def claim_end(request: StaffRequest, pk: int) -> HttpResponse:
    """Let a claim no longer be made."""
    try:
        commands.end(claim_id=pk, actor=request.user, at=timezone.now())
    except DomainError as error:
        messages.error(request, str(error))
    return redirect("admin:claim", pk)


@require_POST
@needs(CHANGE)
def claim_value(request: StaffRequest, pk: int) -> HttpResponse:
    """Confirm or refuse what a claim promises, or add to it."""
    post, at = request.POST, timezone.now()
    number = _number(post.get("number", ""))
    try:
        if value := id_in(post.get("value")):
            get_object_or_404(ClaimValue, pk=value, claim=pk)
            commands.decide_value(
                value_id=value, state=post.get("state", ""), number=number, actor=request.user, at=at
            )
        else:
            measure, text = post.get("measure", ""), post.get("text", "")
            if number is None and measure in Measure.values:
                number, text = parsing.read(measure, text)
            commands.add_value(
                claim_id=pk, measure=measure, number=number, text=text, actor=request.user, at=at
            )
    except DomainError as error:
        if error.status == HTTP_NOT_FOUND:
            raise Http404 from error
        return _show(request, pk, status=error.status, error=str(error))
    return redirect("admin:claim", pk)


HTTP_NOT_FOUND = 404


def _number(text: str) -> Any:
    number, _kept = parsing.read(Measure.PRICE, text)
    return number


@require_GET
@needs(VIEW)
def finding_list(request: StaffRequest) -> HttpResponse:
    """What the audit found and nobody has settled, and what claims may promise."""
    at = timezone.now()
    kind = request.GET.get("kind", "")
    found = queries.findings().select_related("claim__product")
    if kind in FindingKind.values:
        found = found.filter(kind=kind)
    after = id_in(request.GET.get("after")) or 0
    rows = list(found.filter(pk__gt=after).order_by("pk")[: SIZE + 1])
    context = {
        "rows": [(row, audit.parts(row.excerpt, _in_excerpt(row))) for row in rows[:SIZE]],
        "formats": offered(request),
        "kind": kind,
        "kinds": FindingKind.choices,
        "after": rows[SIZE - 1].pk if len(rows) > SIZE else None,
        "suggested": queries.suggested()[:1_000].count(),
        "may_decide": request.user.has_perm(auditing.DECIDE),
        "may_waive": request.user.has_perm(auditing.WAIVE),
    }
    return page(request, "feedback/claims/findings.html", context, at=at)


def _in_excerpt(row: Finding) -> list[audit.Found]:
    """Where the words stand in the excerpt."""
    words = " ".join(row.claim.text[row.start : row.end].split())
    start = row.excerpt.find(words)
    return [audit.Found(row.kind, row.code, start, start + len(words), "")] if words and start >= 0 else []


@require_POST
@needs(auditing.DECIDE, auditing.WAIVE)
def finding_decide(request: StaffRequest, pk: int) -> HttpResponse:
    """Settle a finding; the way back leads to where it was seen."""
    post = request.POST
    row = get_object_or_404(Finding, pk=pk)
    try:
        auditing.decide(
            finding_id=pk,
            status=post.get("status", ""),
            reason=post.get("reason", ""),
            actor=request.user,
            at=timezone.now(),
        )
    except DomainError as error:
        return _show(request, row.claim_id, status=error.status, error=str(error))
    messages.success(request, _("Noted."))
    return (
        redirect("admin:findings") if post.get("back") == "queue" else redirect("admin:claim", row.claim_id)
    )


@require_http_methods(["GET", "POST"])
@needs(VIEW)
def check(request: StaffRequest) -> HttpResponse:
    """Try a text out before it is published; nothing is kept. For htmx its result alone."""
    at = timezone.now()
    text = request.POST.get("text", "").replace("\0", "")[: commands.LONGEST]
    number = request.POST.get("product", "").replace("\0", "").strip()[:64]
    product = Product.objects.filter(external_id=number).first() if number else None
    about = auditing.About(product.pk if product else None)
    found = auditing.look(text, about, auditing.terms_in_use(), at) if text else []
    context = {
        "text": text,
        "number": number,
        "product": product,
        "parts": audit.parts(text, found),
        "findings": [(one, text[one.start : one.end], FindingKind(one.kind).label) for one in found],
        "values": [
            (
                Measure(one.measure).label,
                one.text or f"{one.number.normalize():f}" if one.number is not None else one.text,
                UNITS.get(one.measure, ""),
            )
            for one in parsing.parse(text)
        ],
        "longest": commands.LONGEST,
    }
    template = "feedback/claims/checked.html" if request.htmx else "feedback/claims/check.html"
    return page(request, template, context, at=at)


@require_GET
@needs(VIEW)
def channels(request: StaffRequest) -> HttpResponse:
    """The channels compared: how much they promise, how often it is broken, how content people are."""
    at = timezone.now()
    until = timezone.localdate(at)
    rows = queries.compare(since=until - BACK, until=until)
    labels = {**dict(ClaimChannel.choices), "order": _("the order itself")}
    context = {
        "days": BACK.days,
        "rows": [(row, labels[row.channel]) for row in rows],
        "least": 30,
    }
    return page(request, "feedback/claims/channels.html", context, at=at)


CLAIM_PAGES = [
    Page("claims/", claim_list, "claims"),
    Page("claims/new/", claim_new, "claim_new"),
    Page("claims/findings/", finding_list, "findings"),
    Page("claims/findings/<int:pk>/", finding_decide, "finding"),
    Page("claims/check/", check, "claim_check"),
    Page("claims/channels/", channels, "claim_channels"),
    Page("claims/<int:pk>/", claim_page, "claim"),
    Page("claims/<int:pk>/edit/", claim_edit, "claim_edit"),
    Page("claims/<int:pk>/end/", claim_end, "claim_end"),
    Page("claims/<int:pk>/value/", claim_value, "claim_value"),
]
CLAIM_MENU = [
    MenuItem(gettext_lazy("Claims"), "claims", "campaign", (VIEW,), group="customers"),
    MenuItem(
        gettext_lazy("Advert audit"),
        "findings",
        "fact_check",
        (VIEW,),
        lambda _user: queries.findings(),
        group="customers",
    ),
    MenuItem(gettext_lazy("Channels compared"), "claim_channels", "compare", (VIEW,), group="customers"),
]
