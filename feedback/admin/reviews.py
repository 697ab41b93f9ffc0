"""Reviews, and the shop's answers to them."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Case, Exists, F, OuterRef, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET
from unfold.contrib.filters.admin import DropdownFilter

from config.common.browsing import Browsed
from config.common.errors import DomainError
from config.common.models import User
from config.common.registry import MenuItem, Page
from config.common.screens import StaffRequest
from feedback.admin.access import needs
from feedback.admin.moderation import MODERATES, MODERATION_MENU, MODERATION_PAGES, PICKS
from feedback.admin.replies import REPLY_MENU, REPLY_PAGES
from feedback.admin.reply_figures import REPLY_FIGURES_MENU, REPLY_FIGURES_PAGES
from feedback.admin.reply_rules import RULE_OF_REPLY_MENU, RULE_OF_REPLY_PAGES
from feedback.admin.rewards import REWARD_PAGES
from feedback.admin.triage_filters import AspectFilter, FeelingFilter
from feedback.admin.voice import VOICE_MENU, VOICE_PAGES
from feedback.channels import places
from feedback.models import Clock, Reply, Review
from feedback.moderation import commands as moderation
from feedback.reviews import queries as reviews
from feedback.rewards import commands as rewards

REPLY = "feedback.add_reply"


class PromisedFilter(DropdownFilter):
    """Whether an answer is promised and still to come."""

    title = _("promised answer")
    parameter_name = "promised"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:  # noqa: ARG002 - Django's
        """Give both."""
        return [("open", _("still to come")), ("late", _("late"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Review]) -> QuerySet[Review]:  # noqa: ARG002
        """Narrow down."""
        if self.value() not in {"open", "late"}:
            return queryset
        promised = reviews.promised(timezone.now() if self.value() == "late" else None)
        return queryset.filter(pk__in=promised)


class AnsweredFilter(DropdownFilter):
    """Whether the shop has answered."""

    title = _("answer")
    parameter_name = "answered"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:  # noqa: ARG002 - Django's
        """Give both."""
        return [("no", _("unanswered")), ("yes", _("answered"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Review]) -> QuerySet[Review]:  # noqa: ARG002
        """Narrow down."""
        if self.value() not in {"no", "yes"}:
            return queryset
        answered = Exists(Reply.objects.filter(review=OuterRef("pk")).exclude(public_text=""))
        return queryset.filter(answered if self.value() == "yes" else ~answered)


class RewardedFilter(DropdownFilter):
    """Whether it was rewarded."""

    title = _("rewarded")
    parameter_name = "rewarded"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:  # noqa: ARG002 - Django's
        """Give both."""
        return [("yes", _("rewarded")), ("no", _("not rewarded"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Review]) -> QuerySet[Review]:  # noqa: ARG002
        """Narrow down."""
        return queryset.filter(is_rewarded=self.value() == "yes") if self.value() else queryset


class StarsFilter(DropdownFilter):
    """How many stars."""

    title = _("stars")
    parameter_name = "stars"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ARG002 - Django's
        """One to five."""
        return [(str(stars), "★" * stars) for stars in range(1, 6)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Review]) -> QuerySet[Review]:  # noqa: ARG002
        """Narrow down."""
        stars = self.value()
        return queryset.filter(stars=int(stars)) if stars in {"1", "2", "3", "4", "5"} else queryset


@admin.register(Review)
class ReviewAdmin(Browsed):
    """What members thought of their orders."""

    list_display = [
        "written_at", "shown_stars", "product", "says", "member", "place", "is_answered", "answer_due",
        "is_rewarded",
    ]  # fmt: skip
    list_filter = [PromisedFilter, StarsFilter, AnsweredFilter, RewardedFilter, AspectFilter, FeelingFilter]
    change_form_after_template = "feedback/replies/of_review.html"
    change_form_outer_after_template = "feedback/rewards/of_review.html"
    list_select_related = ["member", "reply", "product"]
    search_fields = ["external_id"]
    search_help_text = _("the review's, the order's or the member's number in the shop")
    ordering = ["-written_at", "-pk"]
    actions = ["pick_selected", "hold_selected"]

    class Media:
        css = {"all": ["feedback/triage.css"]}

    exclude = ["source"]
    readonly_fields = [
        "place", "written_at", "shown_stars", "rated", "status", "member", "order", "voice", "title", "text",
        "video_url", "given_answer", "answer_due",
    ]  # fmt: skip

    def has_pick_permission(self, request: HttpRequest) -> bool:
        """Who says which reviews help others."""
        return request.user.has_perm(PICKS)

    @admin.action(permissions=["pick"], description=_("Pick selected reviews as helpful"))
    def pick_selected(self, request: StaffRequest, queryset: QuerySet[Review]) -> None:
        """Pick each, once; what that earns, the rules say."""
        for review in queryset:
            try:
                rewards.pick(review_id=review.pk, actor=request.user, at=timezone.now())
            except DomainError as error:
                self.message_user(request, f"{review.number}: {error}", messages.WARNING)

    def has_moderate_permission(self, request: HttpRequest) -> bool:
        """Who decides whether reviews are published."""
        return request.user.has_perm(MODERATES)

    @admin.action(permissions=["moderate"], description=_("Have a moderator look at selected reviews"))
    def hold_selected(self, request: StaffRequest, queryset: QuerySet[Review]) -> None:
        """Put public ones into the queue; what a moderator has looked at stays public."""
        for review in queryset:
            try:
                moderation.hold(
                    review_id=review.pk,
                    note=gettext("chosen from the list of reviews"),
                    actor=request.user,
                    at=timezone.now(),
                )
            except DomainError as error:
                self.message_user(request, f"{review.number}: {error}", messages.WARNING)

    def get_ordering(self, request: HttpRequest) -> list[str]:
        """Of what is to be answered, what is due first comes first."""
        return ["due", "pk"] if request.GET.get(PromisedFilter.parameter_name) else list(self.ordering)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Review]:
        """With what each row shows, and may be ordered by."""
        rows = Review.objects.select_related("member", "order", "product", "reply__user")
        names = [When(source=code, then=Value(name)) for code, name in places.names().items()]
        rows = rows.annotate(place_name=Case(*names, default=F("source")))
        return reviews.with_promises(rows).order_by(*self.get_ordering(request))

    def get_search_results(
        self,
        request: HttpRequest,  # noqa: ARG002 - Django's signature
        queryset: QuerySet[Review],
        search_term: str,
    ) -> tuple[QuerySet[Review], bool]:
        """Find by what is unique."""
        term = search_term.strip()
        if not term:
            return queryset, False
        keys = [
            key
            for field in ("external_id", "order__external_id", "member__external_id")
            for key in Review.objects.filter(**{field: term}).values_list("pk", flat=True)[:1_000]
        ]
        return queryset.filter(pk__in=keys), False

    @admin.display(description=_("stars"), ordering="stars")
    def shown_stars(self, review: Review) -> str:
        """As stars."""
        return review.shown_stars

    @admin.display(description=_("text"))
    def says(self, review: Review) -> str:
        """The beginning."""
        text = f"{review.title} {review.text}".strip()
        return text if len(text) <= 80 else f"{text[:79]}…"  # noqa: PLR2004 - a line's length

    @admin.display(description=_("written at"))
    def place(self, review: Review) -> str:
        """Where it was written, by its name."""
        return str(getattr(review, "place_name", review.source))

    @admin.display(description=_("answered"), boolean=True)
    def is_answered(self, review: Review) -> bool:
        """Whether the shop has answered."""
        return _reply_of(review) is not None

    @admin.display(description=_("answer due"), ordering="due")
    def answer_due(self, review: Review) -> str:
        """By when an answer is promised, or how that was kept; it leads to the clock's life."""
        clock: int | None = getattr(review, "clock", None)
        if clock is None:
            return "—"
        url = reverse("admin:clock", args=[clock])
        return format_html('<a href="{}">{}</a>', url, reviews.say(review, timezone.now()))

    @admin.display(description=_("product"))
    def voice(self, review: Review) -> str:
        """The product; it leads to its voice."""
        if review.product is None:
            return "—"
        return format_html(
            '<a href="{}">{}</a>', reverse("admin:voice", args=[review.product_id]), review.product
        )

    @admin.display(description=_("stars by dimension"))
    def rated(self, review: Review) -> str:
        """What was rated beside the whole."""
        scores = review.scores.select_related("dimension").order_by("dimension__position", "pk")
        return " · ".join(f"{score.dimension} {'★' * score.stars}" for score in scores) or "—"

    @admin.display(description=_("public answer"))
    def given_answer(self, review: Review) -> str:
        """The answer, and whose it is."""
        reply = _reply_of(review)
        return f"{reply.public_text} — {reply.user or gettext('by itself')}" if reply else "—"


def _reply_of(review: Review) -> Reply | None:
    reply: Reply | None = review.answer
    return reply


@require_GET
@needs(REPLY)
def to_answer(request: StaffRequest) -> HttpResponse:  # noqa: ARG001 - a view's signature
    """Lead to the reviews whose answer is promised and still to come, next due first."""
    address = reverse("admin:feedback_review_changelist")
    return redirect(f"{address}?{PromisedFilter.parameter_name}=open")


def waiting(_user: User) -> QuerySet[Clock]:
    """The answers that are promised and still to come."""
    return reviews.to_answer()


REVIEW_PAGES = [
    Page("reviews/", to_answer, "reviews_to_answer"),
    *MODERATION_PAGES,
    *REWARD_PAGES,
    *RULE_OF_REPLY_PAGES,
    *REPLY_FIGURES_PAGES,
    *REPLY_PAGES,
    *VOICE_PAGES,
]
REVIEW_MENU = [
    MenuItem(_("Reviews to answer"), "reviews_to_answer", "reviews", (REPLY,), waiting, rank=10),
    *REPLY_MENU,
    *MODERATION_MENU,
    *RULE_OF_REPLY_MENU,
    *REPLY_FIGURES_MENU,
    *VOICE_MENU,
]
