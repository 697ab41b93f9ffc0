"""What a playbook gives beside coupons and points: refunds, parcels, differences, gifts, within authority."""

import pytest
from django.db import IntegrityError, transaction

from compensation.models import Grant, RefundOrder
from compensation.refunds import commands as refunds
from compensation.refunds.rules import Piece
from config.common.errors import DomainError, Invalid, NotFound, WrongState
from config.common.models import User
from feedback.defaults.authority import seed_authority
from feedback.models import PlaybookRemedy, PlaybookVersion, RemedyKind
from feedback.playbooks import commands, givings, queries, rules
from tests.factories.compensation import T0
from tests.factories.feedback import AgentFactory, CaseFactory, DepartmentFactory, group
from tests.factories.knowledge import make_playbook, request_of
from tests.factories.money import AT, CouponTemplateFactory
from tests.factories.refunds import make_order
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("F6")]


@pytest.fixture
def department():
    return DepartmentFactory()


@pytest.fixture
def agent(department):
    group("agent")
    seed_authority(T0)
    return User.objects.get(pk=AgentFactory(departments=[department]).user_id)


@pytest.fixture
def case(department):
    """About an order of two lines, 20 and 10 yuan: all of it within an agent's 50."""
    order = make_order(2_000, 1_000)
    return CaseFactory(department=department, member=order.member, order=order)


def of(kind, **more):
    return {"kind": kind, **more}


def apply(case, actor, *remedies):
    playbook = make_playbook(remedies=remedies)
    return commands.apply(case_id=case.pk, playbook_id=playbook.pk, actor=actor, at=AT)


def give(used, actor, place=None, amount_fen=None):
    return commands.give(use_id=used.pk, place=place, amount_fen=amount_fen, actor=actor, at=AT)


def granted():
    return list(Grant.objects.order_by("pk").values_list("kind", "cost_fen", "status"))


@pytest.mark.parametrize(
    ("remedy", "kind", "fen"),
    [
        (of("refund"), "refund", 3_000),
        (of("refund", amount_fen=2_500), "refund", 2_500),
        (of("reship"), "reshipment", 3_000),
        (of("difference", amount_fen=300), "price_difference", 300),
        (of("gift", amount_fen=1_500, gift="tea"), "gift", 1_500),
    ],
    ids=["all that is left", "a part", "sent again", "a difference", "a gift"],
)
def test_one_click_gives_within_authority(case, agent, remedy, kind, fen):
    used = apply(case, agent, remedy)
    assert granted() == [(kind, fen, "approved")]
    assert [one.place for one in used.given.all()] == [1]
    assert used.refusals == {}
    for _again in range(2):
        give(used, agent)
        give(used, agent, place=1)
    assert len(granted()) == 1


def test_a_part_is_taken_of_the_lines_one_after_the_other(case, agent):
    apply(case, agent, of("refund", amount_fen=2_500))
    lines = RefundOrder.objects.get().lines.order_by("order_line")
    assert list(lines.values_list("amount_fen", flat=True)) == [2_000, 500]


def test_beyond_authority_it_waits_for_approval(department, agent):
    order = make_order(30_000)
    case = CaseFactory(department=department, member=order.member, order=order)
    used = apply(case, agent, of("reship"), of("difference", amount_fen=6_000))
    assert granted() == [("reshipment", 30_000, "requested"), ("price_difference", 6_000, "requested")]
    assert [one.place for one in used.given.all()] == [1, 2]
    assert not RefundOrder.objects.exists()


def test_a_large_refund_needs_a_picture_as_everywhere(department, agent):
    order = make_order(30_000)
    case = CaseFactory(department=department, member=order.member, order=order)
    used = apply(case, agent, of("refund"))
    assert granted() == []
    assert list(used.refusals) == ["1"]
    with pytest.raises(DomainError):
        give(used, agent)


def test_what_goes_by_itself_waits_for_its_own_click(case, agent):
    used = apply(
        case, agent, of("reship", by_itself=True), of("refund", by_itself=True), CouponTemplateFactory()
    )
    assert granted() == [("coupon", 500, "confirmed")]
    give(used, agent)
    assert len(granted()) == 1
    give(used, agent, place=2)
    assert granted()[1:] == [("refund", 3_000, "approved")]
    (shown,) = queries.Panel(case, agent, AT).uses
    assert [one.is_open for one in shown.outcomes] == [True, False, False]
    assert not shown.is_ungiven


