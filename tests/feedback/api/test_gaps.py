"""Gaps, hot spots and overturned gaps for staff by API."""

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from feedback.models import Gap, GapDay, Overturned
from tests.factories.feedback import ReviewFactory, StaffFactory
from tests.feedback.gaps.test_overturning import AT, DAY, correct, made_good

pytestmark = [pytest.mark.django_db, pytest.mark.req("F12")]
STAFF = "/api/v1/staff/"


def browser(role="supervisor"):
    client = Client()
    client.force_login(StaffFactory(role=role), backend="django.contrib.auth.backends.ModelBackend")
    return client


def act(client, path, **data):
    return client.post(f"{STAFF}{path}", data, content_type="application/json")


def found(client, asked=""):
    answer = client.get(f"{STAFF}gaps/?{asked}")
    assert answer.status_code == 200, answer.content
    return [row["id"] for row in answer.json()["results"]]


def test_gaps_are_listed_narrowed_and_told():
    line, gap, _lead = made_good()
    client = browser("agent")
    for asked, is_there in (
        ("aspect=delivery", True),
        ("aspect=price", False),
        ("severity=3", True),
        ("kind=service", True),
        ("cause=human", False),
        (f"member={line.order.member.external_id}", True),
        ("member=none", False),
        (f"order={line.order.external_id}", True),
        ("standing=true", True),
        ("standing=false", False),
        ("waiting=true", False),
        (f"detected_after={(AT - DAY).date()}T00:00:00Z", True),
        (f"detected_before={(AT - DAY).date()}T00:00:00Z", False),
    ):
        assert found(client, asked) == ([gap.pk] if is_there else []), asked
    told = client.get(f"{STAFF}gaps/{gap.pk}/").json()
    assert (told["member"], told["order"], told["case"], told["promise"]["source"]) == (
        line.order.member.external_id, line.order.external_id, gap.case.number, "order",
    )  # fmt: skip
    assert client.get(f"{STAFF}gaps/0/").status_code == 404
    assert client.get(f"{STAFF}gaps/?aspect=x").status_code == 400


@pytest.mark.parametrize("path", ["gaps/", "overturned/"])
def test_lists_ask_the_same_for_one_row_and_three(path):
    def asked():
        with CaptureQueriesContext(connection) as queries:
            assert client.get(f"{STAFF}{path}").status_code == 200
        return len(queries)

    client = browser()
    line, gap, _lead = made_good()
    correct(line, AT - 9 * DAY)
    asked()
    first = asked()
    review = ReviewFactory(order_line=line, member=line.order.member)
    for number in range(2):
        more = Gap.objects.get(pk=gap.pk)
        more.pk, more.promise, more.aspect, more.about = None, None, "quality", f"x{number}"
        more.review = review
        more.save()
        Overturned.objects.create(gap=more, case=more.case, at=AT)
    assert asked() == first


def test_who_may_says_what_it_is_and_that_it_is_none():
    _line, gap, _lead = made_good()
    lead, agent = browser("team_lead"), browser("agent")
    for path, data in (("classify", {"kind": "product", "cause": ""}), ("dismiss", {"why": "x"})):
        assert act(agent, f"gaps/{gap.pk}/{path}/", **data).status_code == 403
    said = act(lead, f"gaps/{gap.pk}/classify/", kind="product", cause="supply").json()
    assert (said["kind"], said["cause"]) == ("product", "supply")
    assert act(lead, f"gaps/{gap.pk}/classify/", kind="x", cause="").status_code == 400
    assert act(lead, f"gaps/{gap.pk}/dismiss/", why=" ").status_code == 400
    said = act(lead, f"gaps/{gap.pk}/dismiss/", why="会员要求晚送").json()
    assert (said["is_standing"], said["dismissed_why"]) == (False, "会员要求晚送")
    assert act(lead, f"gaps/{gap.pk}/dismiss/", why="x").status_code == 409
    assert act(lead, "gaps/0/dismiss/", why="x").status_code == 404
    assert Overturned.objects.get().gap == gap


@time_machine.travel(AT)
def test_a_supervisor_decides_what_rested_on_one_that_is_none():
    line, _gap, _lead = made_good()
    correct(line, AT - 9 * DAY)
    assert browser("team_lead").get(f"{STAFF}overturned/").status_code == 403
    client = browser("administrator")
    (row,) = client.get(f"{STAFF}overturned/?state=open").json()["results"]
    assert [one["status"] for one in row["given"]] == ["confirmed"]
    address = f"overturned/{row['id']}/decide/"
    assert act(client, address, state="open", note="x").status_code == 400
    assert act(client, address, state="taken_back", note="").status_code == 400
    said = act(client, address, state="taken_back", note="送达及时").json()
    assert (said["state"], said["given"]) == ("taken_back", [])
    assert act(client, address, state="stands", note="x").status_code == 409
    assert act(client, "overturned/0/decide/", state="stands", note="x").status_code == 404
    assert client.get(f"{STAFF}overturned/?state=open").json()["results"] == []


def test_hot_spots_of_a_week():
    day = timezone.localdate() - timedelta(days=1)
    for week in range(9):
        GapDay.objects.create(
            aspect="delivery", by="region", value="浙江", day=day - timedelta(days=7 * week), n=100,
            gaps=20 if week == 0 else 2,
        )  # fmt: skip
    client = browser("agent")
    told = client.get(f"{STAFF}hot-spots/").json()
    (spot,) = told["spots"]
    assert (told["until"], spot["name"], spot["gaps"], spot["grown"]) == (str(day), "浙江", 20, True)
    assert client.get(f"{STAFF}hot-spots/?by=courier").json()["spots"] == []
    assert client.get(f"{STAFF}hot-spots/?aspect=price&by=region&limit=5").json()["tested"] == 0
    for wrong in ("aspect=x", "by=source", "until=1800-01-01", "until=x", "limit=0", "limit=501"):
        assert client.get(f"{STAFF}hot-spots/?{wrong}").status_code == 400
    assert not Gap.objects.exists()
