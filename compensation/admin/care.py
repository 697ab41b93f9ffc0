"""The care programme: what each rule did, its form with a preview and a dry run, and a member's history."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from compensation.admin.access import needs
from compensation.care import acting, commands, queries, texts, values
from compensation.models import CareRule, CareTerms, CouponTemplate, HeldReason, Member
from compensation.tiers import benefits
from config.common.errors import DomainError, Invalid, Stale
from config.common.handing_out import offered
from config.common.registry import MenuItem, Page
from config.common.screens import StaffRequest, page

VIEW, ADD, CHANGE = (f"compensation.{act}_carerule" for act in ("view", "add", "change"))
TERMS, ACTS, MEMBERS = (
    "compensation.change_careterms",
    "compensation.view_careact",
    "compensation.view_member",
)
LATEST = 50
EXAMPLE = {"zh-hans": "王女士", "en": "Ann"}
OFFERED = ["code", "name", "name_en", "is_active"]
GROUPS = [
    (gettext_lazy("When"), ["trigger", "festival", "days", "delay_hours", "quiet_from", "quiet_until"]),
    (gettext_lazy("Whom"), ["segment", "purpose", "consent", "channel", "is_capped"]),
    (gettext_lazy("What is given"), ["coupon", "coupon_of_tier", "points"]),
]
TEXTS = ["title", "body", "title_en", "body_en"]


class RuleForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """A rule; what does not hold together is said beside its field when it is to be kept."""

    class Meta:
        model = CareRule
        fields = [*OFFERED, *(name for _title, names in GROUPS for name in names), *TEXTS]
        widgets = {
            "quiet_from": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
            "quiet_until": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
            "body": forms.Textarea(attrs={"rows": 5}),
            "body_en": forms.Textarea(attrs={"rows": 5}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        given = [self.instance.coupon_id] if self.instance.coupon_id else []
        active = CouponTemplate.objects.filter(is_active=True)
        self.fields["coupon"].queryset = active | CouponTemplate.objects.filter(pk__in=given)  # type: ignore[attr-defined]  # a choice of rows


class TermsForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """The frequency cap."""

    class Meta:
        model = CareTerms
        fields = ["most", "days"]


@require_GET
@needs(VIEW)
def listed(request: StaffRequest) -> HttpResponse:
    """The programme, with what each rule sent, held back and gave in the last 30 days."""
    lines = sorted(queries.report(at=timezone.now()), key=lambda line: line.rule.pk)
    rows = [
        (line, [(HeldReason(reason).label, number) for reason, number in line.held.most_common()])
        for line in lines
    ]
    context = {
        "rows": rows,
        "terms": TermsForm(instance=CareTerms.objects.first()),
        "formats": offered(request),
        "may_add": request.user.has_perm(ADD),
        "may_set_terms": request.user.has_perm(TERMS),
    }
    return page(request, "compensation/care/list.html", context)


@require_POST
@needs(VIEW, TERMS)
def set_terms(request: StaffRequest) -> HttpResponse:
    """Keep the frequency cap."""
    form = TermsForm(request.POST, instance=CareTerms.objects.first() or CareTerms())
    if form.is_valid():
        commands.save_terms(terms=form.instance, actor=request.user, at=timezone.now())
        messages.success(request, _("The cap is kept."))
    else:
        messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
    return redirect("admin:care")


@require_http_methods(["GET", "HEAD", "POST"])
@needs(VIEW)
def edit(request: StaffRequest, rule_id: int | None = None) -> HttpResponse:
    """A rule's form, or an empty one; keeping it needs the right to."""
    rule = get_object_or_404(CareRule, pk=rule_id) if rule_id else CareRule()
    may_save = request.user.has_perm(CHANGE if rule_id else ADD)
    if not may_save and (request.method == "POST" or not rule_id):
        raise PermissionDenied
    seen = rule.version
    form = RuleForm(request.POST or None, instance=rule)
    if request.method == "POST" and form.is_valid():
        try:
            if rule_id and request.POST.get("version") != str(seen):
                raise Stale
            kept = commands.save_rule(rule=form.instance, actor=request.user, at=timezone.now())
        except DomainError as error:
            form.add_error(error.details.get("field"), str(error))
        else:
            messages.success(request, _("The rule is kept."))
            return redirect("admin:care_rule", kept.pk)
    context = {
        "rule": rule,
        "seen": seen,
        "form": form,
        "heads": [form[name] for name in OFFERED],
        "groups": [(title, [form[name] for name in names]) for title, names in GROUPS],
        "texts": [form[name] for name in TEXTS],
        "variables": [(f"{{{name}}}", label) for name, label in texts.VARIABLES.items()],
        "may_save": may_save,
    }
    return page(request, "compensation/care/form.html", context, status=400 if form.errors else 200)


