from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.common import vault, webhooks
from config.common.errors import Invalid
from config.common.webhooks import BadSignature

AT = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)


def test_it_signs_as_the_specification_does():
    """The example of standardwebhooks.com's reference libraries."""
    headers = webhooks.sign(
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        at=datetime.fromtimestamp(1614265330, UTC),
        body=b'{"test": 2432232314}',
    )
    assert headers["webhook-timestamp"] == "1614265330"
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(st.binary(max_size=50))
def test_what_was_signed_is_valid_and_anything_else_is_not(body):
    old, new = webhooks.new_secret(), webhooks.new_secret()
    headers = webhooks.sign([new], message_id="m", at=AT, body=body)
    assert webhooks.verify([old, new], headers, body, at=AT) == 1
    for wrong in (
        lambda: webhooks.verify([old], headers, body, at=AT),
        lambda: webhooks.verify([], headers, body, at=AT),
        lambda: webhooks.verify([new], headers, body + b"x", at=AT),
        lambda: webhooks.verify([new], {**headers, "webhook-id": "n"}, body, at=AT),
        lambda: webhooks.verify([new], {**headers, "webhook-timestamp": "1"}, body, at=AT),
        lambda: webhooks.verify([new], {**headers, "webhook-signature": "v1,"}, body, at=AT),
        lambda: webhooks.verify([new], {**headers, "webhook-signature": "v1,é"}, body, at=AT),
        lambda: webhooks.verify([new], {}, body, at=AT),
    ):
        with pytest.raises(BadSignature):
            wrong()


@pytest.mark.parametrize(("seconds", "fresh"), [(299, True), (-299, True), (301, False), (-301, False)])
def test_a_copy_cannot_be_sent_later(seconds, fresh):
    secret = webhooks.new_secret()
    headers = webhooks.sign([secret], message_id="m", at=AT, body=b"x")
    at = AT + timedelta(seconds=seconds)
    if fresh:
        webhooks.verify([secret], headers, b"x", at=at)
    else:
        with pytest.raises(BadSignature):
            webhooks.verify([secret], headers, b"x", at=at)


@pytest.mark.parametrize("timestamp", ["", "x", "-1", "1e9", "²", "9" * 400, "nan"])
def test_a_time_that_is_none_is_refused(timestamp):
    secret = webhooks.new_secret()
    body = webhooks._signature(secret, "m", timestamp, b"x")
    headers = {"webhook-id": "m", "webhook-timestamp": timestamp, "webhook-signature": f"v1,{body}"}
    with pytest.raises(BadSignature):
        webhooks.verify([secret], headers, b"x", at=AT)


def test_secrets_are_stored_so_that_the_database_alone_opens_nothing(settings):
    settings.VAULT_KEY = "first"
    stored = vault.encrypt("geheim")
    assert "geheim" not in stored
    assert vault.encrypt("geheim") != stored
    assert vault.decrypt(stored) == "geheim"
    settings.VAULT_KEY = "second,first"
    assert vault.decrypt(stored) == "geheim"
    settings.VAULT_KEY = "second"
    with pytest.raises(vault.Unreadable):
        vault.decrypt(stored)
    assert vault.decrypt(vault.encrypt("")) == ""


def test_without_a_key_secrets_come_from_the_environment_only(settings, monkeypatch):
    settings.VAULT_KEY = ""
    with pytest.raises(Invalid):
        vault.encrypt("geheim")
    stored = vault.encrypt("env:HUIYIN_SECRET_MAIL")
    with pytest.raises(vault.Unreadable):
        vault.decrypt(stored)
    monkeypatch.setenv("HUIYIN_SECRET_MAIL", "geheim")
    assert vault.decrypt(stored) == "geheim"


@pytest.mark.parametrize("name", ["env:SECRET_KEY", "env:", "env:HOME"])
def test_no_other_variable_can_be_read_through_it(name):
    with pytest.raises(Invalid):
        vault.encrypt(name)
    with pytest.raises(vault.Unreadable):
        vault.decrypt(name)
