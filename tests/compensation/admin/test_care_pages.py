"""The pages of segments and the care programme: who sees what, counts while choosing, refusals in words."""

from datetime import date

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils import translation

from compensation.care import acting, finding, queries
from compensation.models import CareAct, CareRule, CareTerms, ConsentNeed, Segment, Trigger
from compensation.segments import commands as segments
from tests.factories.care import (
    AT,
    DAY,
    HOUR,
    OfferFactory,
    RuleFactory,
    SegmentFactory,
    bought,
    seed_money,
    willing,
)
from tests.factories.common import UserFactory
from tests.factories.compensation import CouponTemplateFactory, OrderFactory, TierFactory

pytestmark = [pytest.mark.django_db, pytest.mark.req("C11"), pytest.mark.req("C12")]
SEGMENT = [f"{act}_segment" for act in ("view", "add", "change", "delete", "list")]
CARE = ["view_carerule", "add_carerule", "change_carerule", "change_careterms", "view_careact"]


@pytest.fixture(autouse=True)
def english_now():
    with translation.override("en"), time_machine.travel(AT, tick=False):
        yield


@pytest.fixture
def staff(client):
    def with_rights(*names):
        user = UserFactory(is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=names))
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        client.cookies["django_language"] = "en"
        return client

    return with_rights


def at(name, *args):
    return reverse(f"admin:{name}", args=args)


def text_of(response):
    return response.content.decode()


def test_the_list_shows_counts_and_what_goes_by_each(staff):
    segment = segments.save(
        segment=SegmentFactory.build(code="x", name_en="Buyers"),
        filters={"orders_from": "1"},
        actor=None,
        at=AT,
    )
    OfferFactory(segment=segment, name_en="Come back")
    text = text_of(staff("view_segment").get(at("segments")))
    assert "Buyers" in text
    assert "Come back" in text
    assert at("segment_members", segment.pk) not in text


def test_a_segment_is_made_changed_and_versioned(staff):
    client = staff(*SEGMENT)
    typed = {"code": "new-ones", "name": "新", "registered_to": "30", "region": "上海"}
    assert client.post(at("segment_new"), typed).status_code == 302
    segment = Segment.objects.get()
    assert segment.filters == {"registered_to": "30", "region": "上海"}
    assert 'value="30"' in text_of(client.get(at("segment", segment.pk)))
    client.post(at("segment", segment.pk), {**typed, "registered_to": "7"})
    segment.refresh_from_db()
    assert (segment.version, segment.filters["registered_to"]) == (2, "7")


def test_what_makes_no_sense_is_said_and_what_was_typed_stays(staff):
    typed = {"code": "x", "name": "x", "orders_from": "5", "orders_to": "2"}
    response = staff(*SEGMENT).post(at("segment_new"), typed)
    assert response.status_code == 400
    assert "This is less than the lower end." in text_of(response)
    assert 'value="5"' in text_of(response)
    assert not Segment.objects.exists()


def test_the_count_follows_what_is_chosen(staff):
    bought(willing())
    willing()
    client = staff("view_segment")
    assert "<b>2</b>" in text_of(client.post(at("segment_count"), {"code": "x"}))
    assert "<b>1</b>" in text_of(client.post(at("segment_count"), {"orders_from": "1"}))
    refused = text_of(client.post(at("segment_count"), {"orders_from": "<script>"}))
    assert 'role="alert"' in refused
    assert "<script>" not in refused


def test_whoever_only_looks_cannot_keep(staff):
    segment = SegmentFactory()
    client = staff("view_segment")
    assert "disabled" in text_of(client.get(at("segment", segment.pk)))
    assert client.post(at("segment", segment.pk), {"code": "x", "name": "x"}).status_code == 403
    assert client.get(at("segment_new")).status_code == 403
    assert client.post(at("segment_delete", segment.pk)).status_code == 403
    assert client.get(at("segment_members", segment.pk)).status_code == 403


def test_who_is_inside_is_listed_with_contacts_masked(staff):
    segment = SegmentFactory(filters={"orders_from": "1"})
    member = willing(phone="13812345678", name="王女士")
    bought(member)
    willing(name="张先生")
    text = text_of(
        staff("view_segment", "list_segment", "view_member").get(at("segment_members", segment.pk))
    )
    assert "王女士" in text
    assert "13812345678" not in text
    assert "张先生" not in text
    full = staff("view_segment", "list_segment", "view_member", "see_contacts")
    assert "13812345678" not in text_of(
        full.get(at("segment_members", segment.pk))
    )  # shown one by one, on record


