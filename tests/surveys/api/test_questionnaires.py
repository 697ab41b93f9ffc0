"""Questionnaires by the API: read, begun, replaced whole, given out; by whom it may be."""

import json

import pytest
from django.test import Client
from django.urls import reverse

from surveys.models import Survey
from surveys.questionnaires import commands, documents
from surveys.questionnaires.queries import current, draft_of
from tests.factories.compensation import T0
from tests.factories.feedback import StaffFactory
from tests.factories.questionnaires import draft, one, published

pytestmark = [pytest.mark.django_db, pytest.mark.req("S3")]
WHO = {"actor": None, "at": T0}
NEW = {"title": "新", "questions": [{"code": "q", "kind": "nps", "text": "推荐吗？"}]}


def signed_in(role):
    client = Client()
    client.force_login(StaffFactory(role=role), backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def analyst():
    return signed_in("analyst")


def url(name, *args):
    return reverse(f"api:staff-questionnaire{name}", args=args)


def send(client, method, where, data):
    return getattr(client, method)(where, data, content_type="application/json")


def test_questionnaires_are_listed_and_read(analyst):
    version = published(one("csat", "csat"))
    code = version.survey.code
    draft()
    listed = analyst.get(url("s")).json()["results"]
    assert [(row["version"], row["has_draft"]) for row in listed] == [(1, False), (None, True)]
    assert analyst.get(url("s"), {"retired": "true"}).json()["results"] == []
    told = analyst.get(url("", code)).json()
    assert told["versions"][0] | {"published_at": None} == {
        "number": 1, "published_at": None, "questions": 1, "invited": 0, "answers": 0
    }  # fmt: skip
    read = analyst.get(url("-version", code, 1)).json()
    assert read["document"] == documents.of_version(version)
    for where in (url("", "none"), url("-version", code, 2), url("-draft", code)):
        assert analyst.get(where).status_code == 404, where


def test_one_is_begun_replaced_and_given_out(analyst):
    begun = send(analyst, "post", url("s"), {"code": "new", "name": "新", "document": NEW})
    assert begun.status_code == 201
    assert begun.json()["document"] == {**NEW, "sections": []}
    assert send(analyst, "post", url("s"), {"code": "new", "name": "新"}).status_code == 409
    seen = begun.json()["seen"]
    other = {**NEW, "title": "别"}
    again = send(analyst, "put", url("-draft", "new"), {"document": other, "seen": seen})
    assert again.json()["document"]["title"] == "别"
    stale = send(analyst, "put", url("-draft", "new"), {"document": NEW, "seen": seen})
    assert (stale.status_code, stale.json()["code"]) == (409, "stale")
    assert send(analyst, "post", url("-publish", "new"), {"seen": again.json()["seen"]}).status_code == 403
    supervisor = signed_in("supervisor")
    assert send(supervisor, "post", url("-publish", "new"), {"seen": seen}).status_code == 409
    given = send(supervisor, "post", url("-publish", "new"), {"seen": again.json()["seen"]})
    assert given.json()["published_at"]
    assert send(supervisor, "post", url("-publish", "new"), {"seen": seen}).status_code == 404
    assert send(analyst, "put", url("-draft", "new"), {"document": NEW}).json()["number"] == 2


def test_what_is_not_whole_is_not_given_out():
    version = draft(one("csat", "csat", text=""))
    seen = documents.digest(documents.of_version(version))
    told = send(signed_in("supervisor"), "post", url("-publish", version.survey.code), {"seen": seen})
    assert (told.status_code, told.json()["code"]) == (400, "not_whole")
    assert current(version.survey) is None


@pytest.mark.parametrize(
    "document",
    [[], None, {"questions": "x"}, {"questions": [{"code": "q", "kind": "riddle"}]}, {"x": 1}],
    ids=str,
)
def test_what_is_no_questionnaire_changes_nothing(analyst, document):
    version = published(one("csat", "csat"))
    where = url("-draft", version.survey.code)
    assert send(analyst, "put", where, {"document": document}).status_code == 400
    assert draft_of(version.survey) is None
    assert (
        send(analyst, "post", url("s"), {"code": "n", "name": "n", "document": document}).status_code == 400
    )
    assert not Survey.objects.filter(code="n").exists()


def test_a_retired_one_gets_no_draft(analyst):
    version = published(one("csat"))
    commands.retire(survey_id=version.survey_id, **WHO)
    assert send(analyst, "put", url("-draft", version.survey.code), {"document": NEW}).status_code == 409
    assert len(analyst.get(url("s"), {"retired": "true"}).json()["results"]) == 1


def test_agents_and_strangers_get_nothing():
    published(one("csat"))
    assert Client().get(url("s")).status_code == 403
    assert signed_in("agent").get(url("s")).status_code == 403
    assert send(signed_in("agent"), "post", url("s"), {"code": "x", "name": "x"}).status_code == 403


NESTED = ["[" * 100_000, '{"document": ' * 50_000, '{"document": ' + "[" * 60 + "]" * 60 + "}"]


@pytest.mark.parametrize("content", NESTED, ids=["lists", "objects", "whole"])
def test_what_is_nested_without_end_is_refused(analyst, content):
    code = draft().survey.code
    for method, where in (("put", url("-draft", code)), ("post", url("s"))):
        assert send(analyst, method, where, content).status_code == 400


@pytest.mark.parametrize("sign", ["\x00", "\ud800"])
@pytest.mark.parametrize("name", ["name", "name_en", "note"])
def test_signs_that_no_text_has_are_refused(analyst, name, sign):
    given = json.dumps({"code": "new", "name": "新", name: f"a{sign}b"})
    assert send(analyst, "post", url("s"), given).status_code == 400
    question = {**NEW["questions"][0], "text": f"a{sign}b"}
    given = json.dumps({"code": "new", "name": "新", "document": {**NEW, "questions": [question]}})
    assert send(analyst, "post", url("s"), given).status_code == 400
    assert not Survey.objects.filter(code="new").exists()
