import threading
from datetime import timedelta
from itertools import permutations
from time import sleep

import pytest
from django.db import connection, transaction
from django.utils import timezone

from compensation.models import Member, Notice
from config.common.errors import Invalid
from config.common.models import Event
from feedback.cases import commands as cases
from feedback.cases import waiting
from feedback.channels.phone import commands, events
from feedback.ladders.sweep import sweep
from feedback.models import Alert, Call, Case, CaseLink, Clock, Message, Milestone, WebhookSource
from tests.factories.compensation import T0, MemberFactory, TierFactory
from tests.factories.feedback import AgentFactory, CaseFactory, DepartmentFactory
from tests.factories.sop import make_policy
from tests.factories.webhooks import make_source, send
from tests.threads import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.req("F1"), pytest.mark.req("F2")]
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def service(db):
    TierFactory()
    made = DepartmentFactory(code="service", name="客服部", takes_new=True)
    minutes = {"first_reply": 30, "next_reply": 60, "pick_up": 10 / 60, "call_back": 30, "resolution": 600}
    make_policy(targets=minutes)
    return made


@pytest.fixture
def agent(service):
    return AgentFactory(departments=[service], user__name="小李", extension="8001")


@pytest.fixture
def cti():
    return WebhookSource.objects.create(code="cti", name="电话", channel="phone")


def report(cti, event, seconds, *, call="c1", now=None, **more):
    content = {
        "call_id": call,
        "event": event,
        "number": "13812345678",
        "at": (T0 + seconds * SECOND).isoformat(),
    }
    now = now or T0 + 3600 * SECOND
    return commands.take(source=cti, report=events.read({**content, **more}, {}, now=now), at=now)


def clock(milestone, **more):
    return Clock.objects.get(milestone=milestone, **more)


def test_a_call_that_is_picked_up_in_time(cti, agent):
    member = MemberFactory(phone="13812345678")
    call = report(cti, "ringing", 0, agent="8001", now=T0)
    case = call.case
    assert (case.member, case.channel, case.opened_at) == (member, "phone", T0)
    assert clock(Milestone.PICK_UP).due_at == T0 + 10 * SECOND
    pop = Alert.objects.get(user=agent.user)
    assert (pop.case, pop.kind) == (case, "call.rang")
    report(cti, "answered", 9, agent="8001")
    picked = clock(Milestone.PICK_UP)
    assert (picked.met_at, picked.breached_at) == (T0 + 9 * SECOND, None)
    assert clock(Milestone.FIRST_REPLY).met_at == T0 + 9 * SECOND
    case.refresh_from_db()
    assert (case.status, case.agent, case.first_replied_at) == ("open", agent, T0 + 9 * SECOND)
    assert Alert.objects.filter(user=agent.user, kind="call.rang").count() == 1


def test_a_call_that_is_picked_up_late(cti, agent):
    report(cti, "ringing", 0)
    report(cti, "answered", 11, agent="8001")
    picked = clock(Milestone.PICK_UP)
    assert (picked.met_at, picked.breached_at) == (T0 + 11 * SECOND, T0 + 10 * SECOND)


def test_a_report_that_is_late_counts_by_its_own_time(cti, agent):
    """The telephone system says after 25 seconds that the call was answered after 9."""
    report(cti, "ringing", 0, now=T0)
    sweep(T0 + 20 * SECOND)
    assert clock(Milestone.PICK_UP).breached_at is not None
    report(cti, "answered", 9, agent="8001", now=T0 + 25 * SECOND)
    picked = clock(Milestone.PICK_UP)
    assert (picked.met_at, picked.breached_at) == (T0 + 9 * SECOND, None)


STORY = [("ringing", 0), ("answered", 8), ("ended", 200), ("recording", 210)]


