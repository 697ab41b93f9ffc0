"""Who referred whom: said once, by a code, before the first order is received, never oneself."""

import pytest

from compensation.models import Member, ReferralCode
from compensation.points import commands, queries, referring
from config.common.errors import Invalid, NotFound
from tests.factories.compensation import T0, MemberFactory, OrderFactory
from tests.factories.money import AT
from tests.factories.points import DAY, rules
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("C4")]


@pytest.fixture
def member():
    return MemberFactory()


@pytest.fixture
def friend():
    return MemberFactory(registered_at=T0)


def say(friend, code):
    return referring.say_referrer(member_id=friend.pk, code=code, at=AT)


def test_a_member_keeps_one_code(member):
    code = referring.code_of(member=member)
    assert referring.code_of(member=member) == code
    assert len(code) == 8
    assert referring.code_of(member=MemberFactory()) != code


def test_letters_that_somebody_else_got_are_drawn_again(member, monkeypatch):
    drawn = iter("A" * 16 + "B" * 8)
    monkeypatch.setattr(referring.secrets, "choice", lambda _letters: next(drawn))
    assert referring.code_of(member=member) == "A" * 8
    assert referring.code_of(member=MemberFactory()) == "B" * 8


def test_the_link_is_the_shops(settings):
    settings.REFERRAL_URL = ""
    assert referring.link_of("ABCD") is None
    settings.REFERRAL_URL = "https://shop.example/join?ref={code}"
    assert referring.link_of("ABCD") == "https://shop.example/join?ref=ABCD"


def test_a_friend_says_who_sent_them_and_the_first_order_counts(member, friend):
    rules()
    code = referring.code_of(member=member)
    for typed in (code, f" {code.lower()} "):
        assert say(friend, typed).referrer == member
    assert queries.referred(member) == (1, 0)
    order = OrderFactory(member=friend, status="delivered", placed_at=AT - DAY)
    commands.order_received(order_id=order.pk, at=AT)
    assert queries.referred(member) == (1, 1)


def test_nobody_refers_themselves_or_those_who_were_there_before(member, friend):
    with pytest.raises(Invalid):
        say(friend, referring.code_of(member=friend))
    with pytest.raises(Invalid):
        say(member, referring.code_of(member=friend))
    for wrong in ("", "nonsense", "x" * 500, "'; --"):
        with pytest.raises(Invalid):
            say(friend, wrong)


def test_it_is_said_once_and_before_the_first_order(member, friend):
    say(friend, referring.code_of(member=member))
    with pytest.raises(referring.NotReferred):
        say(friend, referring.code_of(member=MemberFactory()))
    late = MemberFactory(registered_at=T0)
    OrderFactory(member=late, status="delivered")
    with pytest.raises(referring.NotReferred):
        say(late, referring.code_of(member=member))


def test_the_erased_neither_refer_nor_are_referred(friend):
    gone = MemberFactory(erased_at=AT)
    code = referring.code_of(member=gone)
    with pytest.raises(Invalid):
        say(friend, code)
    with pytest.raises(NotFound):
        say(MemberFactory(registered_at=T0, erased_at=AT), referring.code_of(member=MemberFactory()))


@pytest.mark.django_db(transaction=True)
def test_of_two_said_at_once_one_counts(friend):
    codes = [referring.code_of(member=MemberFactory()) for _ in range(4)]
    results = at_once(*[lambda code=code: say(friend, code) for code in codes])
    assert [type(error) for error in refused(results)] == [referring.NotReferred] * 3
    assert Member.objects.get(pk=friend.pk).referrer is not None


@pytest.mark.django_db(transaction=True)
def test_two_who_ask_at_once_for_their_code_get_one(member):
    codes = at_once(*[lambda: referring.code_of(member=member) for _ in range(6)])
    assert set(codes) == {ReferralCode.objects.get().code}
