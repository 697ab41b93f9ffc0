from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from compensation.models import Notice
from config.common.errors import Invalid, MoveNotAllowed, NotFound, Stale, WrongState
from config.common.events import timeline
from feedback.models import Case
from surveys.interviews import commands, links, noting, queries, slots
from surveys.models import Evidence, Interview, InterviewSlot, Passage, Theme
from tests.factories.compensation import T0, MemberFactory
from tests.factories.feedback import StaffFactory
from tests.factories.interviews import LATER, arranged, complainer, free, invited, propose, proposed
from tests.factories.needs import need
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("S7")]


def at(interview):
    return {"interview_id": interview.pk, "actor": interview.interviewer, "at": LATER + timedelta(hours=3)}


def test_whoever_is_invited_gets_a_link_that_no_row_holds():
    interview = invited()
    notice = Notice.objects.get(kind="interview.invited")
    link = links.link_in_notice(notice)
    assert link.endswith(links.page(interview))
    assert links.token(interview) not in notice.body + notice.path + notice.key
    assert notice.purpose == "survey"
    assert links.read(interview.pk, links.token(interview)) == interview
    for typed in ("", "x", links.token(interview)[:-1]):
        with pytest.raises(NotFound):
            links.read(interview.pk, typed)


def test_without_free_times_nobody_is_invited():
    with pytest.raises(Invalid):
        commands.invite(interview_id=proposed().pk, interviewer=StaffFactory(), actor=StaffFactory(), at=T0)
    assert Interview.objects.get().state == "proposed"
    assert not Notice.objects.exists()


def test_a_time_is_chosen_moved_and_set_free():
    interview = invited()
    first, second = queries.offered(interview, T0)
    member = interview.member
    commands.choose(interview_id=interview.pk, slot_id=first.pk, records=True, actor=member, at=T0)
    assert list(queries.offered(interview, T0)) == [second]
    commands.choose(interview_id=interview.pk, slot_id=second.pk, actor=member, at=T0)
    assert list(queries.offered(interview, T0)) == [first]
    interview.refresh_from_db()
    assert (interview.state, interview.consented_at) == ("arranged", T0)
    commands.decline(interview_id=interview.pk, because=" 没\x00时间 ", actor=member, at=T0)
    interview.refresh_from_db()
    assert (interview.state, interview.declined_because) == ("declined", "没时间")
    assert InterviewSlot.objects.filter(interview=None).count() == 2
    kinds = [event.kind for event in timeline([interview])]
    assert kinds == [f"interview.{one}" for one in ("proposed", "invited", "arranged", "moved", "declined")]


def test_what_is_not_offered_cannot_be_chosen():
    interview = invited()
    theirs = free(StaffFactory())[0]
    soon = InterviewSlot.objects.create(
        interviewer=interview.interviewer, starts_at=T0 + timedelta(hours=1), ends_at=T0 + timedelta(hours=2)
    )
    for pk in (theirs.pk, soon.pk, 0):
        with pytest.raises(commands.SlotTaken):
            commands.choose(interview_id=interview.pk, slot_id=pk, actor=interview.member, at=T0)


@pytest.mark.django_db(transaction=True)
def test_two_members_who_want_one_time_at_once():
    interviewer = StaffFactory()
    for _n in range(2):
        complainer()
    made = propose()
    [slot] = free(interviewer)
    for one in made:
        commands.invite(interview_id=one.pk, interviewer=interviewer, actor=interviewer, at=T0)
    results = at_once(
        *[
            lambda one=one: commands.choose(interview_id=one.pk, slot_id=slot.pk, actor=one.member, at=T0)
            for one in made
        ]
    )
    assert [type(one) for one in refused(results)] == [commands.SlotTaken]
    slot.refresh_from_db()
    assert sorted(Interview.objects.values_list("state", flat=True)) == ["arranged", "invited"]
    assert slot.interview.state == "arranged"


def test_it_is_held_or_missed_once_it_has_begun_and_missed_ones_are_asked_again():
    interview = arranged()
    early = {**at(interview), "at": T0}
    for too_early in (commands.hold, commands.miss):
        with pytest.raises(WrongState):
            too_early(**early)
    commands.miss(**at(interview))
    free(interview.interviewer, 30)
    again = commands.invite(**{**at(interview), "at": T0}, interviewer=interview.interviewer)
    assert again.state == "invited"
    other = arranged()
    commands.hold(**at(other))
    for gone in (commands.hold, commands.drop, commands.decline, commands.miss):
        with pytest.raises(MoveNotAllowed):
            gone(**at(other))


def test_nobody_is_asked_again_within_a_year_of_the_talk_itself():
    interview = arranged()
    held_at = LATER + timedelta(hours=3)
    commands.hold(**at(interview))
    interview.refresh_from_db()
    assert interview.rest == timezone.localdate(held_at) + timedelta(days=365)
    a_year_on = T0.replace(year=T0.year + 1, month=T0.month, day=1)
    Case.objects.filter(member=interview.member).update(opened_at=a_year_on - timedelta(days=3))
    assert propose(month=a_year_on.date(), at=a_year_on) == []
    month_after = (a_year_on.date() + timedelta(days=32)).replace(day=1)
    made = propose(month=month_after, at=a_year_on)
    assert [one.member for one in made] == [interview.member]


