"""Asking: the count before a launch, how the waves stand, what messages say, what holds for all campaigns."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from compensation.admin.access import needs
from compensation.models import Member
from config.common.errors import DomainError, Invalid
from config.common.registry import Page
from config.common.screens import StaffRequest, page
from surveys.admin.campaigns import remarks
from surveys.campaigns import commands, figures, judging
from surveys.campaigns.queries import preview
from surveys.campaigns.rules import MOVES
from surveys.invitations import wording
from surveys.models import (
    AskChannel,
    Campaign,
    CampaignState,
    Invitation,
    Occasion,
    Skip,
    SkipReason,
    SurveyTerms,
    Waiting,
)
from surveys.results.dimensions import CHANNELS
from surveys.results.reach import narrow_for

VIEW, CHANGE, TERMS = (
    "surveys.view_campaign",
    "surveys.change_campaign",
    "surveys.change_surveyterms",
)
ASKED, MEMBERS = "surveys.view_invitation", "compensation.view_member"
LATEST = 50
LATER = {
    judging.LATER_CASE: gettext_lazy("a case is open"),
    judging.LATER_QUIET: gettext_lazy("it is night"),
}
DOES = {"launch": commands.launch, "pause": commands.pause, "end": commands.end}
LANGUAGES = {"zh-hans": "中文", "en": "English"}


class TermsForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """What holds for all campaigns together."""

    class Meta:
        model = SurveyTerms
        fields = commands.TERMS
        widgets = {
            "quiet_from": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
            "quiet_until": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
            "told_at": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        }

    def clean(self) -> dict[str, Any]:
        """Refuse what would let nobody be asked, or show everything."""
        data = super().clean() or {}
        for name, least in (("most", 1), ("days", 1), ("few", 2), ("smallest_cell", 2)):
            if data.get(name) is not None and data[name] < least:
                self.add_error(name, _("At least %(number)s.") % {"number": least})
        return data


@require_GET
@needs(VIEW)
def campaign_page(request: StaffRequest, campaign_id: int) -> HttpResponse:
    """Where a campaign stands, wave by wave, and what can be done with it."""
    campaign = _campaign(campaign_id)
    state = CampaignState(campaign.state)
    allowed = MOVES[state] if request.user.has_perm(CHANGE) else set()
    waves = [
        (one, [(SkipReason(reason).label, number) for reason, number in one.not_asked.most_common()])
        for one in figures.of_waves(campaign)
    ]
    context = {
        "campaign": campaign,
        "waves": waves,
        "strata": list(campaign.strata.select_related("segment")),
        "channels": [AskChannel(one).label for one in campaign.channels] or [AskChannel.PORTAL.label],
        "missing": [
            AskChannel(one).label for one in campaign.channels if one not in judging.channels_of(campaign)
        ],
        "remarks": remarks(campaign),
        "may_launch": CampaignState.RUNNING in allowed,
        "may_pause": CampaignState.PAUSED in allowed,
        "may_end": CampaignState.ENDED in allowed,
        "is_draft": state == CampaignState.DRAFT,
        "counts": state in {CampaignState.DRAFT, CampaignState.PAUSED} and campaign.occasion != Occasion.OPEN,
        "may_see_asked": request.user.has_perm(ASKED),
        "may_change": request.user.has_perm(CHANGE),
        "may_type": request.user.has_perm("surveys.add_response"),
        "is_open": campaign.occasion == Occasion.OPEN,
        "sees_part": bool(narrow_for(request.user)),
    }
    return page(request, "surveys/campaign.html", context)


@require_GET
@needs(VIEW)
def count(request: StaffRequest, campaign_id: int) -> HttpResponse:
    """Who would be asked now, who would not, and why."""
    campaign = _campaign(campaign_id)
    try:
        counted = preview(campaign, timezone.now())
    except Invalid as error:
        return page(request, "surveys/count.html", {"refusal": str(error)})
    lines = [*counted.lines, counted.total] if len(counted.lines) > 1 else counted.lines
    context = {
        "rows": [
            {
                "line": line,
                "is_total": line is counted.total,
                "channels": [(AskChannel(one).label, n) for one, n in line.by_channel.most_common()],
                "reasons": [
                    *((LATER[one], number) for one, number in line.later.most_common()),
                    *((SkipReason(one).label, number) for one, number in line.not_asked.most_common()),
                ],
            }
            for line in lines
        ],
        "has_strata": campaign.strata.exists(),
        "total": counted.total,
    }
    return page(request, "surveys/count.html", context)


@require_POST
@needs(VIEW, CHANGE)
def move(request: StaffRequest, campaign_id: int, what: str) -> HttpResponse:
    """Launch, pause or end a campaign."""
    if what not in DOES:
        raise Http404
    campaign = _campaign(campaign_id)
    try:
        DOES[what](campaign_id=campaign.pk, actor=request.user, at=timezone.now())
    except DomainError as error:
        messages.error(request, str(error))
    return redirect("admin:survey_campaign", campaign.pk)


@require_GET
@needs(VIEW)
def message_page(request: StaffRequest, campaign_id: int) -> HttpResponse:
    """What a member would read, by channel and language; of the member that is named, or of nobody."""
    campaign, now = _campaign(campaign_id), timezone.now()
    member = None
    if request.user.has_perm(MEMBERS) and (number := request.GET.get("member", "").strip()):
        member = Member.objects.filter(external_id=number[:64], erased_at=None).select_related("tier").first()
    shown = []
    for channel in campaign.channels or [AskChannel.PORTAL]:
        texts = []
        for language, name in LANGUAGES.items():
            example = Invitation(
                member=member or Member(language=language),
                channel=channel,
                is_anonymous=campaign.is_anonymous or member is None,
                expires_at=now + timedelta(days=campaign.valid_days),
            )
            words = wording.Words(campaign, cases=(), orders=())
            with translation.override(language):
                texts.append((language, name, words.said(example), words.said(example, is_reminder=True)))
        shown.append((AskChannel(channel).label, texts))
    context = {
        "campaign": campaign,
        "shown": shown,
        "member": member,
        "asked_for": request.GET.get("member", ""),
        "may_name": request.user.has_perm(MEMBERS),
        "reminds": bool(campaign.remind_days),
    }
    return page(request, "surveys/messages.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(VIEW)
def terms_page(request: StaffRequest) -> HttpResponse:
    """What holds for all campaigns together."""
    may_save = request.user.has_perm(TERMS)
    form = TermsForm(
        request.POST if request.method == "POST" and may_save else None, instance=judging.terms()
    )
    if request.method == "POST" and form.is_valid():
        commands.save_terms(terms=form.instance, actor=request.user, at=timezone.now())
        messages.success(request, _("Kept."))
        return redirect("admin:survey_terms")
    context = {"form": form, "may_save": may_save}
    status = 200 if request.method != "POST" else 400 if may_save else 403
    return page(request, "surveys/terms.html", context, status=status)


@require_GET
@needs(ASKED, MEMBERS)
def member_page(request: StaffRequest, member_id: int) -> HttpResponse:
    """What a member was asked and when, what waits for them, and what they were not asked and why."""
    member = get_object_or_404(Member, pk=member_id)
    asked = Invitation.objects.filter(member=member).select_related("wave__campaign", "case", "order")
    skipped = Skip.objects.filter(member=member).select_related("wave__campaign")
    waiting = Waiting.objects.filter(member=member).select_related("wave__campaign")
    rows = [
        (one, CHANNELS.get(one.channel, one.channel)) for one in asked.order_by("-invited_at", "-pk")[:LATEST]
    ]
    context = {
        "member": member,
        "asked": rows,
        "skipped": skipped.order_by("-at", "-pk")[:LATEST],
        "waiting": waiting.order_by("due_at", "pk")[:LATEST],
    }
    return page(request, "surveys/member.html", context)


def fact(of: Member) -> tuple[Any, Any]:
    """The way to what a member was asked, for their page."""
    path = reverse("admin:survey_member", args=[of.pk])
    return _("Surveys"), format_html(
        '<a href="{}">{}</a>', path, _("what was asked, and what was not and why")
    )


def _campaign(campaign_id: int) -> Campaign:
    return get_object_or_404(Campaign.objects.select_related("survey", "segment"), pk=campaign_id)


ASKING_PAGES = [
    Page("survey/<int:campaign_id>/", campaign_page, "survey_campaign"),
    Page("survey/<int:campaign_id>/count/", count, "survey_count"),
    Page("survey/<int:campaign_id>/messages/", message_page, "survey_messages"),
    Page("survey/<int:campaign_id>/do/<slug:what>/", move, "survey_move"),
    Page("survey/terms/", terms_page, "survey_terms"),
    Page("survey/member/<int:member_id>/", member_page, "survey_member"),
]
