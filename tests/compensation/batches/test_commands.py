"""A batch from its making to its decision: what each step asks for, and what it refuses."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from compensation.batches import commands, queries
from compensation.batches.choosing import UnknownNumbers
from compensation.coupons.refusals import NotGiven
from compensation.grants import commands as grants
from compensation.grants.commands import AlreadyDecided, AuthorityTooSmall, Content, OwnRequest
from compensation.models import Batch, BatchItem, BatchStatus, CouponTemplate, Delegation, Grant, ItemStatus
from config.common.errors import Invalid, NotPermitted, Stale, WrongState
from config.common.models import Event
from tests.factories.batches import allowed, approver, asked, asker, counted, running, terms
from tests.factories.common import UserFactory
from tests.factories.compensation import MemberFactory, OrderFactory, OrderLineFactory, ProductFactory
from tests.factories.money import AT, CouponTemplateFactory
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("C10")]


def decide(batch, actor, **more):
    return commands.approve(batch_id=batch.pk, content_hash=batch.content_hash, actor=actor, at=AT, **more)


def choose_list(batch, text, by):
    return commands.choose(batch_id=batch.pk, source="list", listed=text, actor=by, at=AT)


def grant_to(member, **more):
    given = {"cause": "x", "key": f"k{member.pk}", "reason": "r", "actor": None, "at": AT, **more}
    content = Content(kind="coupon", template=CouponTemplateFactory())
    return grants.request(member=member, content=content, **given)


def test_the_dry_run_counts_and_prices_and_gives_nothing():
    batch = counted(MemberFactory.create_batch(3))
    assert (batch.status, batch.members, batch.total_fen) == (BatchStatus.COUNTED, 3, 1_500)
    assert not Grant.objects.exists()
    assert list(Event.objects.filter(subject_type="batch").order_by("pk").values_list("kind", flat=True)) == [
        "batch.created",
        "batch.chosen",
        "batch.counted",
    ]


def test_who_has_something_for_the_same_is_left_out_and_counted():
    problem, order_of, lately, long_ago, erased, free = MemberFactory.create_batch(6)
    order = OrderFactory(member=order_of)
    grant_to(problem, problem="crisis:7", cause="a")
    grant_to(order_of, order=order, cause="b")
    grant_to(lately, reason_code="outage", cause="c", at=AT - timedelta(days=2))
    grant_to(long_ago, reason_code="outage", cause="d", at=AT - timedelta(days=31))
    erased.erased_at = AT
    erased.save()
    by = asker()
    batch = commands.create(terms=terms(problem="crisis:7", reason_code="outage"), actor=by, at=AT)
    listed = [problem.external_id, order.external_id, lately.external_id, long_ago.external_id]
    choose_list(batch, "\n".join([*listed, erased.external_id, free.external_id]), by)
    batch = commands.count(batch_id=batch.pk, actor=by, at=AT)
    assert batch.members == 2
    left = dict(BatchItem.objects.filter(status=ItemStatus.LEFT_OUT).values_list("member", "why"))
    assert left == {
        problem.pk: "same_problem",
        order_of.pk: "same_problem",
        lately.pk: "same_reason",
        erased.pk: "erased",
    }
    assert sum(number for _what, _why, number in queries.reasons(batch)) == 4


def test_what_was_taken_back_leaves_nobody_out():
    member = MemberFactory()
    grant = grant_to(member, problem="crisis:7")
    grants.reverse(grant_id=grant.pk, actor=approver(), note="wrong", at=AT)
    assert counted([member], problem="crisis:7").members == 1


def test_a_list_names_members_and_orders_and_each_member_counts_once():
    member = MemberFactory()
    orders = OrderFactory.create_batch(2, member=member)
    by = asker()
    batch = commands.create(terms=terms(), actor=by, at=AT)
    text = f'\ufeff{member.external_id},x\r\n\n {orders[0].external_id}\t1\n"{orders[1].external_id}"\n'
    choose_list(batch, text, by)
    item = BatchItem.objects.get()
    assert item.about == sorted(f"order:{order.pk}" for order in orders)


def test_lines_that_name_nobody_are_named_and_nothing_is_kept():
    member, by = MemberFactory(), asker()
    batch = commands.create(terms=terms(), actor=by, at=AT)
    both = MemberFactory(external_id="BOTH")
    OrderFactory(external_id="BOTH", member=both)
    with pytest.raises(UnknownNumbers) as error:
        choose_list(batch, f"{member.external_id}\n\nNO-1\nBOTH\n<script>\n{'9' * 300}", by)
    assert all(part in str(error.value) for part in ("3", "NO-1", "4", "BOTH", "5", "6"))
    assert not BatchItem.objects.exists()


@pytest.mark.parametrize("text", ["", " \n\n", "\ufeff", "\0"])
def test_an_empty_list_is_refused(text):
    by = asker()
    batch = commands.create(terms=terms(), actor=by, at=AT)
    with pytest.raises(Invalid):
        choose_list(batch, text, by)


def test_orders_are_narrowed_by_product_category_period_and_region():
    product = ProductFactory(category="数码")
    hit = OrderLineFactory(product=product, order__region="上海", order__placed_at=AT).order
    OrderLineFactory(product=product, order=hit, external_id="second")
    OrderLineFactory(product=product, order__region="北京", order__placed_at=AT)
    OrderLineFactory(product=product, order__region="上海", order__placed_at=AT - timedelta(days=9))
    OrderLineFactory(order__region="上海", order__placed_at=AT)
    by = asker()
    batch = commands.create(terms=terms(), actor=by, at=AT)
    criteria = {
        "since": (AT - timedelta(days=1)).isoformat(),
        "until": (AT + timedelta(days=1)).isoformat(),
        "region": "上海",
        "category": "数码",
        "product": product.external_id,
    }
    commands.choose(batch_id=batch.pk, source="orders", criteria=criteria, actor=by, at=AT)
    item = BatchItem.objects.get()
    assert (item.member_id, item.about) == (hit.member_id, [f"order:{hit.pk}"])
    assert commands.count(batch_id=batch.pk, actor=by, at=AT).members == 1


@pytest.mark.parametrize(
    "criteria", [{}, {"region": "上海"}, {"since": AT.isoformat(), "until": AT.isoformat()}]
)
def test_orders_without_a_period_are_refused(criteria):
    by = asker()
    batch = commands.create(terms=terms(), actor=by, at=AT)
    with pytest.raises(Invalid):
        commands.choose(batch_id=batch.pk, source="orders", criteria=criteria, actor=by, at=AT)


def test_an_unknown_source_and_no_source_are_refused():
    by = asker()
    batch = commands.create(terms=terms(), actor=by, at=AT)
    with pytest.raises(Invalid):
        commands.count(batch_id=batch.pk, actor=by, at=AT)
    with pytest.raises(Invalid):
        commands.choose(batch_id=batch.pk, source="x", actor=by, at=AT)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": " "},
        {"reason": ""},
        {"template": None},
        {"points": 0},
        {"points": 10**9},
        {"points": 0, "refunds": True},
        {"same_reason_days": -1},
        {"message": "x" * 1001},
        {"problem": "x" * 121},
    ],
)
def test_a_content_that_is_none_is_refused(wrong):
    with pytest.raises(Invalid):
        commands.create(terms=terms(**wrong), actor=asker(), at=AT)


def test_a_kind_that_is_switched_off_is_refused():
    with pytest.raises(NotGiven):
        commands.create(terms=terms(template=CouponTemplateFactory(is_active=False)), actor=asker(), at=AT)


def test_a_second_person_with_authority_over_the_whole_approves():
    batch = asked(MemberFactory.create_batch(3))
    with pytest.raises(AuthorityTooSmall):
        decide(batch, approver(1_499))
    actor = approver(1_500)
    assert decide(batch, actor).status == BatchStatus.RUNNING
    with pytest.raises(AlreadyDecided):
        decide(batch, approver())


def test_nobody_approves_what_they_asked_for_not_even_through_a_delegate():
    by = allowed(approver(), "add_batch")
    batch = asked([MemberFactory()], by=by)
    with pytest.raises(OwnRequest):
        decide(batch, by)
    with pytest.raises(OwnRequest):
        commands.refuse(batch_id=batch.pk, actor=by, note="no", at=AT)
    other = approver(0)
    Delegation.objects.create(giver=by, receiver=other, from_at=AT, until=AT + timedelta(days=1))
    with pytest.raises(AuthorityTooSmall):
        decide(batch, other)


def test_delegated_authority_counts_and_is_noted():
    batch, giver, receiver = asked([MemberFactory()]), approver(), approver(0)
    Delegation.objects.create(giver=giver, receiver=receiver, from_at=AT, until=AT + timedelta(days=1))
    assert decide(batch, receiver).on_behalf_of == giver


def test_the_database_knows_two_people_too():
    batch = asked([MemberFactory()])
    with pytest.raises(IntegrityError), transaction.atomic():
        Batch.objects.filter(pk=batch.pk).update(status="running", decided_by=batch.asked_by, decided_at=AT)


@pytest.mark.parametrize("change", ["content", "list", "price", "terms", "count"])
def test_a_change_after_the_asking_voids_it(change):
    members, by = MemberFactory.create_batch(2), asker()
    batch = asked(members, by=by)
    seen = batch.content_hash
    if change == "content":
        commands.change(batch_id=batch.pk, terms=terms(message="!"), actor=by, at=AT)
    elif change == "list":
        choose_list(batch, MemberFactory().external_id, by)
    elif change == "count":
        commands.count(batch_id=batch.pk, actor=by, at=AT)
    elif change == "terms":
        CouponTemplate.objects.update(stacking="alone")
    else:
        CouponTemplate.objects.update(value_fen=900)
    with pytest.raises(Stale if change in {"price", "terms"} else AlreadyDecided):
        commands.approve(batch_id=batch.pk, content_hash=seen, actor=approver(), at=AT)
    batch.refresh_from_db()
    assert batch.status in {BatchStatus.DRAFT, BatchStatus.COUNTED, BatchStatus.ASKED}


@pytest.mark.parametrize("behind", ["list", "content"])
def test_what_was_changed_behind_the_commands_is_not_approved(behind):
    batch = asked(MemberFactory.create_batch(2))
    if behind == "list":
        BatchItem.objects.filter(batch=batch).first().delete()
        BatchItem.objects.create(batch=batch, member=MemberFactory())
    else:
        Batch.objects.filter(pk=batch.pk).update(message="more")
    with pytest.raises(Stale):
        decide(batch, approver())


def test_asked_with_another_hash_than_the_page_showed_is_stale():
    by = asker()
    batch = counted([MemberFactory()], by=by)
    with pytest.raises(Stale):
        commands.ask(batch_id=batch.pk, content_hash="x", actor=by, at=AT)
    batch = commands.ask(batch_id=batch.pk, content_hash=batch.content_hash, actor=by, at=AT)
    with pytest.raises(Stale):
        commands.approve(batch_id=batch.pk, content_hash="x", actor=approver(), at=AT)


def test_nothing_is_asked_for_before_the_dry_run_or_for_nobody():
    by, member = asker(), MemberFactory()
    batch = commands.create(terms=terms(), actor=by, at=AT)
    with pytest.raises(WrongState):
        commands.ask(batch_id=batch.pk, content_hash="", actor=by, at=AT)
    grant_to(member, problem="p")
    batch = counted([member], by=by, problem="p")
    with pytest.raises(Invalid):
        commands.ask(batch_id=batch.pk, content_hash=batch.content_hash, actor=by, at=AT)


def test_a_refusal_says_why_and_leaves_room_for_another_try():
    by = asker()
    batch = asked([MemberFactory()], by=by)
    with pytest.raises(Invalid):
        commands.refuse(batch_id=batch.pk, actor=approver(), note=" ", at=AT)
    assert commands.refuse(batch_id=batch.pk, actor=approver(), note="太多", at=AT).note == "太多"
    commands.change(batch_id=batch.pk, terms=terms(), actor=by, at=AT)
    batch = commands.count(batch_id=batch.pk, actor=by, at=AT)
    commands.ask(batch_id=batch.pk, content_hash=batch.content_hash, actor=by, at=AT)
    assert decide(Batch.objects.get(), approver()).status == BatchStatus.RUNNING


def test_each_step_asks_for_its_permission():
    by, nobody, member = asker(), UserFactory(), MemberFactory()
    batch = asked([member], by=by)
    given = {"batch_id": batch.pk, "at": AT}
    for call in (
        lambda: commands.create(terms=terms(), actor=nobody, at=AT),
        lambda: commands.change(terms=terms(), actor=nobody, **given),
        lambda: commands.choose(source="list", listed="x", actor=nobody, **given),
        lambda: commands.count(actor=approver(), **given),
        lambda: commands.ask(content_hash=batch.content_hash, actor=approver(), **given),
        lambda: commands.approve(content_hash=batch.content_hash, actor=asker(), **given),
        lambda: commands.refuse(note="x", actor=asker(), **given),
        lambda: commands.pause(actor=nobody, **given),
        lambda: commands.resume(actor=nobody, **given),
        lambda: commands.cancel(actor=nobody, **given),
    ):
        with pytest.raises(NotPermitted):
            call()


def test_what_was_approved_is_not_changed_and_what_was_not_is_not_steered():
    by = asker()
    batch = asked([MemberFactory()], by=by)
    for steer in (commands.pause, commands.resume, commands.cancel):
        with pytest.raises(WrongState):
            steer(batch_id=batch.pk, actor=by, at=AT)
    decide(batch, approver())
    given = {"batch_id": batch.pk, "actor": by, "at": AT}
    for call in (
        lambda: commands.change(terms=terms(), **given),
        lambda: commands.count(**given),
        lambda: choose_list(batch, "x", by),
        lambda: commands.ask(content_hash=batch.content_hash, **given),
        lambda: commands.resume(**given),
    ):
        with pytest.raises(WrongState):
            call()


@pytest.mark.django_db(transaction=True)
def test_of_two_approvers_at_once_one_decides():
    batch, people = asked([MemberFactory()]), [approver() for _n in range(4)]
    results = at_once(*[lambda who=who: decide(batch, who) for who in people])
    assert len(refused(results)) == 3
    assert all(isinstance(one, AlreadyDecided) for one in refused(results))
    assert Event.objects.filter(kind="batch.approved").count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_turn", range(4))
def test_an_edit_during_the_approval_is_either_before_it_or_refused(_turn):
    by, second = asker(), approver()
    batch, dearer = asked([MemberFactory()], by=by), CouponTemplateFactory(code="sorry-100")
    edit, decision = at_once(
        lambda: commands.change(batch_id=batch.pk, terms=terms(template=dearer), actor=by, at=AT),
        lambda: decide(batch, second),
    )
    batch.refresh_from_db()
    if isinstance(edit, WrongState):
        assert (batch.status, batch.each_fen) == (BatchStatus.RUNNING, 500)
    else:
        assert isinstance(decision, AlreadyDecided)
        assert (batch.status, batch.each_fen) == (BatchStatus.DRAFT, 10_000)


def test_cancelling_leaves_what_was_given():
    batch = running(MemberFactory.create_batch(2))
    assert commands.cancel(batch_id=batch.pk, actor=asker(), at=AT).status == BatchStatus.CANCELLED
    assert queries.progress(batch).cancelled == 2
    with pytest.raises(WrongState):
        commands.resume(batch_id=batch.pk, actor=asker(), at=AT)


@pytest.mark.parametrize("step", ["create", "change", "choose"])
def test_whoever_made_or_changed_it_does_not_decide(step):
    member, others, both = MemberFactory(), asker(), allowed(approver(), "add_batch")
    at = {"at": AT}
    batch = commands.create(terms=terms(), actor=both if step == "create" else others, **at)
    who = both if step == "choose" else others
    commands.choose(batch_id=batch.pk, source="list", listed=member.external_id, actor=who, **at)
    if step == "change":
        commands.change(batch_id=batch.pk, terms=terms(), actor=both, **at)
    batch = commands.count(batch_id=batch.pk, actor=others, **at)
    seen = {"batch_id": batch.pk, "content_hash": batch.content_hash}
    commands.ask(**seen, actor=others, **at)
    with pytest.raises(OwnRequest):
        commands.approve(**seen, actor=both, **at)
    with pytest.raises(OwnRequest):
        commands.refuse(batch_id=batch.pk, actor=both, note="x", **at)
    assert commands.approve(**seen, actor=approver(), **at).status == BatchStatus.RUNNING