def test_whoever_gives_a_difference_says_how_much(case, agent):
    used = apply(case, agent, of("difference"))
    assert granted() == []
    for wrong in (None, 0, -5, 10**12):
        with pytest.raises(Invalid):
            give(used, agent, place=1, amount_fen=wrong)
    with pytest.raises(WrongState):
        give(used, agent, place=1, amount_fen=3_001)
    give(used, agent, place=1, amount_fen=450)
    assert granted() == [("price_difference", 450, "approved")]


def test_an_amount_that_the_playbook_says_is_nobodys_to_change(case, agent):
    used = apply(case, agent, of("difference", amount_fen=100, by_itself=True))
    give(used, agent, place=1, amount_fen=2_000)
    assert granted() == [("price_difference", 100, "approved")]


@pytest.mark.parametrize("kind", ["refund", "reship", "difference"])
def test_without_an_order_it_says_so_and_can_be_given_later(department, agent, case, kind):
    order, case.order = case.order, None
    case.save()
    used = apply(case, agent, of(kind, **({"amount_fen": 100} if kind == "difference" else {})))
    assert (granted(), list(used.refusals)) == ([], ["1"])
    with pytest.raises(givings.NoOrder):
        give(used, agent)
    case.order = order
    case.save()
    assert give(used, agent).refusals == {}
    assert len(granted()) == 1


def test_what_is_refunded_already_is_not_refunded_again(case, agent):
    line = case.order.lines.order_by("pk")[0]
    refunds.create(
        key="k", order=case.order, cause="cancelled", actor=None, at=AT,
        pieces=[Piece(order_line=line, amount_fen=1_900)],
    )  # fmt: skip
    used = apply(case, agent, of("refund", by_itself=True))
    (offer,) = queries.Panel(case, agent, AT).uses
    assert offer.outcomes[0].gift.cost_fen == 1_100
    give(used, agent, place=1)
    assert granted() == [("refund", 1_100, "approved")]


def test_no_such_place_or_use_is_not_found(case, agent):
    used = apply(case, agent, of("refund"))
    for place in (0, 2, -1, 10**9):
        with pytest.raises(NotFound):
            give(used, agent, place=place)
    with pytest.raises(NotFound):
        commands.give(use_id=0, actor=agent, at=AT)


def test_the_panel_shows_costs_against_what_is_left(case, agent):
    make_playbook(
        remedies=[of("reship"), of("difference", by_itself=True), of("gift", amount_fen=900, gift="tea")]
    )
    (offer,) = queries.Panel(case, agent, AT).offers
    assert [(gift.name, gift.cost_fen, gift.asks_amount) for gift in offer.gifts][1:] == [
        (str(RemedyKind.PRICE_DIFFERENCE.label), None, True),
        ("tea", 900, False),
    ]
    assert offer.cost_fen == 3_900


def test_what_somebody_was_asked_for_before_is_not_given_besides(case, agent):
    used = apply(case, agent, of("reship", by_itself=True))
    asked = request_of(case, "reship", use=used)
    give(used, agent, place=1)
    assert granted() == []
    commands.end_request(request_id=asked.pk, done=False, outcome="sold out", actor=agent, at=AT)
    give(used, agent, place=1)
    assert len(granted()) == 1


def test_versions_from_before_give_money_and_parcels_by_a_click_of_their_own():
    version = PlaybookVersion(
        content={
            "template": "", "steps": [],
            "remedies": [
                {"kind": "refund", "coupon": None, "points": None, "note": "x"},
                {"kind": "points", "coupon": None, "points": 5, "note": ""},
            ],
        }
    )  # fmt: skip
    assert [one.by_itself for one in rules.read(version.content).givings] == [True, False]


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "gift", "amount_fen": 5},
        {"kind": "gift", "gift": "tea"},
        {"kind": "gift", "gift": "tea", "amount_fen": 0},
        {"kind": "refund", "amount_fen": 0},
        {"kind": "reship", "amount_fen": 5},
        {"kind": "refund", "gift": "tea"},
        {"kind": "points", "points": 5, "amount_fen": 5},
    ],
)
def test_the_database_keeps_remedies_whole(wrong):
    playbook = make_playbook()
    with pytest.raises(IntegrityError), transaction.atomic():
        PlaybookRemedy.objects.create(playbook=playbook, **wrong)


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_give_once():
    department = DepartmentFactory()
    group("agent")
    seed_authority(T0)
    people = [User.objects.get(pk=AgentFactory(departments=[department]).user_id) for _ in range(3)]
    order = make_order(1_000)
    case = CaseFactory(department=department, member=order.member, order=order)
    used = apply(case, people[0], of("refund", by_itself=True))
    results = at_once(*[lambda one=one: give(used, one, place=1) for one in people])
    assert not refused(results)
    assert len(granted()) == 1
    order.lines.get().refresh_from_db()
    assert order.lines.get().refunded_fen == 1_000
