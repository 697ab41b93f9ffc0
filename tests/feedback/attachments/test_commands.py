from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.utils import timezone

from config.common.errors import MoveNotAllowed, NotFound
from feedback.attachments.commands import attach, inspect_all, kept_with_the_transaction, remove_orphans
from feedback.attachments.rules import BadFile
from feedback.attachments.serving import respond
from feedback.cases import commands
from feedback.models import Attachment, Message
from feedback.tasks import remove_orphaned_files
from tests.factories.compensation import T0
from tests.factories.feedback import CaseFactory, DepartmentFactory, MessageFactory, StaffFactory, picture

from .test_rules import PDF


def stored():
    """The paths of all files that are kept."""

    def below(folder):
        folders, files = default_storage.listdir(folder)
        yield from (f"{folder}/{name}".removeprefix("/") for name in files)
        for name in folders:
            yield from below(f"{folder}/{name}".removeprefix("/"))

    return set(below(""))


@pytest.fixture(autouse=True)
def _empty_storage():
    for name in stored():
        default_storage.delete(name)


@pytest.mark.django_db
def test_file_is_kept_under_the_case_by_its_digest():
    case = CaseFactory()
    message = commands.member_message(
        case_id=case.pk,
        body="",
        attachments=[picture("箱子.jpg"), picture("箱子.jpg")],
        actor=case.member,
        at=T0,
    )
    first, second = message.attachments.order_by("pk")
    assert first.file.name == f"cases/{case.pk}/{first.sha256}"
    assert first.name == "箱子.jpg"
    assert first.size == len(first.file.read())
    assert stored() == {first.file.name, second.file.name}
    assert first.file.name != second.file.name


@pytest.mark.django_db
@pytest.mark.parametrize("status", ["closed"])
def test_refused_message_leaves_no_file(status):
    case = CaseFactory(closed=True)
    with pytest.raises(MoveNotAllowed):
        commands.member_message(case_id=case.pk, body="x", attachments=[picture()], actor=case.member, at=T0)
    assert stored() == set()


@pytest.mark.django_db
def test_what_fails_after_the_file_was_written_takes_it_away(monkeypatch):
    def broken(*args, **kwargs):
        assert stored()
        raise RuntimeError("no")

    monkeypatch.setattr("feedback.cases.talking.telling.tell", broken)
    monkeypatch.setattr("feedback.cases.opening.telling.tell", broken)
    case = CaseFactory(department=DepartmentFactory())
    with pytest.raises(RuntimeError):
        commands.reply(case_id=case.pk, body="x", attachments=[picture()], actor=StaffFactory(), at=T0)
    with pytest.raises(RuntimeError):
        commands.open_case(
            member=case.member, kind="complaint", channel="portal", subject="x", attachments=[picture()],
            actor=case.member, at=T0,
        )  # fmt: skip
    assert stored() == set()
    assert not Attachment.objects.exists()
    assert not Message.objects.exists()


@pytest.mark.django_db
def test_second_bad_file_keeps_the_first_from_being_kept():
    case = CaseFactory()
    with pytest.raises(BadFile):
        commands.member_message(
            case_id=case.pk, body="x", attachments=[picture(), SimpleUploadedFile("x.svg", b"<svg/>")],
            actor=case.member, at=T0,
        )  # fmt: skip
    assert stored() == set()


@pytest.mark.django_db
def test_somebody_elses_case_takes_no_file():
    case, other = CaseFactory(), CaseFactory()
    with pytest.raises(NotFound):
        commands.member_message(case_id=case.pk, body="x", attachments=[picture()], actor=other.member, at=T0)
    assert stored() == set()


@pytest.mark.django_db
def test_repeated_upload_under_one_key_is_kept_once():
    case = CaseFactory()
    sent = [
        commands.member_message(
            case_id=case.pk, body="x", attachments=[picture()], key="k", actor=case.member, at=T0
        )
        for _ in range(2)
    ]
    assert sent[0] == sent[1]
    assert len(stored()) == Attachment.objects.count() == 1


def test_too_many_files(settings):
    settings.ATTACHMENTS_PER_MESSAGE = 2
    assert len(inspect_all([picture(), picture()])) == 2
    with pytest.raises(BadFile, match="2"):
        inspect_all([picture()] * 3)


def test_no_more_is_read_than_may_be_kept(settings):
    settings.ATTACHMENT_MEGABYTES = {"picture": 1, "recording": 1, "document": 1}
    asked = []

    class Big(SimpleUploadedFile):
        def read(self, size):
            asked.append(size)
            return self.file.read(size)

    big = Big("a.pdf", b"%PDF-" + b"x" * 3_000_000 + b"%%EOF")
    with pytest.raises(BadFile):
        inspect_all([big])
    assert asked == [1_000_001]


@pytest.mark.django_db
def test_attach_outside_its_guard_is_a_mistake():
    message = MessageFactory()
    files = inspect_all([picture()])
    with pytest.raises(RuntimeError):
        attach(message, files)
    with kept_with_the_transaction(), transaction.atomic():
        assert attach(message, files)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("upload", "disposition"),
    [(picture('a"b.jpg'), "inline"), (SimpleUploadedFile("发票.pdf", PDF), "attachment")],
)
def test_served_file_cannot_run_as_a_page(upload, disposition):
    case = CaseFactory()
    message = commands.member_message(
        case_id=case.pk, body="", attachments=[upload], actor=case.member, at=T0
    )
    attachment = message.attachments.get()
    response = respond(attachment)
    assert response["Content-Type"] == attachment.content_type
    assert response["Content-Disposition"].startswith(disposition)
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response["Content-Security-Policy"]
    assert "private" in response["Cache-Control"]
    assert b"".join(response.streaming_content) == attachment.file.open().read()


@pytest.mark.django_db
def test_file_that_a_killed_process_left_is_removed_later():
    case = CaseFactory()
    message = commands.member_message(
        case_id=case.pk, body="", attachments=[picture()], actor=case.member, at=T0
    )
    kept = message.attachments.get().file.name
    orphan = default_storage.save(f"cases/{case.pk}/orphan", ContentFile(b"x"))
    stranger = default_storage.save("cases/999999/orphan", ContentFile(b"x"))
    now = timezone.now()
    assert remove_orphans(before=now - timedelta(days=1)) == 0
    assert stored() == {kept, orphan, stranger}
    assert remove_orphans(before=now + timedelta(minutes=1)) == 2
    assert stored() == {kept}


@pytest.mark.django_db
def test_nothing_to_remove_where_nothing_was_kept(monkeypatch):
    monkeypatch.setattr("feedback.attachments.commands.FOLDERS", {"nowhere": (Attachment, "message__case")})
    assert remove_orphans(before=timezone.now()) == 0
    remove_orphaned_files()
