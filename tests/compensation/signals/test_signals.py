from datetime import timedelta

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from compensation.budgets import doubts
from compensation.models import Grant, SignalTerms
from compensation.signals import commands, queries
from compensation.signals.rules import Claims, Peers, reasons
from tests.factories.compensation import MemberFactory, OrderFactory
from tests.factories.money import AT, CouponTemplateFactory

TERMS = SignalTerms(claims_from=4, share_percent=60, peers_from=50, shared_from=1)
PEERS = Peers(members=100, claims=3, fen=10_000)
pytestmark = pytest.mark.req("C7")


def codes(claims, peers=PEERS, terms=TERMS):
    return [one["code"] for one in reasons(claims, peers, terms)]


@pytest.mark.parametrize(
    ("claims", "found"),
    [
        (Claims(orders=10, claims=3, fen=9_000), []),
        (Claims(orders=2, claims=3, fen=90_000), []),  # few say nothing
        (Claims(orders=10, claims=4, fen=9_000), ["often"]),
        (Claims(orders=6, claims=4, fen=9_000), ["share", "often"]),
        (Claims(orders=10, claims=4, fen=10_001), ["often", "much"]),
        (Claims(orders=0, claims=4, fen=0), ["share", "often"]),
        (Claims(orders=9, claims=1, shared=1), ["shared"]),
    ],
)
def test_each_reason_by_itself(claims, found):
    assert codes(claims) == found


def test_without_enough_others_there_is_no_comparison_and_it_can_be_switched_off():
    many = Claims(orders=10, claims=5, fen=10**6, shared=2)
    assert codes(many, Peers(members=49, claims=1, fen=1)) == ["shared"]
    assert codes(many, terms=SignalTerms(is_active=False)) == []


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 10**6), st.integers(0, 5))
def test_more_claims_never_look_better(orders, claims, fen, shared):
    less, more = Claims(orders, claims, fen, shared), Claims(orders, claims + 1, fen + 1, shared)
    assert set(codes(less)) <= set(codes(more))


def test_reasons_are_said_with_their_numbers():
    said = reasons(Claims(orders=4, claims=4, fen=10_001, shared=2), PEERS, TERMS)
    with translation.override("en"):
        assert doubts.say(said) == [
            "4 claims on 4 orders",
            "4 claims, when nearly all members have at most 3",
            "claims of ¥100.01, when nearly all members stay below ¥100.00",
            "the same phone number or e-mail as 2 other members with claims",
        ]


def claim(member, number=1, fen=500, *, status="requested", at=AT):
    for one in range(number):
        Grant.objects.create(
            key=f"{member.pk}:{one}:{at}:{status}",
            cause=f"{member.pk}:{one}:{at}:{status}",
            member=member,
            kind="coupon",
            template=CouponTemplateFactory(),
            cost_fen=fen,
            reason="x",
            status=status,
            requested_at=at,
            decided_at=None if status == "requested" else at,
        )


@pytest.mark.django_db
def test_claims_are_counted_within_the_time_and_shared_contacts_too():
    member = MemberFactory(phone="13800138000", email="a@example.com")
    OrderFactory(member=member, placed_at=AT - timedelta(days=3))
    OrderFactory(member=member, placed_at=AT - timedelta(days=300))
    claim(member, 2)
    claim(member, at=AT - timedelta(days=91))
    claim(member, status="refused")
    claim(MemberFactory(phone="13800138000"))
    claim(MemberFactory(email="a@example.com"))
    MemberFactory(phone="13800138000")
    claim(MemberFactory(phone=""))
    assert queries.claims_of(member, AT, days=90) == Claims(orders=1, claims=2, fen=1_000, shared=2)
    assert queries.claims_of(MemberFactory(phone="", email=""), AT, days=90) == Claims()


@pytest.mark.django_db
def test_the_boundary_is_measured_over_all_who_claimed():
    commands.measure(at=AT)
    assert SignalTerms.objects.get().peer_members == 0
    for number in (1, 1, 1, 5):
        claim(MemberFactory(), number)
    SignalTerms.objects.update(percentile=75, peers_from=4, claims_from=2)
    row = commands.measure(at=AT)
    assert (row.peer_members, row.peer_claims, row.peer_fen) == (4, 1, 500)
    member = MemberFactory()
    OrderFactory.create_batch(9, member=member)
    assert queries.doubt(member, cost_fen=500, at=AT) is None
    claim(member)
    assert [one["code"] for one in queries.doubt(member, cost_fen=500, at=AT).details["reasons"]] == [
        "often",
        "much",
    ]
    SignalTerms.objects.update(is_active=False)
    assert queries.doubt(member, cost_fen=500, at=AT) is None


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("cause", "is_claim"), [("batch:3:7", False), ("care:birthday:7:coupon", False), ("case:1", True)]
)
def test_what_we_gave_by_ourselves_is_no_claim(cause, is_claim):
    member, other = MemberFactory(phone="13900000001"), MemberFactory(phone="13900000001")
    template = CouponTemplateFactory(code="sorry-5")
    for number, who in enumerate((member, member, other)):
        Grant.objects.create(
            key=f"k{number}", cause=f"{cause}{number}", member=who, kind="coupon", template=template,
            reason="x", cost_fen=500, requested_at=AT, status="requested",
        )  # fmt: skip
    had = queries.claims_of(member, AT + timedelta(days=1), days=30)
    assert (had.claims, had.fen, had.shared) == ((2, 1_000, 1) if is_claim else (0, 0, 0))
    row = commands.measure(at=AT + timedelta(days=1))
    assert row.peer_members == (2 if is_claim else 0)
