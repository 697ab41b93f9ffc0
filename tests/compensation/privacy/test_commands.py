"""Having one's data, having it erased, and who looked at it."""

import json
import zipfile
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from compensation.coupons.ending import expire_due
from compensation.ledger.commands import post
from compensation.ledger.queries import holding
from compensation.ledger.rules import LotTerms, given
from compensation.models import Coupon, CouponStatus, Lot, Member, MemberSession, Notice, Unit
from compensation.notices.commands import notify
from compensation.privacy import commands, queries
from config.common.errors import NotFound
from config.common.limits import TooMany
from config.common.models import Event, OutboxMessage, OutboxStatus
from config.common.outbox import put
from feedback.models import Attachment, Author, CaseStatus, Message
from tests.factories.compensation import MemberFactory
from tests.factories.coupons import give_coupon
from tests.factories.feedback import CaseFactory, MessageFactory, StaffFactory, picture
from tests.factories.orders import OrderFactory
from tests.factories.session import browser_of, client_of, token_of
from tests.threads import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.req("F23")]

AT = datetime(2026, 11, 20, 2, 40, tzinfo=UTC)
BACKEND = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture
def member():
    return MemberFactory(name="王小明", phone="13800001234", email="wang@example.com", city="杭州")


def closed(member, **more):
    return CaseFactory(member=member, closed=True, **more)


def attached(message, name="样.jpg"):
    return Attachment.objects.create(
        message=message, file=picture(), name=name, content_type="image/jpeg", size=1, sha256="0" * 64
    )


def erase(member, at=AT):
    return commands.erase(member_id=member.pk, actor=None, at=at)


def test_who_they_are_and_what_they_said_goes_and_the_case_stays(member):
    case = closed(member, subject="我是王小明")
    said = MessageFactory(case=case, body="电话 13800001234")
    token_of(member)
    erased = erase(member)
    assert (erased.name, erased.phone, erased.email, erased.city) == ("", "", "", "")
    assert erased.erased_at == AT
    case.refresh_from_db()
    said.refresh_from_db()
    assert (case.subject, said.body, case.status) == ("—", "—", CaseStatus.CLOSED)
    assert not MemberSession.objects.filter(member=member).exists()
    assert Event.objects.get(kind="member.erased").subject_id == member.pk


def test_again_does_nothing(member):
    erase(member)
    assert erase(member, AT + timedelta(days=1)).erased_at == AT
    assert Event.objects.filter(kind="member.erased").count() == 1


def test_nobody_is_erased_while_something_is_open(member):
    case = CaseFactory(member=member)
    order = OrderFactory(member=member, status="shipped")
    with pytest.raises(commands.StillOpen) as refused:
        erase(member)
    assert case.number in str(refused.value)
    assert order.external_id in str(refused.value)
    member.refresh_from_db()
    assert member.name == "王小明"
    assert len(queries.standing(member.pk)) == 2


def test_nobody_that_is_not_there(member):
    for act in (commands.erase, commands.export, commands.reveal):
        with pytest.raises(NotFound):
            act(member_id=0, actor=None, at=AT)


def test_points_and_coupons_end_by_the_ledger(member):
    moves = given(Unit.POINTS, 120, member_id=member.pk)
    post(key="k", kind="test", moves=moves, actor=None, at=AT)
    coupon = give_coupon(member, at=AT)
    assert queries.ending(member, AT + timedelta(hours=1)) == queries.Ending(points=120, coupons=1)
    later = AT + timedelta(hours=1)
    erase(member, later)
    expire_due(at=later + timedelta(seconds=1))
    assert holding(member, later + timedelta(seconds=1)).available == 0
    coupon.refresh_from_db()
    assert coupon.status == CouponStatus.EXPIRED


def test_points_and_coupons_that_cannot_be_used_yet_end_too(member):
    soon, later = AT + timedelta(hours=1), AT + timedelta(days=3)
    for number, ends in enumerate((None, later + timedelta(days=30))):
        post(
            key=f"k{number}",
            kind="test",
            moves=given(Unit.POINTS, 100, member_id=member.pk),
            terms=LotTerms(available_from=later, expires_at=ends),
            actor=None,
            at=AT,
        )
    coupon = give_coupon(member, at=AT)
    Coupon.objects.filter(pk=coupon.pk).update(valid_from=later)
    erase(member, soon)
    expire_due(at=soon + timedelta(seconds=1))
    assert not Lot.objects.filter(account__member=member).exclude(expires_at=soon).exists()
    coupon.refresh_from_db()
    assert coupon.status == CouponStatus.EXPIRED


def test_what_was_still_to_be_sent_is_not(member):
    notify(member=member, kind="x", key="n1", title="王小明，您好", at=AT)
    put("member", key="x", recipient=f"member:{member.pk}", payload={"name": "王小明"}, at=AT)
    erase(member)
    assert not Notice.objects.filter(member=member).exists()
    assert not OutboxMessage.objects.filter(status=OutboxStatus.PENDING).exists()
    assert OutboxMessage.objects.get(key="x").payload == {}


def test_files_go_with_the_transaction(member, django_capture_on_commit_callbacks):
    kept = attached(MessageFactory(case=closed(member)))
    storage, path = kept.file.storage, kept.file.name
    with django_capture_on_commit_callbacks(execute=True):
        erase(member)
    assert not Attachment.objects.exists()
    assert not storage.exists(path)


def test_others_keep_what_is_theirs(member):
    other = MemberFactory(name="王小明", phone="13900001234")
    said = MessageFactory(case=closed(other), body="我的")
    erase(member)
    other.refresh_from_db()
    said.refresh_from_db()
    assert (other.name, other.phone, said.body) == ("王小明", "13900001234", "我的")


