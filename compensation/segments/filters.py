"""The filter over members that a segment saves: every criterion, how it is typed, and what it asks for."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils.dates import MONTHS
from django.utils.translation import gettext_lazy as _
from django_filters import (
    BaseInFilter,
    CharFilter,
    ChoiceFilter,
    FilterSet,
    MultipleChoiceFilter,
    NumberFilter,
)

from compensation.models import Account, AccountKind, Coupon, Member, MemberFigures, Tier, Unit
from config.common.money import fen_from_yuan

YEAR = timedelta(days=365)
MOST_DAYS, MOST = 36_500, 2**31 - 1
MOST_WORDS, LONGEST_WORD = 50, 80

Rows = QuerySet[Member]


class Words(BaseInFilter, CharFilter):
    """Several words, separated by commas of either kind."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, distinct=False, help_text=_("Several with commas between."), **kwargs)


def _tiers() -> list[tuple[str, str]]:
    return [(tier.code, str(tier)) for tier in Tier.objects.order_by("rank")]


def _whole(label: Any, method: str, *, most: int = MOST, least: int = 0) -> NumberFilter:
    """A whole number within what makes sense."""
    return NumberFilter(
        label=label, method=method, decimal_places=0, min_value=least, max_value=most,
        widget=forms.NumberInput(attrs={"inputmode": "numeric", "min": least, "max": most}),
    )  # fmt: skip


def _yuan(label: Any, method: str) -> NumberFilter:
    """An amount in yuan."""
    return NumberFilter(
        label=label, method=method, min_value=0, max_value=Decimal(10**9), decimal_places=2,
        widget=forms.NumberInput(attrs={"inputmode": "decimal", "min": 0, "step": "0.01"}),
    )  # fmt: skip


PAIRS = [
    ("registered_from", "registered_to"),
    ("orders_from", "orders_to"),
    ("last_order_from", "last_order_to"),
    ("year_from", "year_to"),
    ("spent_from", "spent_to"),
    ("points_from", "points_to"),
]
"""Lower and upper ends of one criterion: the second must not be below the first."""


class SegmentForm(forms.Form):
    """What is typed: an upper end below the lower one would find nobody, and is refused."""

    def clean(self) -> dict[str, Any]:
        """Compare the two ends of each criterion."""
        data = super().clean() or {}
        for low, high in PAIRS:
            if data.get(low) is not None and data.get(high) is not None and data[high] < data[low]:
                self.add_error(high, _("This is less than the lower end."))
        for name in ("region", "city", "category"):
            words = data.get(name) or []
            if len(words) > MOST_WORDS or any(len(word) > LONGEST_WORD for word in words):
                self.add_error(name, _("At most 50 names of 80 characters each."))
        return data