def test_the_list_of_members_goes_on(staff):
    segment = SegmentFactory()
    first = willing(name="第一位")
    for _ in range(50):
        willing()
    client = staff("view_segment", "list_segment", "view_member")
    page = text_of(client.get(at("segment_members", segment.pk)))
    assert str(first) not in page
    after = page.split("?after=")[1].split('"')[0]
    assert str(first) in text_of(client.get(at("segment_members", segment.pk) + f"?after={after}"))
    assert client.get(at("segment_members", segment.pk) + "?after=x").status_code == 200


def test_deleting_one_in_use_says_what_uses_it(staff):
    segment = SegmentFactory()
    OfferFactory(segment=segment, name_en="Come back")
    client = staff(*SEGMENT)
    response = client.post(at("segment_delete", segment.pk), follow=True)
    assert "Come back" in text_of(response)
    assert Segment.objects.exists()
    CareRule.objects.all().delete()
    assert client.post(at("segment_delete", segment.pk)).status_code == 302
    assert not Segment.objects.exists()


@pytest.mark.parametrize("rows", [1, 3])
def test_the_lists_take_as_many_queries_however_long(staff, rows, django_assert_max_num_queries):
    segment = SegmentFactory()
    for _ in range(rows):
        SegmentFactory()
        OfferFactory(segment=segment)
    client = staff(*SEGMENT, *CARE, "view_member")
    client.get(at("care"))
    with django_assert_max_num_queries(14):
        client.get(at("care"))
    with django_assert_max_num_queries(10):
        client.get(at("segments"))


def typed_rule(**changes):
    return {
        "code": "hello", "name": "你好", "name_en": "Hello", "is_active": "on", "trigger": "birthday",
        "delay_hours": "10", "purpose": "marketing", "consent": "to_act", "channel": "any", "title": "{name}",
        "title_en": "Hi {name}", "body": "", "body_en": "", "version": "1", "quiet_from": "21:00",
        "quiet_until": "09:00", **changes,
    }  # fmt: skip


def test_a_rule_is_made_and_changed(staff):
    client = staff(*CARE)
    response = client.post(at("care_rule_new"), typed_rule())
    rule = CareRule.objects.get()
    assert response.status_code == 302
    assert rule.active_since == AT
    client.post(at("care_rule", rule.pk), typed_rule(title_en="Hey {name}"))
    rule.refresh_from_db()
    assert (rule.version, rule.title_en) == (2, "Hey {name}")
    stale = client.post(at("care_rule", rule.pk), typed_rule(title_en="Old", version="1"))
    assert stale.status_code == 400
    assert "Somebody else changed this" in text_of(stale)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"title": "{password}"}, "There is no such variable: {password}"),
        ({"title": "{tracking}"}, "{tracking} has no value on this occasion."),
        ({"trigger": "festival"}, "A festival is chosen"),
        ({"trigger": "no_order"}, "Say how many days."),
        ({"consent": "none"}, "Marketing needs the member&#x27;s consent."),
        ({"quiet_until": "21:00"}, "Quiet hours have a beginning"),
        ({"quiet_until": ""}, "Quiet hours have a beginning"),
        ({"points": "-1"}, "greater than or equal to 0"),
    ],
)
def test_what_does_not_hold_together_is_said_beside_its_field(staff, changes, said):
    response = staff(*CARE).post(at("care_rule_new"), typed_rule(**changes))
    assert response.status_code == 400
    assert said in text_of(response)
    assert not CareRule.objects.exists()


def test_whoever_only_looks_changes_no_rule(staff):
    rule = OfferFactory()
    client = staff("view_carerule")
    assert client.get(at("care_rule", rule.pk)).status_code == 200
    assert client.post(at("care_rule", rule.pk), typed_rule()).status_code == 403
    assert client.get(at("care_rule_new")).status_code == 403
    assert client.post(at("care_terms"), {"most": 1, "days": 1}).status_code == 403
    assert client.get(at("care_member", willing().pk)).status_code == 403


