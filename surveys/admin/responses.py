"""What members answered, within the departments that a person may see."""

from django.contrib import admin
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _

from config.common.asked import id_in
from config.common.browsing import Browsed
from config.common.screens import StaffRequest
from surveys.campaigns.queries import visible_responses
from surveys.models import Answer, Campaign, QuestionKind, Response

EXCERPT = 60


class Unhappy(admin.SimpleListFilter):
    """Those with a score that is bad by the campaign."""

    title = _("unhappy")
    parameter_name = "unhappy"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, object]]:  # type: ignore[override]  # noqa: ARG002 - Django's
        """Only one choice."""
        return [("1", _("unhappy only"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Response]) -> QuerySet[Response]:  # noqa: ARG002 - Django's
        """With a bad score."""
        if self.value() != "1":
            return queryset
        bad = Answer.objects.filter(score__lte=F("response__invitation__campaign__bad_score"))
        return queryset.filter(pk__in=bad.values("response"))


class CampaignFilter(admin.SimpleListFilter):
    """By campaign."""

    title = _("campaign")
    parameter_name = "campaign"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:  # noqa: ARG002 - Django's
        """The campaigns."""
        return [(str(campaign.pk), str(campaign)) for campaign in Campaign.objects.all()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Response]) -> QuerySet[Response]:  # noqa: ARG002 - Django's
        """Of one campaign."""
        chosen = id_in(self.value())
        return queryset.filter(invitation__campaign=chosen) if chosen is not None else queryset


@admin.register(Response)
class ResponseAdmin(Browsed):
    """Answers, newest first."""

    list_display = ["at", "campaign", "case", "member", "csat", "ces", "words", "follow_up"]
    list_filter = [CampaignFilter, Unhappy]
    search_fields = ["=invitation__member__external_id"]
    search_help_text = _("the member's number in the shop")
    ordering = ["-at"]
    fields = ["at", "campaign", "case", "member", "all_answers", "follow_up"]
    readonly_fields = fields

    def get_queryset(self, request: StaffRequest) -> QuerySet[Response]:
        """Those about cases that this person may see, with what each row shows."""
        return (
            visible_responses(request.user)
            .select_related("invitation__campaign", "invitation__case", "invitation__member", "follow_up")
            .prefetch_related("answers__question")
            .order_by(*self.get_ordering(request))
        )

    @admin.display(description=_("campaign"))
    def campaign(self, response: Response) -> str:
        """Which survey."""
        return str(response.invitation.campaign)

    @admin.display(description=_("case"))
    def case(self, response: Response) -> str:
        """What it is about."""
        case = response.invitation.case
        if case is None:
            return "—"
        return format_html('<a href="{}">{}</a>', reverse("admin:case", args=[case.pk]), case.number)

    @admin.display(description=_("member"))
    def member(self, response: Response) -> str:
        """Who answered."""
        return str(response.invitation.member)

    @admin.display(description=_("satisfaction"))
    def csat(self, response: Response) -> str:
        """Of 5."""
        return _score(response, QuestionKind.CSAT)

    @admin.display(description=_("ease"))
    def ces(self, response: Response) -> str:
        """Of 5."""
        return _score(response, QuestionKind.CES)

    @admin.display(description=_("in words"))
    def words(self, response: Response) -> str:
        """The first words."""
        text = " ".join(answer.text for answer in response.answers.all() if answer.text)
        return text if len(text) <= EXCERPT else f"{text[:EXCERPT]}…"

    @admin.display(description=_("answers"))
    def all_answers(self, response: Response) -> str:
        """Question by question."""
        rows = sorted(response.answers.all(), key=lambda answer: answer.question.position)
        return format_html_join(
            "", "<p><b>{}</b><br>{}</p>", ((answer.question, answer.score or answer.text) for answer in rows)
        )


def _score(response: Response, kind: QuestionKind) -> str:
    scores = [answer.score for answer in response.answers.all() if answer.question.kind == kind]
    return str(scores[0]) if scores else "—"
