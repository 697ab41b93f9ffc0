"""A closed month stays, whatever comes to light; what it would be now stands beside it."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from compensation.models import Member, Segment
from config.common.errors import Invalid
from config.common.models import Event
from feedback.models import Case
from kpis.models import Correction, FigureDay, MetricCode, Snapshot
from kpis.snapshots.commands import close_month, take
from kpis.snapshots.feed import changed_days
from tests.factories.common import UserFactory
from tests.factories.compensation import MemberFactory
from tests.factories.feedback import CaseFactory
from tests.factories.kpis import make_promised_order
from tests.threads import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.req("K1")]
DAY = date(2026, 10, 18)
NOON = datetime(2026, 10, 18, 4, tzinfo=UTC)
LATER = NOON + timedelta(days=20)
TODAY = date(2026, 11, 7)


@pytest.fixture
def closed():
    make_promised_order(due_at=NOON + timedelta(days=3))
    CaseFactory(opened_at=NOON)
    boss = UserFactory()
    assert close_month(month=DAY, actor=boss, at=LATER, today=TODAY) == 31
    return boss


def now_of(model, **more):
    row = model.objects.filter(metric=MetricCode.COMPLAINT_RATE, dimension="", day=DAY, **more).latest("pk")
    return row.n, row.total


def test_what_comes_to_light_later_is_kept_beside_the_figure(closed):
    CaseFactory(opened_at=NOON)
    take(first=DAY, last=DAY, at=LATER)
    assert now_of(Snapshot) == (1, 1)
    assert now_of(Correction) == (1, 2)
    held = Correction.objects.count()
    take(first=DAY, last=DAY, at=LATER + timedelta(days=1))  # nothing new: nothing more is kept
    assert Correction.objects.count() == held
    CaseFactory(opened_at=NOON)
    take(first=DAY, last=DAY, at=LATER + timedelta(days=2))
    assert now_of(Correction) == (1, 3)


def test_what_vanishes_later_is_a_correction_to_nothing(closed):
    Case.objects.update(opened_at=NOON - timedelta(days=40))
    take(first=DAY, last=DAY, at=LATER)
    assert (now_of(Snapshot), now_of(Correction)) == ((1, 1), (1, 0))


def test_back_to_what_was_closed_is_a_correction_too(closed):
    more = CaseFactory(opened_at=NOON)
    take(first=DAY, last=DAY, at=LATER)
    Case.objects.filter(pk=more.pk).update(opened_at=LATER)
    take(first=DAY, last=DAY, at=LATER + timedelta(days=1))
    assert now_of(Correction) == (1, 1)


def test_the_database_itself_keeps_closed_figures(closed):
    row = Snapshot.objects.filter(day=DAY).first()
    for change in (
        lambda: Snapshot.objects.filter(pk=row.pk).update(total=99),
        lambda: Snapshot.objects.filter(pk=row.pk).delete(),
        lambda: Snapshot.objects.create(
            metric=MetricCode.CSAT, dimension="tier", key="x", day=DAY, n=1, total=1, computed_at=LATER
        ),
    ):
        with pytest.raises(IntegrityError, match="closed day"), transaction.atomic():
            change()


def test_closing_again_changes_nothing(closed):
    first = FigureDay.objects.get(day=DAY).closed_at
    assert close_month(month=DAY, actor=closed, at=LATER + timedelta(days=1), today=TODAY) == 0
    assert FigureDay.objects.get(day=DAY).closed_at == first
    assert Event.objects.filter(kind="figures.closed").count() == 1


def test_a_month_that_is_not_over_stays_open():
    with pytest.raises(Invalid):
        close_month(month=TODAY, actor=None, at=LATER, today=TODAY)
    assert not FigureDay.objects.exists()


def test_who_follows_the_versions_is_told_that_a_day_was_closed(closed):
    CaseFactory(opened_at=NOON + timedelta(days=31))
    take(first=DAY + timedelta(days=31), last=DAY + timedelta(days=31), at=LATER)
    known = changed_days().latest("version").version
    before = DAY - timedelta(days=40)
    take(first=before, last=before, at=LATER)
    close_month(month=before, actor=closed, at=LATER, today=TODAY)
    told = changed_days().filter(version__gt=known).order_by("version")
    assert [one.day.month for one in told] == [9] * 30
    assert [one.day for one in told] == sorted(one.day for one in told)
    assert all(one.closed_at for one in told)


def test_who_moves_or_changes_segments_corrects_nothing_that_is_closed():
    Segment.objects.create(code="here", name="本地", filters={"region": "上海"})
    case = CaseFactory(opened_at=NOON, member=MemberFactory(region="上海"))
    order = make_promised_order(due_at=NOON, late=True)
    close_month(month=DAY, actor=UserFactory(), at=LATER, today=TODAY)
    assert Snapshot.objects.filter(dimension="segment", key="here").exists()
    Member.objects.filter(pk=case.member_id).update(region="北京")
    take(first=DAY, last=DAY, at=LATER)
    assert not Correction.objects.exists()
    type(order).objects.filter(pk=order.pk).update(region="北京")  # the parcel went elsewhere: a fact
    take(first=DAY.replace(day=1), last=DAY.replace(day=31), at=LATER)
    assert set(Correction.objects.values_list("dimension", flat=True)) == {"region"}


@pytest.mark.django_db(transaction=True)
def test_of_two_who_close_a_month_one_does():
    CaseFactory(opened_at=NOON)
    boss = UserFactory()
    found = at_once(*[lambda: close_month(month=DAY, actor=boss, at=LATER, today=TODAY)] * 3)
    assert sorted(found) == [0, 0, 31]
    assert Event.objects.filter(kind="figures.closed").count() == 1
    assert not Correction.objects.exists()