@pytest.mark.parametrize("order", list(permutations(range(4))), ids=str)
def test_reports_in_any_order_and_twice_tell_the_same_story(cti, agent, order):
    for number in (*order, *order):
        event, seconds = STORY[number]
        more = {"recording_url": "https://pbx.example/1.mp3"} if event == "recording" else {}
        call = report(cti, event, seconds, agent="8001", **more)
    assert (call.rang_at, call.answered_at, call.ended_at, call.missed_at) == (
        T0, T0 + 8 * SECOND, T0 + 200 * SECOND, None,
    )  # fmt: skip
    assert call.recording_url == "https://pbx.example/1.mp3"
    assert Case.objects.count() == Call.objects.count() == 1
    picked = clock(Milestone.PICK_UP)
    assert (picked.started_at, picked.met_at, picked.breached_at) == (T0, T0 + 8 * SECOND, None)
    assert not Clock.objects.filter(milestone=Milestone.CALL_BACK).exists()


def test_a_missed_call_promises_a_call_back_and_says_so(cti, agent):
    report(cti, "ringing", 0)
    call = report(cti, "missed", 20)
    assert clock(Milestone.PICK_UP).breached_at == T0 + 10 * SECOND
    back = clock(Milestone.CALL_BACK)
    assert (back.started_at, back.due_at) == (T0 + 20 * SECOND, T0 + 20 * SECOND + timedelta(minutes=30))
    assert call.member.phone == "13812345678"
    notice = Notice.objects.get(member=call.member, kind="case.call_missed")
    assert call.case.number in notice.title
    # we call back: nobody there, then somebody
    report(cti, "missed", 300, call="c2", direction="out", agent="8001")
    assert clock(Milestone.CALL_BACK).met_at is None
    report(cti, "answered", 600, call="c3", direction="out", agent="8001")
    assert clock(Milestone.CALL_BACK).met_at == T0 + 600 * SECOND
    assert Call.objects.get(external_id="c3").case == call.case
    notes = Message.objects.filter(case=call.case, is_public=False)
    assert all("13812345678" not in note.body for note in notes)
    assert notes.count() == 2


def test_a_caller_who_hung_up_in_time_broke_no_promise_of_ours(cti):
    report(cti, "ringing", 0)
    report(cti, "missed", 5)
    picked = clock(Milestone.PICK_UP)
    assert (picked.stopped_at, picked.breached_at) == (T0 + 5 * SECOND, None)
    assert clock(Milestone.CALL_BACK).started_at == T0 + 5 * SECOND


def test_a_call_that_was_reported_missed_and_then_answered_was_answered(cti, agent):
    report(cti, "ringing", 0)
    report(cti, "missed", 9)
    call = report(cti, "answered", 8, agent="8001")
    assert (call.missed_at, call.answered_at) == (None, T0 + 8 * SECOND)
    assert clock(Milestone.CALL_BACK).stopped_at is not None
    assert report(cti, "missed", 9).missed_at is None


def test_a_call_that_ended_without_an_answer_is_missed_after_a_while(cti):
    report(cti, "ringing", 0)
    report(cti, "ended", 15)
    assert commands.settle(at=T0 + 40 * SECOND) == 0
    assert commands.settle(at=T0 + 46 * SECOND) == 1
    assert commands.settle(at=T0 + 46 * SECOND) == 0
    assert Call.objects.get().missed_at == T0 + 15 * SECOND
    assert clock(Milestone.CALL_BACK).started_at == T0 + 15 * SECOND


def test_who_gets_through_the_second_time_needs_no_call_back(cti, agent):
    report(cti, "ringing", 0)
    report(cti, "missed", 20)
    report(cti, "ringing", 60, call="c2")
    report(cti, "answered", 65, call="c2", agent="8001")
    assert Case.objects.count() == 1
    assert clock(Milestone.CALL_BACK).met_at == T0 + 65 * SECOND


def test_a_caller_with_another_open_case_gets_a_linked_one(cti, agent, service):
    member = MemberFactory(phone="13812345678")
    other = cases.open_case(
        member=member,
        kind="complaint",
        channel="portal",
        subject="x",
        actor=member,
        at=T0 - timedelta(days=1),
    )
    call = report(cti, "ringing", 0)
    assert call.case != other
    assert CaseLink.objects.filter(case=other, other=call.case).exists()


