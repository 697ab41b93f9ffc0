"""Signing in: with a code, with the shop's token, and out again."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from pytest_django import Settings

from compensation.members import commands, rules
from compensation.members.queries import by_contact, session_for
from compensation.models import Member, MemberSession, SignInCode
from config.common import retention
from config.common.errors import Invalid
from config.common.limits import TooMany
from config.common.models import Event, OutboxMessage, RateCount
from tests.factories.compensation import MemberFactory
from tests.threads import at_once

AT = datetime(2026, 11, 21, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PHONE = "13800000001"


@pytest.fixture
def member(db: None) -> Member:
    return MemberFactory(phone=PHONE, email="li@example.com", external_id="M1")


def ask(contact: str = PHONE, at: datetime = AT, ip: str = "") -> str:
    commands.request_code(contact=contact, at=at, ip=ip)
    last = OutboxMessage.objects.filter(kind="code").order_by("-id").first()
    assert last is not None
    return str(last.payload["code"])


def wrong(code: str) -> str:
    return "000000" if code != "000000" else "111111"


@pytest.mark.req("P2")
@pytest.mark.parametrize(
    "contact", [PHONE, "+86 138 0000 0001", "138-0000-0001", "li@example.com", " LI@example.com "]
)
def test_a_code_opens_a_session_whatever_the_spelling(member: Member, contact: str) -> None:
    code = ask(contact)
    token, session = commands.sign_in(contact=contact, code=f" {code} ", at=AT + MINUTE)
    assert session.member == member
    found = session_for(token, AT + MINUTE)
    assert found is not None
    assert found.pk == session.pk
    assert Event.objects.filter(kind="member.signed_in", subject_id=member.pk).count() == 1


def test_neither_code_nor_token_nor_contact_is_kept_in_the_clear(member: Member) -> None:
    code = ask()
    token, _session = commands.sign_in(contact=PHONE, code=code, at=AT)
    kept = " ".join(map(str, [*SignInCode.objects.values_list(), *MemberSession.objects.values_list()]))
    assert code not in kept
    assert token not in kept
    assert PHONE not in kept
    assert len(token) >= 43  # 256 bits in base64


def test_the_outbox_names_the_member_not_the_contact(member: Member) -> None:
    ask("li@example.com")
    message = OutboxMessage.objects.get(kind="code")
    assert message.recipient == f"member:{member.pk}"
    assert message.payload["contact"] == "email"
    assert "li@" not in str(message.payload)


def test_an_unknown_contact_is_answered_alike(member: Member) -> None:
    known = commands.request_code(contact=PHONE, at=AT)
    unknown = commands.request_code(contact="13899999999", at=AT)
    assert known == unknown
    assert OutboxMessage.objects.filter(kind="code").count() == 1
    for contact in (PHONE, "13899999999"):
        with pytest.raises(TooMany) as refused:
            commands.request_code(contact=contact, at=AT + timedelta(seconds=20))
        assert refused.value.details == {"retry_after": 40}
        with pytest.raises(commands.CodeRefused):
            commands.sign_in(contact=contact, code="12345", at=AT)
        assert SignInCode.objects.get(contact=rules.contact_digest(contact)).attempts == 1


def test_the_right_code_of_a_stranger_opens_nothing(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "new_code", lambda: "123456")
    commands.request_code(contact="13899999999", at=AT)
    with pytest.raises(commands.CodeRefused):
        commands.sign_in(contact="13899999999", code="123456", at=AT)


def test_a_code_works_once(member: Member) -> None:
    code = ask()
    commands.sign_in(contact=PHONE, code=code, at=AT)
    with pytest.raises(commands.CodeRefused):
        commands.sign_in(contact=PHONE, code=code, at=AT)
    assert MemberSession.objects.count() == 1


def test_a_code_expires(member: Member) -> None:
    code = ask()
    with pytest.raises(commands.CodeRefused):
        commands.sign_in(contact=PHONE, code=code, at=AT + rules.CODE_LIFE)
    assert commands.sign_in(contact=PHONE, code=code, at=AT + rules.CODE_LIFE - timedelta(seconds=1))


def test_only_the_last_code_counts(member: Member) -> None:
    first = ask()
    second = ask(at=AT + MINUTE)
    if first != second:
        with pytest.raises(commands.CodeRefused):
            commands.sign_in(contact=PHONE, code=first, at=AT + MINUTE)
    assert commands.sign_in(contact=PHONE, code=second, at=AT + MINUTE)


def test_after_five_wrong_tries_the_right_code_is_refused_too(member: Member) -> None:
    code = ask()
    for _ in range(rules.CODE_ATTEMPTS):
        with pytest.raises(commands.CodeRefused):
            commands.sign_in(contact=PHONE, code=wrong(code), at=AT)
    with pytest.raises(commands.CodeRefused):
        commands.sign_in(contact=PHONE, code=code, at=AT)


def test_a_code_belongs_to_its_contact(member: Member) -> None:
    MemberFactory(phone="13800000002")
    code = ask()
    ask("13800000002")
    SignInCode.objects.filter(contact=rules.contact_digest("13800000002")).update(
        digest=rules.code_digest("13800000002", wrong(code))
    )
    with pytest.raises(commands.CodeRefused):
        commands.sign_in(contact="13800000002", code=code, at=AT)


@pytest.mark.parametrize(
    "contact", ["", "   ", "1234", "li", "li@", "@example.com", "a b@c.d", "x" * 300 + "@c.d", "1\x00@b.c"]
)
def test_nonsense_is_no_contact(db: None, contact: str) -> None:
    with pytest.raises(Invalid):
        commands.request_code(contact=contact, at=AT)
    assert not SignInCode.objects.exists()
    assert not RateCount.objects.exists()


def test_a_contact_gets_five_codes_an_hour(member: Member) -> None:
    for minute in range(5):
        ask(at=AT + minute * MINUTE)
    with pytest.raises(TooMany):
        ask(at=AT + 5 * MINUTE)
    assert ask(at=AT + timedelta(hours=1))


def test_an_address_gets_so_many_codes_an_hour(member: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "CODES_AN_ADDRESS", 2)
    for number in range(2):
        commands.request_code(contact=f"1380000100{number}", ip="192.0.2.1", at=AT)
    with pytest.raises(TooMany):
        commands.request_code(contact="13800001009", ip="192.0.2.1", at=AT)
    commands.request_code(contact="13800001009", ip="192.0.2.2", at=AT)


def test_an_address_gets_so_many_guesses_an_hour(member: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "GUESSES_AN_ADDRESS", 1)
    code = ask()
    with pytest.raises(commands.CodeRefused):
        commands.sign_in(contact=PHONE, code=wrong(code), ip="192.0.2.1", at=AT)
    with pytest.raises(TooMany):
        commands.sign_in(contact=PHONE, code=code, ip="192.0.2.1", at=AT)
    assert commands.sign_in(contact=PHONE, code=code, ip="192.0.2.2", at=AT)


def test_who_signs_in_is_no_guess(
    member: Member, shop: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "GUESSES_AN_ADDRESS", 2)
    for number in range(5):
        commands.sign_in_with_jwt(token=shop(jti=f"n{number}"), ip="192.0.2.1", at=AT)
        commands.sign_in(contact=PHONE, code=ask(at=AT + number * MINUTE), ip="192.0.2.1", at=AT)
    assert RateCount.objects.get(key="signin:ip:192.0.2.1").count == 0
    for _ in range(2):
        with pytest.raises(commands.TokenRefused):
            commands.sign_in_with_jwt(token=shop(jti="n1"), ip="192.0.2.1", at=AT)
    with pytest.raises(TooMany):
        commands.sign_in_with_jwt(token=shop(jti="new"), ip="192.0.2.1", at=AT)


def test_an_erased_member_does_not_come_in(member: Member) -> None:
    code = ask()
    token, _ = commands.sign_in(contact=PHONE, code=code, at=AT)
    later = ask(at=AT + MINUTE)
    Member.objects.filter(pk=member.pk).update(erased_at=AT)
    assert session_for(token, AT) is None
    with pytest.raises(commands.CodeRefused):
        commands.sign_in(contact=PHONE, code=later, at=AT + MINUTE)
    assert by_contact(PHONE) is None


def test_of_several_members_with_a_number_the_newest_is_meant(member: Member) -> None:
    newer = MemberFactory(phone=PHONE, registered_at=AT)
    assert by_contact(PHONE) == newer


def test_a_session_ends_by_itself_and_is_not_prolonged(member: Member) -> None:
    token, _session = commands.sign_in(contact=PHONE, code=ask(), at=AT)
    last = AT + rules.SESSION_LIFE - timedelta(seconds=1)
    assert session_for(token, last)
    assert session_for(token, AT + rules.SESSION_LIFE) is None


def test_signing_out_ends_this_session_only(member: Member) -> None:
    token, session = commands.sign_in(contact=PHONE, code=ask(), at=AT)
    other, _ = commands.sign_in(contact=PHONE, code=ask(at=AT + MINUTE), at=AT + MINUTE)
    commands.sign_out(session=session, at=AT + MINUTE)
    commands.sign_out(session=session, at=AT + 2 * MINUTE)
    assert session_for(token, AT + MINUTE) is None
    assert session_for(other, AT + MINUTE)
    assert Event.objects.filter(kind="member.signed_out").count() == 1


@pytest.mark.parametrize("token", ["", "x", "\x00", "é" * 9000, "\ud800"])
def test_a_wrong_token_is_nobodys(db: None, token: str) -> None:
    assert session_for(token, AT) is None


def test_a_member_chooses_a_language_of_the_house(member: Member) -> None:
    assert commands.choose_language(member=member, language="en", at=AT).language == "en"
    with pytest.raises(Invalid):
        commands.choose_language(member=member, language="xx", at=AT)


def test_what_nobody_needs_is_forgotten(member: Member) -> None:
    ask()
    commands.sign_in(contact=PHONE, code=ask(at=AT + MINUTE), at=AT + MINUTE)
    assert commands.forget(at=AT + timedelta(hours=12)) == 0
    assert commands.forget(at=AT + timedelta(days=2)) == 2 + 2  # messages, counts
    assert retention.retain(code="sign-ins", at=AT + timedelta(days=3)).rows == 2
    assert retention.retain(code="sign-ins", at=AT + timedelta(days=33)).rows == 1
    assert not SignInCode.objects.exists()
    assert not MemberSession.objects.exists()


# --- the shop's tokens ---

KEY = "a-key-of-the-shop-of-32-characters-or-more"


@pytest.fixture
def shop(settings: Settings) -> Callable[..., str]:
    settings.SHOP_JWT_KEY = KEY

    def sign(key: str = KEY, algorithm: str = "HS256", **changes: object) -> str:
        now = int(AT.timestamp())
        claims = {"sub": "M1", "aud": "huiyin", "iat": now, "exp": now + 300, "jti": "1"} | changes
        return jwt.encode({k: v for k, v in claims.items() if v is not None}, key, algorithm)

    return sign


def test_the_shop_signs_a_member_in(member: Member, shop: Callable[..., str]) -> None:
    token, session = commands.sign_in_with_jwt(token=shop(), at=AT)
    assert session.member == member
    assert session_for(token, AT)


def test_a_token_of_the_shop_works_once(member: Member, shop: Callable[..., str]) -> None:
    commands.sign_in_with_jwt(token=shop(), at=AT)
    for again in (shop(), shop(exp=int(AT.timestamp()) + 200)):
        with pytest.raises(commands.TokenRefused):
            commands.sign_in_with_jwt(token=again, at=AT)
    assert commands.sign_in_with_jwt(token=shop(jti="2"), at=AT)


NOW = int(AT.timestamp())


@pytest.mark.parametrize(
    "changes",
    [
        {"key": "another-key-of-32-characters-or-more-than-that"},
        {"sub": "nobody"},
        {"sub": None},
        {"sub": ""},
        {"sub": 1},
        {"aud": "another"},
        {"aud": None},
        {"exp": NOW},
        {"exp": None},
        {"exp": NOW + 3600},
        {"iat": NOW + 90, "exp": NOW + 300},
        {"iat": None},
        {"iat": "soon"},
        {"nbf": NOW + 120},
        {"jti": None},
        {"jti": ""},
        {"exp": 1e300},
        {"algorithm": "HS512"},
    ],
)
def test_a_token_that_is_not_a_ticket_is_refused(
    member: Member, shop: Callable[..., str], changes: dict
) -> None:
    with pytest.raises(commands.TokenRefused):
        commands.sign_in_with_jwt(token=shop(**changes), at=AT)


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "é.é.é", "x" * 5000])
def test_what_is_no_token_at_all_is_refused(member: Member, shop: Callable[..., str], token: str) -> None:
    with pytest.raises(commands.TokenRefused):
        commands.sign_in_with_jwt(token=token, at=AT)


def test_a_token_without_signature_is_refused(member: Member, shop: Callable[..., str]) -> None:
    unsigned = shop(key="", algorithm="none")
    with pytest.raises(commands.TokenRefused):
        commands.sign_in_with_jwt(token=unsigned, at=AT)


def test_without_a_key_the_shop_signs_nobody_in(member: Member, settings: Settings) -> None:
    settings.SHOP_JWT_KEY = ""
    with pytest.raises(commands.TokenRefused):
        commands.sign_in_with_jwt(token=jwt.encode({"sub": "M1"}, "x" * 32), at=AT)


def test_the_shop_may_sign_with_a_private_key(
    member: Member, shop: Callable[..., str], settings: Settings
) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    settings.SHOP_JWT_KEY, settings.SHOP_JWT_ALGORITHM = public.decode(), "RS256"
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    assert commands.sign_in_with_jwt(token=shop(key=pem.decode(), algorithm="RS256"), at=AT)
    with pytest.raises(commands.TokenRefused):  # the algorithm is ours to say
        commands.sign_in_with_jwt(token=shop(key=KEY, jti="2"), at=AT)


# --- at the same moment ---


@pytest.mark.django_db(transaction=True)
def test_one_code_used_twice_at_once_signs_in_once() -> None:
    MemberFactory(phone=PHONE)
    code = ask()
    results = at_once(*[lambda: commands.sign_in(contact=PHONE, code=code, at=AT)] * 4)
    assert sum(isinstance(result, tuple) for result in results) == 1
    assert sum(isinstance(result, commands.CodeRefused) for result in results) == 3
    assert MemberSession.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_tries_at_the_same_moment_are_all_counted() -> None:
    MemberFactory(phone=PHONE)
    code = ask()
    at_once(*[lambda: commands.sign_in(contact=PHONE, code=wrong(code), at=AT)] * 4)
    assert SignInCode.objects.get().attempts == 4


@pytest.mark.django_db(transaction=True)
def test_codes_asked_for_at_the_same_moment_are_one() -> None:
    MemberFactory(phone=PHONE)
    results = at_once(*[lambda: commands.request_code(contact=PHONE, at=AT)] * 4)
    assert sum(isinstance(result, TooMany) for result in results) == 3
    assert SignInCode.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_ticket_shown_twice_at_once_signs_in_once(shop: Callable[..., str]) -> None:
    MemberFactory(external_id="M1")
    ticket = shop()
    results = at_once(*[lambda: commands.sign_in_with_jwt(token=ticket, at=AT)] * 3)
    assert sum(isinstance(result, tuple) for result in results) == 1
    assert MemberSession.objects.count() == 1