class MemberFilter(FilterSet):
    """Members by what they are and what they bought, as of a moment. Whoever was erased is in no segment."""

    tier = MultipleChoiceFilter(
        label=_("tier"), choices=_tiers, method="by_tier", widget=forms.CheckboxSelectMultiple
    )
    registered_from = _whole(_("registered at least (days ago)"), "by_registered_from", most=MOST_DAYS)
    registered_to = _whole(_("registered at most (days ago)"), "by_registered_to", most=MOST_DAYS)
    orders_from = _whole(_("orders, at least"), "by_orders_from")
    orders_to = _whole(_("orders, at most"), "by_orders_to")
    last_order_from = _whole(_("last order at least (days ago)"), "by_last_order_from", most=MOST_DAYS)
    last_order_to = _whole(_("last order at most (days ago)"), "by_last_order_to", most=MOST_DAYS)
    year_from = _yuan(_("spent in 365 days, at least (yuan)"), "by_year_from")
    year_to = _yuan(_("spent in 365 days, at most (yuan)"), "by_year_to")
    top_percent = _whole(_("among the best (percent) by spending in 365 days"), "by_top", least=1, most=100)
    spent_from = _yuan(_("spent in all, at least (yuan)"), "by_spent_from")
    spent_to = _yuan(_("spent in all, at most (yuan)"), "by_spent_to")
    points_from = _whole(_("points, at least"), "by_points_from")
    points_to = _whole(_("points, at most"), "by_points_to")
    coupons_used = _whole(_("coupons used in 365 days, at least"), "by_coupons_used", least=1, most=10_000)
    category = Words(label=_("bought in 365 days, of the categories"), method="by_category")
    region = Words(label=_("region"), method="by_region")
    city = Words(label=_("city"), method="by_city")
    birthday_month = MultipleChoiceFilter(
        label=_("birthday in"),
        choices=[(str(number), name) for number, name in MONTHS.items()],
        method="by_birthday_month",
        widget=forms.CheckboxSelectMultiple,
    )
    consent = ChoiceFilter(
        label=_("consents to marketing"),
        choices=[("yes", _("yes")), ("no", _("no"))],
        method="by_consent",
        empty_label=_("either"),
    )
    reachable = ChoiceFilter(
        label=_("can be reached"),
        choices=[("email", _("by e-mail")), ("sms", _("by text message")), ("any", _("by either"))],
        method="by_reachable",
        empty_label=_("any"),
    )

    class Meta:
        model = Member
        fields: list[str] = []
        form = SegmentForm

    def __init__(self, data: Any, queryset: Rows, *, at: datetime) -> None:
        super().__init__(data, queryset)
        self.at = at

    def _ago(self, days: Decimal) -> datetime:
        return self.at - timedelta(days=int(days))

    def by_tier(self, rows: Rows, _name: str, value: list[str]) -> Rows:
        """In one of the tiers."""
        return rows.filter(tier__in=list(Tier.objects.filter(code__in=value).values_list("pk", flat=True)))

    def by_registered_from(self, rows: Rows, _name: str, value: Decimal) -> Rows:
        """Not after so many days ago."""
        return rows.filter(registered_at__lte=self._ago(value))

    def by_registered_to(self, rows: Rows, _name: str, value: Decimal) -> Rows:
        """Not before so many days ago."""
        return rows.filter(registered_at__gte=self._ago(value))

    def by_orders_from(self, rows: Rows, _name: str, value: Decimal) -> Rows:
        """So many orders or more."""
        return rows.filter(figures__orders__gte=int(value))

    def by_orders_to(self, rows: Rows, _name: str, value: Decimal) -> Rows:
        """So many orders or fewer."""
        return rows.filter(figures__orders__lte=int(value))

    def by_last_order_from(self, rows: Rows, _name: str, value: Decimal) -> Rows:
        """Ordered before, but not since so many days ago."""
        return rows.filter(figures__last_order_at__lte=self._ago(value))

    def by_last_order_to(self, rows: Rows, _name: str, value: Decimal) -> Rows:
        """Ordered since so many days ago."""
        return rows.filter(figures__last_order_at__gte=self._ago(value))

    def by_year_from(self, rows: Rows, _name: str, value: Decimal) -> Rows:
        """Spent so much or more in the last 365 days."""
        return rows.filter(figures__year_fen__gte=fen_from_yuan(value))

    def by_year_to(self, rows: Rows, _name: str, value: Decimal) -> Rows:
        """Spent so much or less in the last 365 days."""
        return rows.filter(figures__year_fen__lte=fen_from_yuan(value))

    def by_top(self, rows: Rows, _name: str, value: Decimal) -> Rows:
        """Spent as much as the best so many percent of all members, and something at all."""
        ranked = MemberFigures.objects.order_by("-year_fen").values_list("year_fen", flat=True)
        place = -(-MemberFigures.objects.count() * int(value) // 100)
        least = next(iter(ranked[max(place, 1) - 1 : max(place, 1)]), 0)
        return rows.filter(figures__year_fen__gte=max(least, 1))

    def by_spent_from(self, rows: Rows, _name: str, value: Decimal) -> Rows:
        """Spent so much or more in all."""
        return rows.filter(figures__spent_fen__gte=fen_from_yuan(value))

    def by_spent_to(self, rows: Rows, _name: str, value: Decimal) -> Rows:
        """Spent so much or less in all."""
        return rows.filter(figures__spent_fen__lte=fen_from_yuan(value))

    def by_points_from(self, rows: Rows, _name: str, value: Decimal) -> Rows:
        """So many points or more, pending ones too."""
        most = self.form.cleaned_data.get("points_to")
        upto = {} if most is None else {"balance__lte": int(most)}
        return rows.filter(pk__in=_with_points(balance__gte=int(value), **upto)) if value else rows

    def by_points_to(self, rows: Rows, _name: str, value: Decimal) -> Rows:
        """So many points or fewer; who has no account has none."""
        if self.form.cleaned_data.get("points_from"):  # it has looked at both ends
            return rows
        more = Account.objects.filter(
            kind=AccountKind.MEMBER, unit=Unit.POINTS, member=OuterRef("pk"), balance__gt=int(value)
        )
        return rows.filter(~Exists(more))

    def by_coupons_used(self, rows: Rows, _name: str, value: Decimal) -> Rows:
        """Used so many coupons or more in the last 365 days."""
        used = Coupon.objects.filter(redeemed_at__gt=self.at - YEAR, redeemed_at__lte=self.at)
        often = used.order_by().values("member").annotate(used=Count("pk")).filter(used__gte=int(value))
        return rows.filter(pk__in=often.values("member"))

    def by_category(self, rows: Rows, _name: str, value: list[str]) -> Rows:
        """Bought something of one of the categories in the last 365 days."""
        return rows.filter(figures__categories__overlap=value)

    def by_region(self, rows: Rows, _name: str, value: list[str]) -> Rows:
        """In one of the regions."""
        return rows.filter(region__in=value)

    def by_city(self, rows: Rows, _name: str, value: list[str]) -> Rows:
        """In one of the cities."""
        return rows.filter(city__in=value)

    def by_birthday_month(self, rows: Rows, _name: str, value: list[str]) -> Rows:
        """Born in one of the months."""
        return rows.filter(birthday__month__in=[int(month) for month in value])

    def by_consent(self, rows: Rows, _name: str, value: str) -> Rows:
        """Whether marketing is allowed by the shop's record."""
        return rows.filter(consent_marketing=value == "yes")

    def by_reachable(self, rows: Rows, _name: str, value: str) -> Rows:
        """Has an address that works, or a phone."""
        by_letter, by_phone = ~Q(email="") & Q(email_failed_at=None), ~Q(phone="")
        return rows.filter({"email": by_letter, "sms": by_phone}.get(value, by_letter | by_phone))


def _with_points(**held: int) -> QuerySet[Account, int]:
    accounts = Account.objects.filter(kind=AccountKind.MEMBER, unit=Unit.POINTS, **held)
    return accounts.values_list("member", flat=True)
