"""A stranger's case is given to the member that they turn out to be, and no other case changes hands."""

from datetime import timedelta

import pytest

from compensation.defaults import money
from compensation.members.commands import guest
from compensation.models import Tier
from config.common.errors import Invalid, MoveNotAllowed, NotFound, Stale, WrongState
from config.common.models import Event
from feedback.cases import commands
from feedback.cases.timeline import timeline_of
from feedback.models import CaseKind, Channel, Clock, Milestone
from feedback.remedies.commands import grant_for_case
from tests.factories.compensation import T0, MemberFactory, TierFactory
from tests.factories.feedback import AgentFactory, DepartmentFactory
from tests.factories.sop import make_policy

pytestmark = [pytest.mark.django_db, pytest.mark.req("F1")]
SOON = T0 + timedelta(minutes=5)


@pytest.fixture
def case():
    make_policy()
    department = DepartmentFactory()
    AgentFactory(departments=[department], user__role="supervisor")
    TierFactory()
    stranger = guest(phone="13900001111", at=T0)
    return commands.open_case(
        member=stranger, kind=CaseKind.COMPLAINT, channel=Channel.PHONE, subject="来电", body="没收到",
        department=department, actor=stranger, at=T0,
    )  # fmt: skip


def recognise(case, member_id, **options):
    actor = case.department.memberships.get().agent.user
    return commands.recognise(case_id=case.pk, member_id=member_id, actor=actor, at=SOON, **options)


def test_the_case_is_the_members_with_the_story(case):
    member = MemberFactory()
    done = recognise(case, member.pk)
    assert done.member == member
    assert done.version == case.version + 1
    assert [entry for entry in timeline_of(done) if entry.kind == "case.recognised"]
    assert recognise(case, member.pk).version == done.version
    assert Event.objects.filter(kind="case.recognised").count() == 1


def test_clocks_go_on_by_the_members_tier(case):
    gold = Tier.objects.get_or_create(
        code="gold", defaults={"name": "金卡", "name_en": "Gold", "rank": 9, "above_fen": 999}
    )[0]
    recognise(case, MemberFactory(tier=gold).pk)
    clock = Clock.objects.get(case=case, milestone=Milestone.FIRST_REPLY)
    assert (clock.facts["tier"], clock.started_at) == ("gold", T0)


def test_a_members_case_stays_theirs_and_a_stranger_is_no_answer(case):
    with pytest.raises(Invalid):
        recognise(case, guest(phone="13900002222", at=T0).pk)
    with pytest.raises(NotFound):
        recognise(case, 0)
    with pytest.raises(NotFound):
        recognise(case, MemberFactory(erased_at=T0).pk)
    recognise(case, MemberFactory().pk)
    with pytest.raises(Invalid):
        recognise(case, MemberFactory().pk)


def test_what_was_given_for_it_binds_the_case(case):
    money.seed(T0)
    actor = case.department.memberships.get().agent.user
    grant_for_case(case_id=case.pk, kind="points", points=10, reason="x", key="k", actor=actor, at=SOON)
    with pytest.raises(WrongState):
        recognise(case, MemberFactory().pk)


def test_not_when_it_is_over_or_has_changed(case):
    actor = case.department.memberships.get().agent.user
    commands.reply(case_id=case.pk, body="您好", actor=actor, at=SOON)
    with pytest.raises(Stale):
        recognise(case, MemberFactory().pk, version=case.version)
    commands.resolve(case_id=case.pk, resolution="solved", actor=actor, at=SOON)
    with pytest.raises(MoveNotAllowed):
        recognise(case, MemberFactory().pk)
