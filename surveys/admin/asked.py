"""Who was asked and who was not: lists to filter and to search by member."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from config.common.asked import id_in
from config.common.browsing import Browsed
from surveys.models import AskChannel, Campaign, Invitation, Skip, Wave
from surveys.results.dimensions import CHANNELS

PAGES = {"case": ("admin:case", _("case")), "order": ("admin:compensation_order_change", _("order"))}
"""Where what somebody was to be asked about can be seen, and what it is."""


class OfCampaign(admin.SimpleListFilter):
    """By campaign."""

    title = _("campaign")
    parameter_name = "campaign"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:  # noqa: ARG002 - Django's
        """The campaigns."""
        return [(str(campaign.pk), str(campaign)) for campaign in Campaign.objects.all()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:  # noqa: ARG002 - Django's
        """Of one campaign."""
        chosen = id_in(self.value())
        return queryset.filter(wave__campaign=chosen) if chosen is not None else queryset


class OfWave(OfCampaign):
    """By wave: those of the campaign that is chosen, and else the latest of all."""

    title = _("wave")
    parameter_name = "in_wave"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:  # noqa: ARG002 - Django's
        """The latest waves."""
        waves = Wave.objects.select_related("campaign").order_by("-opens_at", "-pk")
        chosen = id_in(request.GET.get("campaign"))
        waves = waves.filter(campaign=chosen) if chosen is not None else waves
        return [(str(wave.pk), str(wave)) for wave in waves[:20]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Skip]) -> QuerySet[Skip]:  # noqa: ARG002 - Django's
        """Of one wave."""
        chosen = id_in(self.value())
        return queryset.filter(wave=chosen) if chosen is not None else queryset


class ByChannel(admin.SimpleListFilter):
    """By the channel that asked."""

    title = _("sent by")
    parameter_name = "channel"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, object]]:  # type: ignore[override]  # noqa: ARG002 - Django's
        """All that there are."""
        return list(AskChannel.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Invitation]) -> QuerySet[Invitation]:  # noqa: ARG002 - Django's
        """By one of them."""
        return queryset.filter(channel=self.value()) if self.value() in AskChannel.values else queryset


@admin.register(Invitation)
class InvitationAdmin(Browsed):
    """Who was asked, newest first. Whether an anonymous one was answered stands nowhere."""

    list_display = ["invited_at", "wave", "member", "sent_by", "reminders", "became", "expires_at"]
    list_filter = [OfCampaign, OfWave, ByChannel]
    search_fields = ["=member__external_id"]
    search_help_text = _("the member's number in the shop")
    list_select_related = ["wave__campaign", "member"]
    ordering = ["-invited_at", "-pk"]
    fields = [
        "wave", "member", "stratum", "case", "order", "sent_by", "invited_at", "expires_at",
        "reminders", "remind_at", "delivered_at", "returned_at", "returned_why", "bounced_at",
        "opted_out_at", "became",
    ]  # fmt: skip
    readonly_fields = fields

    @admin.display(description=_("sent by"))
    def sent_by(self, invitation: Invitation) -> str:
        """The channel in words."""
        return str(CHANNELS.get(invitation.channel, invitation.channel))

    @admin.display(description=_("what became of it"))
    def became(self, invitation: Invitation) -> str:
        """Whether it was answered or came back."""
        if invitation.bounced_at:
            return str(_("could not be delivered"))
        if invitation.opted_out_at:
            return str(_("wanted no more"))
        if invitation.is_anonymous:
            return str(_("anonymous"))
        return str(_("answered")) if invitation.is_answered else str(_("not answered"))


@admin.register(Skip)
class SkipAdmin(Browsed):
    """Who was not asked, and why, newest first."""

    list_display = ["at", "wave", "member", "reason", "about"]
    list_filter = [OfCampaign, OfWave, "reason"]
    search_fields = ["=member__external_id"]
    search_help_text = _("the member's number in the shop")
    list_select_related = ["wave__campaign", "member"]
    ordering = ["-at", "-pk"]
    fields = ["at", "wave", "member", "reason", "about"]
    readonly_fields = fields

    @admin.display(description=pgettext_lazy("survey", "about"))
    def about(self, skip: Skip) -> str:
        """The case or order that it was about."""
        kind, _colon, number = skip.key.partition(":")
        if kind not in PAGES or not number.isdecimal():
            return "—"
        page, name = PAGES[kind]
        return format_html('<a href="{}">{}</a>', reverse(page, args=[number]), name)
