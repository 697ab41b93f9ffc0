from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from config.common.errors import Invalid, MoveNotAllowed, NotFound, NotPermitted
from config.common.events import timeline
from kpis.appraisals import schemes, scoring
from kpis.appraisals.schemes import Line
from kpis.models import Appraisal, JudgedBy, MetricCode, Scheme, SchemeLine, SchemeVersion
from tests.factories.appraisals import AT, LINES, MONTH, close, figure, person, scheme, scored
from tests.factories.feedback import DepartmentFactory
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("K8")]

APRIL = date(2026, 4, 1)
CSAT = LINES[0]


def put(made, lines=LINES, since=MONTH, **more):
    return schemes.set_version(
        scheme_id=made.pk, since=since, lines=lines, actor=more.pop("actor", None), at=AT, **more
    )


def test_a_version_holds_from_a_month_on_and_is_on_record():
    made = scheme()
    later = put(made, [replace(CSAT, weight=100)], since=date(2026, 5, 9))
    assert later.since == date(2026, 5, 1)
    assert scoring.version_for(made, MONTH).lines.count() == 5
    assert scoring.version_for(made, date(2026, 6, 1)) == later
    assert scoring.version_for(made, date(2026, 2, 1)) is None
    assert [event.kind for event in timeline([made])] == ["scheme.set", "scheme.set"]


def test_the_same_month_is_set_again_until_it_is_scored():
    _user, found = scored(DepartmentFactory())
    version = put(found.scheme, [replace(CSAT, weight=100)], since=APRIL)
    again = put(found.scheme, LINES, since=APRIL)
    assert not SchemeVersion.objects.filter(pk=version.pk).exists()
    assert again.lines.count() == 5
    with pytest.raises(MoveNotAllowed):
        put(found.scheme)


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [CSAT],
        [replace(CSAT, weight=101)],
        [replace(CSAT, weight=0), replace(CSAT, weight=100)],
        [replace(CSAT, weight=100, judged_by="moon")],
        [replace(CSAT, weight=100, metric="moon")],
        [replace(CSAT, weight=100, name="x")],
        [replace(CSAT, weight=100, least_n=-1)],
        [replace(CSAT, weight=100, floor=None)],
        [replace(CSAT, weight=100, floor=Decimal("NaN"))],
        [replace(CSAT, weight=100, floor=Decimal(5))],
        [replace(CSAT, weight=100, floor=CSAT.goal)],
        [replace(CSAT, weight=100, metric=MetricCode.COMPLAINT_RATE, floor=Decimal(3), goal=Decimal(1))],
        [replace(CSAT, weight=100, metric=MetricCode.FIRST_REPLY_TIME)],
        [Line(judged_by=JudgedBy.MARK, weight=100)],
        [Line(judged_by=JudgedBy.MARK, weight=100, name="a\x00")],
        [Line(judged_by=JudgedBy.MARK, weight=100, name="x", metric=MetricCode.CSAT)],
        [replace(CSAT, weight=3)] * 31,
    ],
)
def test_what_makes_no_sense_is_refused(lines):
    made = scheme()
    before = SchemeVersion.objects.get()
    with pytest.raises(Invalid):
        put(made, lines)
    assert SchemeVersion.objects.get() == before


@pytest.mark.parametrize("days", [{"appeal_days": 0}, {"decide_days": 91}, {"note": "x" * 501}])
def test_days_and_note_are_bounded(days):
    with pytest.raises(Invalid):
        put(scheme(), **days)


def test_who_sets_it_needs_the_right():
    made, department = scheme(), DepartmentFactory()
    for role in ("agent", "team_lead", "supervisor", "analyst"):
        with pytest.raises(NotPermitted):
            put(made, actor=person(department, role))
    put(made, actor=person(department, "administrator"))
    with pytest.raises(NotFound):
        schemes.set_version(scheme_id=0, since=MONTH, lines=LINES, actor=None, at=AT)


@pytest.mark.parametrize(
    "change",
    [
        lambda: SchemeLine.objects.filter(position=1).update(weight=11),
        lambda: SchemeLine.objects.filter(position=1).delete(),
        lambda: SchemeVersion.objects.create(scheme=Scheme.objects.get(), since=APRIL, set_at=AT),
    ],
)
def test_weights_are_a_hundred_whoever_writes_them(change):
    scheme()

    def until_the_end():
        with transaction.atomic():
            change()
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

    with pytest.raises(IntegrityError, match="100 in sum"):
        until_the_end()


def test_what_people_were_scored_by_stays():
    scored(DepartmentFactory())
    for change in (
        lambda: SchemeLine.objects.update(least_n=1),
        lambda: SchemeVersion.objects.update(appeal_days=1),
        lambda: SchemeLine.objects.all().delete(),
    ):
        with pytest.raises(IntegrityError, match="stays"), transaction.atomic():
            change()


def test_a_change_is_tried_on_a_closed_month_and_nothing_is_kept():
    user, found = scored(DepartmentFactory())
    before = (Appraisal.objects.count(), SchemeVersion.objects.count())
    trial = schemes.preview(found.scheme, [replace(CSAT, weight=100)], MONTH)
    assert [(one.person.agent, one.now, one.tried) for one in trial] == [
        (user.agent, Decimal("52.78"), Decimal("66.67"))
    ]
    assert (Appraisal.objects.count(), SchemeVersion.objects.count()) == before
    with pytest.raises(Invalid):
        schemes.preview(found.scheme, [CSAT], MONTH)


def test_a_scheme_is_of_people_or_of_a_department():
    with pytest.raises(IntegrityError), transaction.atomic():
        Scheme.objects.create(code="x", name="x")


@pytest.mark.django_db(transaction=True)
def test_two_who_set_the_same_month_follow_one_another():
    made = scheme()
    results = at_once(*[lambda: put(made, since=APRIL)] * 2)
    assert not refused(results)
    assert SchemeVersion.objects.filter(since=APRIL).count() == 1


@pytest.mark.django_db(transaction=True)
def test_set_and_scored_at_once_the_month_has_the_version_that_it_was_scored_by():
    user, made = person(DepartmentFactory()), scheme()
    figure(user.agent, MetricCode.CSAT, 20, 4)
    close()
    results = at_once(
        lambda: put(made, [replace(CSAT, weight=100)]),
        lambda: scoring.score_month(month=MONTH, actor=None, at=AT),
    )
    assert all(isinstance(one, MoveNotAllowed) for one in refused(results))
    assert Appraisal.objects.get().scores.get().version == SchemeVersion.objects.get()
