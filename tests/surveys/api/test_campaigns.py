import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from surveys.campaigns import commands
from surveys.invitations.commands import ask
from surveys.models import Campaign, Skip
from tests.factories.care import SegmentFactory
from tests.factories.common import UserFactory
from tests.factories.compensation import T0, MemberFactory
from tests.factories.feedback import StaffFactory
from tests.factories.surveys import NOW, drafted, questionnaire, running

pytestmark = [pytest.mark.django_db, pytest.mark.req("S1")]

PATH = "/api/v1/staff/surveys/"


def client_of(user):
    client = APIClient()
    client.force_login(user)
    return client


@pytest.fixture
def admin():
    return client_of(UserFactory(is_staff=True, is_superuser=True))


def asked_for(**fields):
    return {
        "code": "spring", "name": "春季调查", "survey": questionnaire().code, "occasion": "once",
        "channels": ["email"], "strata": [{"name": "北京", "segment": "north", "share": "50"}], **fields,
    }  # fmt: skip


def test_a_campaign_is_prepared_counted_and_launched(admin):
    SegmentFactory(code="north", filters={"region": "北京"})
    MemberFactory(email="m@example.com", region="上海")
    made = admin.post(PATH, asked_for(), format="json")
    assert (made.status_code, made.json()["state"]) == (201, "draft")
    assert made.json()["strata"][0]["segment"] == "north"
    more = [*made.json()["strata"], {"name": "其他", "share": "100", "segment": None}]
    after = {"sends_thanks": True, "invites_reviews": True}
    changed = admin.patch(f"{PATH}spring/", {"holdout": 5, "strata": more, **after}, format="json")
    assert changed.status_code == 200
    assert Campaign.objects.filter(code="spring", **after).exists()
    assert Campaign.objects.get(code="spring").strata.count() == 2
    counted = admin.get(f"{PATH}spring/preview/").json()
    assert [line["stratum"] for line in counted["lines"]] == ["北京", "其他"]
    assert counted["total"]["total"] == 1
    moved = admin.post(f"{PATH}spring/move/", {"do": "launch"}, format="json")
    assert (moved.status_code, moved.json()["state"]) == (200, "running")
    assert admin.patch(f"{PATH}spring/", {"holdout": 1}, format="json").status_code == 409
    assert admin.post(f"{PATH}spring/move/", {"do": "launch"}, format="json").status_code == 409


@pytest.mark.parametrize(
    "wrong",
    [
        {"occasion": "never"},
        {"channels": ["fax"]},
        {"holdout": 51},
        {"remind_days": [20]},
        {"remind_days": [1, 2, 3]},
        {"occasion": "recurring"},
        {"rhythm": "month"},
        {"survey": "none"},
        {"valid_days": 0},
        {"strata": [{"name": "x", "share": "101"}]},
        {
            "strata": [
                {"name": "x", "share": "1", "segment": None},
                {"name": "y", "share": "1", "segment": "north"},
            ]
        },
        {"strata": [{"name": "x", "share": "1", "segment": "north"}] * 2},
        {"code": "a b"},
    ],
)
def test_what_makes_no_sense_is_refused(admin, wrong):
    SegmentFactory(code="north")
    assert admin.post(PATH, asked_for(**wrong), format="json").status_code == 400
    assert not Campaign.objects.exists()


def test_a_code_stays_and_an_unknown_campaign_is_none(admin):
    drafted()
    assert admin.patch(f"{PATH}wave/", {"code": "other"}, format="json").status_code == 400
    assert admin.get(f"{PATH}none/").status_code == 404
    assert admin.post(f"{PATH}wave/move/", {"do": "delete"}, format="json").status_code == 400


def test_who_may_look_may_not_launch():
    drafted()
    client = client_of(StaffFactory(role="supervisor"))
    assert client.get(PATH).status_code == 200
    assert client.post(f"{PATH}wave/move/", {"do": "launch"}, format="json").status_code == 403
    assert client.patch(f"{PATH}wave/", {}, format="json").status_code == 403
    assert client.post(PATH, {}, format="json").status_code == 403
    assert client_of(StaffFactory(role="agent")).get(PATH).status_code == 403


def test_whom_it_did_not_ask_and_why(admin):
    member = MemberFactory(phone="", email="")
    running(channels=["email"])
    ask(at=NOW)
    (row,) = admin.get(f"{PATH}wave/skips/").json()["results"]
    assert (row["member"], row["reason"]) == (member.external_id, "no_channel")
    assert admin.get(f"{PATH}wave/skips/?reason=cap").json()["results"] == []
    assert admin.get(f"{PATH}wave/skips/?reason=x").status_code == 400


def test_lists_take_as_many_queries_for_three_rows_as_for_one(admin):
    counts = []
    for number in range(3):
        drafted(f"c{number}", strata=[(SegmentFactory(), 50)])
        member = MemberFactory()
        if number == 0:
            wave = commands.launch(campaign_id=Campaign.objects.get().pk, actor=None, at=T0)
            wave = wave.waves.create(label="1", opens_at=T0)
        Skip.objects.create(wave=wave, member=member, key=f"m:{number}", reason="cap", at=NOW)
        if number != 1:
            with CaptureQueriesContext(connection) as made:
                admin.get(PATH)
                admin.get(f"{PATH}c0/skips/")
            counts.append(len(made))
    assert counts[0] == counts[1]
