"""What cases hold goes by its period unless somebody put a hold on it; cases are counted as before."""

from datetime import timedelta
from functools import partial

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.urls import reverse
from django.utils import timezone

from compensation.ledger.check import differences
from compensation.models import Notice
from compensation.privacy import commands as privacy
from config.common import retention, seals
from config.common.errors import Invalid, NotFound, Taken, WrongState
from config.common.models import Event
from feedback.holds import commands, queries
from feedback.models import (
    Attachment,
    BehaviourEvent,
    Call,
    Case,
    CaseStatus,
    ChannelMessage,
    ChatSession,
    ImportRun,
    LegalHold,
    Message,
    Resolution,
    WebhookSource,
)
from tests.factories.common import UserFactory
from tests.factories.compensation import MemberFactory
from tests.factories.feedback import CaseFactory, MessageFactory
from tests.threads import behind

pytestmark = [pytest.mark.django_db, pytest.mark.req("F23")]
DAY = timedelta(days=1)
NOW = timezone.now()
LONG_AGO = NOW - 5 * 365 * DAY


def end(case, at):
    ended = {"closed_at": at, "resolved_at": at, "resolution": Resolution.SOLVED}
    Case.objects.filter(pk=case.pk).update(status=CaseStatus.CLOSED, **ended)


def closed(at=LONG_AGO, **more):
    case = CaseFactory(opened_at=at - DAY, subject="碎了", last_message="碎了", **more)
    MessageFactory(case=case, body="杯子碎了", at=at - DAY)
    end(case, at)
    case.refresh_from_db()
    return case


def pin(case, name="a", path=None):
    row = Attachment(message=case.messages.first(), name=name, content_type="image/png", size=3, sha256=name)
    if path:
        row.file.name = path
    else:
        row.file.save(name, ContentFile(b"abc"), save=False)
    row.save()
    return row


def retain(code, at=NOW, **more):
    return retention.retain(code=code, at=at, **more)


def body(case):
    return case.messages.first().body


def test_texts_of_closed_cases_go_and_the_cases_stay(django_capture_on_commit_callbacks):
    old, young, open_case = closed(), closed(NOW - 30 * DAY), CaseFactory()
    MessageFactory(case=open_case, body="在吗", at=LONG_AGO)
    before = (Case.objects.count(), Message.objects.count())
    assert retain("case-texts", is_dry=True).rows == 2
    assert body(old) == "杯子碎了"
    assert retain("case-texts").rows == 2
    old.refresh_from_db()
    assert (body(old), old.subject, old.last_message) == ("—", "—", "—")
    assert (body(young), body(open_case)) == ("杯子碎了", "在吗")
    assert (Case.objects.count(), Message.objects.count()) == before
    assert retain("case-texts").rows == 0


def test_chats_have_a_period_of_their_own():
    begun = NOW - 401 * DAY
    case, other = closed(NOW - 400 * DAY), closed(NOW - 400 * DAY)
    ChatSession.objects.create(
        case=case, member=case.member, started_at=begun, person_since=begun, member_seen_at=begun
    )
    assert retain("chats").rows == 1
    assert (body(case), body(other)) == ("—", "杯子碎了")


def test_files_go_with_their_rows_but_not_what_another_row_names(django_capture_on_commit_callbacks):
    case, open_case = closed(), CaseFactory()
    MessageFactory(case=open_case, body="x")
    gone, shared = pin(case, "gone"), pin(case, "shared")
    paths = gone.file.name, shared.file.name
    pin(open_case, "copy", path=shared.file.name)
    dry = retain("attachments", is_dry=True)
    assert (dry.rows, dry.files, dry.bytes) == (2, 2, 6)
    with django_capture_on_commit_callbacks(execute=True):
        run = retain("attachments")
    assert (run.rows, run.files, run.bytes) == (2, 2, 6)
    assert [default_storage.exists(path) for path in paths] == [False, True]
    assert Attachment.objects.count() == 1


