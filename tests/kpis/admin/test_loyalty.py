"""Pages of loyalty: figures that open to members, only for whoever may see them; hostile asks."""

import re
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from compensation.models import Order, Segment, TierPeriod
from kpis.loyalty import weighing
from kpis.loyalty.taking import take
from kpis.models import LoyaltyMonth, LoyaltyWeights
from tests.factories.compensation import MemberFactory, TierFactory
from tests.factories.feedback import CaseFactory, DepartmentFactory
from tests.factories.improvements import staff
from tests.factories.loyalty import AT, NEWEST, order, shop, taken

pytestmark = [pytest.mark.django_db, pytest.mark.req("K9")]


@pytest.fixture
def department():
    return DepartmentFactory()


@pytest.fixture
def lead(client, department):
    user = staff(department, "team_lead")
    client.force_login(user)
    return user


@pytest.fixture
def supervisor(client, department):
    user = staff(department, "supervisor")
    client.force_login(user)
    return user


@pytest.fixture
def members():
    """Three of one tier, who bought once, twice and three times."""
    weighing.seed(AT)
    tier = TierFactory(code="gold")
    made = MemberFactory.create_batch(3, tier=tier, region="west")
    for number, member in enumerate(made, 1):
        Order.objects.bulk_create(order(member, AT - timedelta(10 + 20 * each)) for each in range(number))
        TierPeriod.objects.create(member=member, tier=tier, starts_at=AT - timedelta(500), reason="start")
    Segment.objects.create(code="west", name="西", filters={"region": "west"})
    take(month=NEWEST, at=AT)
    return made


def test_before_the_first_month_it_says_so(client, lead):
    for name in ("loyalty", "loyalty_members", "loyalty_weights"):
        assert client.get(reverse(f"admin:{name}")).status_code == 200
    weighing.seed(AT)
    take(month=NEWEST, at=AT)
    for name in ("loyalty", "loyalty_members"):
        assert client.get(reverse(f"admin:{name}")).status_code == 200


def test_every_bar_opens_to_as_many_members(client, lead, members):
    shown = client.get(reverse("admin:loyalty"))
    bars = shown.context["charts"][1]
    counted = 0
    for row in bars.table.rows:
        for cell in row.cells:
            if cell.href:
                listed = client.get(cell.href).context["rows"]
                assert len(listed) == int(cell.text)
                counted += len(listed)
    assert counted == 3


@pytest.mark.parametrize(("by", "number"), [("tier:", 2), ("segment:", 2), ("", 2)])
def test_it_is_told_apart_by_tier_and_by_segment(client, lead, members, by, number):
    shown = client.get(reverse("admin:loyalty"), {"by": by, "month": "2026-10"})
    assert [told["n"] for _name, told in shown.context["groups"]] == [3] * number
    assert len(shown.context["charts"][0].table.rows) == 1


def test_who_sees_no_members_sees_only_how_all_stand(client, department, members):
    client.force_login(staff(department, "analyst"))
    shown = client.get(reverse("admin:loyalty"))
    assert shown.status_code == 200
    assert "loyalty/members" not in shown.content.decode()
    assert client.get(reverse("admin:loyalty_members")).status_code == 403
    assert client.get(reverse("admin:loyalty_member", args=[members[0].pk])).status_code == 403


@pytest.mark.parametrize("role", ["agent", "finance"])
def test_others_see_nothing(client, department, members, role):
    client.force_login(staff(department, role))
    for name, args in (
        ("loyalty", []),
        ("loyalty_members", []),
        ("loyalty_member", [1]),
        ("loyalty_weights", []),
    ):
        assert client.get(reverse(f"admin:{name}", args=args)).status_code == 403


def test_lists_go_on_after_the_last(client, lead, members, monkeypatch):
    monkeypatch.setattr("kpis.admin.loyalty.SIZE", 2)
    seen, after = [], ""
    for _page in range(2):
        shown = client.get(reverse("admin:loyalty_members"), {"order": "least", "after": after})
        seen += [one["row"].member_id for one in shown.context["rows"]]
        after = shown.context["after"]
    assert after is None
    assert seen == [member.pk for member in members]


@pytest.mark.parametrize(
    "after", ["x", "1~", "~1", "nan~1", "1~-1", "1~" + "9" * 40, "inf~x", "1" * 400 + "~1", "1~1\0"]
)
def test_a_place_that_no_list_gave_is_refused(client, lead, members, after):
    assert client.get(reverse("admin:loyalty_members"), {"after": after}).status_code == 400


@pytest.mark.parametrize(
    "asked",
    [{"month": "2020-01"}, {"month": "x"}, {"order": "x"}, {"tier": "none"}, {"band": "10"}, {"band": "a"}],
)
def test_what_makes_no_sense_is_refused(client, lead, members, asked):
    assert client.get(reverse("admin:loyalty_members"), asked).status_code == 400


