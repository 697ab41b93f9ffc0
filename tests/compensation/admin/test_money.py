import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from compensation.grants import commands as grants
from compensation.models import Authority, Coupon, CouponTemplate, Delegation, Grant, PointsRule
from config.common.models import Event
from tests.factories.common import UserFactory
from tests.factories.compensation import MemberFactory
from tests.factories.money import AT, LIMITS, CouponTemplateFactory, PointsRuleFactory, staff_with

pytestmark = [pytest.mark.django_db, pytest.mark.req("C7")]

LISTS = ["account", "entry", "coupon", "grant", "coupontemplate", "authority", "pointsrule"]
SMALL = LISTS[4:]


def page(model, *args, view="changelist"):
    return reverse(f"admin:compensation_{model}_{view}", args=args)


def give(cause, actor=None, yuan=5):
    return grants.request(
        key=cause,
        cause=cause,
        member=MemberFactory(),
        content=grants.Content(kind="coupon", template=CouponTemplateFactory(code=f"sorry-{yuan}")),
        reason="<script>alert(1)</script>",
        actor=actor,
        at=AT,
    )


def signed_in(client, *permissions, limit_fen=100_000):
    user = staff_with(limit_fen)
    user.user_permissions.add(*Permission.objects.filter(codename__in=permissions))
    client.force_login(user)
    return user


@pytest.mark.parametrize("model", LISTS)
def test_lists_take_a_constant_number_of_queries_and_count_no_table(admin_client, model):
    PointsRuleFactory()
    counts = []
    for rows in (1, 2):
        for number in range(rows):
            give(f"case:{rows}{number}", staff_with(5_000 + number))
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert admin_client.get(page(model)).status_code == 200
        counts.append(len(queries))
        for query in queries:
            assert "COUNT(*)" not in query["sql"] or "LIMIT" in query["sql"] or model in SMALL
    assert counts[0] == counts[1]


def test_a_code_is_masked_without_the_permission(client):
    coupon = give("case:1").coupon
    signed_in(client, "view_coupon")
    for url in (page("coupon"), page("coupon", coupon.pk, view="change")):
        text = client.get(url).content.decode()
        assert coupon.code not in text
        assert f"••••-••••-{coupon.code[-4:]}" in text
    signed_in(client, "view_coupon", "see_coupon_code")
    assert coupon.code in client.get(page("coupon")).content.decode()


def test_a_coupon_is_found_by_its_code_or_member(admin_client):
    coupon, other = give("case:1").coupon, give("case:2").coupon
    for term in (coupon.code, coupon.code.lower().replace("-", ""), coupon.member.external_id):
        text = admin_client.get(page("coupon"), {"q": term}).content.decode()
        assert coupon.code in text
        assert other.code not in text


@pytest.mark.parametrize("model", ["account", "entry", "coupon", "grant"])
def test_what_commands_write_cannot_be_edited(admin_client, model):
    give("case:1")
    row = {"coupon": Coupon, "grant": Grant}.get(model)
    assert admin_client.get(page(model, view="add")).status_code == 403
    if row:
        url = page(model, row.objects.get().pk, view="change")
        assert admin_client.get(url).status_code == 200
        assert admin_client.post(url, {"status": "redeemed"}).status_code == 403


def test_hostile_text_is_escaped(admin_client):
    grant = give("case:1")
    text = admin_client.get(page("grant", grant.pk, view="change")).content.decode()
    assert "<script>alert(1)</script>" not in text


def act(client, action, *rows, note=""):
    return client.post(
        page("grant"),
        {"action": action, "_selected_action": [row.pk for row in rows], "note": note}
        | {f"seen-{row.pk}": row.content_hash for row in rows},
        follow=True,
    )


def test_deciding_in_the_list(client):
    agent = staff_with(5_000)
    first, second = give("case:1", agent, yuan=60), give("case:2", agent, yuan=60)
    signed_in(client, "view_grant", "approve_grant", "decide_all_departments")
    act(client, "approve", first, note="Fair")
    refused = act(client, "refuse", second)
    assert "请说明拒绝理由" in refused.content.decode()
    act(client, "refuse", second, note="Too much")
    first.refresh_from_db(), second.refresh_from_db()
    assert (first.status, first.decision_note) == ("confirmed", "Fair")
    assert (second.status, second.decision_note) == ("refused", "Too much")
    act(client, "take_back", first, note="Mistake")
    first.refresh_from_db()
    assert first.status == "reversed"


def test_view_only_staff_decide_nothing(client):
    grant = give("case:1", staff_with(5_000), yuan=60)
    signed_in(client, "view_grant", "decide_all_departments")
    for action in ("approve", "refuse", "take_back"):
        act(client, action, grant, note="x")
    grant.refresh_from_db()
    assert grant.status == "requested"


def test_staff_without_permission_see_nothing(client):
    client.force_login(UserFactory())
    for model in LISTS:
        assert client.get(page(model)).status_code == 403


