import pytest

from config.common.errors import Invalid, NotFound
from config.common.events import timeline
from config.common.models import User
from surveys.models import Evidence, Need
from surveys.needs import commands, seeing
from tests.factories.compensation import T0
from tests.factories.feedback import AgentFactory, CaseFactory, DepartmentFactory, StaffFactory
from tests.factories.needs import link, need, post, review, words
from tests.factories.questionnaires import launched, one
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("S8")]


def test_a_need_has_a_code_of_its_own():
    first, second = need(), need()
    assert first.code != second.code
    assert [event.kind for event in timeline([first])] == ["need.found"]


@pytest.mark.parametrize("name", ["", "  ", "x" * 81, "a\x00b"])
def test_a_name_that_is_none_is_refused(name):
    with pytest.raises(Invalid):
        need(name)


def test_a_code_is_taken_once():
    need(code="lid")
    with pytest.raises(Invalid):
        need(code="lid")


def test_the_same_thing_speaks_of_a_need_once_and_of_several():
    first, second, said = need(), need(), review()
    assert link(first, "review", said) == link(first, "review", said)
    link(second, "review", said)
    assert Evidence.objects.count() == 2
    assert [event.kind for event in timeline([first])] == ["need.found", "need.linked"]


@pytest.mark.parametrize(("source", "make"), [("review", review), ("post", post), ("answer", words)])
def test_each_source_says_when_it_was_said(source, make):
    assert link(need(), source, make()).said_on == T0.date()


def test_a_suggestion_case_speaks_of_a_need():
    assert link(need(), "case", CaseFactory(kind="suggestion")).said_on is not None


def test_what_is_not_there_speaks_of_nothing():
    one_need = need()
    with pytest.raises(NotFound):
        commands.link(need_id=one_need.pk, source="review", row_id=0, actor=None, at=T0)
    with pytest.raises(NotFound):
        commands.link(need_id=0, source="review", row_id=review().pk, actor=None, at=T0)
    with pytest.raises(Invalid):
        commands.link(need_id=one_need.pk, source="member", row_id=1, actor=None, at=T0)


def test_merging_moves_evidence_and_tells_nothing_twice():
    from_one, into, shared, own = need(), need(), review(), post()
    older = need()
    for one_need in (from_one, into):
        link(one_need, "review", shared)
    link(from_one, "post", own)
    actor = StaffFactory()
    commands.merge(need_id=older.pk, into_id=from_one.pk, actor=actor, at=T0)
    commands.merge(need_id=from_one.pk, into_id=into.pk, actor=actor, at=T0)
    assert Evidence.objects.filter(need=into).count() == 2
    assert Evidence.objects.exclude(need=into).count() == 0
    assert set(Need.objects.filter(merged_into=into)) == {from_one, older}
    assert link(from_one, "review", review()).need == into
    for refuse in (
        lambda: commands.merge(need_id=from_one.pk, into_id=into.pk, actor=actor, at=T0),
        lambda: commands.set_state(need_id=from_one.pk, state="met", actor=actor, at=T0),
    ):
        with pytest.raises(commands.Merged):
            refuse()
    with pytest.raises(Invalid):
        commands.merge(need_id=into.pk, into_id=into.pk, actor=actor, at=T0)


@pytest.mark.django_db(transaction=True)
def test_two_that_go_into_each_other_at_once_leave_one():
    first, second, actor = need(), need(), StaffFactory()
    link(first, "review", review())
    link(second, "review", review())
    results = at_once(
        lambda: commands.merge(need_id=first.pk, into_id=second.pk, actor=actor, at=T0),
        lambda: commands.merge(need_id=second.pk, into_id=first.pk, actor=actor, at=T0),
    )
    assert [type(one) for one in refused(results)] == [commands.Merged]
    assert Need.objects.filter(merged_into=None).count() == 1
    assert Evidence.objects.filter(need__merged_into=None).count() == 2


@pytest.mark.django_db(transaction=True)
def test_the_same_linked_at_once_is_linked_once():
    one_need, said, actor = need(), review(), StaffFactory(is_superuser=True)
    linking = {"need_id": one_need.pk, "source": "review", "row_ids": [said.pk], "actor": actor, "at": T0}
    results = at_once(*[lambda: commands.link_many(**linking) for _n in range(3)])
    assert sorted(results) == [0, 0, 1]
    assert [event.kind for event in timeline([one_need])].count("need.linked") == 1


def test_a_state_is_one_of_those_there_are():
    one_need, actor = need(), StaffFactory()
    commands.set_state(need_id=one_need.pk, state="planned", actor=actor, at=T0)
    commands.set_state(need_id=one_need.pk, state="planned", actor=actor, at=T0)
    assert [event.kind for event in timeline([one_need])] == ["need.found", "need.moved"]
    with pytest.raises(Invalid):
        commands.set_state(need_id=one_need.pk, state="x", actor=actor, at=T0)


@pytest.fixture
def reader():
    department = DepartmentFactory()
    agent = AgentFactory(user=StaffFactory(role="supervisor"), departments=[department])
    return User.objects.get(pk=agent.user_id), department


def test_another_departments_case_is_withheld(reader):
    user, department = reader
    one_need = need()
    mine, theirs = CaseFactory(department=department), CaseFactory(department=DepartmentFactory())
    with pytest.raises(NotFound):
        link(one_need, "case", theirs, actor=user)
    link(one_need, "case", mine, actor=user)
    hidden = link(one_need, "case", theirs)
    answered = link(one_need, "answer", words(case=theirs, member=theirs.member))
    everything = Evidence.objects.filter(need=one_need)
    assert [found.case for found in seeing.readable(everything, "case", user)] == [mine]
    assert not seeing.readable(everything, "answer", user).exists()
    for found in (hidden, answered):
        with pytest.raises(NotFound):
            commands.unlink(evidence_id=found.pk, actor=user, at=T0)


def test_anonymous_words_of_few_are_withheld(reader):
    user, _department = reader
    campaign = launched(one("text", "words"), is_anonymous=True)
    first = words("一", campaign=campaign)
    evidence = link(need(), "answer", first)
    assert not seeing.may_see(evidence, user)
    for _n in range(4):
        words("又", campaign=campaign)
    assert seeing.may_see(evidence, user)
    assert evidence.said_on.isoweekday() == 1
