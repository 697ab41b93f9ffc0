from datetime import timedelta

import pgtrigger
import pytest
from django.utils import timezone

from feedback.models import Clock, Gap, ReviewDimension
from kpis.attribution import queries
from kpis.metrics.sources import Span
from kpis.models import Dimension, MetricCode
from surveys.models import Question, QuestionKind, Section
from tests.factories.compensation import T0
from tests.factories.feedback import DepartmentFactory
from tests.factories.kpis import make_answer, make_clock, make_promised_order
from tests.factories.questionnaires import launched, one
from tests.factories.results import given

pytestmark = [pytest.mark.django_db, pytest.mark.req("K5")]


@pytest.fixture
def at():
    return timezone.now()


@pytest.fixture
def span(at):
    return Span(at - timedelta(days=3), at + timedelta(days=3))


@pytest.fixture
def ours(at):
    return DepartmentFactory(name="客服部")


def case_of(answer):
    return answer.response.invitation.case


def late(answer, *, at, order=None):
    """Let what the answer is about have been delivered late, known at some moment."""
    order = order or make_promised_order(due_at=at, late=True)
    case = case_of(answer)
    case.order = order
    case.save(update_fields=["order"])
    Gap.objects.filter(order=order).update(detected_at=at)
    return order


def drivers_of(span, of=None):
    """The drivers of each answer of CSAT, tiers and categories aside."""
    found = queries.groups(MetricCode.CSAT, span, of=of or {})
    return sorted(
        (one.value, one.n, sorted(name for name in one.drivers if not name.startswith(("tier", "category"))))
        for one in found
    )


def test_gaps_and_breaches_before_the_answer_are_its_drivers(ours, at, span):
    make_answer(ours, 5, at=at)
    bad = make_answer(ours, 1, at=at)
    late(bad, at=at - timedelta(hours=5))
    clock = make_clock(ours, due_at=at - timedelta(hours=9))
    Clock.objects.filter(pk=clock.pk).update(case=case_of(bad))
    assert drivers_of(span) == [(1.0, 1, ["clock:first_reply", "gap:delivery"]), (5.0, 1, [])]


def test_what_came_after_the_answer_or_was_withdrawn_is_none(ours, at, span):
    late(make_answer(ours, 2, at=at), at=at + timedelta(hours=1))
    order = late(make_answer(ours, 2, at=at), at=at - timedelta(hours=1))
    Gap.objects.filter(order=order).update(withdrawn_at=at)
    assert drivers_of(span) == [(2.0, 2, [])]


def test_answers_that_are_alike_come_together(ours, at, span):
    for _ in range(3):
        make_answer(ours, 4, at=at)
    assert drivers_of(span) == [(4.0, 3, [])]


def test_each_answer_has_one_tier_and_one_category(ours, at, span):
    late(make_answer(ours, 4, at=at), at=at)
    make_answer(ours, 4, at=at)
    for group in queries.groups(MetricCode.CSAT, span, of={}):
        for kind in ("tier:", "category:"):
            assert sum(name.startswith(kind) for name in group.drivers) == 1


def test_choices_are_reasons_and_those_asked_because_of_the_score_come_apart():
    after = {"all": [{"of": "answer", "name": "csat", "is": "at_most", "value": 2}]}
    asks = launched(
        one(QuestionKind.CSAT, "csat"),
        one(QuestionKind.MULTIPLE, "what", ["slow", "rude"], is_required=False),
        one(QuestionKind.SINGLE, "why", ["price", "look"], show_if=after, is_required=False),
    )
    given(asks, csat=1, what=["slow", "rude"], why="price")
    survey = asks.survey_id
    names = [f"after:{survey}.why.price", f"reason:{survey}.what.rude", f"reason:{survey}.what.slow"]
    assert drivers_of(Span(T0 - timedelta(1), T0 + timedelta(1))) == [(1.0, 1, names)]
    assert queries.labels(names)[names[1]] == "rude"


def test_what_a_whole_section_asks_because_of_the_score_comes_apart_too():
    after = {"all": [{"of": "answer", "name": "csat", "is": "at_most", "value": 2}]}
    asks = launched(
        one(QuestionKind.CSAT, "csat"),
        one(QuestionKind.SINGLE, "why", ["price", "look"], is_required=False),
    )
    with pgtrigger.ignore():  # a version never changes once it is launched
        question = Question.objects.get(code="why", version__survey=asks.survey)
        question.section = Section.objects.create(
            version=question.version, position=9, title="x", show_if=after
        )
        question.save(update_fields=["section"])
    given(asks, csat=1, why="price")
    span = Span(T0 - timedelta(1), T0 + timedelta(1))
    assert drivers_of(span) == [(1.0, 1, [f"after:{asks.survey_id}.why.price"])]


def test_only_the_answers_of_the_departments_asked_for(ours, at, span):
    make_answer(ours, 5, at=at)
    make_answer(DepartmentFactory(), 1, at=at)
    assert drivers_of(span, {Dimension.DEPARTMENT: [str(ours.pk)]}) == [(5.0, 1, [])]


def test_the_answers_behind_a_driver_are_as_many_as_it_counts(ours, at, span):
    bad, worse = make_answer(ours, 2, at=at), make_answer(ours, 1, at=at)
    make_answer(ours, 5, at=at)
    for answer in (bad, worse):
        late(answer, at=at - timedelta(hours=1))

    def behind(**only):
        return set(queries.having(MetricCode.CSAT, span, of={}, driver="gap:delivery", **only))

    assert behind() == {bad, worse}
    assert behind(values=[1]) == {worse}
    assert behind(values=[1, 2]) == {bad, worse}
    assert list(queries.having(MetricCode.CSAT, span, of={}, driver="gap:'; DROP TABLE x; --")) == []


def test_drivers_are_called_by_their_words(ours, at):
    dimension = ReviewDimension.objects.create(code="speed", name="速度")
    odd = ["odd", "reason:", "reason:x.y.z", "reason:1.y", f"reason:{9**30}.y.z", "after:²..", "tier:\x00"]
    found = queries.labels(["gap:delivery", "review:speed", "need:gone", *odd])
    assert found["review:speed"] == str(dimension)
    assert found["need:gone"] == "need:gone"
    assert all(found[name] == name for name in odd)
    assert found["gap:delivery"] != "gap:delivery"


def test_one_statement_however_many_answers(ours, at, span, django_assert_num_queries):
    for score in (1, 3, 5):
        make_answer(ours, score, at=at)
    with django_assert_num_queries(1):
        queries.groups(MetricCode.CSAT, span, of={})


def test_who_answered_several_times_is_told_apart(ours, at, span):
    answers = [make_answer(ours, 4, at=at) for _ in range(4)]
    member = case_of(answers[0]).member
    for each in answers[:2]:
        type(each.response.invitation).objects.filter(pk=each.response.invitation_id).update(member=member)
    found = queries.groups(MetricCode.CSAT, span, of={})
    assert sorted((one.n, one.member) for one in found if one.member) == [(2, member.pk)]
    assert sum(one.n for one in found if not one.member) == 2


def test_who_is_unknown_is_somebody_else_each_time(ours, at, span):
    for _ in range(3):
        answer = make_answer(ours, 4, at=at)
        type(answer.response.invitation).objects.filter(pk=answer.response.invitation_id).update(
            member=None, way="link"
        )
    assert [(one.n, one.member) for one in queries.groups(MetricCode.CSAT, span, of={})] == [(3, None)]
