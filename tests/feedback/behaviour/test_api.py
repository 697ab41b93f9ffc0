"""The shop and other sources send events, signed."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from config.common import webhooks
from feedback.models import BehaviourEvent, Scope, WebhookKey
from tests.compensation.api.test_settling import SHOP, tell
from tests.factories.behaviour import told
from tests.factories.webhooks import make_source

pytestmark = [pytest.mark.django_db, pytest.mark.req("F24")]


@pytest.fixture(autouse=True)
def keys(settings):
    settings.SHOP_API_SECRETS = [SHOP]


def test_the_shop_sends_events_and_hears_of_each():
    rows = [told(visitor="v"), told("nap", visitor="v")]
    answer = tell("behaviour", {"events": rows}, number="a")
    assert answer.status_code == 200
    said = answer.json()
    assert (said["taken"], said["repeated"], said["refused"]) == (1, 0, 1)
    assert [one["result"] for one in said["results"]] == ["taken", "refused"]
    again = tell("behaviour", {"events": rows}, number="b").json()
    assert (again["taken"], again["repeated"]) == (0, 1)


@pytest.mark.parametrize("content", [{}, {"events": []}, {"events": {}}, {"events": [None] * 1_001}])
def test_what_is_no_list_of_events_is_refused(content):
    assert tell("behaviour", content, number="a").status_code == 400


def test_a_thousand_fit_into_a_request():
    rows = [told(visitor="v" * 60, page="/" * 190, query="裙" * 100) for _n in range(1_000)]
    assert tell("behaviour", {"events": rows}, number="a").json()["taken"] == 1_000


def test_without_a_key_nothing_is_taken(settings):
    settings.SHOP_API_SECRETS = []
    assert tell("behaviour", {"events": [told(visitor="v")]}, number="a").status_code == 401
    assert not BehaviourEvent.objects.exists()


def post(secret, content, path="taobao"):
    body = json.dumps(content).encode()
    signed = webhooks.sign([secret], message_id="m", at=timezone.now(), body=body)
    given = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in signed.items()}
    return APIClient().post(
        f"/api/v1/inbound/{path}/behaviour/", body, content_type="application/json", **given
    )


def test_another_source_needs_a_key_for_it():
    _source, secret = make_source()
    old = timezone.now() - timedelta(days=1)
    assert post(secret, {"events": [told(visitor="v", at=old)]}).json()["taken"] == 1
    assert BehaviourEvent.objects.get().source == "taobao"
    WebhookKey.objects.update(scopes=[Scope.REVIEWS])
    assert post(secret, {"events": [told(visitor="v")]}).status_code == 401
    assert post(secret, {"events": [told(visitor="v")]}, path="unknown").status_code == 401
