from datetime import timedelta

import pytest

from compensation.models import ConsentChoice, Member, Notice
from config.common.errors import Invalid, MoveNotAllowed, NotFound, NotPermitted
from config.common.models import OutboxMessage
from feedback.models import Gap
from kpis.improvements import telling
from kpis.improvements.voices import members_of
from kpis.models import Improvement, ImprovementTold
from surveys.models import QuestionKind
from tests.factories.compensation import T0, MemberFactory
from tests.factories.feedback import CaseFactory, DepartmentFactory
from tests.factories.improvements import carried_out, ground, improvement, staff, why
from tests.factories.kpis import make_promised_order
from tests.factories.needs import link, need, post, review, words
from tests.factories.questionnaires import launched, one
from tests.threads import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.req("K6")]


def spoken(number=2, **fields):
    """One that was carried out, by the cases of some members, with words for them."""
    found = carried_out(**fields)
    because = why(found)
    cases = [CaseFactory() for _each in range(number)]
    for case in cases:
        ground(because, "case", case)
    telling.word(
        improvement_id=found.pk, title="您说过，我们改了", text="改发顺丰", title_en="You said, we did",
        text_en="Another courier", actor=None, at=T0,
    )  # fmt: skip
    return found, [case.member for case in cases]


def tell(found, at=T0):
    telling.tell(improvement_id=found.pk, actor=None, at=at)
    while telling.go_on(at=at):
        pass


def test_the_voices_of_all_evidence_each_once():
    found, because = improvement(), None
    because = why(found)
    case, said = CaseFactory(), review()
    again = CaseFactory(member=case.member)
    wanted = need()
    answer, suggestion = words(), review()
    for source, row in (("answer", answer), ("review", suggestion), ("post", post())):
        link(wanted, source, row)
    for source, row in (("case", case), ("case", again), ("review", said), ("need", wanted)):
        ground(because, source, row)
    order = make_promised_order(due_at=T0, late=True)
    gap = Gap.objects.get(order=order)
    ground(because, "gap", gap)
    heard = {case.member, said.member, answer.response.invitation.member, suggestion.member}
    assert set(members_of(found)) == heard
    Gap.objects.update(case=CaseFactory(member=order.member))
    assert set(members_of(found)) == heard | {order.member}


def test_who_was_erased_or_took_it_back_or_answered_anonymously_has_no_voice():
    found = improvement(need=need())
    because, erased, deleted = why(found), CaseFactory(), review()
    ground(because, "case", erased)
    ground(because, "review", deleted)
    Member.objects.filter(pk=erased.member_id).update(erased_at=T0)
    type(deleted).objects.update(deleted_at=T0)
    hidden = words(campaign=launched(one(QuestionKind.TEXT, "words"), is_anonymous=True))
    link(found.need, "answer", hidden)
    assert not members_of(found).exists()


def test_members_are_told_in_their_language_once():
    found, (first, second) = spoken()
    Member.objects.filter(pk=second.pk).update(language="en")
    tell(found)
    tell(found)
    assert dict(Notice.objects.values_list("member", "title")) == {
        first.pk: "您说过，我们改了", second.pk: "You said, we did",
    }  # fmt: skip
    assert ImprovementTold.objects.count() == OutboxMessage.objects.filter(kind="member").count() == 2
    assert set(Notice.objects.values_list("purpose", flat=True)) == {"service"}
    assert Improvement.objects.get().telling_at is None


def test_without_english_words_everybody_reads_chinese():
    found, _members = spoken()
    Member.objects.update(language="en")
    telling.word(improvement_id=found.pk, title="好", text="好", actor=None, at=T0)
    tell(found)
    assert set(Notice.objects.values_list("title", flat=True)) == {"好"}


def test_who_lets_us_send_nothing_of_the_kind_is_told_nothing():
    found, (first, second) = spoken()
    for channel in ("email", "sms"):
        ConsentChoice.objects.create(
            member=first, purpose="service", channel=channel, is_given=False, source="portal", changed_at=T0
        )
    seen = telling.preview(found)
    assert (seen.voices, seen.unwilling, seen.told, seen.to_tell) == (2, 1, 0, 1)
    tell(found)
    assert [row.member for row in ImprovementTold.objects.all()] == [second]
    seen = telling.preview(found)
    assert (seen.told, seen.to_tell) == (1, 0)


def test_cut_off_it_goes_on_where_it_was(monkeypatch):
    monkeypatch.setattr(telling, "BATCH", 2)
    found, members = spoken(5)
    telling.tell(improvement_id=found.pk, actor=None, at=T0)
    assert telling.go_on(at=T0) == 1
    assert Notice.objects.count() == 2
    with pytest.raises(MoveNotAllowed):
        telling.tell(improvement_id=found.pk, actor=None, at=T0)
    monkeypatch.setattr(telling, "notify_all", lambda *_given, **_more: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        telling.go_on(at=T0)
    assert ImprovementTold.objects.count() == 2
    monkeypatch.undo()
    while telling.go_on(at=T0):
        pass
    assert Notice.objects.count() == len(members)


def test_only_what_was_done_and_worded_is_told():
    proposed, bare = improvement(), carried_out()
    telling.word(improvement_id=proposed.pk, title="x", text="x", actor=None, at=T0)
    with pytest.raises(MoveNotAllowed):
        telling.tell(improvement_id=proposed.pk, actor=None, at=T0)
    with pytest.raises(Invalid):
        telling.tell(improvement_id=bare.pk, actor=None, at=T0)
    for wrong in ({"title": ""}, {"text": " "}, {"title_en": "x"}, {"text": "x" * 2_001}, {"text": "\x00"}):
        with pytest.raises(Invalid):
            telling.word(
                **{"improvement_id": bare.pk, "title": "x", "text": "x", "actor": None, "at": T0, **wrong}
            )


def test_another_departments_members_are_not_told_by_somebody_else():
    found, _members = spoken()
    for user, error in (
        (staff(DepartmentFactory()), NotFound),
        (staff(found.department, "agent"), NotPermitted),
    ):
        with pytest.raises(error):
            telling.tell(improvement_id=found.pk, actor=user, at=T0)


@pytest.mark.django_db(transaction=True)
def test_two_who_tell_at_once_tell_each_member_once():
    found, members = spoken(4)
    results = at_once(*[lambda: telling.tell(improvement_id=found.pk, actor=None, at=T0)] * 2)
    assert sum(isinstance(one, MoveNotAllowed) for one in results) == 1
    at_once(*[lambda: telling.go_on(at=T0 + timedelta(minutes=1))] * 2)
    assert ImprovementTold.objects.count() == Notice.objects.count() == len(members)
    assert OutboxMessage.objects.filter(kind="member").count() == len(members)


def test_a_new_voice_is_told_later_and_nobody_again():
    found, members = spoken(1)
    tell(found)
    newcomer = CaseFactory(member=MemberFactory())
    ground(found.whys.get(), "case", newcomer)
    tell(found, at=T0 + timedelta(days=1))
    assert {row.member for row in ImprovementTold.objects.all()} == {*members, newcomer.member}
    assert Notice.objects.count() == 2
