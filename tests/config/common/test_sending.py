import uuid

import pytest
from django.http import QueryDict
from django.template import Context, Template

from config.common.errors import Invalid, NotFound
from config.common.models import IdempotencyKey, User
from config.common.sending import FIELD, sent_once
from tests.factories.common import UserFactory
from tests.threads import at_once

KEY, OTHER = "0f" * 16, "1e" * 16  # fixed: they are in the names of tests


def sent(rf, user, path="/admin/x/?y=1", *, key=KEY, **said):
    data = QueryDict(mutable=True)
    data.update({FIELD: key, "csrfmiddlewaretoken": uuid.uuid4().hex, **said})
    request = rf.post(path, data.urlencode(), content_type="application/x-www-form-urlencoded")
    request.user = user
    return request


@pytest.fixture
def user(db):
    return UserFactory()


def test_a_form_that_comes_twice_is_done_once(rf, user):
    first = sent_once(sent(rf, user, text="a"), UserFactory, User)
    assert sent_once(sent(rf, user, text="a"), UserFactory, User) == first
    assert User.objects.count() == 2


@pytest.mark.parametrize(
    "other",
    [{"text": "b"}, {"text": "a", "more": ""}, {"path": "/admin/x/?y=2"}, {"key": OTHER}],
)
def test_what_was_thought_over_is_something_new(rf, user, other):
    first = sent_once(sent(rf, user, text="a"), UserFactory, User)
    assert sent_once(sent(rf, user, **{"text": "a", **other}), UserFactory, User) != first


def test_a_key_is_its_senders_own(rf, user):
    first = sent_once(sent(rf, user), UserFactory, User)
    assert sent_once(sent(rf, UserFactory()), UserFactory, User) != first


@pytest.mark.parametrize("key", ["", "\x00", "x" * 10_000, KEY.upper(), KEY + "\n"])
def test_a_key_that_no_page_gave_is_none(rf, user, key):
    first = sent_once(sent(rf, user, key=key), UserFactory, User)
    assert sent_once(sent(rf, user, key=key), UserFactory, User) != first
    assert not IdempotencyKey.objects.exists()


def test_what_is_refused_may_be_sent_again(rf, user):
    def refuse():
        UserFactory()
        raise Invalid("no")

    with pytest.raises(Invalid):
        sent_once(sent(rf, user), refuse, User)
    assert User.objects.count() == 1
    sent_once(sent(rf, user), UserFactory, User)
    assert User.objects.count() == 2


def test_what_was_taken_away_since_is_not_made_again(rf, user):
    sent_once(sent(rf, user), UserFactory, User).delete()
    with pytest.raises(NotFound):
        sent_once(sent(rf, user), UserFactory, User)


def test_each_form_of_a_page_has_a_key_of_its_own():
    shown = Template("{% load staff %}{% once %}{% once %}").render(Context())
    assert len({part for part in shown.split('"') if len(part) == 32}) == 2


@pytest.mark.django_db(transaction=True)
def test_of_two_at_one_moment_one_is_done(rf):
    user = UserFactory()
    requests = [sent(rf, user, text="a") for _each in range(8)]
    found = at_once(*(lambda one=one: sent_once(one, UserFactory, User) for one in requests))
    assert len(set(found)) == 1
    assert User.objects.count() == 2
