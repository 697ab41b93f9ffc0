"""Points that are given rather than earned end as well, when the value of points says."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.timezone import localtime

from compensation.batches import running
from compensation.grants.commands import Content, request, reverse
from compensation.ledger.check import differences
from compensation.ledger.expiry import expire_due
from compensation.models import Lot, PointsRule
from compensation.points import ending, queries, wording
from config.common.models import User
from tests.factories import batches as made
from tests.factories.compensation import MemberFactory
from tests.factories.money import AT, PointsRuleFactory, staff_with
from tests.factories.points import DAY, held
from tests.factories.session import browser_of, client_of

pytestmark = [pytest.mark.django_db, pytest.mark.req("C4")]


@pytest.fixture
def member():
    PointsRuleFactory()
    return MemberFactory(language="en")


def given(member, points=100, at=AT):
    content = Content(kind="points", points=points)
    return request(
        key=f"k{at}", cause=f"c{at}", member=member, content=content, reason="x", actor=None, at=at
    )


def say(days):
    PointsRule.objects.update(granted_valid_days=days)


def test_they_end_after_a_year_at_midnight_of_the_shop(member):
    given(member)
    end = Lot.objects.get().expires_at
    assert localtime(end).time().isoformat() == "00:00:00"
    assert timedelta(days=365) < end - AT <= timedelta(days=366)
    assert held(member, end - timedelta(seconds=1)) == (100, 0, 0)
    assert held(member, end) == (0, 0, 0)
    assert expire_due(at=end) == 1
    assert not list(differences())


def test_another_term_holds_for_what_is_given_from_then_on(member):
    say(30)
    given(member)
    say(None)
    given(member, at=AT + DAY)
    ends = list(Lot.objects.order_by("pk").values_list("expires_at", flat=True))
    assert ends[0] - AT <= timedelta(days=31)
    assert ends[1] is None
    with pytest.raises(IntegrityError), transaction.atomic():
        say(0)
    with pytest.raises(ValidationError):
        PointsRule(granted_valid_days=-1).full_clean()


def test_those_of_a_batch_end_as_well(member):
    batch = made.running([member], template=None, points=50)
    running.run(batch_id=batch.pk, now=lambda: AT)
    lot = Lot.objects.get()
    assert (lot.amount, lot.expires_at) == (50, ending_of(AT))


def ending_of(at):
    return given(MemberFactory(), at=at) and Lot.objects.order_by("-pk")[0].expires_at


def test_taken_back_after_their_end_they_come_from_what_expired(member):
    grant = given(member)
    expire_due(at=AT + 400 * DAY)
    approver = User.objects.get(pk=staff_with(10**9, approves=True).pk)
    reverse(grant_id=grant.pk, actor=approver, note="x", at=AT + 401 * DAY)
    assert held(member) == (0, 0, 0)
    assert not list(differences())


def test_the_member_reads_until_when_and_is_warned(member):
    given(member)
    (row,) = wording.movements(wording.readable(queries.statement(member)))
    assert row.expires_at == Lot.objects.get().expires_at
    page = browser_of(member).get("/portal/wallet/points/").content.decode()
    assert "usable until" in page
    (told,) = client_of(member).get("/api/v1/points/statement/").json()["results"]
    assert told["expires_at"] is not None
    assert ending.warn_due(at=row.expires_at - timedelta(days=20)) == 1
