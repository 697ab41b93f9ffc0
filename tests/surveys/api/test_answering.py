"""Half answers, files and wanting no more surveys, through the API and on the portal's page."""

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from compensation.consents.queries import settings_of
from compensation.models import Purpose
from surveys.models import Answer, Draft, DraftFile, Invitation, QuestionKind, Response
from tests.factories.answering import all_kinds, picture
from tests.factories.compensation import T0, MemberFactory
from tests.factories.questionnaires import invitation, launched, one
from tests.factories.session import browser_of, client_of

pytestmark = [pytest.mark.django_db, pytest.mark.req("S4")]
LIST = "/api/v1/invitations/"
IF_BAD = {"all": [{"of": "answer", "name": "csat", "is": "at_most", "value": 2}]}


@pytest.fixture(autouse=True)
def now():
    with time_machine.travel(T0, tick=False):
        yield


@pytest.fixture
def member():
    return MemberFactory(name="阿梅")


@pytest.fixture
def client(member):
    return client_of(member)


def body(**given):
    return {"answers": [{"question": code, "value": value} for code, value in given.items()]}


def test_what_was_answered_is_kept_and_sent_later(client, member):
    asked = invitation(
        launched(one(QuestionKind.CSAT, "csat"), one(QuestionKind.SHORT, "why", show_if=IF_BAD)), member
    )
    path = f"{LIST}{asked.pk}/"
    kept = client.put(f"{path}draft/", body(csat=1), format="json").data
    assert kept["draft"] == {"csat": 1}
    assert [question["is_shown"] for question in kept["questions"]] == [True, True]
    kept = client.put(f"{path}draft/", body(csat=5), format="json").data
    assert [question["is_shown"] for question in kept["questions"]] == [True, False]
    assert client.put(f"{path}draft/", body(csat=None), format="json").data["draft"] == {}
    assert not Response.objects.exists()
    client.post(f"{path}answers/", body(csat=4), format="json")
    assert not Draft.objects.exists()
    assert client.put(f"{path}draft/", body(csat=4), format="json").status_code == 409


def test_files_are_sent_beforehand(client, member):
    asked = invitation(all_kinds(), member)
    path = f"{LIST}{asked.pk}/"

    def send(question, data):
        return client.post(
            f"{path}files/",
            {"question": question, "file": SimpleUploadedFile("a.jpg", data)},
            format="multipart",
        )

    first, second = send("picture", picture()), send("picture", picture())
    assert (first.status_code, first.data["name"]) == (201, "a.jpg")
    assert client.delete(f"{path}files/{second.data['ref']}/").status_code == 204
    assert [send("csat", picture()).status_code, send("picture", b"x").status_code] == [400, 400]
    assert len(client.get(path).data["files"]) == 1
    client.post(f"{path}answers/", body(csat=5), format="json")
    assert Answer.objects.get(question__code="picture").files.count() == 1
    assert not DraftFile.objects.exists()


def test_texts_are_filled_in_for_me(client, member):
    asked = invitation(launched(one(QuestionKind.CSAT, "csat", text="{member}，满意吗？")), member)
    assert client.get(f"{LIST}{asked.pk}/").data["questions"][0]["text"] == "阿梅，满意吗？"


def test_wanting_no_more_ends_this_one_and_all_to_come(client, member):
    asked = invitation(launched(), member)
    with time_machine.travel(T0.replace(hour=T0.hour + 1), tick=False):
        assert client.post(f"{LIST}{asked.pk}/decline/").status_code == 204
        assert not any(settings_of(member)[Purpose.SURVEY].values())
        assert client.get(LIST, {"open": "true"}).data["results"] == []
        assert client.post(f"{LIST}{asked.pk}/answers/", body(csat=5), format="json").status_code == 409
    other = invitation(launched(), member)
    client.post(f"{LIST}{other.pk}/answers/", body(csat=5), format="json")
    assert client.post(f"{LIST}{other.pk}/decline/").status_code == 409


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("put", "draft/"),
        ("post", "files/"),
        ("delete", f"files/{'0' * 8}-0000-4000-8000-{'0' * 12}/"),
        ("post", "decline/"),
    ],
)
def test_those_of_others_are_not_found(client, method, path):
    theirs = invitation(all_kinds())
    sent = (
        {"question": "picture", "file": SimpleUploadedFile("a.jpg", picture())}
        if path == "files/"
        else body(csat=5)
    )
    answer = getattr(client, method)(
        f"{LIST}{theirs.pk}/{path}", sent, format="multipart" if path == "files/" else "json"
    )
    assert answer.status_code == 404
    assert not Draft.objects.exists()


def test_an_anonymous_one_that_was_answered_is_not_open_any_more(client, member):
    asked = invitation(launched(is_anonymous=True), member)
    assert len(client.get(LIST, {"open": "true"}).data["results"]) == 1
    client.post(f"{LIST}{asked.pk}/answers/", body(csat=5), format="json")
    assert client.get(LIST, {"open": "true"}).data["results"] == []
    assert not Invitation.objects.get(pk=asked.pk).is_answered


@pytest.mark.req("S2")
def test_the_portal_lists_what_i_am_asked(client, member):
    browser = browser_of(member)
    assert browser.get("/portal/surveys/").status_code == 200
    asked = invitation(launched(), member)
    half = invitation(launched(), member)
    client.put(f"{LIST}{half.pk}/draft/", body(csat=5), format="json")
    with CaptureQueriesContext(connection) as two:
        states = [
            (one["invitation"].pk, one["is_begun"])
            for one in browser.get("/portal/surveys/").context["surveys"]
        ]
    assert sorted(states) == [(asked.pk, False), (half.pk, True)]
    invitation(launched(), member)
    with CaptureQueriesContext(connection) as three:
        browser.get("/portal/surveys/")
    assert len(three) == len(two)
    assert browser.get(f"/portal/surveys/{asked.pk}/").url.startswith("/s/")
    theirs = invitation(launched())
    assert browser.get(f"/portal/surveys/{theirs.pk}/").status_code == 404
    assert browser.post(f"/portal/surveys/{theirs.pk}/decline/").status_code == 404
    assert browser.post(f"/portal/surveys/{asked.pk}/decline/").status_code == 302
    assert not any(settings_of(member)[Purpose.SURVEY].values())


@pytest.mark.parametrize(
    "value", ["[" * 100_000, "[" * 60 + "]" * 60, '"a\\u0000b"', '"\\ud800"', '{"\\ud800": 1}']
)
def test_what_nothing_can_be_made_of_is_refused(client, member, value):
    asked = invitation(launched(one(QuestionKind.TEXT, "why")), member)
    content = f'{{"answers": [{{"question": "why", "value": {value}}}]}}'
    for method, name in ((client.put, "draft"), (client.post, "answers")):
        sent = method(f"{LIST}{asked.pk}/{name}/", content, content_type="application/json")
        assert sent.status_code == 400
    assert not Draft.objects.exists()


def test_ends_of_a_scale_are_told_in_words(client, member):
    own = one(QuestionKind.MATRIX, "how", ["speed", "price"], low_end="很慢", high_end="很快")
    asked = invitation(launched(own, one(QuestionKind.TEXT, "why")), member)
    told = client.get(f"{LIST}{asked.pk}/").data["questions"]
    assert [(one["low_end"], one["high_end"]) for one in told] == [("很慢", "很快"), ("", "")]
