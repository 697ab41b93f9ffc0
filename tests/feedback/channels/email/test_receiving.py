from datetime import timedelta
from unittest.mock import patch

import pytest
from django.core.files.storage import default_storage
from django.db import OperationalError, connection

from compensation.models import Member, Notice
from config.common.models import Event, OutboxMessage
from feedback.cases import commands
from feedback.channels import arriving
from feedback.channels.email import originals, rules
from feedback.models import (
    Alert,
    Attachment,
    Author,
    Case,
    CaseLink,
    ChannelMessage,
    Clock,
    Mailbox,
    Message,
    Outcome,
)
from tests.factories.compensation import T0, MemberFactory
from tests.factories.feedback import picture
from tests.factories.mail import letter, take
from tests.factories.sop import make_policy
from tests.threads import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.req("F1")]
HOUR = timedelta(hours=1)


def png() -> bytes:
    return picture(kind="PNG").read()


def test_a_letter_of_a_stranger_opens_a_case(mailbox, service):
    make_policy(targets={"first_reply": 30})
    row = take(mailbox, letter("杯子碎了\n\n> 旧的\n", files=[("照片.png", "image/png", png())]))
    case = row.case
    assert (case.channel, case.kind, case.subject, case.opened_at) == ("email", "enquiry", "包裹破损", T0)
    assert case.department == service
    message = Message.objects.get(case=case)
    assert (message.author, message.body, message.at) == (Author.MEMBER, "杯子碎了", T0)
    assert Attachment.objects.get(message=message).name == "照片.png"
    assert (case.member.email, case.member.name) == ("wang@example.com", "王女士")
    assert (row.outcome, row.letter_id, row.message) == (Outcome.TAKEN, "1@example.com", message)
    assert originals.read(row).text.startswith("杯子碎了\n\n> 旧的")
    assert Clock.objects.get(case=case).started_at == T0  # by when it arrived, not by when it was fetched


def test_a_letter_of_a_member_is_the_members(mailbox):
    member = MemberFactory(email="wang@example.com")
    assert take(mailbox, letter()).case.member == member
    assert Member.objects.count() == 1


def test_the_same_letter_again_changes_nothing(mailbox):
    assert take(mailbox, letter()) is not None
    other = Mailbox.objects.create(name="b", address="info@shop.example")
    assert take(mailbox, letter()) is None
    assert take(other, b"Delivered-To: info@shop.example\n" + letter()) is None
    assert Case.objects.count() == Message.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_same_letter_at_once_is_taken_in_once(mailbox):
    results = at_once(*[lambda: take(mailbox, letter())] * 4)
    assert sum(row is not None for row in results) == 1
    assert Case.objects.count() == 1
    connection.close()


def replied(mailbox, agent, **more):
    """A case by letter that was answered."""
    case = take(mailbox, letter()).case
    commands.reply(case_id=case.pk, body="请发照片", actor=agent.user, at=T0 + timedelta(minutes=5), **more)
    case.refresh_from_db()
    return case


WAYS = {
    "address": lambda case: {"to": f"care+{rules.tag(case.pk)}@shop.example"},
    "changed address": lambda case: {"to": f"CARE+{rules.tag(case.pk).upper()}@Shop.Example"},
    "our letter": lambda case: {"in_reply_to": f"<abc.{rules.tag(case.pk)}@shop.example>"},
    "references": lambda case: {"references": f"<x@y> <abc.{rules.tag(case.pk)}@shop.example> <z@y>"},
    "the member's letter": lambda case: {"in_reply_to": "<1@example.com>"},
    "number": lambda case: {"subject": f"回复: 破损 [{case.number}]"},
}


@pytest.mark.parametrize("way", WAYS)
def test_an_answer_goes_to_its_case(mailbox, agent, way):
    case = replied(mailbox, agent, then="wait")
    row = take(mailbox, letter("照片在此", number=2, **WAYS[way](case)), at=T0 + HOUR)
    assert row.case == case
    assert [one.body for one in Message.objects.filter(case=case)] == ["箱子破了", "请发照片", "照片在此"]
    case.refresh_from_db()
    assert case.status == "open"