def test_a_member_who_calls_is_no_longer_waited_for(cti, agent):
    call = report(cti, "ringing", 0)
    cases.reply(case_id=call.case.pk, body="?", then="wait", actor=agent.user, at=T0 + 60 * SECOND)
    report(cti, "ringing", 120, call="c2")
    report(cti, "answered", 125, call="c2", agent="8001")
    call.case.refresh_from_db()
    assert call.case.status == "open"
    assert clock(Milestone.RESOLUTION).paused_at is None


def test_withheld_numbers_are_different_people(cti):
    report(cti, "ringing", 0, number="")
    report(cti, "missed", 20, number="")
    report(cti, "ringing", 60, number="anonymous", call="c2")
    assert Member.objects.count() == Case.objects.count() == 2
    assert not Notice.objects.filter(kind="case.call_missed").exists()


def test_a_call_of_ours_to_nobody_we_know_is_kept(cti, agent):
    call = report(cti, "answered", 0, direction="out", agent=agent.user.username)
    assert (call.case, call.member, call.agent) == (None, None, agent)
    assert not Member.objects.exists()


def test_a_promised_call_is_met_by_calling(cti, agent):
    member = MemberFactory(phone="13812345678")
    case = cases.open_case(
        member=member, kind="complaint", channel="portal", subject="x", actor=member, at=T0
    )
    cases.open_case(
        member=member, kind="enquiry", channel="portal", subject="y", actor=member, at=T0 + SECOND
    )
    waiting.promise_call_back(case_id=case.pk, actor=agent.user, at=T0 + SECOND)
    call = report(cti, "answered", 60, direction="out", agent="8001")
    assert call.case == case
    assert clock(Milestone.CALL_BACK).met_at == T0 + 60 * SECOND


def test_a_call_in_a_case_that_has_ended_opens_a_new_one(cti, agent):
    first = report(cti, "ringing", 0).case
    cases.reply(case_id=first.pk, body="x", then="resolve", actor=agent.user, at=T0 + 60 * SECOND)
    assert report(cti, "ringing", 120, call="c2").case != first
    report(cti, "answered", 5, agent="8001")  # of the first call, much too late
    first.refresh_from_db()
    assert first.status == "resolved"


@pytest.mark.django_db(transaction=True)
def test_reports_at_once_are_one_call(cti, agent):
    ways = [lambda: report(cti, "ringing", 0), lambda: report(cti, "answered", 5, agent="8001")] * 2
    results = at_once(*ways)
    assert not [one for one in results if isinstance(one, Exception)]
    assert Case.objects.count() == Call.objects.count() == 1
    assert clock(Milestone.PICK_UP).met_at == T0 + 5 * SECOND


@pytest.mark.django_db(transaction=True)
def test_the_same_answer_reported_at_once_is_one(cti, agent):
    case = report(cti, "ringing", 0).case
    at_once(*[lambda: report(cti, "answered", 5, agent="8001")] * 4)
    kinds = (
        Event.objects.filter(subject_type="case", subject_id=case.pk)
        .order_by("id")
        .values_list("kind", flat=True)
    )
    assert list(kinds).count("case.call_answered") == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"event": "dancing"}, {"event": ""}, {"direction": "up"}, {"recording_url": "http://x"},
        {"recording_url": "javascript:x"}, {"call_id": ""}, {"at": "soon"}, {"number": "1" * 40},
    ],
    ids=str,
)  # fmt: skip
def test_a_report_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(Invalid):
        events.read({"call_id": "c1", "event": "ringing", **wrong}, {}, now=T0)


def test_it_comes_by_signed_webhook_in_the_words_of_the_telephone_system(agent):
    words = {
        "event": "type",
        "number": "from",
        "call_id": "uuid",
        "values": {"event": {"ALERTING": "ringing"}},
    }
    source, secret = make_source("phone", "pbx", field_map=words)
    content = {"type": "ALERTING", "from": "13812345678", "uuid": "u-1", "agent": "8001"}
    answer = send(source, secret, content)
    assert answer.json()["case"] == Case.objects.get().number
    assert abs((Call.objects.get().rang_at - timezone.now()).total_seconds()) < 60
    source.keys.update(scopes=["messages"])
    assert send(source, secret, content).status_code == 401


