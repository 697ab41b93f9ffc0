"""What members hear and get: the first answer, the statement, answers to all, the batch, the all-clear."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from compensation.batches import commands as batches
from compensation.batches.running import finish, run_chunk
from compensation.models import Batch, Coupon, Grant, Notice
from config.common.errors import Invalid, KeyReused, NotFound, NotPermitted, WrongState
from config.common.models import Event, OutboxMessage
from feedback.clocks import commands as clocks
from feedback.crises import answering, clearing, commands, joining, making_good, report, running, statements
from feedback.crises.statements import Words
from feedback.models import (
    BulkResult,
    BulkRun,
    Case,
    Clock,
    CrisisBatch,
    CrisisCase,
    CrisisRun,
    Message,
    Statement,
    Template,
)
from tests.factories.batches import approver, terms
from tests.factories.compensation import T0, MemberFactory, OrderFactory
from tests.factories.crises import DAY, HOUR, department_of, opened, plan, supervisor
from tests.factories.feedback import CaseFactory, DepartmentFactory
from tests.factories.sop import make_policy
from tests.threads import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.req("F22")]
AT = T0 + HOUR
HOSTILE = "<script>alert(1)</script>{{ member.name }}{% debug %}"


@pytest.fixture
def template():
    Template.objects.create(
        code="storm",
        language="zh-hans",
        problem="late",
        name="暴雨",
        body="{{ member.name }}您好，{{ case.number }}已收到。",
    )
    return Template.objects.create(
        code="storm",
        language="en",
        problem="late",
        name="Storm",
        body="Dear {{ member.name }}, we know of {{ case.number }}.",
    )


def mine(user, **given):
    return CaseFactory(department=department_of(user), **given)


def settled(batch):
    batch = batches.ask(batch_id=batch.pk, content_hash=batch.content_hash, actor=batch.created_by, at=AT)
    batch = batches.approve(batch_id=batch.pk, content_hash=batch.content_hash, actor=approver(), at=AT)
    ran(batch)
    return batch


def ran(batch, at=AT):
    while run_chunk(batch_id=batch.pk, at=at):
        pass
    finish(batch_id=batch.pk, at=at)


def test_the_first_answer_is_in_the_members_language_and_comes_once(template):
    chinese = CaseFactory(member__name="李雷", member__language="zh-hans")
    english = CaseFactory(member__name="Ann", member__language="en")
    opened(answer="storm")
    joining.join_all(at=AT)
    assert answering.answer_all(at=AT) == 2
    assert answering.answer_all(at=AT) == 0
    said = dict(Message.objects.values_list("case", "body"))
    assert said == {
        chinese.pk: f"李雷您好，{chinese.number}已收到。",
        english.pk: f"Dear Ann, we know of {english.number}.",
    }
    assert Notice.objects.filter(kind="case.replied").count() == 2
    assert OutboxMessage.objects.filter(kind="member").count() == 2
    chinese.refresh_from_db()
    assert (chinese.last_author, chinese.version) == ("system", 3)


def test_the_first_answer_meets_no_clock(template):
    make_policy()
    case = CaseFactory()
    clocks.start_for_case(case, actor=None, at=T0)
    opened(answer="storm")
    joining.join_all(at=T0 + timedelta(minutes=5))
    answering.answer_all(at=T0 + timedelta(minutes=5))
    case.refresh_from_db()
    assert case.first_replied_at is None
    assert not Clock.objects.exclude(met_at=None).exists()


def test_who_was_answered_resolved_or_erased_hears_nothing_more(template):
    answered, resolved, erased, left = (CaseFactory() for _one in range(4))
    boss = supervisor()
    crisis = opened(boss, answer="storm")
    joining.join_all(at=AT)
    Case.objects.filter(pk=answered.pk).update(first_replied_at=AT)
    Case.objects.filter(pk=resolved.pk).update(status="resolved", resolution="solved", resolved_at=AT)
    erased.member.erased_at = AT
    erased.member.save()
    joining.remove(crisis_id=crisis.pk, case_id=left.pk, actor=boss, at=AT)
    answering.answer_all(at=AT)
    assert not Message.objects.exists()
    assert not CrisisCase.objects.filter(answer_due=True).exists()


def test_an_answer_chosen_later_goes_to_who_has_none_yet(template):
    boss = supervisor()
    case, crisis = mine(boss), opened(boss)
    joining.join_all(at=AT)
    assert answering.answer_all(at=AT) == 0
    crisis.refresh_from_db()
    how = plan(boss, answer="storm")
    commands.change(crisis_id=crisis.pk, plan=how, version=crisis.version, actor=boss, at=AT)
    assert answering.answer_all(at=AT) == 1
    assert Message.objects.get().case == case


def test_a_template_that_names_what_not_all_have_is_refused(template):
    template.body = "Order {{ order.number }}"
    template.save()
    with pytest.raises(Invalid):
        opened(answer="storm")


def test_a_template_put_out_of_use_sends_nothing(template):
    CaseFactory()
    opened(answer="storm")
    joining.join_all(at=AT)
    Template.objects.update(is_active=False)
    answering.answer_all(at=AT)
    assert not Message.objects.exists()


def test_many_answers_cost_as_few_statements_as_one(template):
    crisis = opened(answer="storm")

    def costs(number):
        for _one in range(number):
            CaseFactory()
        joining.join_all(at=AT)
        with CaptureQueriesContext(connection) as caught:
            assert answering.answer_next(crisis_id=crisis.pk, at=AT) == number
        return len(caught)

    assert costs(1) == costs(20)


@pytest.mark.django_db(transaction=True)
def test_two_workers_answer_each_case_once(template):
    for _one in range(4):
        CaseFactory()
    opened(answer="storm")
    joining.join_all(at=AT)
    at_once(*[lambda: answering.answer_all(at=AT)] * 3)
    answering.answer_all(at=AT)
    assert Message.objects.count() == 4


def test_statements_in_versions_one_of_them_public():
    boss = supervisor()
    crisis = opened(boss)
    for title in ("一", "二"):
        statements.write(crisis_id=crisis.pk, words=Words(title=title, body="正文"), actor=boss, at=AT)
    for number in (1, 2, 2):
        statements.publish(crisis_id=crisis.pk, number=number, actor=boss, at=AT + number * HOUR)
    assert list(Statement.objects.order_by("number").values_list("status", flat=True)) == [
        "taken_down",
        "published",
    ]
    assert [one.title for one in statements.public()] == ["二"]
    with pytest.raises(WrongState):
        statements.publish(crisis_id=crisis.pk, number=1, actor=boss, at=AT)
    with pytest.raises(NotFound):
        statements.publish(crisis_id=crisis.pk, number=9, actor=boss, at=AT)
    statements.take_down(crisis_id=crisis.pk, actor=boss, at=AT + DAY)
    assert statements.public() == []
    assert Event.objects.filter(kind="crisis.statement_published").count() == 2


def test_the_all_clear_takes_the_statement_down():
    boss = supervisor()
    crisis = opened(boss)
    statements.write(crisis_id=crisis.pk, words=Words(title="公告", body="正文"), actor=boss, at=AT)
    statements.publish(crisis_id=crisis.pk, number=1, actor=boss, at=AT)
    commands.close(crisis_id=crisis.pk, cause="x", actor=boss, at=AT + DAY)
    assert statements.public() == []
    with pytest.raises(WrongState):
        statements.write(crisis_id=crisis.pk, words=Words(title="公告", body="正文"), actor=boss, at=AT)


@pytest.mark.parametrize(
    "words",
    [
        Words(title="", body="x"),
        Words(title="x", body=" \0"),
        Words(title="长" * 121, body="x"),
        Words(title="x", body="长" * 4001),
        Words(title="x", body="x", title_en="only a title"),
        Words(title="x", body="x", for_affected="长" * 2001),
    ],
)
def test_a_statement_that_is_not_whole_is_refused(words):
    boss = supervisor()
    with pytest.raises(Invalid):
        statements.write(crisis_id=opened(boss).pk, words=words, actor=boss, at=AT)


def test_hostile_words_are_kept_as_words():
    boss = supervisor()
    words = Words(title=HOSTILE, body=HOSTILE + "\x07\r\nx", title_en="E", body_en="B")
    found = statements.write(crisis_id=opened(boss).pk, words=words, actor=boss, at=AT)
    assert (found.title, found.body) == (HOSTILE, HOSTILE + "\nx")
    with translation.override("en"):
        assert found.said("title") == "E"
    with translation.override("zh-hans"):
        assert found.said("title") == HOSTILE
    assert found.said("for_affected") == ""


def test_the_database_holds_one_published_statement():
    boss = supervisor()
    crisis = opened(boss)
    given = {"crisis": crisis, "title": "x", "body": "x", "written_by": boss, "written_at": AT}
    public = {"status": "published", "published_at": AT, "published_by": boss}
    Statement.objects.create(number=1, **given, **public)
    for number, columns in ((1, {}), (2, public), (3, {"status": "published"}), (4, {"title": ""})):
        with pytest.raises(IntegrityError), transaction.atomic():
            Statement.objects.create(**given | {"number": number} | columns)


def answers(user, crisis, key="k", doing="reply", **content):
    content = content or {"message": "{{ member.name }}您好", "message_en": "Dear {{ member.name }}"}
    return running.begin(crisis_id=crisis.pk, doing=doing, content=content, key=key, actor=user, at=AT)


def test_all_its_cases_are_answered_by_workers_each_once():
    boss = supervisor()
    cases = [mine(boss, member__language=language) for language in ("zh-hans", "en")]
    mine(boss, resolved=True)
    crisis = opened(boss)
    joining.join_all(at=AT)
    for _time in range(2):
        run = answers(boss, crisis)
    assert set(run.cases) == {case.pk for case in cases}
    for _time in range(2):
        running.go_on_all(now=lambda: AT)
    assert CrisisRun.objects.get().is_done
    assert {message.body.split("您")[0].split()[0] for message in Message.objects.all()} == {
        cases[0].member.name,
        "Dear",
    }
    assert BulkResult.objects.filter(is_done=True).count() == 2
    with pytest.raises(KeyReused):
        answers(boss, crisis, message="别的")


def test_what_another_department_has_is_refused_and_said_so():
    boss = supervisor()
    mine(boss)
    case = mine(boss)
    crisis = opened(boss)
    joining.join_all(at=AT)
    run = answers(boss, crisis)
    Case.objects.filter(pk=case.pk).update(department=DepartmentFactory())
    running.go_on_all(now=lambda: AT)
    assert list(run.results.order_by("case").values_list("is_done", flat=True)) == [True, False]


def test_resolving_all_takes_a_resolution_and_a_message():
    boss = supervisor()
    case = mine(boss)
    crisis = opened(boss)
    joining.join_all(at=AT)
    for content in ({"message": ""}, {"message": "{{ nonsense }}"}):
        with pytest.raises(Invalid):
            answers(boss, crisis, doing="resolve", **content)
    with pytest.raises(Invalid):
        answers(boss, crisis, doing="assign", message="x")
    answers(boss, crisis, doing="resolve", message="已处理", resolution="solved")
    running.go_on_all(now=lambda: AT)
    case.refresh_from_db()
    assert case.status == "resolved"
    assert BulkRun.objects.count() == 1


def test_the_batch_is_for_its_members_and_later_joiners_get_theirs_once():
    boss = supervisor()
    first, twice, erased = MemberFactory(), MemberFactory(), MemberFactory()
    order = OrderFactory(member=first)
    cases = [mine(boss, member=first, order=order)] + [
        mine(boss, member=one) for one in (twice, twice, erased)
    ]
    mine(boss, kind="enquiry")
    crisis = opened(boss)
    joining.join_all(at=AT)
    erased.erased_at = AT
    erased.save()
    batch = making_good.begin(crisis_id=crisis.pk, terms=terms(), actor=boss, at=AT)
    assert (batch.members, batch.problem, batch.status) == (2, f"crisis:{crisis.pk}", "counted")
    about = batch.items.get(member=first).about
    assert set(about) == {f"case:{cases[0].pk}", f"order:{order.pk}"}
    settled(batch)
    assert Grant.objects.filter(problem=crisis.problem).count() == 2
    assert making_good.for_later_joiners(at=AT) == []

    late = mine(boss)
    mine(boss, member=first)
    joining.join_all(at=AT + HOUR)
    (more,) = making_good.for_later_joiners(at=AT + HOUR)
    assert (more.members, more.status, more.asked_by) == (1, "asked", boss)
    assert making_good.for_later_joiners(at=AT + HOUR) == []
    batches.approve(batch_id=more.pk, content_hash=more.content_hash, actor=approver(), at=AT + HOUR)
    ran(more, AT + HOUR)
    assert Coupon.objects.filter(member=late.member).count() == 1
    assert Coupon.objects.filter(member=first).count() == 1
    assert making_good.for_later_joiners(at=AT + 2 * HOUR) == []
    assert report.build(crisis, at=AT + HOUR)["cost_fen"] == 3 * batch.each_fen


def test_the_dry_run_of_a_later_batch_may_be_repeated():
    boss = supervisor()
    mine(boss)
    crisis = opened(boss)
    joining.join_all(at=AT)
    settled(making_good.begin(crisis_id=crisis.pk, terms=terms(), actor=boss, at=AT))
    mine(boss)
    joining.join_all(at=AT + HOUR)
    (more,) = making_good.for_later_joiners(at=AT + HOUR)
    assert batches.count(batch_id=more.pk, actor=boss, at=AT + HOUR).members == 1


def test_a_refused_later_batch_is_not_asked_for_again_for_the_same():
    boss = supervisor()
    mine(boss)
    crisis = opened(boss)
    joining.join_all(at=AT)
    settled(making_good.begin(crisis_id=crisis.pk, terms=terms(), actor=boss, at=AT))
    mine(boss)
    joining.join_all(at=AT + HOUR)
    (more,) = making_good.for_later_joiners(at=AT + HOUR)
    batches.refuse(batch_id=more.pk, actor=approver(), note="不", at=AT + HOUR)
    assert making_good.for_later_joiners(at=AT + 2 * HOUR) == []


def test_batches_keep_to_their_own_rights_and_states():
    boss = supervisor()
    crisis = opened(boss)
    with pytest.raises(NotPermitted):
        making_good.begin(crisis_id=crisis.pk, terms=terms(), actor=supervisor(role="agent"), at=AT)
    with pytest.raises(Invalid):
        making_good.of_crisis({})
    batch = making_good.begin(crisis_id=crisis.pk, terms=replace(terms(), name="空"), actor=boss, at=AT)
    assert batch.members == 0
    assert (Batch.objects.count(), CrisisBatch.objects.count()) == (1, 1)


def test_each_member_hears_of_the_all_clear_once():
    boss = supervisor()
    one = MemberFactory(language="zh-hans")
    for member in (one, one, MemberFactory(language="en"), MemberFactory(erased_at=None)):
        mine(boss, member=member)
    crisis = opened(boss)
    joining.join_all(at=AT)
    commands.close(crisis_id=crisis.pk, cause="x", told="恢复了", told_en="All well", actor=boss, at=AT)
    assert clearing.tell_all(at=AT) == 4
    assert clearing.tell_all(at=AT) == 0
    told = Notice.objects.filter(kind="crisis.closed")
    assert sorted(told.values_list("body", flat=True)) == ["All well", "恢复了", "恢复了"]


def test_without_a_text_nobody_is_told():
    boss = supervisor()
    mine(boss)
    crisis = opened(boss)
    joining.join_all(at=AT)
    commands.close(crisis_id=crisis.pk, cause="x", actor=boss, at=AT)
    assert clearing.tell_all(at=AT) == 0


def test_the_report_says_how_it_went_and_is_frozen_at_the_end():
    make_policy()
    boss = supervisor()
    inside, outside = mine(boss), mine(boss, kind="enquiry")
    for case in (inside, outside):
        clocks.start_for_case(case, actor=None, at=T0 + timedelta(minutes=1))
    clocks.replied(outside, actor=boss, at=T0 + timedelta(minutes=5))
    clocks.replied(inside, actor=boss, at=T0 + timedelta(minutes=55))
    crisis = opened(boss)
    joining.join_all(at=AT)
    statements.write(crisis_id=crisis.pk, words=Words(title="公告", body="正文"), actor=boss, at=AT)
    statements.publish(crisis_id=crisis.pk, number=1, actor=boss, at=AT + HOUR)
    commands.contain(crisis_id=crisis.pk, cause="x", actor=boss, at=AT + 2 * HOUR)
    commands.close(crisis_id=crisis.pk, cause="x", actor=boss, at=AT + 3 * HOUR)
    crisis.refresh_from_db()
    found = report.figures(crisis, at=AT + DAY)
    assert found["minutes"] == {"found": 60, "opened": 60, "statement": 120, "contained": 180, "ended": 240}
    assert (found["inside"], found["outside"]) == ({"decided": 1, "met": 0}, {"decided": 1, "met": 1})
    assert found["hours"] == [[T0.isoformat(), 1]]
    assert found["counted"]["cases"] == found["counted"]["members"] == 1
    assert next(line[1] for line in found["timeline"]) == "crisis.opened"
    CrisisCase.objects.create(crisis=crisis, case=mine(boss), joined_at=AT, is_live=False)
    assert report.figures(crisis, at=AT + DAY) == found
    assert report.attained(found["inside"]).percent == 0
    assert report.attained({"decided": 0, "met": 0}).percent is None


def test_the_report_costs_the_same_however_many_cases():
    boss = supervisor()
    crisis = opened(boss)

    def costs(number):
        for _one in range(number):
            mine(boss)
        joining.join_all(at=AT)
        with CaptureQueriesContext(connection) as caught:
            report.build(crisis, at=AT)
        return len(caught)

    assert costs(1) == costs(12)
