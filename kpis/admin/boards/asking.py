"""What an address asks of a dashboard: which days, whose, narrowed to what."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from config.common.asked import within_years
from config.common.models import User
from config.common.screens import StaffRequest
from feedback.models import Department
from feedback.org.queries import SEE_ALL
from kpis.boards.figures import Where
from kpis.boards.periods import LONGEST, Days, Named, named
from kpis.metrics.naming import names
from kpis.models import Dimension, MetricCode, Snapshot
from kpis.models.metric import KEY
from kpis.snapshots.queries import SEE_COMPANY

SEES = "feedback.see_board"
PERIODS: Sequence[tuple[str, str | Promise]] = (
    (Named.WEEK, _("7 days")),
    (Named.MONTH, _("30 days")),
    (Named.SEASON, _("90 days")),
    (Named.THIS_MONTH, _("this month")),
    (Named.LAST_MONTH, _("last month")),
    (Named.THIS_QUARTER, _("this quarter")),
    (Named.LAST_QUARTER, _("last quarter")),
    (Named.YEAR, _("52 weeks")),
)
NARROWED_BY = (
    Dimension.CHANNEL,
    Dimension.CATEGORY,
    Dimension.TIER,
    Dimension.SEGMENT,
    Dimension.REGION,
)
TELLING = (MetricCode.SLA, MetricCode.GAP_RATE)
"""Figures whose keys are offered."""
OFFERED_DAYS = 60


class BoardForm(forms.Form):
    """What a dashboard is narrowed to."""

    period = forms.ChoiceField(label=_("period"), required=False, choices=PERIODS)
    start = forms.DateField(
        label=_("or from"),
        required=False,
        validators=[within_years],
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    end = forms.DateField(
        label=_("up to and with"),
        required=False,
        validators=[within_years],
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    department = forms.ModelChoiceField(
        Department.objects.none(), label=_("department"), required=False, empty_label=_("all")
    )
    narrow = forms.CharField(label=_("only"), required=False, max_length=KEY + 12)

    def __init__(self, asked: Any, *, departments: QuerySet[Department] | None, today: date) -> None:
        super().__init__({"period": Named.MONTH, **asked.dict()})
        self.today = today
        if departments is None:
            del self.fields["department"]
        else:
            self.fields["department"].queryset = departments  # type: ignore[attr-defined]  # a ModelChoiceField
        self.fields["narrow"].widget = forms.Select(choices=offered(asked.get("narrow", ""), today))

    def clean_period(self) -> str:
        """The last 30 days unless asked otherwise."""
        return self.cleaned_data["period"] or Named.MONTH

    def clean_narrow(self) -> tuple[Dimension, str]:
        """A dimension and a key of it."""
        by, _colon, key = self.cleaned_data["narrow"].partition(":")
        if not by:
            return Dimension.WHOLE, ""
        if by not in NARROWED_BY or not key or len(key) > KEY:
            raise forms.ValidationError(_("Choose what to narrow the figures to from the list."))
        return Dimension(by), key

    def clean(self) -> None:
        """Keep the time forward, with both ends, and short enough."""
        start, end = self.cleaned_data.get("start"), self.cleaned_data.get("end")
        if "start" in self.errors or "end" in self.errors:
            return
        if bool(start) is not bool(end):
            self.add_error("end" if start else "start", _("Choose both ends of the time."))
        if start and end and not 0 <= (end - start).days < LONGEST:
            self.add_error("end", _("Choose a time of one day up to one year."))

    @property
    def days(self) -> Days:
        """The days that are asked for."""
        asked = self.cleaned_data
        if asked["start"]:
            return Days(asked["start"], asked["end"])
        return named(Named(asked["period"]), self.today)


def offered(asked: str, today: date) -> list[tuple[str, Any]]:
    """What figures can be narrowed to, by dimension, and what is asked for. A query, and two for names."""
    rows = Snapshot.objects.filter(
        metric__in=TELLING, dimension__in=NARROWED_BY, day__range=(today - timedelta(OFFERED_DAYS), today)
    )
    keys: dict[str, set[str]] = {one: set() for one in NARROWED_BY}
    for by, key in rows.values_list("dimension", "key").distinct():
        keys[by].add(key)
    by, _colon, key = asked.partition(":")
    if by in keys and key and len(key) <= KEY and "\0" not in key:
        keys[by].add(key)
    found: list[tuple[str, Any]] = [("", _("everything"))]
    for one in NARROWED_BY:
        known = names(one, keys[one])
        if known:
            choices = [
                (f"{one.value}:{key}", name) for key, name in sorted(known.items(), key=lambda x: x[1])
            ]
            found.append((str(one.label), choices))
    return found


def form_of(request: StaffRequest, departments: QuerySet[Department] | None) -> BoardForm:
    """What the address asks for; with departments one of them may be chosen."""
    return BoardForm(request.GET, departments=departments, today=timezone.localdate())


@dataclass(frozen=True, slots=True)
class Asked:
    """What a dashboard is of."""

    days: Days
    where: Where
    today: date

    @property
    def query(self) -> dict[str, Any]:
        """The same as the address of a page of dashboards asks it."""
        found: dict[str, Any] = {"start": self.days.first, "end": self.days.last}
        if self.where.departments is not None and len(self.where.departments) == 1:
            found["department"] = self.where.departments[0]
        if self.where.by:
            found["narrow"] = f"{self.where.by.value}:{self.where.key}"
        return found

    def rows(self, **more: Any) -> str:
        """What is asked of the page of rows; `start` and `end` may be others."""
        query: dict[str, Any] = {"start": self.days.first, "end": self.days.last}
        if self.where.departments is not None:
            one = len(self.where.departments) == 1
            query |= {"department": self.where.departments[0]} if one else {"mine": 1}
        if self.where.by:
            query |= {"by": self.where.by.value, "key": self.where.key}
        if self.where.product is not None:
            query["product"] = self.where.product
        return urlencode({**query, **more})


def asked_of(form: BoardForm, departments: tuple[int, ...] | None) -> Asked:
    """What a form that is in order asks for, of departments or, without any said, of the whole."""
    by, key = form.cleaned_data["narrow"]
    return Asked(form.days, Where(departments, by, key), form.today)


def whose(user: User, departments: Sequence[Department], only: Department | None) -> tuple[int, ...] | None:
    """The departments that a page is of; None is the whole: analysts have none of their own."""
    if only is not None:
        return (only.pk,)
    sees_all = user.has_perm(SEE_ALL) or (not departments and user.has_perm(SEE_COMPANY))
    return None if sees_all else tuple(one.pk for one in departments)