def test_whoever_was_missed_and_proposed_anew_since_can_be_asked_by_either():
    interview = arranged()
    commands.miss(**at(interview))
    later = (interview.month + timedelta(days=400)).replace(day=1)
    anew = Interview.objects.create(
        member=interview.member, month=later, rest=later + timedelta(days=365), points=1
    )
    much_later = LATER + timedelta(days=380)
    slots.add(
        interviewer=interview.interviewer, starts=[much_later + timedelta(days=3)], minutes=30, at=much_later
    )
    again = commands.invite(**{**at(interview), "at": much_later}, interviewer=interview.interviewer)
    assert (again.state, anew.state) == ("invited", "proposed")


def test_members_are_reminded_once_the_day_before():
    interview = arranged()
    assert commands.remind(at=LATER - timedelta(hours=30)) == 0
    assert commands.remind(at=LATER - timedelta(hours=20)) == 1
    assert commands.remind(at=LATER - timedelta(hours=19)) == 0
    assert Notice.objects.filter(kind="interview.tomorrow", member=interview.member).count() == 1


def test_nobody_is_free_twice_at_a_time():
    interviewer = StaffFactory()
    free(interviewer, 0)
    for hours, minutes in (((0,), 30), ((0.25,), 30)):
        with pytest.raises(Invalid):
            free(interviewer, *hours, minutes=minutes)
    free(StaffFactory(), 0)
    for wrong in ({"starts": []}, {"minutes": 5}, {"starts": [T0]}):
        asked = {"interviewer": interviewer, "starts": [LATER], "minutes": 30, "at": T0, **wrong}
        with pytest.raises(Invalid):
            slots.add(**asked)


def test_a_time_that_was_chosen_is_not_taken_away():
    interview = arranged()
    chosen, other = interview.interviewer.interview_slots.order_by("pk")
    with pytest.raises(WrongState):
        slots.remove(slot_id=chosen.pk)
    with pytest.raises(NotFound):
        slots.remove(slot_id=other.pk, interviewer=StaffFactory())
    slots.remove(slot_id=other.pk, interviewer=interview.interviewer)


def test_a_calendar_takes_it():
    [slot] = free(StaffFactory())
    slot.place = "二楼, 会议室; 找\n小王" * 8
    text = slots.calendar(slot, title="访谈", at=T0)
    assert f"DTSTART:{LATER:%Y%m%dT%H%M%SZ}\r\n" in text
    assert "二楼\\, 会议室\\; 找\\n小王" in text.replace("\r\n ", "")
    assert max(len(line.encode()) for line in text.split("\r\n")) <= 75


def test_notes_are_not_written_over():
    interview = arranged()
    noting.write(**at(interview), text="一", version=0)
    noting.write(**at(interview), text="一", version=0)  # the same again
    with pytest.raises(Stale) as refused_:
        noting.write(**at(interview), text="二", version=0)
    assert refused_.value.details == {"notes": "一", "version": 1}
    noting.write(**at(interview), text="二", version=1)
    with pytest.raises(Invalid):
        noting.write(**at(interview), text="x" * 20_001, version=2)


def test_nothing_is_noted_before_it_is_arranged():
    interview = invited()
    with pytest.raises(WrongState):
        noting.write(**at(interview), text="一", version=0)


def test_a_recording_is_kept_with_consent_only_and_goes_with_it():
    interview = arranged()
    link = "https://example.com/1"
    with pytest.raises(noting.NoConsent):
        noting.keep_recording(**at(interview), link=link)
    with pytest.raises(IntegrityError), transaction.atomic():
        Interview.objects.filter(pk=interview.pk).update(recording=link)
    noting.agree(**at(interview), agrees=True)
    for wrong in ("javascript:alert(1)", "x", f"{link}{'a' * 300}"):
        with pytest.raises(Invalid):
            noting.keep_recording(**at(interview), link=wrong)
    assert noting.keep_recording(**at(interview), link=link).recording == link
    assert noting.agree(**at(interview), agrees=False).recording == ""


def test_passages_have_themes_and_speak_of_needs():
    interview, actor = arranged(), StaffFactory(is_superuser=True)
    theme, other = (Theme.objects.create(code=code, name=code) for code in "ab")
    lid, colour = need("盖子"), need("颜色")
    who = {**at(interview), "actor": actor}
    passage = noting.add_passage(**who, text="盖子总坏", themes=[theme.pk], needs_of=[lid.pk])
    assert Evidence.objects.get().passage == passage
    coding = {"passage_id": passage.pk, "actor": actor, "at": T0}
    noting.code(**coding, themes=[other.pk], needs_of=[colour.pk])
    assert list(passage.themes.all()) == [other]
    assert [one.need for one in Evidence.objects.all()] == [colour]
    assert {one.code: one.number for one in queries.themes()} == {"a": 0, "b": 1}
    for wrong in ({"themes": [0], "needs_of": []}, {"themes": [], "needs_of": [0]}):
        with pytest.raises((Invalid, NotFound)), transaction.atomic():
            noting.code(**coding, **wrong)
    with pytest.raises(Invalid):
        noting.add_passage(**who, text="  ")
    noting.remove_passage(**coding)
    assert not Passage.objects.exists()
    assert not Evidence.objects.exists()


def test_other_members_are_asked_nothing():
    interview = invited()
    with pytest.raises(NotFound):
        queries.own(MemberFactory(), interview.pk)
    assert not queries.waiting(MemberFactory()).exists()
