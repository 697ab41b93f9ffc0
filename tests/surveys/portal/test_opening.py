"""Open campaigns: whoever follows the link answers once; machines, other sites and the curious do not."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from config.common.errors import Invalid
from config.common.models import Event, RateCount
from surveys.campaigns import commands as campaigns
from surveys.models import Answer, Door, Draft, Invitation, Layout, Occasion, QuestionKind, Response, Way
from surveys.portal import opening
from surveys.responses import doors, spent
from tests.factories.answering import laid_out
from tests.factories.compensation import T0
from tests.factories.questionnaires import invitation, launched, one

pytestmark = [pytest.mark.django_db, pytest.mark.req("S4")]
LATER = T0 + timedelta(minutes=1)
SHOP = "https://shop.example.com"


@pytest.fixture
def clock(monkeypatch):
    moment = [T0]
    monkeypatch.setattr(opening.timezone, "now", lambda: moment[0])
    return moment


@pytest.fixture(autouse=True)
def _clock(clock):
    return clock


def door(*questions, origins=(SHOP,), layout=Layout.ALL, **fields):
    asked = questions or [one(QuestionKind.CSAT, "csat", bad_up_to=2)]
    campaign = laid_out(layout, *asked, occasion=Occasion.OPEN, **fields)
    found = doors.open_door(campaign_id=campaign.pk, actor=None, at=T0)
    found.origins = list(origins)
    return doors.arrange(door=found, actor=None, at=T0)


def front(found, **query):
    return reverse("open:door", args=[found.key], query=query or None)


def enter(client, found, **query):
    """The address to which the page sends its form."""
    page = client.get(front(found, **query))
    assert page.status_code == 200
    return page.context["page"]


def test_looking_keeps_nothing_and_sets_no_cookie(client):
    page = client.get(front(door()))
    assert (page.status_code, len(page.cookies)) == (200, 0)
    assert not Draft.objects.exists()
    assert not Invitation.objects.exists()
    assert page["Referrer-Policy"] == "no-referrer"


def test_a_stranger_answers_once_a_browser(client, clock):
    found = door()
    path = enter(client, found)
    clock[0] = LATER
    done = client.post(path, {"q-csat": "2"}, follow=True)
    assert done.status_code == 200
    response = Response.objects.get()
    assert (response.invitation.member, response.invitation.way, response.follow_up) == (None, Way.LINK, None)
    assert response.channel == "link"
    assert client.get(front(found)).context["state"] == "answered"
    assert Client().post(path, {"q-csat": "5"}).context["state"] == "answered"  # the same pass, elsewhere
    assert Response.objects.count() == 1
    assert client.cookies["answered"]["path"] == front(found)
    assert client.cookies["answered"]["httponly"]


def test_an_anonymous_one_leaves_neither_invitation_nor_moment(client, clock):
    found = door(is_anonymous=True)
    path = enter(client, found)
    clock[0] = LATER
    client.post(path, {"q-csat": "2"})
    assert (Response.objects.get().at, Invitation.objects.count()) == (None, 0)
    spent.mark_spent(at=LATER)
    assert Client().post(path, {"q-csat": "5"}).context["state"] == "answered"
    assert Response.objects.count() == 1
    assert not Event.objects.filter(kind="survey.answered").exists()


def test_it_is_kept_page_by_page_and_found_again_by_its_address(client, clock):
    found = door(one(QuestionKind.CSAT, "a"), one(QuestionKind.NPS, "b"), layout=Layout.ONE)
    path = enter(client, found)
    there = client.post(path, {"on": "a", "go": "next", "q-a": "4"})
    other = Client()
    assert b'id="q-b"' in other.get(there.url).content
    clock[0] = LATER
    assert other.post(path, {"on": "b", "go": "send", "q-b": "9"}).status_code == 302
    assert list(Answer.objects.order_by("question__position").values_list("score", flat=True)) == [4, 9]


def test_what_is_too_fast_or_fills_in_the_hidden_field_is_no_answer(client, clock):
    path = enter(client, door())
    fast = client.post(path, {"q-csat": "5"})
    clock[0] = LATER
    machine = client.post(path, {"q-csat": "5", "website": "http://spam"})
    assert (fast.status_code, machine.status_code) == (400, 400)
    assert b'value="5" checked' in fast.content
    assert not Response.objects.exists()
    assert client.post(path, {"q-csat": "5", "website": ""}).status_code == 302


def test_one_address_sends_so_many_and_is_not_kept(client, clock, settings):
    settings.SURVEY_ANSWERS_AN_HOUR = 2
    found = door()
    codes = []
    for _n in range(3):
        visitor = Client()
        path = enter(visitor, found)
        clock[0] += timedelta(minutes=1)
        codes.append(visitor.post(path, {"q-csat": "5"}).status_code)
    assert codes == [302, 302, 400]
    [counted] = RateCount.objects.all()
    assert "127.0.0.1" not in counted.key
    assert counted.resets_at == T0.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)


@pytest.mark.parametrize("ticket", ["x", "a.b.c.d~e", "0" * 32 + ".1.1.link~forged"])
def test_a_forged_pass_leads_to_the_front_door(client, ticket):
    found = door()
    answer = client.post(reverse("open:answer", args=[found.key, ticket]), {"q-csat": "5"})
    assert answer.url == front(found)
    assert not Draft.objects.exists()


def test_a_pass_is_good_for_its_own_door_and_time(client, clock):
    found, other = door(), door()
    ticket = enter(client, found).rstrip("/").split("/")[-1]
    assert client.get(reverse("open:answer", args=[other.key, ticket])).url == front(other)
    clock[0] = T0 + doors.LIFE
    assert client.get(reverse("open:answer", args=[found.key, ticket])).url == front(found)


def test_only_the_shops_sites_may_frame_it(client):
    framed = client.get(front(door(), embed=1))
    assert f"frame-ancestors {SHOP}" in framed["Content-Security-Policy"]
    assert "X-Frame-Options" not in framed
    closed = client.get(front(door(origins=())))
    assert "frame-ancestors 'none'" in closed["Content-Security-Policy"]
    assert closed["X-Frame-Options"] == "DENY"
    asked = reverse("surveys:answer", args=["x"])
    assert client.get(asked)["X-Frame-Options"] == "DENY"


def test_what_came_by_the_pop_up_says_so(client, clock):
    path = enter(client, door(), embed=1)
    clock[0] = LATER
    done = client.post(path, {"q-csat": "5", "embed": "1"})
    assert "embed=1" in done.url
    assert Response.objects.get().channel == Way.EMBED


def test_the_script_names_the_survey_and_no_visitor(client):
    found = door()
    script = client.get(reverse("open:pop-up", args=[found.key]))
    assert script["Content-Type"].startswith("text/javascript")
    assert found.key in script.content.decode()
    assert "document.cookie" not in script.content.decode()
    for shut in (door(origins=()), None):
        key = shut.key if shut else "nobody"
        assert len(client.get(reverse("open:pop-up", args=[key])).content) < 50


@pytest.mark.parametrize("move", ["pause", "end"])
def test_a_campaign_that_does_not_ask_is_shut(client, move):
    found = door()
    path = enter(client, found)
    getattr(campaigns, move)(campaign_id=found.campaign_id, actor=None, at=T0)
    for call in (client.get(front(found)), client.post(path, {"q-csat": "5"})):
        assert (call.status_code, call.context["state"]) == (410, "closed")
    assert not Response.objects.exists()


def test_unknown_doors_are_told_so(client):
    assert client.get("/o/nobody/").status_code == 404
    assert client.get("/o/nobody/thanks/").status_code == 404


def test_only_open_campaigns_have_a_door():
    with pytest.raises(doors.NotOpen):
        doors.open_door(campaign_id=launched().pk, actor=None, at=T0)
    assert invitation(launched())


def test_the_door_can_get_another_address(client):
    found = door()
    old = front(found)
    doors.change_key(door_id=found.pk, actor=None, at=T0)
    assert client.get(old).status_code == 404
    assert client.get(front(Door.objects.get())).status_code == 200


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("https://Shop.example.com/a?b#c", "https://shop.example.com"),
        ("https://shop.example.com:8443", "https://shop.example.com:8443"),
        ("http://localhost:8000/", "http://localhost:8000"),
        ("http://shop.example.com", None),
        ("shop.example.com", None),
        ("https://*", None),
        ("https://a.com; script-src *", None),
        ("javascript:alert(1)", None),
        ("https://x:99999999", None),
        ("", None),
    ],
)
def test_sites_are_taken_as_browsers_name_them(typed, kept):
    if kept is None:
        with pytest.raises(Invalid):
            doors.origin(typed)
    else:
        assert doors.origin(typed) == kept
