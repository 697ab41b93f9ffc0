import pytest
from django.db import connection

from compensation.members.commands import guest, letter_arrived, letter_came_back
from compensation.models import Member
from config.common.errors import Invalid
from tests.factories.compensation import T0, MemberFactory, TierFactory
from tests.threads import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def tier():
    return TierFactory()


def test_a_known_contact_is_that_member():
    known = MemberFactory(phone="13812345678", email="li@example.com")
    assert guest(phone="+86 138 1234 5678", at=T0) == known
    assert guest(email="LI@example.com", at=T0) == known
    assert guest(origin="taobao:8812", phone="13812345678", at=T0) == known


def test_a_stranger_becomes_a_member_by_the_contact():
    one = guest(email="New@Example.com", name="  王\u202e 女士\n", language="en", at=T0)
    assert (one.email, one.name, one.language, one.tier.code) == (
        "new@example.com",
        "王 女士",
        "en",
        "ordinary",
    )
    assert one.tier_periods.get().starts_at == T0
    assert guest(email="new@example.com", at=T0) == one


def test_an_origin_is_one_person_whatever_the_contact():
    one = guest(origin="taobao:8812", name="买家", at=T0)
    assert guest(origin="taobao:8812", at=T0) == one
    assert guest(origin="taobao:8813", at=T0) != one
    assert one.email == one.phone == ""


def test_nothing_to_know_somebody_by_is_refused():
    with pytest.raises(Invalid):
        guest(name="?", at=T0)


def test_who_was_erased_and_writes_again_is_somebody_new():
    one = guest(email="a@example.com", at=T0)
    Member.objects.filter(pk=one.pk).update(email="", erased_at=T0)
    assert guest(email="a@example.com", at=T0) != one


@pytest.mark.django_db(transaction=True)
def test_a_strangers_two_letters_at_once_are_one_member():
    ways = [lambda: guest(email="twice@example.com", at=T0)] * 4
    assert len({one.pk for one in at_once(*ways)}) == 1
    connection.close()


def test_an_address_that_fails_is_noted_until_the_member_writes_from_it():
    member = MemberFactory(email="li@example.com")
    letter_came_back(member_id=member.pk, email="other@example.com", at=T0)
    member.refresh_from_db()
    assert member.email_failed_at is None
    letter_came_back(member_id=member.pk, email="LI@example.com", at=T0)
    member.refresh_from_db()
    assert member.email_failed_at == T0
    letter_arrived(member_id=member.pk, email="li@example.com")
    member.refresh_from_db()
    assert member.email_failed_at is None
