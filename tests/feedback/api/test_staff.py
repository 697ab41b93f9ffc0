"""Cases through the staff API: departments see their own, and a move is allowed or refused with a reason."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from feedback.cases import commands
from feedback.handoffs import commands as handoffs
from feedback.models import Agent, Attachment, Case, Department, Handoff
from tests.factories.compensation import MemberFactory
from tests.factories.feedback import AgentFactory, CaseFactory, DepartmentFactory, StaffFactory, picture
from tests.factories.session import client_of
from tests.factories.sop import make_policy

pytestmark = [pytest.mark.django_db, pytest.mark.req("P1")]
CASES = "/api/v1/staff/cases/"


@pytest.fixture
def ours() -> Department:
    department = DepartmentFactory(takes_new=True)
    make_policy(calendar=department.calendar)
    return department


@pytest.fixture
def theirs(ours: Department) -> Department:
    return DepartmentFactory(calendar=ours.calendar)


@pytest.fixture
def agent(ours: Department) -> Agent:
    return AgentFactory(departments=[ours])


@pytest.fixture
def client(agent: Agent) -> APIClient:
    client = APIClient()
    client.force_login(agent.user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def open_case(department: Department, **fields: object) -> Case:
    member = MemberFactory()
    return commands.open_case(
        member=member,
        kind="complaint",
        channel="app",
        subject="碎了",
        body="碎了",
        department=department,
        actor=member,
        at=timezone.now(),
        **fields,
    )


def test_an_agent_sees_their_departments_cases(
    client: APIClient, ours: Department, theirs: Department
) -> None:
    mine, other = open_case(ours), open_case(theirs)
    assert [row["id"] for row in client.get(CASES).data["results"]] == [mine.pk]
    assert client.get(f"{CASES}{mine.pk}/").data["actions"]
    assert client.get(f"{CASES}{other.pk}/").status_code == 404


MOVES = {
    "claim": {},
    "assign": {"agent": None},
    "reply": {"body": "您好"},
    "note": {"body": "看看"},
    "hand-over": {"department": 1, "question": "在哪？"},
    "answer": {"handoff": 1, "answer": "在这"},
    "reject": {"handoff": 1, "reason": "不归我们"},
    "recall": {"handoff": 1},
    "accept": {"handoff": 1},
    "wait-for": {"reason": "waiting_bank"},
    "go-on": {},
    "ask-courier": {"question": "到哪了？"},
    "courier-answered": {"answer": "在路上"},
    "promise-call": {"note": "下午"},
    "called-back": {"reached": True},
    "refunded": {"note": "已退"},
    "review-answered": {"note": "已回"},
    "transfer": {"department": 1},
    "priority": {"priority": 3},
    "correct": {"subject": "另一件事", "kind": "enquiry", "order": None},
    "resolve": {"resolution": "solved", "message": "好了"},
    "reopen": {"reason": "没好"},
    "close": {},
    "merge": {"into": 1},
    "split": {"message": 1, "subject": "另一件事"},
    "link": {"other": 1},
    "unlink": {"other": 1},
}


@pytest.mark.parametrize("move", MOVES)
def test_another_departments_case_is_not_found(client: APIClient, theirs: Department, move: str) -> None:
    case = open_case(theirs)
    answer = client.post(f"{CASES}{case.pk}/{move}/", MOVES[move], format="json")
    assert answer.status_code == 404
    case.refresh_from_db()
    assert case.version == 1


@pytest.mark.parametrize("move", MOVES)
def test_members_and_strangers_do_not_come_in(ours: Department, move: str) -> None:
    case = open_case(ours)
    for client in (APIClient(), client_of(case.member)):
        assert client.post(f"{CASES}{case.pk}/{move}/", MOVES[move], format="json").status_code == 403
        assert client.get(CASES).status_code == 403


@pytest.mark.parametrize("move", MOVES)
def test_staff_who_only_read_cases_may_look_and_not_touch(ours: Department, move: str) -> None:
    case = open_case(ours)
    user = AgentFactory(departments=[ours], user=StaffFactory()).user
    user.user_permissions.add(Permission.objects.get(codename="view_case"))
    client = APIClient()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(f"{CASES}{case.pk}/").status_code == 200
    answer = client.post(f"{CASES}{case.pk}/{move}/", MOVES[move], format="json")
    assert answer.status_code == 403
    assert answer.json()["code"] == "not_permitted"


def test_staff_whose_role_reads_no_cases_gets_none(ours: Department) -> None:
    case = open_case(ours)
    client = APIClient()
    user = AgentFactory(departments=[ours], user=StaffFactory(role="analyst")).user
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(CASES).status_code == 403
    assert client.get(f"{CASES}{case.pk}/").status_code == 403


@pytest.mark.parametrize("move", [move for move in MOVES if MOVES[move]])
def test_a_move_with_nonsense_is_refused(client: APIClient, ours: Department, move: str) -> None:
    case = open_case(ours)
    content = dict.fromkeys(MOVES[move], "\x00")
    assert client.post(f"{CASES}{case.pk}/{move}/", content, format="json").status_code == 400


def test_a_post_without_csrf_token_is_refused(agent: Agent, ours: Department) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(agent.user, backend="django.contrib.auth.backends.ModelBackend")
    assert client.post(f"{CASES}{open_case(ours).pk}/claim/").status_code == 403


@pytest.mark.req("F4")
def test_a_case_goes_its_way(client: APIClient, agent: Agent, ours: Department, theirs: Department) -> None:
    case = open_case(ours)
    path = f"{CASES}{case.pk}/"

    def move(name: str, **content: object) -> dict:
        answer = client.post(f"{path}{name}/", content, format="json")
        assert answer.status_code == 200, answer.data
        return answer.data

    assert move("claim")["agent"] == agent.pk
    assert move("note", body="先查")["messages"][-1]["is_public"] is False
    asked = move("hand-over", department=theirs.pk, question="在哪？")
    assert asked["status"] == "waiting_dept"
    [handoff] = asked["handoffs"]
    assert move("recall", handoff=handoff["id"])["status"] == "open"
    assert move("priority", priority=4)["priority"] == 4
    assert move("reply", body="您好", then="wait")["status"] == "waiting_member"
    resolved = move("resolve", resolution="solved")
    assert resolved["status"] == "resolved"
    assert "reopen" in resolved["actions"]
    assert move("reopen", reason="没好")["status"] == "reopened"
    move("resolve", resolution="solved")
    assert move("close", note="完")["status"] == "closed"


def test_a_wrong_move_is_refused_with_the_reason(client: APIClient, ours: Department) -> None:
    answer = client.post(f"{CASES}{open_case(ours).pk}/close/", {}, format="json")
    assert answer.status_code == 403
    assert answer.json()["detail"]


def test_an_old_version_is_stale(client: APIClient, ours: Department) -> None:
    case = open_case(ours)
    client.post(f"{CASES}{case.pk}/note/", {"body": "小心"})
    answer = client.post(f"{CASES}{case.pk}/reply/", {"body": "x", "version": 1}, format="json")
    assert answer.status_code == 200
    answer = client.post(f"{CASES}{case.pk}/reply/", {"body": "y", "version": 1}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "stale")


def test_a_reply_comes_once_for_one_key(client: APIClient, ours: Department) -> None:
    case = open_case(ours)
    for _ in range(2):
        answer = client.post(
            f"{CASES}{case.pk}/reply/",
            {"body": "您好"},
            format="json",
            headers={"Idempotency-Key": "abcd-1234"},
        )
        assert answer.status_code == 200
    assert case.messages.filter(author="agent").count() == 1


def test_a_question_is_answered_by_whom_it_was_put_to(
    client: APIClient, ours: Department, theirs: Department
) -> None:
    case = open_case(ours)
    client.post(f"{CASES}{case.pk}/hand-over/", {"department": theirs.pk, "question": "？"}, format="json")
    handoff = Handoff.objects.get()
    content = {"handoff": handoff.pk, "answer": "在这"}
    assert client.post(f"{CASES}{case.pk}/answer/", content, format="json").status_code in {403, 404}
    asked = APIClient()
    asked.force_login(
        AgentFactory(departments=[theirs]).user, backend="django.contrib.auth.backends.ModelBackend"
    )
    assert asked.post(f"{CASES}{case.pk}/answer/", content, format="json").status_code == 200
    other = open_case(theirs)
    answer = asked.post(f"{CASES}{other.pk}/answer/", content, format="json")
    assert answer.status_code in {403, 404}


def test_a_question_of_another_case_is_not_found(
    client: APIClient, ours: Department, theirs: Department, agent: Agent
) -> None:
    case, other = open_case(ours), open_case(theirs)
    for one, department in ((case, theirs), (other, ours)):
        handoffs.hand_over(
            case_id=one.pk, department_id=department.pk, question="？", actor=agent.user, at=timezone.now()
        )
    foreign = Handoff.objects.get(case=other)
    assert client.post(f"{CASES}{case.pk}/recall/", {"handoff": foreign.pk}).status_code == 404
    foreign.refresh_from_db()
    assert foreign.status == "open"


def test_what_is_given_away_is_out_of_sight(client: APIClient, ours: Department, theirs: Department) -> None:
    case = open_case(ours)
    answer = client.post(f"{CASES}{case.pk}/transfer/", {"department": theirs.pk, "note": "归你们"})
    assert answer.status_code == 204
    assert client.get(f"{CASES}{case.pk}/").status_code == 404


def test_files_are_shown_to_those_who_see_the_case(
    client: APIClient, ours: Department, theirs: Department
) -> None:
    for department, status in ((ours, 200), (theirs, 404)):
        case = open_case(department, attachments=[picture()])
        file = Attachment.objects.get(message__case=case)
        assert client.get(f"/api/v1/staff/attachments/{file.pk}/").status_code == status


def test_a_list_takes_as_many_queries_for_three_rows_as_for_one(client: APIClient, ours: Department) -> None:
    CaseFactory(department=ours)
    with CaptureQueriesContext(connection) as one:
        assert len(client.get(CASES).data["results"]) == 1
    CaseFactory(department=ours)
    CaseFactory(department=ours)
    with CaptureQueriesContext(connection) as three:
        assert len(client.get(CASES).data["results"]) == 3
    assert len(three) == len(one)


def test_cases_are_filtered(client: APIClient, ours: Department) -> None:
    CaseFactory(department=ours, priority=4)
    CaseFactory(department=ours, resolved=True)
    assert len(client.get(CASES, {"priority": 4}).data["results"]) == 1
    assert len(client.get(CASES, {"open": "true"}).data["results"]) == 1
    assert len(client.get(CASES, {"status": ["resolved", "new"]}).data["results"]) == 2
    assert client.get(CASES, {"priority": 9}).status_code == 400


def test_a_narrowed_list_is_not_sorted_out_row_by_row(client: APIClient, ours: Department) -> None:
    open_case(ours)
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(f"{CASES}?kind=complaint&status=new")
    assert len(answer.json()["results"]) == 1
    assert not [one for one in queries.captured_queries if "SELECT DISTINCT" in one["sql"]]


@pytest.mark.req("F7")
def test_cases_are_merged_linked_and_split(client: APIClient, ours: Department, theirs: Department) -> None:
    one, hidden = open_case(ours), open_case(theirs)
    two = commands.open_case(
        member=one.member, kind="enquiry", channel="app", subject="发票", body="要发票", department=ours,
        actor=one.member, at=timezone.now(),
    )  # fmt: skip
    for other in (hidden.pk, 10**9):
        for move in ({"merge": "into", "link": "other", "unlink": "other"}).items():
            assert client.post(f"{CASES}{one.pk}/{move[0]}/", {move[1]: other}).status_code == 404
    assert client.post(f"{CASES}{one.pk}/link/", {"other": two.pk, "kind": "split"}).status_code == 400
    assert client.post(f"{CASES}{one.pk}/link/", {"other": two.pk}).status_code == 200
    assert client.post(f"{CASES}{one.pk}/unlink/", {"other": two.pk}).status_code == 200
    stale = {"into": one.pk, "version": 99}
    assert client.post(f"{CASES}{two.pk}/merge/", stale).status_code == 409
    answer = client.post(f"{CASES}{two.pk}/merge/", {"into": one.pk})
    assert (answer.status_code, answer.data["id"]) == (200, one.pk)
    assert client.get(f"{CASES}{two.pk}/").data["merged_into"] == one.pk
    message = one.messages.get(body="要发票")
    answer = client.post(f"{CASES}{one.pk}/split/", {"message": message.pk, "subject": "开发票"})
    assert (answer.status_code, answer.data["subject"]) == (200, "开发票")
    assert message in Case.objects.get(pk=answer.data["id"]).messages.all()


def test_another_departments_case_is_not_merged_with_ours(
    client: APIClient, ours: Department, theirs: Department
) -> None:
    """The agent sees the case, being asked about it, but it is not theirs to merge."""
    one = open_case(ours)
    other = open_case(theirs)
    Case.objects.filter(pk=other.pk).update(member=one.member)
    user = AgentFactory(departments=[theirs]).user
    handoffs.hand_over(case_id=other.pk, department_id=ours.pk, question="？", actor=user, at=timezone.now())
    assert client.get(f"{CASES}{other.pk}/").status_code == 200
    assert client.post(f"{CASES}{one.pk}/merge/", {"into": other.pk}).status_code == 403
    assert client.post(f"{CASES}{other.pk}/merge/", {"into": one.pk}).status_code == 403


@pytest.mark.req("F7")
def test_pages_of_all_departments_hold_every_case_once(ours: Department, theirs: Department) -> None:
    third = DepartmentFactory(calendar=ours.calendar)
    agent = AgentFactory(departments=[ours, third])
    moments = [timezone.now() - timedelta(minutes=n % 3) for n in range(7)]
    cases = [
        CaseFactory(department=(ours, third)[n % 2], opened_at=at, kind="refund" if n % 3 else "complaint")
        for n, at in enumerate(moments)
    ]
    asked = CaseFactory(department=theirs, opened_at=moments[0], kind="refund")
    CaseFactory(department=theirs)
    user = AgentFactory(departments=[theirs]).user
    for department in (ours, third):
        handoffs.hand_over(
            case_id=asked.pk, department_id=department.pk, question="？", actor=user, at=timezone.now()
        )
    client = APIClient()
    client.force_login(agent.user, backend="django.contrib.auth.backends.ModelBackend")
    refunds = [case for case in (*cases, asked) if case.kind == "refund"]
    for query, wanted in (("", [*cases, asked]), ("kind=refund", refunds)):
        wanted.sort(key=lambda case: (case.opened_at, case.pk), reverse=True)
        found, path = [], f"{CASES}?page_size=2&{query}"
        while path:
            answer = client.get(path).data
            found += [row["id"] for row in answer["results"]]
            last, back, path = len(answer["results"]), answer["previous"], answer["next"]
        assert found == [case.pk for case in wanted]
        assert [row["id"] for row in client.get(back).data["results"]] == found[-2 - last : -last]
    nobody = APIClient()
    nobody.force_login(StaffFactory(role="agent"), backend="django.contrib.auth.backends.ModelBackend")
    assert nobody.get(CASES).data["results"] == []


TAKEN_DOWN = {"kind": "complaint", "channel": "phone", "subject": "碎了", "body": "打开就碎了"}


@pytest.mark.req("F1")
def test_a_case_is_taken_down_once(client: APIClient, agent: Agent) -> None:
    content = {**TAKEN_DOWN, "member": MemberFactory().pk, "answer": "马上补发", "takes": True}
    headers = {"Idempotency-Key": "call-0001"}
    answers = [client.post(CASES, content, format="json", headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].data["id"] == answers[1].data["id"]
    case = Case.objects.get()
    assert (case.channel, case.agent) == ("phone", agent)
    assert case.first_replied_at is not None
    other = client.post(CASES, {**content, "body": "别的"}, format="json", headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "key_reused")


@pytest.mark.req("F1")
def test_taking_down_is_refused_with_a_reason(client: APIClient, ours: Department) -> None:
    member = MemberFactory().pk
    for wrong in (
        {}, {"member": 10**9}, {"member": member, "channel": "email"}, {"member": member, "kind": "review"},
        {"member": member, "body": ""}, {"member": member, "order": 10**9}, {"email": "x"},
        {"member": member, "subject": "x" * 300}, {"member": "\0"},
    ):  # fmt: skip
        answer = client.post(CASES, {**TAKEN_DOWN, **wrong}, format="json")
        assert answer.status_code in {400, 404}, wrong
    assert client.post("/api/v1/staff/cases/", [], format="json").status_code == 400
    stranger = APIClient()
    reader = AgentFactory(departments=[ours], user=StaffFactory()).user
    reader.user_permissions.add(Permission.objects.get(codename="view_case"))
    stranger.force_login(reader, backend="django.contrib.auth.backends.ModelBackend")
    assert stranger.post(CASES, {**TAKEN_DOWN, "member": member}, format="json").status_code == 403
    assert not Case.objects.exists()
