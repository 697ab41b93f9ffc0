import pytest
from django.contrib.auth.models import Permission
from django.db import IntegrityError, transaction

from compensation.models import Rule, RuleGive, RuleVersion
from compensation.rules import commands, queries
from config.common.errors import Invalid, NotPermitted, WrongState
from config.common.models import Event, User
from tests.factories.money import AT, CouponTemplateFactory, staff_with
from tests.factories.rules import rule_of
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("C8")]


def test_a_published_version_never_changes():
    version = rule_of("late", 5, trigger="gap")
    give = version.gives.get()
    for change in (
        lambda: RuleVersion.objects.filter(pk=version.pk).update(severity_from=3),
        lambda: RuleVersion.objects.filter(pk=version.pk).update(published_at=None),
        version.delete,
        lambda: RuleGive.objects.filter(pk=give.pk).update(position=9),
        give.delete,
        lambda: RuleGive.objects.create(version=version, position=2, kind="reshipment"),
    ):
        with pytest.raises(IntegrityError, match="published"), transaction.atomic():
            change()
    with pytest.raises(WrongState):
        commands.save_draft(version=version, actor=None, at=AT)
    with pytest.raises(WrongState):
        commands.drop_draft(version_id=version.pk, actor=None, at=AT)
    with pytest.raises(WrongState):
        commands.publish(version_id=version.pk, actor=None, at=AT)


def test_a_draft_says_what_the_last_version_said_and_takes_its_place():
    first = rule_of("late", 5, trigger="gap", severity_from=2, tiers=["gold"])
    draft = commands.draft(rule_id=first.rule_id, actor=None, at=AT)
    assert commands.draft(rule_id=first.rule_id, actor=None, at=AT) == draft
    assert (draft.number, draft.severity_from, draft.tiers) == (2, 2, ["gold"])
    assert draft.gives.get().template == first.gives.get().template
    assert list(queries.in_force("gap")) == [first]
    commands.publish(version_id=draft.pk, actor=None, at=AT)
    first.refresh_from_db()
    assert first.retired_at == AT
    assert list(queries.in_force("gap")) == [draft]
    assert not queries.in_force("case").exists()
    Rule.objects.update(is_active=False)
    assert not queries.in_force().exists()


def test_publishing_takes_the_right():
    draft = rule_of("late", 5, trigger="gap", publish=False)
    person = staff_with(0)
    with pytest.raises(NotPermitted):
        commands.publish(version_id=draft.pk, actor=person, at=AT)
    person.user_permissions.add(Permission.objects.get(codename="publish_rule"))
    published = commands.publish(version_id=draft.pk, actor=User.objects.get(pk=person.pk), at=AT)
    assert published.published_by == person
    assert Event.objects.get(kind="rule.published").actor == f"user:{person.pk}"


@pytest.mark.parametrize(
    ("gives", "says"),
    [
        ([], {"trigger": "gap"}),
        ([5, 5], {"trigger": "gap"}),
        ([5], {"trigger": "case", "opens_case": True, "department": "x"}),
        ([5], {"trigger": "gap", "asks_person": True}),
    ],
)
def test_what_makes_no_sense_is_not_published(gives, says):
    draft = rule_of("late", *gives, publish=False, **says)
    with pytest.raises(Invalid):
        commands.publish(version_id=draft.pk, actor=None, at=AT)


def test_a_dropped_draft_is_gone():
    draft = rule_of("late", 5, trigger="gap", publish=False)
    commands.drop_draft(version_id=draft.pk, actor=None, at=AT)
    assert not RuleVersion.objects.exists()


@pytest.mark.parametrize(
    "give",
    [
        {"kind": "coupon"},
        {"kind": "points"},
        {"kind": "refund"},
        {"kind": "refund", "amount": "fixed"},
        {"kind": "gift"},
        {"kind": "points", "points": 5, "amount_fen": 5},
    ],
)
def test_the_database_refuses_what_nobody_can_give(give):
    draft = rule_of("late", publish=False)
    with pytest.raises(IntegrityError), transaction.atomic():
        RuleGive.objects.create(version=draft, position=1, **give)


@pytest.mark.django_db(transaction=True)
def test_two_who_publish_at_once_leave_one_in_force():
    first = rule_of("late", 5, trigger="gap")
    CouponTemplateFactory(code="sorry-10")
    draft = commands.draft(rule_id=first.rule_id, actor=None, at=AT)
    results = at_once(*[lambda: commands.publish(version_id=draft.pk, actor=None, at=AT)] * 4)
    assert [type(one) for one in refused(results)] == [WrongState] * 3
    assert list(queries.in_force()) == [draft]


@pytest.mark.django_db(transaction=True)
def test_those_who_begin_a_draft_at_once_get_the_same():
    version = rule_of("late", 5, trigger="gap")
    drafts = at_once(*[lambda: commands.draft(rule_id=version.rule_id, actor=None, at=AT)] * 4)
    assert not refused(drafts)
    assert {draft.number for draft in drafts} == {2}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_turn", range(3))
def test_a_draft_that_is_edited_while_it_is_published_is_whole_or_refused_in_words(_turn):
    first = rule_of("late", 5, trigger="gap")
    draft = commands.draft(rule_id=first.rule_id, actor=None, at=AT)

    def edit(days):
        one = type(draft).objects.get(pk=draft.pk)
        one.within_days = days
        return commands.save_draft(version=one, gives=one.gives.all(), actor=None, at=AT)

    results = at_once(
        *[lambda days=days: edit(days) for days in range(11, 15)],
        lambda: commands.publish(version_id=draft.pk, actor=None, at=AT),
    )
    assert {type(error) for error in refused(results)} <= {WrongState}
    (now,) = queries.in_force()
    assert (now.pk, now.gives.count()) == (draft.pk, 1)