@require_POST
@needs(VIEW)
def preview(request: StaffRequest) -> HttpResponse:
    """What a member would read, in both languages, by what stands in the form."""
    form = RuleForm(request.POST)
    rule, at = form.instance, timezone.now()
    if form.is_valid():  # what is not right yet is shown as far as it goes
        try:
            commands.check(rule)
        except Invalid as error:
            form.add_error(error.details.get("field"), str(error))
    member = None
    if request.user.has_perm(MEMBERS) and (number := request.POST.get("member", "").strip()):
        member = Member.objects.filter(external_id=number[:64], erased_at=None).select_related("tier").first()
    shown = []
    for language in ("zh-hans", "en"):
        with translation.override(language):
            coupon = rule.coupon
            if rule.coupon_of_tier and member:
                coupon = benefits.of(member).birthday_coupon
            known = {
                "name": EXAMPLE[language],
                **values.example(rule.trigger, rule.festival, at=at),
                **acting.gifts(coupon, rule.points, at),
                **({"name": member.name, "tier": str(member.tier)} if member else {}),
            }
            title, body = acting.said(rule)
            shown.append((language, texts.fill(title, known), texts.fill(body, known)))
    return page(request, "compensation/care/preview.html", {"shown": shown, "errors": form.errors})


@require_GET
@needs(VIEW)
def dry_run(request: StaffRequest, rule_id: int) -> HttpResponse:
    """How many members a rule would reach today and in seven days, and what that costs. Nothing is sent."""
    rule = get_object_or_404(CareRule.objects.select_related("segment", "coupon"), pk=rule_id)
    context: dict[str, Any] = {"rule": rule}
    try:
        context["found"] = queries.forecast(rule, at=timezone.now())
    except Invalid as error:
        context["refusal"] = str(error)
    return page(request, "compensation/care/dry_run.html", context)


@require_GET
@needs(ACTS, MEMBERS)
def member(request: StaffRequest, member_id: int) -> HttpResponse:
    """What a member was told and given by the programme, and what was held back and why."""
    found = get_object_or_404(Member, pk=member_id)
    acts = [(act, queries.redeemed(act)) for act in queries.of_member(found)[:LATEST]]
    return page(request, "compensation/care/member.html", {"member": found, "acts": acts})


def fact(of: Member) -> tuple[Any, Any]:
    """The way to a member's history, for their page."""
    path = reverse("admin:care_member", args=[of.pk])
    return _("Care"), format_html('<a href="{}">{}</a>', path, _("what was sent and held back"))


CARE_PAGES = [
    Page("care/", listed, "care"),
    Page("care/cap/", set_terms, "care_terms"),
    Page("care/new/", edit, "care_rule_new"),
    Page("care/preview/", preview, "care_preview"),
    Page("care/<int:rule_id>/", edit, "care_rule"),
    Page("care/<int:rule_id>/dry-run/", dry_run, "care_dry_run"),
    Page("care/member/<int:member_id>/", member, "care_member"),
]
CARE_MENU = [
    MenuItem(gettext_lazy("Care programme"), "care", "favorite", (VIEW,), group="customers"),
]
