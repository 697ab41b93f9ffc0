import pytest

from config.common.errors import Invalid, KeyReused
from feedback.cases import commands
from feedback.models import Author, Case, CaseStatus, Department, Message
from tests.factories.compensation import T0, MemberFactory, OrderFactory
from tests.factories.feedback import DepartmentFactory, StaffFactory, picture
from tests.factories.sop import make_policy
from tests.threads import at_once


def opening(member, **options):
    return commands.open_case(
        **{
            "member": member, "kind": "complaint", "channel": "portal", "subject": "包裹破损",
            "actor": member, "at": T0, **options,
        }
    )  # fmt: skip


@pytest.mark.req("F1")
def test_new_case_holds_the_first_message_and_runs_under_clocks(service, member):
    make_policy()
    case = opening(member, body="杯子\n碎了", attachments=[picture()])
    case.refresh_from_db()
    message = case.messages.get()
    assert (case.status, case.department, case.agent, case.version) == (CaseStatus.NEW, service, None, 1)
    assert (message.author, message.is_public, message.body) == (Author.MEMBER, True, "杯子\n碎了")
    assert (case.last_message, case.last_author, case.last_message_at) == ("杯子 碎了", Author.MEMBER, T0)
    assert message.attachments.count() == 1
    assert set(case.clocks.values_list("milestone", flat=True)) == {"first_reply", "resolution"}
    assert case.next_due_at == min(case.clocks.values_list("due_at", flat=True))


@pytest.mark.req("F9")
@pytest.mark.parametrize(
    ("language", "title"),
    [("zh-hans", "我们已收到您的反馈 {}"), ("en", "We have received your case {}")],
)
def test_member_is_told_in_their_language(service, language, title):
    case = opening(MemberFactory(language=language))
    notice = case.member.notices.get()
    assert notice.title == title.format(case.number)
    assert notice.path == f"/portal/cases/{case.pk}/"


def test_department_that_takes_new_cases_is_data(service, member):
    Department.objects.update(takes_new=False)
    other = DepartmentFactory(takes_new=True)
    assert opening(member).department == other


def test_named_department_comes_first(service, logistics, member):
    assert opening(member, department=logistics).department == logistics


def test_words_taken_down_by_an_agent_are_the_members(service, member):
    agent = StaffFactory()
    case = opening(member, channel="phone", body="打不开", actor=agent)
    assert case.messages.get().author == Author.MEMBER
    assert case.messages.get().user is None


def test_what_the_system_writes_is_its_own(service, member):
    assert opening(member, channel="gap", body="迟到", actor=None).messages.get().author == Author.SYSTEM


def test_case_without_text_has_no_message(service, member):
    assert not opening(member).messages.exists()


def test_order_of_somebody_else_is_refused(service, member):
    with pytest.raises(Invalid):
        opening(member, order=OrderFactory())
    assert opening(member, order=OrderFactory(member=member)).order


def test_department_that_takes_no_cases_is_refused(service, member):
    with pytest.raises(Invalid):
        opening(member, department=DepartmentFactory(is_active=False))


@pytest.mark.parametrize("subject", ["", "  \n ", "\0", "长" * 201])
def test_subject_must_be_there_and_short(service, member, subject):
    with pytest.raises(Invalid):
        opening(member, subject=subject)


def test_hostile_text_is_kept_without_what_a_database_or_terminal_chokes_on(service, member):
    case = opening(member, subject="a\r\nb\0\x1b[31m", body="\0<script>\ud800\x07你\r\n好\u202e\u200f\t!  ")
    assert case.subject == "a b[31m"
    assert case.messages.get().body == "<script>你\n好\u202e\u200f\t!"


def test_a_megabyte_of_text_is_refused(service, member):
    with pytest.raises(Invalid, match="20000"):
        opening(member, body="字" * 1_000_000)
    assert not Case.objects.exists()


@pytest.mark.parametrize(("field", "value"), [("kind", "nonsense"), ("channel", ""), ("priority", 9)])
def test_what_is_on_no_list_is_refused(service, member, field, value):
    with pytest.raises(Invalid):
        opening(member, **{field: value})


def test_one_reason_opens_one_case(service, member):
    first = opening(member, key="gap:1", actor=None)
    assert opening(member, key="gap:1", subject="别的说法", actor=None) == first
    assert opening(member, key="gap:2", actor=None) != first


def test_one_request_opens_one_case(service, member):
    first = opening(member, idempotency_key="k", body="x", attachments=[picture()])
    assert opening(member, idempotency_key="k", body="x", attachments=[picture()]) == first
    assert Message.objects.count() == 1
    assert member.notices.count() == 1


@pytest.mark.parametrize(
    "other", [{"body": "y"}, {"kind": "refund"}, {"attachments": [picture(size=(9, 9))]}]
)
def test_a_key_is_not_for_other_content(service, member, other):
    opening(member, idempotency_key="k", body="x")
    with pytest.raises(KeyReused):
        opening(member, **{"idempotency_key": "k", "body": "x", **other})


def test_keys_of_two_members_are_two(service, member):
    assert opening(member, idempotency_key="k") != opening(MemberFactory(), idempotency_key="k")


@pytest.mark.django_db(transaction=True)
def test_one_reason_at_the_same_moment_opens_one_case():
    DepartmentFactory(takes_new=True)
    member = MemberFactory()
    cases = at_once(*[lambda: opening(member, key="gap:1", actor=None)] * 4)
    assert len({case.pk for case in cases}) == 1
    assert Case.objects.count() == 1