@pytest.mark.parametrize("way", ["the member's letter", "number"])
def test_a_stranger_who_guesses_gets_into_no_case(mailbox, agent, way):
    case = replied(mailbox, agent)
    row = take(
        mailbox, letter("我也要", sender="thief@example.net", number=2, **WAYS[way](case)), at=T0 + HOUR
    )
    assert row.case != case


def test_a_tag_that_is_not_ours_counts_for_nothing(mailbox, agent):
    case = replied(mailbox, agent)
    forged = f"care+c{case.pk}-{'a' * 16}@shop.example"
    assert take(mailbox, letter("x", sender="b@example.net", number=2, to=forged), at=T0 + HOUR).case != case
    other = f"care+c{case.pk + 1}-{rules.tag(case.pk).partition('-')[2]}@shop.example"
    assert take(mailbox, letter("x", sender="b@example.net", number=3, to=other), at=T0 + HOUR).case != case


def test_a_resolved_case_is_reopened_by_a_letter(mailbox, agent):
    case = replied(mailbox, agent, then="resolve")
    assert take(mailbox, letter("还没好", number=2, in_reply_to="<1@example.com>"), at=T0 + HOUR).case == case
    case.refresh_from_db()
    assert case.status == "reopened"


@pytest.mark.parametrize(("days", "again"), [(29, True), (31, False)])
def test_a_closed_case_is_reopened_within_its_departments_time_else_a_new_one_is_linked(
    mailbox, agent, days, again
):
    case = replied(mailbox, agent, then="resolve")
    commands.close_case(case_id=case.pk, actor=None, at=T0 + HOUR)
    at = T0 + HOUR + timedelta(days=days)
    row = take(mailbox, letter("又坏了", number=2, in_reply_to="<1@example.com>"), at=at)
    assert (row.case == case) is again
    case.refresh_from_db()
    assert case.status == ("reopened" if again else "closed")
    assert CaseLink.objects.filter(case=case, other=row.case).exists() is not again
    assert row.case.member == case.member


def test_a_letter_to_a_joined_case_goes_to_the_one_that_is_left(mailbox, agent):
    case = replied(mailbox, agent)
    left = take(mailbox, letter("y", number=9), at=T0).case
    Case.objects.filter(pk=case.pk).update(
        status="closed", resolution="duplicate", resolved_at=T0, closed_at=T0, merged_into=left
    )
    assert take(mailbox, letter("z", number=10, **WAYS["address"](case)), at=T0 + HOUR).case == left


def test_a_letter_that_was_fetched_late_is_put_behind_what_has_happened_since(mailbox, agent):
    make_policy()
    case = replied(mailbox, agent, then="wait")  # at T0 + 5 min the clocks stand still
    early = T0 + timedelta(minutes=2)
    row = take(mailbox, letter("还有", number=2, **WAYS["address"](case)), at=early, now=T0 + HOUR)
    assert row.at == early
    assert row.message.at == T0 + HOUR


AUTOMATIC = [
    {"auto_submitted": "auto-replied"},
    {"auto_submitted": "auto-generated; x=1"},
    {"precedence": "bulk"},
    {"precedence": "auto_reply"},
    {"x_auto_response_suppress": "All"},
    {"list_id": "<news.example.com>"},
    {"list_unsubscribe": "<mailto:x@example.com>"},
    {"return_path": "<>"},
    {"sender": "no-reply@example.com"},
    {"subject": "自动回复: 包裹破损"},
    {"subject": "Re: Out of Office: x"},
]


@pytest.mark.parametrize("headers", AUTOMATIC, ids=str)
def test_what_a_machine_wrote_opens_no_case_and_gets_no_answer(mailbox, headers):
    row = take(mailbox, letter(**headers))
    assert (row.outcome, row.case) == (Outcome.SET_ASIDE, None)
    assert row.reason
    assert not Case.objects.exists()
    assert not OutboxMessage.objects.exists()
    assert originals.read(row).text.strip() == "箱子破了"  # nothing is lost


@pytest.mark.parametrize("headers", [one for one in AUTOMATIC if "sender" not in one], ids=str)
def test_a_machines_answer_is_a_note_that_wakes_nobody(mailbox, agent, headers):
    make_policy()
    case = replied(mailbox, agent, then="resolve")
    clocks = list(Clock.objects.filter(case=case).values())
    sent = OutboxMessage.objects.count()
    row = take(mailbox, letter("我在休假", number=2, **{**WAYS["references"](case), **headers}), at=T0 + HOUR)
    case.refresh_from_db()
    assert (row.case, case.status) == (case, "resolved")
    assert not row.message.is_public
    assert "我在休假" in row.message.body
    assert list(Clock.objects.filter(case=case).values()) == clocks
    assert OutboxMessage.objects.count() == sent