def test_members_without_a_tier_have_their_list_and_who_is_left_out_since_is_counted(client, lead):
    weighing.seed(AT)
    tier = TierFactory(code="gold")
    tiered, *others = MemberFactory.create_batch(3, tier=tier)
    for member in (tiered, *others):
        Order.objects.bulk_create([order(member, AT - timedelta(10))])
    TierPeriod.objects.create(member=tiered, tier=tier, starts_at=AT - timedelta(500), reason="start")
    take(month=NEWEST, at=AT)
    bars = client.get(reverse("admin:loyalty")).context["charts"][1]
    opened = [client.get(cell.href) for row in bars.table.rows for cell in row.cells if cell.href]
    rest = next(one for one in opened if len(one.context["rows"]) == 2)
    assert {one["row"].member_id for one in rest.context["rows"]} == {member.pk for member in others}
    assert rest.context["left_out"] == 0
    LoyaltyMonth.objects.filter(member=others[0]).delete()
    again = client.get(rest.request["PATH_INFO"], rest.wsgi_request.GET.dict())
    assert (len(again.context["rows"]), again.context["left_out"]) == (1, 1)
    found = {}
    for key in ("", "gold", "~"):
        listed = client.get(reverse("admin:loyalty_members"), {"order": "least", "tier": key})
        found[key] = (len(listed.context["rows"]), listed.context["left_out"])
    assert found == {"": (2, 1), "gold": (1, 0), "~": (1, 1)}


def test_a_member_page_says_what_it_is_made_of(client, lead, members, monkeypatch):
    url = reverse("admin:loyalty_member", args=[members[2].pk])
    assert client.get(url).context["places"] == []  # three are too few
    monkeypatch.setattr("kpis.loyalty.queries.FEWEST", 3)
    shown = client.get(reverse("admin:loyalty_member", args=[members[2].pk]))
    assert shown.context["one"].frequency == 3
    assert [(str(one), n) for one, n, _place in shown.context["places"]] == [("西", 3)]
    assert shown.context["places"][0][2] == pytest.approx(100)
    assert len(shown.context["parts"]) == 3
    other = MemberFactory()
    assert "one" not in client.get(reverse("admin:loyalty_member", args=[other.pk])).context
    assert client.get(reverse("admin:loyalty_member", args=[0])).status_code == 404


def test_a_member_who_is_hostile_is_only_text(client, lead, members):
    members[0].name = "<script>alert(1)</script>"
    members[0].save()
    for name, args in (("loyalty_members", []), ("loyalty_member", [members[0].pk])):
        assert "<script>alert" not in client.get(reverse(f"admin:{name}", args=args)).content.decode()


def test_a_warning_says_why_and_stands_beside_the_case(client, lead, department):
    made = shop(450, leaves=True)
    run = taken()[-1]
    shown = client.get(reverse("admin:loyalty_members"))
    first = shown.context["rows"][0]
    assert first["is_warned"]
    assert first["why"]
    chances = [one["row"].chance for one in shown.context["rows"]]
    assert chances == sorted(chances, reverse=True)
    assert client.get(reverse("admin:loyalty")).context["odds"][0][0]
    member = first["row"].member
    assert client.get(reverse("admin:loyalty_member", args=[member.pk])).context["is_warned"]
    case = CaseFactory(member=member, department=department)
    page = client.get(reverse("admin:feedback_case_change", args=[case.pk]), follow=True).content.decode()
    assert reverse("admin:loyalty_member", args=[member.pk]) in page
    client.force_login(staff(department, "agent"))
    page = client.get(reverse("admin:feedback_case_change", args=[case.pk]), follow=True).content.decode()
    assert reverse("admin:loyalty_member", args=[member.pk]) not in page
    assert len(made) == 450
    assert run.may_warn


def test_as_many_queries_for_one_as_for_three(client, lead, members):
    LoyaltyMonth.objects.exclude(member=members[0]).delete()

    def count(url):
        client.get(url)
        with CaptureQueriesContext(connection) as found:
            client.get(url)
        return len(found)

    url = reverse("admin:loyalty_members")
    one = count(url)
    for member in members[1:]:
        LoyaltyMonth.objects.create(member=member, month=NEWEST, value=50, percentile=50)
    assert count(url) == one


def typed(**changed):
    found = {"since": "2026-12", "behaviour": "1", "feeling": "1", "belief": "1"}
    for name, ruler in weighing.SHIPPED.inputs.items():
        found |= {f"{name}_weight": ruler.weight, f"{name}_zero": ruler.zero, f"{name}_full": ruler.full}
    return {**found, **changed}


def test_weights_are_tried_then_set(client, supervisor, members):
    url = reverse("admin:loyalty_weights")
    shown = client.post(url, typed(try_="1") | {"try": "1"})
    assert shown.context["trial"][0][1] == 3
    assert LoyaltyWeights.objects.count() == 1
    assert client.post(url, typed()).status_code == 302
    assert LoyaltyWeights.objects.get(since=date(2026, 12, 1)).made_by == supervisor


@pytest.mark.parametrize(
    "changed",
    [
        {"since": "2026-13"},
        {"since": "9999-01"},
        {"behaviour": ""},
        {"behaviour": "-1"},
        {"amount_full": "nan"},
        {"amount_full": "inf"},
        {"amount_full": "0"},
        {"amount_weight": "1e9"},
        {"behaviour": "0", "feeling": "0", "belief": "0"},
    ],
)
def test_weights_that_measure_nothing_are_refused(client, supervisor, members, changed):
    shown = client.post(reverse("admin:loyalty_weights"), typed(**changed))
    assert shown.status_code in {400, 422}
    assert LoyaltyWeights.objects.count() == 1
    assert re.search(r'role="alert"', shown.content.decode())


def test_weights_of_a_month_that_is_taken_are_refused(client, supervisor, members):
    shown = client.post(reverse("admin:loyalty_weights"), typed(since="2026-10"))
    assert shown.status_code == 409
    assert LoyaltyWeights.objects.count() == 1


def test_a_lead_may_not_set_them(client, lead, members):
    assert client.post(reverse("admin:loyalty_weights"), typed()).status_code == 403
    assert LoyaltyWeights.objects.count() == 1
