"""What members care about on screens and by API."""

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils import timezone

from compensation.models import Member
from feedback.defaults.expectations import seed_expectations
from feedback.models import BehaviourEvent, MemberExpectation, SignWeight
from tests.factories.behaviour import take, told
from tests.factories.compensation import MemberFactory
from tests.factories.expectations import cares
from tests.factories.feedback import AgentFactory, CaseFactory, StaffFactory
from tests.factories.session import sign_in_browser, token_of

pytestmark = [pytest.mark.django_db, pytest.mark.req("F24")]


@pytest.fixture(autouse=True)
def seeded(db):
    seed_expectations(timezone.now())


@pytest.fixture
def boss(client):
    user = StaffFactory(is_superuser=True)
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return client


def text(response):
    return response.content.decode()


def test_the_case_shows_what_its_member_cares_about(boss):
    case = CaseFactory(member=cares().member)
    shown = text(boss.get(reverse("admin:case", args=[case.pk])))
    assert "cares-scores" in shown
    assert "关于配送的工单：5 中有 3" in shown
    other = text(boss.get(reverse("admin:case", args=[CaseFactory().pk])))
    assert "cares-scores" not in other


def test_who_may_not_see_it_does_not(client):
    row = cares()
    case = CaseFactory(member=row.member)
    agent = AgentFactory(departments=[case.department])
    client.force_login(agent.user, "django.contrib.auth.backends.ModelBackend")
    assert "cares-scores" in text(client.get(reverse("admin:case", args=[case.pk])))
    assert client.get(reverse("admin:expectations")).status_code == 403
    agent.user.groups.get().permissions.remove(Permission.objects.get(codename="view_memberexpectation"))
    assert "cares-scores" not in text(client.get(reverse("admin:case", args=[case.pk])))
    assert client.get(f"/api/v1/staff/members/{row.member.external_id}/expectation/").status_code == 403


def test_the_page_of_a_member_tells_it(boss):
    row = cares()
    url = reverse("admin:compensation_member_change", args=[row.member_id])
    assert "速度 70 %" in text(boss.get(url))
    Member.objects.update(refused_profiling_at=timezone.now())
    assert "不希望我们推断" in text(boss.get(url))


def test_weights_are_tried_and_kept(boss):
    cares(signs={"case_speed": [5, 5, 5.0]})
    assert text(boss.get(reverse("admin:expectations"))).count('type="number"') == 32 * 4
    tried = text(boss.post(reverse("admin:expectations-try"), {"case_speed.speed": "0"}))
    assert "速度" in tried
    assert SignWeight.objects.get(sign="case_speed").weight == 2
    wrong = boss.post(reverse("admin:expectations-keep"), {"case_speed.speed": "99"})
    assert (wrong.status_code, 'value="99"' in text(wrong)) == (400, True)
    assert boss.post(reverse("admin:expectations-keep"), {"case_speed.speed": "0"}).status_code == 302
    assert SignWeight.objects.get(sign="case_speed").weight == 0


def test_staff_read_it_by_api(boss):
    row = cares()
    told_of = boss.get(f"/api/v1/staff/members/{row.member.external_id}/expectation/").json()
    assert (told_of["cares_for"], told_of["scores"][0]["about"]) == ("speed", "speed")
    assert told_of["scores"][0]["evidence"][0]["of"] == 5
    nobody = MemberFactory().external_id
    assert boss.get(f"/api/v1/staff/members/{nobody}/expectation/").status_code == 404


def test_a_member_sees_it_and_can_refuse(client):
    row = cares()
    member = row.member
    take(told("search", member=member.external_id, query="礼物"))
    sign_in_browser(client, token_of(member))
    shown = text(client.get(reverse("portal:data")))
    assert "关于配送的工单：5 中有 3" in shown
    assert client.post(reverse("portal:data-profiling"), {"allowed": "no"}).status_code == 302
    assert not MemberExpectation.objects.exists()
    assert BehaviourEvent.objects.get().member is None
    assert "您已拒绝" in text(client.get(reverse("portal:data")))
    client.post(reverse("portal:data-profiling"), {"allowed": "yes"})
    assert Member.objects.get(pk=member.pk).refused_profiling_at is None


def test_a_member_can_refuse_by_api(client):
    member = cares().member
    headers = {"HTTP_AUTHORIZATION": f"Bearer {token_of(member)}"}
    assert client.get("/api/v1/consent/", **headers).json()["profiling"] is True
    answer = client.patch(
        "/api/v1/consent/", {"profiling": False}, content_type="application/json", **headers
    )
    assert answer.json()["profiling"] is False
    assert not MemberExpectation.objects.exists()