def test_the_export_holds_theirs_and_no_notes_of_ours(member):
    order = OrderFactory(member=member)
    case = closed(member, order=order)
    MessageFactory(case=case, body="我要退款")
    MessageFactory(case=case, body="他很难缠", author=Author.SYSTEM, is_public=False)
    attached(Message.objects.get(body="我要退款"), name="../样.jpg")
    MessageFactory(case=closed(MemberFactory()), body="别人的")
    with commands.export(member_id=member.pk, actor=member, at=AT) as kept, zipfile.ZipFile(kept) as archive:
        text = archive.read("data.json").decode()
        data, names = json.loads(text), archive.namelist()
    assert data["compensation.Member"][0]["phone"] == "13800001234"
    assert [one["body"] for one in data["feedback.Message"]] == ["我要退款"]
    assert data["compensation.Order"][0]["external_id"] == order.external_id
    assert "他很难缠" not in text
    assert "别人的" not in text
    assert [name for name in names if name.startswith("files/")]
    assert all(".." not in name.split("/") for name in names)
    assert Event.objects.get(kind="member.exported").actor == f"member:{member.pk}"


def test_an_erased_member_has_nothing_to_export(member):
    erase(member)
    with pytest.raises(NotFound):
        commands.export(member_id=member.pk, actor=None, at=AT)


def test_a_few_exports_a_day(member):
    for _one in range(commands.EXPORTS):
        commands.export_own(member=member, at=AT).close()
    with pytest.raises(TooMany):
        commands.export_own(member=member, at=AT)
    commands.export_own(member=member, at=AT + timedelta(days=1)).close()


def test_contact_details_are_shown_on_record(client, member):
    client.force_login(StaffFactory(role="supervisor"), backend=BACKEND)
    page = client.get(reverse("admin:member_data", args=[member.pk])).content.decode()
    assert "13800001234" not in page
    assert not Event.objects.filter(kind="member.contact_seen").exists()
    page = client.post(reverse("admin:member_contact", args=[member.pk])).content.decode()
    assert "13800001234" in page
    assert Event.objects.get(kind="member.contact_seen").subject_id == member.pk
    for name in ("changelist", "change"):
        args = [member.pk] if name == "change" else []
        shown = client.get(reverse(f"admin:compensation_member_{name}", args=args)).content.decode()
        assert "13800001234" not in shown


def test_staff_write_the_number_to_erase(client, member):
    client.force_login(StaffFactory(is_superuser=True), backend=BACKEND)
    path = reverse("admin:member_erase", args=[member.pk])
    assert client.post(path, {"number": "other"}).status_code == 400
    assert Member.objects.get(pk=member.pk).erased_at is None
    assert client.post(path, {"number": member.external_id}).status_code == 302
    assert Member.objects.get(pk=member.pk).erased_at is not None
    assert client.get(reverse("admin:member_data", args=[member.pk])).status_code == 200


def test_staff_export(client, member):
    client.force_login(StaffFactory(role="supervisor"), backend=BACKEND)
    answer = client.post(reverse("admin:member_export", args=[member.pk]))
    assert answer["Content-Type"] == "application/zip"
    assert b"".join(answer.streaming_content).startswith(b"PK")


def test_a_member_has_it_and_has_it_erased_in_the_portal(member):
    browser = browser_of(member)
    assert browser.get(reverse("portal:data")).status_code == 200
    assert b"".join(browser.post(reverse("portal:data-export")).streaming_content).startswith(b"PK")
    assert browser.post(reverse("portal:data-erase")).status_code == 400
    assert Member.objects.get(pk=member.pk).erased_at is None
    assert browser.post(reverse("portal:data-erase"), {"sure": "on"}).status_code == 302
    assert Member.objects.get(pk=member.pk).erased_at is not None
    assert browser.get(reverse("portal:home")).status_code == 302


def test_the_portal_says_what_has_to_be_finished_first(member):
    case = CaseFactory(member=member)
    browser = browser_of(member)
    page = browser.post(reverse("portal:data-erase"), {"sure": "on"})
    assert page.status_code == 409
    assert case.number in page.content.decode()


def test_a_member_has_it_and_has_it_erased_by_the_api(member):
    client = client_of(member)
    assert client.get("/api/v1/me/erasure/").json() == {"open": [], "points": 0, "coupons": 0}
    assert b"".join(client.get("/api/v1/me/export/").streaming_content).startswith(b"PK")
    assert client.post("/api/v1/me/erasure/", {"number": "x"}, format="json").status_code == 400
    done = client.post("/api/v1/me/erasure/", {"number": member.external_id}, format="json")
    assert done.status_code == 204
    assert client.get("/api/v1/me/").status_code == 401


def test_the_commands(member, tmp_path):
    out = StringIO()
    call_command("export_member", member.external_id, str(tmp_path / "a.zip"), stdout=out)
    assert zipfile.is_zipfile(tmp_path / "a.zip")
    with pytest.raises(CommandError):
        call_command("export_member", member.external_id, str(tmp_path / "a.zip"))
    for name, more in (("erase_member", ["--yes"]), ("export_member", [str(tmp_path / "b.zip")])):
        with pytest.raises(CommandError):
            call_command(name, "nobody", *more)
    with pytest.raises(CommandError):
        call_command("erase_member", CaseFactory().member.external_id, "--yes")
    call_command("erase_member", member.external_id, "--yes", stdout=out)
    call_command("erase_member", member.external_id, "--yes", stdout=out)
    assert Member.objects.get(pk=member.pk).name == ""


@pytest.mark.django_db(transaction=True)
def test_two_at_once_erase_once():
    member = MemberFactory(name="王小明")
    at_once(*[lambda: commands.erase(member_id=member.pk, actor=None, at=AT)] * 3)
    assert Event.objects.filter(kind="member.erased").count() == 1