def test_a_person_is_no_machine(mailbox):
    for number, headers in enumerate(
        [{"auto_submitted": "no"}, {"precedence": "first-class"}, {"sender": "n@o.cn"}]
    ):
        assert take(mailbox, letter(number=number + 1, **headers)).outcome == Outcome.TAKEN


def test_our_own_letters_are_set_aside(mailbox, agent):
    case = replied(mailbox, agent)
    assert take(mailbox, letter(sender="Care@Shop.example", number=2)).outcome == Outcome.SET_ASIDE
    ChannelMessage.objects.create(
        case=case, channel="email", direction="out", external_id="r", outcome="sent", at=T0,
        letter_id="3@example.com",
    )  # fmt: skip
    row = take(
        mailbox, letter(sender="list@example.org", number=3, to=f"care+{rules.tag(case.pk)}@shop.example")
    )
    assert (row.outcome, row.case) == (Outcome.SET_ASIDE, None)


def test_a_flood_of_one_sender_is_set_aside(mailbox, agent, settings):
    settings.LETTERS_AN_HOUR = 2
    rows = [take(mailbox, letter(f"x{number}", number=number)) for number in range(1, 5)]
    assert [row.outcome for row in rows] == ["taken", "taken", "set_aside", "set_aside"]
    # who writes into a case that is worked on is heard all the same
    row = take(mailbox, letter("更多", number=9, in_reply_to="<1@example.com>"))
    assert row.case == rows[0].case
    later = take(mailbox, letter("x", number=10), at=T0 + 2 * HOUR)
    assert later.outcome == Outcome.TAKEN


def test_files_that_are_not_taken_are_named(mailbox, settings):
    settings.ATTACHMENTS_PER_MESSAGE = 2
    files = [("virus.exe", "application/x-dosexec", b"MZ"), ("表.docx", "application/zip", b"PK\3\4")]
    files += [(f"{n}.png", "image/png", png()) for n in range(3)]
    case = take(mailbox, letter(files=files)).case
    assert Attachment.objects.filter(message__case=case).count() == 2
    note = Message.objects.get(case=case, is_public=False)
    assert all(name in note.body for name in ("virus.exe", "表.docx", "2.png"))


def test_a_letter_without_subject_or_text_is_taken(mailbox):
    row = take(mailbox, letter("", subject=""))
    assert row.case.subject == "（无主题）"
    assert (
        take(mailbox, letter("Where is my parcel?", subject="", number=2)).case.subject
        == "Where is my parcel?"
    )


def test_strangers_are_spoken_to_in_their_language(mailbox):
    case = take(mailbox, letter("Where is my parcel?", subject="Parcel", sender="joe@example.com")).case
    assert case.member.language == "en"
    assert "We have received your case" in Notice.objects.get(member=case.member).title


def test_a_huge_text_is_cut_and_its_original_kept(mailbox):
    row = take(mailbox, letter("长" * 50_000))
    assert len(row.message.body) <= 20_000
    assert len(originals.read(row).text.strip()) == 50_000


@pytest.mark.parametrize(
    "raw", [b"", b"Subject: from nobody\r\n\r\nx", b"\xff\0\xfe" * 50], ids=["empty", "none", "binary"]
)
def test_what_cannot_be_read_is_kept_for_a_person(mailbox, raw):
    row = take(mailbox, raw)
    assert (row.outcome, row.case) == (Outcome.BROKEN, None)
    assert default_storage.open(row.original.name).read() == raw
    assert take(mailbox, raw) is None


def test_a_letter_that_something_stumbles_over_holds_up_no_other(mailbox):
    with patch.object(arriving, "open_case", side_effect=ValueError("bug")):
        row = take(mailbox, letter())
    assert (row.outcome, row.reason) == (Outcome.BROKEN, "ValueError: bug")
    assert not Case.objects.exists()
    assert [one.kind for one in Event.objects.filter(subject_type="channelmessage")] == ["letter.broken"]


