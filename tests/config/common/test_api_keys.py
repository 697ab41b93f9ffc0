"""Keys of other programs: shown once, good for what they may, and until they are revoked."""

from datetime import timedelta

import pytest
from django.utils import timezone

from config.common import api_keys
from config.common.api_key_models import ApiKey
from config.common.errors import Invalid, NotFound
from config.common.models import Event
from tests.factories.common import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.req("P3")]
SCOPE = "figures:read"
PAGE = "/admin/api-keys/"


def make(name="warehouse", at=None, **more):
    at = at or timezone.now()
    options = {"scopes": [SCOPE], "expires_at": None, "actor": UserFactory(), **more}
    return api_keys.make(name=name, at=at, **options)


def test_a_token_is_known_by_its_digest_alone():
    key, token = make()
    assert token.startswith("hy_")
    assert len(token) > 40
    kept = [str(value) for value in ApiKey.objects.values().get(pk=key.pk).values()]
    assert not any(token in value for value in kept)
    assert not Event.objects.filter(data__icontains=token).exists()
    assert api_keys.used(token, timezone.now()) == key
    assert api_keys.used(token[:-1], timezone.now()) is None
    assert api_keys.used("", timezone.now()) is None
    assert api_keys.used("\udc00\0", timezone.now()) is None


def test_a_key_ends_at_its_moment_or_when_it_is_revoked():
    at = timezone.now()
    _key, token = make(expires_at=at + timedelta(hours=1))
    assert api_keys.used(token, at + timedelta(minutes=59))
    assert api_keys.used(token, at + timedelta(hours=1)) is None
    key, token = make("another")
    who = UserFactory()
    for _again in range(2):
        revoked = api_keys.revoke(key_id=key.pk, actor=who, at=at)
        assert (revoked.revoked_at, revoked.revoked_by) == (at, who)
    assert api_keys.used(token, at) is None
    assert Event.objects.filter(kind="api_key.revoked").count() == 1
    with pytest.raises(NotFound):
        api_keys.revoke(key_id=0, actor=who, at=at)


def test_its_use_is_noted_to_the_hour():
    at = timezone.now()
    key, token = make(at=at)
    for minutes, noted in ((0, 0), (30, 0), (61, 61), (90, 61)):
        api_keys.used(token, at + timedelta(minutes=minutes))
        key.refresh_from_db()
        assert key.last_used_at == at + timedelta(minutes=noted)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": "  "}, "name"),
        ({"name": "taken"}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": [SCOPE, "everything"]}, "scopes"),
        ({"expires_at": timezone.now() - timedelta(days=1)}, "expires_at"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_made(wrong, field):
    make("taken")
    with pytest.raises(Invalid) as refused:
        make(**{"name": "new", **wrong})
    assert refused.value.details["field"] == field
    assert ApiKey.objects.count() == 1


@pytest.fixture
def admin(client):
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    return client


def test_the_page_makes_a_key_shows_its_token_once_and_revokes_it(admin):
    made = admin.post(f"{PAGE}make/", {"name": "仓库 <b>", "scopes": [SCOPE], "until": ""})
    key = ApiKey.objects.get()
    token = made.content.decode().partition("<code>hy_")[2].partition("</code>")[0]
    assert api_keys.used(f"hy_{token}", timezone.now()) == key
    assert "no-store" in made["Cache-Control"]
    assert "<b>" not in made.content.decode().partition("仓库")[2][:20]
    assert token not in admin.get(PAGE).content.decode()
    assert admin.post(f"{PAGE}{key.pk}/revoke/").status_code == 302
    assert api_keys.used(f"hy_{token}", timezone.now()) is None
    assert admin.post(f"{PAGE}999999/revoke/").status_code == 404


@pytest.mark.parametrize(
    "wrong", [{"name": ""}, {"scopes": ["everything"]}, {"until": "2020-01-01"}, {"until": "9999-12-31"}]
)
def test_the_page_says_what_is_wrong_and_keeps_what_was_typed(admin, wrong):
    typed = {"name": "typed name", "scopes": [SCOPE], **wrong}
    refused = admin.post(f"{PAGE}make/", typed)
    assert refused.status_code == 400
    assert 'role="alert"' in refused.content.decode()
    assert typed["name"] in refused.content.decode()
    assert not ApiKey.objects.exists()


def test_who_may_not_keep_keys_sees_none(client):
    key, _token = make()
    client.force_login(UserFactory(is_staff=True))
    assert client.get(PAGE).status_code == 403
    assert client.post(f"{PAGE}make/", {"name": "x", "scopes": [SCOPE]}).status_code == 403
    assert client.post(f"{PAGE}{key.pk}/revoke/").status_code == 403
    key.refresh_from_db()
    assert key.revoked_at is None


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_takes_a_constant_number_of_queries(admin, django_assert_num_queries, rows):
    for number in range(rows):
        make(f"key {number}")
    admin.get(PAGE)
    with django_assert_num_queries(5):
        assert f"key {rows - 1}" in admin.get(PAGE).content.decode()