TEMPLATE = {
    "code": "spring",
    "name": "春节券",
    "name_en": "",
    "value_fen": "8.88",
    "min_spend_fen": "100",
    "valid_days": "7",
    "starts_after_days": "0",
    "kind": "amount",
    "stacking": "others",
    "is_active": "on",
}


FIXED = {
    "valid_from_0": "2026-12-01",
    "valid_from_1": "00:00",
    "valid_until_0": "2026-12-31",
    "valid_until_1": "00:00",
}


@pytest.mark.req("C5")
def test_a_template_is_kept_in_fen_with_its_event(admin_client):
    admin_client.post(page("coupontemplate", view="add"), TEMPLATE)
    template = CouponTemplate.objects.get()
    assert (template.value_fen, template.min_spend_fen) == (888, 10_000)
    assert Event.objects.get(kind="coupontemplate.saved").data["value_fen"] == 888
    text = admin_client.get(page("coupontemplate", template.pk, view="change")).content.decode()
    assert 'value="8.88"' in text


@pytest.mark.req("C5")
@pytest.mark.parametrize(
    "bad",
    [
        {"value_fen": "0"},
        {"value_fen": "-5"},
        {"value_fen": "1.001"},
        {"value_fen": "1e99"},
        {"value_fen": "NaN"},
        {"min_spend_fen": "5"},
        {"valid_days": "0"},
        {"valid_days": "99999"},
        {"kind": "half"},
        {"kind": "percent"},
        {"kind": "percent", "percent_off": "101"},
        {"percent_off": "20"},
        {"stacking": "group"},
        {"stacking_group": "red"},
        {"categories": "茶" * 81},
        {"member_limit": "0"},
        {"valid_until_0": "2026-12-01", "valid_until_1": "00:00"},
        FIXED | {"valid_until_0": "2026-11-01"},
        FIXED | {"starts_after_days": "1"},
        {"code": "no spaces"},
        {"name": ""},
    ],
)
def test_a_template_that_makes_no_sense_is_refused(admin_client, bad):
    assert admin_client.post(page("coupontemplate", view="add"), TEMPLATE | bad).status_code == 200
    assert not CouponTemplate.objects.exists()


def test_authority_is_edited_in_yuan_with_its_event(admin_client):
    staff_with(5_000)
    authority = Authority.objects.get()
    url = page("authority", authority.pk, view="change")
    limits = (*LIMITS, "per_batch_fen")
    admin_client.post(url, {"group": authority.group_id, **dict.fromkeys(limits, "80")})
    authority.refresh_from_db()
    assert authority.per_order_fen == 8_000
    data = Event.objects.get(kind="authority.saved").data
    assert data == {"role": "role5000", "user": None, **dict.fromkeys(limits, 8_000)}


def test_there_is_one_value_of_points(admin_client):
    PointsRuleFactory()
    assert admin_client.get(page("pointsrule", view="add")).status_code == 403
    form = {"points": "100", "worth_fen": "2", "notice_days": "30"}
    admin_client.post(page("pointsrule", 1, view="change"), form)
    assert PointsRule.objects.get().worth_fen == 100  # its effect is shown first
    admin_client.post(page("pointsrule", 1, view="change"), form | {"effect_seen": "100 = ¥2.00"})
    assert PointsRule.objects.get().worth_fen == 200
    admin_client.post(page("pointsrule", 1, view="change"), {**form, "points": "0"})
    assert PointsRule.objects.get().points == 100


@pytest.mark.req("C7")
def test_somebody_stands_in_by_the_admin(client):
    giver = signed_in(client, "view_delegation", "add_delegation", "approve_grant")
    receiver, agent = staff_with(1_000, approves=True), staff_with(5_000)
    other = staff_with(2_000, approves=True)
    page_ = page("delegation", view="add")
    choices = client.get(page_).content.decode()
    assert f'value="{receiver.pk}"' in choices
    assert f'value="{agent.pk}"' not in choices
    when = {"from_at_0": "2026-01-01", "from_at_1": "00:00", "until_0": "2099-01-01", "until_1": "00:00"}
    client.post(page_, {"giver": other.pk, "receiver": receiver.pk, "note": "x", **when})
    client.post(page_, {"giver": giver.pk, "receiver": agent.pk, "note": "x", **when})
    client.post(page_, {"giver": giver.pk, "receiver": giver.pk, "note": "x", **when})
    assert not Delegation.objects.exists()
    client.post(page_, {"giver": giver.pk, "receiver": receiver.pk, "note": "Leave", **when})
    row = Delegation.objects.get()
    assert (row.giver, row.receiver) == (giver, receiver)
    data = {"action": "end", "_selected_action": [row.pk]}
    client.post(page("delegation"), data, follow=True)
    row.refresh_from_db()
    assert row.until.year < 2099
    signed_in(client, "view_delegation", "add_delegation", "approve_grant")
    assert client.get(page("delegation", row.pk, view="change")).status_code == 302


def test_a_grant_shows_its_rounds(admin_client):
    grant = give("case:1", staff_with(5_000), yuan=60)
    assert grant.rounds.exists()
    assert "待审批" in admin_client.get(page("grant", grant.pk, view="change")).content.decode()