def test_the_preview_shows_both_languages_and_carries_nothing_out(staff):
    coupon = CouponTemplateFactory()
    changes = {"body": "送您{coupon}", "body_en": "Yours: {coupon}\n<b>{x}</b>", "coupon": coupon.pk}
    text = text_of(staff(*CARE).post(at("care_preview"), typed_rule(**changes)))
    assert "王女士" in text
    assert "Hi Ann" in text
    assert "送您5 元无门槛券" in text
    assert "<b>{x}" not in text
    assert not CareRule.objects.exists()


def test_the_preview_reads_as_a_member_only_to_who_may_see_members(staff):
    willing(external_id="M-7", name="李先生")
    for rights, is_shown in ((CARE, False), ([*CARE, "view_member"], True)):
        text = text_of(staff(*rights).post(at("care_preview"), typed_rule(member="M-7")))
        assert ("李先生" in text) is is_shown


def test_the_cap_is_kept(staff):
    client = staff(*CARE)
    client.post(at("care_terms"), {"most": 3, "days": 14})
    assert (CareTerms.objects.get().most, CareTerms.objects.get().days) == (3, 14)
    client.post(at("care_terms"), {"most": 3, "days": 0})
    assert CareTerms.objects.get().days == 14


def test_the_programme_shows_what_was_sent_held_back_and_used(staff):
    seed_money()
    rule = OfferFactory(coupon=CouponTemplateFactory(), name_en="Hello")
    CareTerms.objects.create(most=0)
    willing()
    finding.find_by_time(at=AT)
    acting.act_due(at=AT)
    CareTerms.objects.update(most=5)
    member = willing()
    finding.find_by_time(at=AT)
    acting.act_due(at=AT)
    (line,) = queries.report(at=AT)
    assert (line.done, line.held, line.coupons, line.used) == (1, {"cap": 1}, 1, 0)
    text = text_of(staff(*CARE, "view_member").get(at("care")))
    assert "the member heard from us often enough 1" in text
    assert "0 / 1 (0 %)" in text
    history = text_of(staff(*CARE, "view_member").get(at("care_member", member.pk)))
    assert "5 yuan off" in history
    assert rule.name_en in history
    member_page = reverse("admin:compensation_member_change", args=[member.pk])
    assert at("care_member", member.pk) in text_of(staff("view_member", "view_careact").get(member_page))


def test_a_dry_run_counts_members_and_cost_and_sends_nothing(staff):
    seed_money()
    rule = OfferFactory(
        trigger=Trigger.BIRTHDAY, coupon=CouponTemplateFactory(), points=100, active_since=AT - 9 * DAY
    )
    today, _soon, _later, _silent = (
        willing(birthday=date(1990, 11, 22)), willing(birthday=date(1991, 11, 25)),
        willing(birthday=date(1991, 11, 29)), willing(birthday=date(1990, 11, 22), consent_marketing=False),
    )  # fmt: skip
    found = queries.forecast(rule, at=AT)
    assert (found.today, found.week, found.each_fen, found.cost_fen) == (1, 2, 600, 1_200)
    CareAct.objects.create(rule=rule, version=1, member=today, key="birthday:2026", happened_at=AT, due_at=AT)
    assert queries.forecast(rule, at=AT).days[0] == 0
    text = text_of(staff("view_carerule").get(at("care_dry_run", rule.pk)))
    assert "today 0, in 7 days 1 members" in text
    assert CareAct.objects.count() == 1


def test_a_dry_run_of_orders_counts_the_last_days():
    rule = RuleFactory(points=None)
    for hours in (1, 30, 24 * 6, 24 * 8):
        OrderFactory(paid_at=AT - hours * HOUR)
    found = queries.forecast(rule, at=AT)
    assert found.is_past
    assert (found.today, found.week) == (1, 3)


def test_a_dry_run_goes_by_the_tier_where_the_coupon_does():
    TierFactory(code="ordinary")
    rule = OfferFactory(
        trigger=Trigger.BIRTHDAY, coupon_of_tier=True, consent=ConsentNeed.TO_SEND, active_since=AT - DAY
    )
    willing(birthday=date(1990, 11, 22))
    assert queries.forecast(rule, at=AT).cost_fen == 0