def test_letters_raw_data_recordings_behaviour_and_devices_go(django_capture_on_commit_callbacks):
    source = WebhookSource.objects.create(code="phone", name="x", channel="phone")
    letter = ChannelMessage(
        channel="email", direction="in", outcome="set_aside", external_id="x", sender="a@b.example",
        data={"text": "秘密"}, at=LONG_AGO,
    )  # fmt: skip
    letter.original.save("x", ContentFile(b"letter"), save=False)
    letter.save()
    path = letter.original.name
    call = Call.objects.create(
        source=source, external_id="c", direction="in", number="139", began_at=LONG_AGO,
        recording_url="https://t.example/1", missed_at=LONG_AGO,
    )  # fmt: skip
    for at in (LONG_AGO, NOW):
        BehaviourEvent.objects.create(
            source="shop", external_id=f"{at}", content="0" * 32, name="browse", at=at, received_at=at
        )
    with django_capture_on_commit_callbacks(execute=True):
        for code in ("letters", "channel-data", "recordings", "behaviour"):
            assert retain(code, is_dry=True).rows == 1
            assert retain(code).rows == 1
            assert retain(code).rows == 0
    letter.refresh_from_db()
    call.refresh_from_db()
    assert (letter.original.name, letter.data, letter.sender, letter.external_id) == ("", {}, "", "x")
    assert not default_storage.exists(path)
    assert (call.recording_url, call.number) == ("", "")
    assert BehaviourEvent.objects.get().at == NOW


def test_what_imports_left_behind_goes(settings, tmp_path, django_capture_on_commit_callbacks):
    settings.MEDIA_ROOT = tmp_path
    (tmp_path / "imports" / "abc").mkdir(parents=True)
    (tmp_path / "imports" / "abc" / "rejected.csv").write_text("x")
    run = ImportRun.objects.create(
        map_name="m", map_text="", folder="abc", created_at=LONG_AGO, finished_at=LONG_AGO, status="done"
    )
    with django_capture_on_commit_callbacks(execute=True):
        assert retain("imports").rows == 1
    run.refresh_from_db()
    assert run.folder == ""
    assert (tmp_path / "imports").exists()
    assert not (tmp_path / "imports" / "abc").exists()


def test_what_came_of_an_erased_member_afterwards_goes():
    member, other = MemberFactory(erased_at=NOW - 3 * DAY), MemberFactory()
    for one in (member, other):
        Notice.objects.create(member=one, kind="x", key=f"x{one.pk}", title="x", created_at=NOW)
    assert retain("erased-members").rows >= 1
    assert Notice.objects.get().member == other


@pytest.mark.parametrize("on", ["case", "member"])
def test_a_hold_keeps_what_is_its_own_and_nothing_else(on):
    held, other = closed(), closed()
    about = {"case_id": held.pk} if on == "case" else {"member_id": held.member_id}
    commands.place(**about, reason="诉讼", actor=UserFactory(), at=NOW)
    dry = retain("case-texts", is_dry=True)
    assert (dry.rows, dry.held) == (2, 2)
    assert retain("case-texts").rows == 2
    assert (body(held), body(other)) == ("杯子碎了", "—")
    hold = LegalHold.objects.get()
    commands.lift(hold_id=hold.pk, actor=UserFactory(), at=NOW)
    assert retain("case-texts").rows == 2
    assert body(held) == "—"


def test_a_hold_ends_with_its_time():
    case = closed()
    commands.place(case_id=case.pk, reason="x", until=NOW + DAY, actor=UserFactory(), at=NOW)
    assert retain("case-texts").rows == 0
    assert retain("case-texts", NOW + 2 * DAY).rows == 2
    again = commands.place(case_id=case.pk, reason="x", actor=UserFactory(), at=NOW + 2 * DAY)
    assert [one.pk for one in queries.of_case(case, NOW + 2 * DAY)] == [again.pk]


def test_a_member_on_hold_is_not_erased():
    case = closed()
    hold = commands.place(case_id=case.pk, reason="x", actor=UserFactory(), at=NOW)
    with pytest.raises(privacy.StillOpen):
        privacy.erase(member_id=case.member_id, actor=UserFactory(), at=NOW)
    commands.lift(hold_id=hold.pk, actor=UserFactory(), at=NOW)
    assert privacy.erase(member_id=case.member_id, actor=UserFactory(), at=NOW).erased_at == NOW