def originals_kept() -> set[str]:
    months = default_storage.listdir("letters")[0] if default_storage.exists("letters") else []
    return {f"{month}/{name}" for month in months for name in default_storage.listdir(f"letters/{month}")[1]}


def test_a_database_that_is_away_leaves_the_letter_where_it_is(mailbox):
    before = originals_kept()
    with patch.object(arriving, "open_case", side_effect=OperationalError), pytest.raises(OperationalError):
        take(mailbox, letter())
    assert not ChannelMessage.objects.exists()
    assert originals_kept() == before


def test_hostile_text_does_no_harm(mailbox):
    text = "a\x00b\x1b[31m\u202e<script>alert(1)</script>{{ 7*7 }}'; DROP TABLE--"

    raw = (
        b'From: "<b>x</b>" <a@example.com>\r\nSubject: x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n'
        + text.encode()
    )
    row = take(mailbox, raw)
    assert row.outcome == Outcome.TAKEN
    assert "\x00" not in row.message.body
    assert "\x1b" not in row.message.body


DSN = b"""From: MAILER-DAEMON@mx.example
To: care+%(tag)s@shop.example
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; wang@example.com
Action: %(action)s
Status: %(status)s
Diagnostic-Code: smtp; %(status)s <wang@example.com>: mailbox is not here

--b
Content-Type: text/rfc822-headers

Message-ID: <%(letter)s>
Subject: Re: x
--b--
"""


def report(case, *, action=b"failed", status=b"5.1.1", tag=None, letter=b"none@here") -> bytes:
    tag = rules.tag(case.pk).encode() if tag is None else tag
    return DSN % {b"tag": tag, b"action": action, b"status": status, b"letter": letter}


def test_a_letter_that_came_back_is_noted_on_case_and_member(mailbox, agent):
    case = replied(mailbox, agent)
    row = take(mailbox, report(case), at=T0 + HOUR)
    assert (row.outcome, row.case) == (Outcome.BOUNCE, case)
    note = Message.objects.filter(case=case, is_public=False).get()
    assert "w***@example.com" in note.body
    assert "mailbox is not here" in note.body
    case.member.refresh_from_db()
    assert case.member.email_failed_at == T0 + HOUR + timedelta(seconds=5)
    assert Alert.objects.filter(case=case, user=agent.user, kind="case.reply_failed").exists()
    assert case.status == "open"
    # the member writes: letters arrive again
    take(mailbox, letter("在", number=5, in_reply_to="<1@example.com>"), at=T0 + 2 * HOUR)
    case.member.refresh_from_db()
    assert case.member.email_failed_at is None


def test_a_report_is_known_by_the_letter_that_came_back(mailbox, agent):
    case = replied(mailbox, agent)
    ours = ChannelMessage.objects.create(
        case=case, channel="email", direction="out", external_id="r", outcome="sent", at=T0,
        letter_id="u1@shop.example", recipient="wang@example.com",
    )  # fmt: skip
    assert take(mailbox, report(case, tag=b"", letter=b"u1@shop.example")).case == case
    ours.refresh_from_db()
    assert ours.outcome == Outcome.FAILED


def test_a_delay_is_no_failure(mailbox, agent):
    case = replied(mailbox, agent)
    for number, told in enumerate([{"action": b"delayed", "status": b"4.4.1"}, {"status": b"4.2.2"}]):
        row = take(mailbox, report(case, **told) + b"%d" % number)
        assert row.outcome == Outcome.BOUNCE
    case.member.refresh_from_db()
    assert case.member.email_failed_at is None
    assert not Message.objects.filter(case=case, is_public=False).exists()


def test_a_forged_report_marks_nobody(mailbox, agent):
    case = replied(mailbox, agent)
    row = take(mailbox, report(case, tag=f"c{case.pk}-{'b' * 16}".encode()))
    assert (row.outcome, row.case) == (Outcome.SET_ASIDE, None)
    case.member.refresh_from_db()
    assert case.member.email_failed_at is None


def test_orphaned_originals_are_removed(mailbox):
    far = T0 + timedelta(days=36500)
    originals.remove_orphans(before=far)  # of other tests: they share the storage
    row = take(mailbox, letter())
    default_storage.save("letters/2026-11/left-behind", default_storage.open(row.original.name))
    assert originals.remove_orphans(before=far) == 1
    assert default_storage.exists(row.original.name)
