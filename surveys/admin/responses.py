"""What members answered, within the departments that a person may see.

Anonymous responses are a list of their own, in the order of drawn numbers and without week, stratum and
channel. Those of weeks that are not told of yet are left out: who looks again after an answer learns nothing.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from config.common.asked import id_in
from config.common.browsing import Browsed
from config.common.screens import StaffRequest
from surveys.admin.answers import rows_of
from surveys.admin.asked import OfCampaign
from surveys.admin.need_links import LINK
from surveys.models import Answer, Dimension, QuestionKind, Response, Tally
from surveys.needs.finding import RESPONSES
from surveys.responses.queries import IS_BAD
from surveys.results.asking import CODES, told_responses
from surveys.results.dimensions import CHANNELS, labels
from surveys.results.rows import FILTERS

EXCERPT, MOST = 60, 100


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
        return queryset.filter(pk__in=Answer.objects.filter(IS_BAD).values("response"))


class Anonymous(admin.SimpleListFilter):
    """Those of anonymous campaigns, which stand apart."""

    title = _("anonymous")
    parameter_name = "anonymous"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, object]]:  # type: ignore[override]  # noqa: ARG002 - Django's
        """Only one choice."""
        return [("1", _("anonymous only"))]

    def choices(self, changelist: Any) -> Iterator[Any]:
        """The others are those with a name."""
        for choice in super().choices(changelist):
            yield choice if choice["query_string"].find("anonymous=") >= 0 else {
                **choice, "display": _("with a name")
            }  # fmt: skip

    def queryset(self, request: HttpRequest, queryset: QuerySet[Response]) -> QuerySet[Response]:  # noqa: ARG002 - Django's
        """One or the other."""
        if self.value() == "1":
            return queryset.filter(is_anonymous=True).order_by("pk")
        return queryset.filter(is_anonymous=False)


class DimensionFilter(admin.SimpleListFilter):
    """By something that answers are told apart by; anonymous ones have none of it."""

    parameter_name: str

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:  # noqa: ARG002 - Django's
        """Its values among all answers, the most frequent."""
        sizes = Counter[str]()
        rows = Tally.objects.filter(dimension=self.parameter_name, question=None, row="")
        for value, n in rows.values_list("value").annotate(n=Count("*")).order_by("-n")[:MOST]:
            sizes[value] = n
        return sorted(labels(self.parameter_name, list(sizes)).items(), key=lambda one: one[1])

    def queryset(self, request: HttpRequest, queryset: QuerySet[Response]) -> QuerySet[Response]:  # noqa: ARG002 - Django's
        """Those with the value."""
        value = (self.value() or "").replace("\0", "")
        if not value:
            return queryset
        if self.parameter_name not in CODES and id_in(value) is None:
            return queryset.none()
        return queryset.filter(**{FILTERS[Dimension(self.parameter_name)]: [value], "is_anonymous": False})


class ChannelFilter(DimensionFilter):
    """By the channel that asked."""

    title = _("channel")
    parameter_name = "channel"


class SegmentFilter(DimensionFilter):
    """By segment."""

    title = _("segment")
    parameter_name = "segment"


class DepartmentFilter(DimensionFilter):
    """By department."""

    title = _("department")
    parameter_name = "department"


class AgentFilter(DimensionFilter):
    """By agent."""

    title = _("agent")
    parameter_name = "agent"


@admin.register(Response)
class ResponseAdmin(Browsed):
    """Answers, newest first."""

    list_display = ["named", "at", "campaign", "case", "member", "csat", "ces", "words", "followed"]
    list_filter = [
        OfCampaign, Unhappy, ChannelFilter, SegmentFilter, DepartmentFilter, AgentFilter, Anonymous,
    ]  # fmt: skip
    search_fields = ["=invitation__member__external_id"]
    search_help_text = _("the member's number in the shop")
    ordering = ["-at"]
    actions = ["tie_selected"]
    change_form_after_template = "surveys/needs/of_response.html"
    readonly_fields = [
        "at", "campaign", "version_asked", "case", "member", "asked_by", "all_answers", "followed",
    ]  # fmt: skip

    class Media:
        css = {"all": ["feedback/triage.css"]}

    def has_tie_permission(self, request: HttpRequest) -> bool:
        """Who says what speaks of which need."""
        return request.user.has_perm(LINK)

    @admin.action(permissions=["tie"], description=_("Say of which need selected answers speak"))
    def tie_selected(self, request: StaffRequest, queryset: QuerySet[Response]) -> HttpResponse:
        """Go on to their words and the needs."""
        ids = list(queryset.values_list("pk", flat=True)[: RESPONSES + 1])
        if len(ids) > RESPONSES:
            told = _("Only the first %(n)s are shown: do the others afterwards.") % {"n": RESPONSES}
            self.message_user(request, told, messages.WARNING)
        chosen = urlencode({"response": ids[:RESPONSES]}, doseq=True)
        return redirect(f"{reverse('admin:needs_tie')}?{chosen}")

    def get_fields(self, request: HttpRequest, obj: Response | None = None) -> list[str]:  # noqa: ARG002 - Django's
        """Of an anonymous one no more than what was asked and answered."""
        if obj is not None and obj.is_anonymous:
            return ["campaign", "version_asked", "all_answers"]
        return self.readonly_fields

    def get_queryset(self, request: StaffRequest) -> QuerySet[Response]:
        """Those about cases that this person may see, with what each row shows."""
        return (
            told_responses(request.user, timezone.now())
            .select_related(
                "wave__campaign", "version__survey", "invitation__case", "invitation__member", "follow_up"
            )
            .prefetch_related("answers__question__choices", "answers__files")
            .order_by(*self.get_ordering(request))
        )

    @admin.display(description=_("response"))
    def named(self, response: Response) -> str:
        """What leads to it."""
        return str(_("anonymous")) if response.is_anonymous else str(response.pk)

    @admin.display(description=_("version"))
    def version_asked(self, response: Response) -> str:
        """The questionnaire as it was asked."""
        return f"{response.version.heading()} ({response.version.number})"

    @admin.display(description=pgettext_lazy("invitation", "asked by"))
    def asked_by(self, response: Response) -> str:
        """The channel."""
        return str(CHANNELS.get(response.channel, response.channel))

    @admin.display(description=_("campaign"))
    def campaign(self, response: Response) -> str:
        """Which survey."""
        return str(response.wave.campaign)

    @admin.display(description=_("case"))
    def case(self, response: Response) -> str:
        """What it is about."""
        case = response.invitation.case if response.invitation else None
        if case is None:
            return "—"
        return format_html('<a href="{}">{}</a>', reverse("admin:case", args=[case.pk]), case.number)

    @admin.display(description=_("member"))
    def member(self, response: Response) -> str:
        """Who answered."""
        member = response.invitation.member if response.invitation else None
        return str(member) if member else "—"

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

    @admin.display(description=_("follow-up case"))
    def followed(self, response: Response) -> str:
        """The case that a bad answer has opened."""
        case = response.follow_up
        if case is None:
            return "—"
        return format_html('<a href="{}">{}</a>', reverse("admin:case", args=[case.pk]), case.number)

    @admin.display(description=_("answers"))
    def all_answers(self, response: Response) -> str:
        """Question by question, in the words of its version."""
        return render_to_string("surveys/results/response.html", {"said": rows_of(response)})


def _score(response: Response, kind: QuestionKind) -> str:
    scores = [answer.score for answer in response.answers.all() if answer.question.kind == kind]
    return str(scores[0]) if scores else "—"