def test_a_hold_needs_something_to_hold_a_reason_and_an_end_ahead():
    case, user = closed(), UserFactory()
    place = partial(commands.place, actor=user, at=NOW)
    for wrong in (
        {"case_id": case.pk, "reason": " "},
        {"case_id": case.pk, "reason": "x" * 501},
        {"reason": "x"},
        {"case_id": case.pk, "member_id": case.member_id, "reason": "x"},
        {"case_id": case.pk, "reason": "x", "until": NOW},
    ):
        with pytest.raises(Invalid):
            place(**wrong)
    with pytest.raises(NotFound):
        place(case_id=0, reason="x")
    with pytest.raises(WrongState):
        place(member_id=MemberFactory(erased_at=NOW).pk, reason="x")
    first = place(case_id=case.pk, reason="x")
    with pytest.raises(Taken):
        place(case_id=case.pk, reason="x")
    with pytest.raises(NotFound):
        commands.lift(hold_id=0, actor=user, at=NOW)
    commands.lift(hold_id=first.pk, actor=user, at=NOW)
    commands.lift(hold_id=first.pk, actor=user, at=NOW)
    assert [event.kind for event in Event.objects.filter(kind__startswith="hold.").order_by("id")] == [
        "hold.placed",
        "hold.lifted",
    ]


@pytest.mark.django_db(transaction=True)
def test_a_run_waits_for_a_hold_that_is_being_placed():
    case, user = closed(), UserFactory()
    run = behind(
        lambda: commands.place(case_id=case.pk, reason="x", actor=user, at=NOW),
        partial(retain, "case-texts"),
        lambda: None,
    )
    assert run.rows == 0
    assert body(case) == "杯子碎了"


@pytest.mark.django_db(transaction=True)
def test_what_somebody_works_on_just_now_is_left_to_the_next_run():
    case = closed()
    run = behind(
        lambda: list(Message.objects.filter(case=case).select_for_update()),
        partial(retain, "case-texts"),
        lambda: None,
    )
    assert run.rows >= 1
    assert body(case) == "杯子碎了"
    retain("case-texts")
    assert body(case) == "—"


def test_ledger_and_event_log_are_as_they_were():
    case = closed()
    commands.place(case_id=closed().pk, reason="x", actor=UserFactory(), at=NOW)
    seals.seal(NOW)
    events = list(Event.objects.order_by("id").values("id", "kind", "data"))
    retention.retain_all(at=NOW)
    assert body(case) == "—"
    assert list(Event.objects.order_by("id").values("id", "kind", "data"))[: len(events)] == events
    assert seals.verify().flaw is None
    assert list(differences()) == []


def test_staff_place_and_lift_holds_on_a_page(admin_client):
    case = closed()
    page = "/admin/feedback/legalhold/"
    sent = {"case_number": case.number, "member_number": "", "reason": "诉讼", "until_0": "", "until_1": ""}
    assert admin_client.get(f"{page}add/").status_code == 200
    for wrong in ({"case_number": "x"}, {"case_number": ""}, {"reason": ""}, {"member_number": "nobody"}):
        assert admin_client.post(f"{page}add/", {**sent, **wrong}).status_code == 200
    assert not LegalHold.objects.exists()
    assert admin_client.post(f"{page}add/", sent).status_code == 302
    assert admin_client.post(f"{page}add/", sent).status_code == 200  # there is one
    hold = LegalHold.objects.get()
    assert admin_client.get(f"{page}{hold.pk}/change/").status_code == 200
    assert "诉讼" in admin_client.get(reverse("admin:case", args=[case.pk])).content.decode()
    chosen = {"action": "lift_selected", "_selected_action": [hold.pk]}
    assert admin_client.post(page, chosen).status_code == 302
    hold.refresh_from_db()
    assert hold.lifted_at is not None