@pytest.mark.django_db(transaction=True)
def test_settling_waits_for_whoever_has_the_case(cti):
    call = report(cti, "ringing", 0)
    report(cti, "ended", 15)
    with transaction.atomic():  # as a merge does: first the case, then its calls
        Case.objects.select_for_update(no_key=True).get(pk=call.case_id)
        settling = threading.Thread(target=at_once, args=[lambda: commands.settle(at=T0 + 3600 * SECOND)])
        settling.start()
        while settling.is_alive() and not somebody_waits():
            sleep(0.01)
        Call.objects.filter(pk=call.pk).update(line="400")
    settling.join()
    call.refresh_from_db()
    assert (call.line, call.missed_at) == ("400", T0 + 15 * SECOND)


@pytest.mark.django_db(transaction=True)
def test_who_settles_a_call_that_was_waited_for_takes_its_new_case_first(cti):
    """A merge has the case and waits for its calls: who has the call must not wait for the case."""
    member = MemberFactory(phone="13812345678")
    for event, seconds in (("ringing", 0), ("ended", 15)):
        call = report(cti, event, seconds, direction="out", number="1")
    case, other = (CaseFactory(member=member, status="open", opened_at=T0) for _each in range(2))
    agent = AgentFactory(departments=[case.department])
    late = [
        lambda: commands.settle(at=T0 + 3600 * SECOND),
        lambda: cases.merge(case_id=case.pk, into_id=other.pk, actor=agent.user, at=T0 + 3600 * SECOND),
    ]
    results: list = []
    with transaction.atomic():  # as the report does that finds out which case it is
        Call.objects.select_for_update().get()
        Case.objects.select_for_update(no_key=True).get(pk=case.pk)
        Call.objects.update(case=case, number="13812345678")
        running = threading.Thread(target=lambda: results.extend(at_once(*late)))
        running.start()
        while running.is_alive() and somebody_waits() < 2:
            sleep(0.01)
    running.join()
    assert results == [1, other]
    call.refresh_from_db()
    assert (call.case, call.missed_at) == (other, T0 + 15 * SECOND)


def test_a_ringing_agent_is_not_shown_another_departments_case(cti, agent):
    """The caller's open case by telephone is the other department's, and so is what it is about."""
    elsewhere = CaseFactory(
        member=MemberFactory(phone="13812345678"), channel="phone", status="open", opened_at=T0,
        department=DepartmentFactory(),
    )  # fmt: skip
    call = report(cti, "ringing", 0, agent="8001")
    assert call.case == elsewhere
    assert not Alert.objects.filter(user=agent.user).exists()


@pytest.mark.parametrize(
    "at",
    [
        "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+08:00", "1996-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
        "9999-12-31T23:59:59-08:00", 0, 1, -1, -62135596800, 1e300, 10**30, "²", True,
    ],
    ids=str,
)  # fmt: skip
def test_times_that_cannot_be_are_refused(at):
    content = {"call_id": "1", "event": "ringing", "at": at}
    with pytest.raises(Invalid):
        events.read(content, {}, now=T0)


def test_a_clock_that_is_a_little_fast_is_forgiven_and_a_late_report_taken():
    def at(moment):
        return events.read({"call_id": "1", "event": "ringing", "at": moment.isoformat()}, {}, now=T0).at

    assert at(T0 + 60 * SECOND) == T0
    with pytest.raises(Invalid):
        at(T0 + 3600 * SECOND)
    assert at(T0 - timedelta(days=30)) == T0 - timedelta(days=30)
    with pytest.raises(Invalid):
        at(T0 - timedelta(days=32))


def somebody_waits():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return cursor.fetchone()[0]


def test_a_call_that_cannot_be_settled_holds_up_no_other(cti, monkeypatch):
    for name in ("c1", "c2"):
        report(cti, "ringing", 0, call=name, number="" if name == "c2" else "13812345678")
        report(cti, "ended", 15, call=name)
    first, second = Call.objects.order_by("pk")
    Case.objects.filter(pk=first.case_id).update(
        merged_into=second.case_id, status="closed", resolution="duplicate", resolved_at=T0, closed_at=T0
    )
    assert commands.settle(at=T0 + 3600 * SECOND) == 1
    second.refresh_from_db()
    assert second.missed_at
