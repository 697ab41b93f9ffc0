"""The page of the funnel: what it says, to whom, and of hostile or senseless questions."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from compensation.models import Segment
from config.common.models import Event
from feedback.models import BehaviourEvent
from kpis.funnels.commands import take
from kpis.models import FunnelTerms
from tests.factories.compensation import MemberFactory, OrderFactory
from tests.factories.feedback import StaffFactory
from tests.factories.funnels import happened

pytestmark = [pytest.mark.django_db, pytest.mark.req("K4")]
HOUR, DAYS = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def noon():
    return timezone.localtime().replace(hour=12, minute=0) - 20 * DAYS


@pytest.fixture
def boss(client):
    user = StaffFactory(role="supervisor")
    client.force_login(user)
    return user


def go(noon, *, ordered=10, paid=5, device="ios", payment="card"):
    """People who come in, order, and partly pay."""
    for number in range(ordered):
        member = MemberFactory()
        who = {"member": member, "device": device}
        happened(("browse", noon, who), ("add_to_cart", noon + HOUR, who))
        OrderFactory(
            member=member,
            placed_at=noon + 2 * HOUR,
            paid_at=noon + 3 * HOUR if number < paid else None,
            payment_method=payment,
        )


def count(noon):
    now = timezone.now()
    take(first=noon.date() - 5 * DAYS, last=now.date(), at=now)


def show(client, name="funnel", **asked):
    return client.get(reverse(f"admin:{name}"), asked)


def test_a_planted_breakpoint_is_found_and_leads_to_an_improvement(client, boss, noon):
    go(noon, ordered=40, paid=10, device="ios", payment="card")
    go(noon, ordered=40, paid=40, device="web", payment="alipay")
    count(noon)
    answer = show(client)
    [(found, groups, improve)] = answer.context["broken"]
    assert (found.step, found.loss.value, found.loss.n) == ("pay", 37.5, 80)
    assert [(one.by, one.key) for one, *_rest in groups if one.is_worse] == [
        ("device", "ios"), ("device_payment", "ios\tcard"), ("payment", "card"),
    ]  # fmt: skip
    asked = parse_qs(urlsplit(improve).query)
    assert "card" in asked["problem"][0]
    page = client.get(improve)
    assert page.status_code == 200
    assert asked["title"][0] in page.content.decode().replace("&quot;", '"')
    assert [one.count for one in answer.context["steps"]] == [80, 80, 80, 50, 0]


def test_every_number_opens_to_its_rows(client, boss, noon):
    go(noon, ordered=3, paid=1)
    happened(("browse", noon, {"visitor": "v"}))
    count(noon)
    for line in show(client).context["steps"]:
        rows = client.get(line.came).context
        assert len(rows["found"]) == line.count == sum(number for _day, number, _kept in rows["days"])
        if line.left:
            assert len(client.get(line.left).context["found"]) == line.lost
    lost = show(client, "funnel_rows", step="pay", lost="1", device="ios", payment="card")
    assert len(lost.context["found"]) == 2
    assert len(show(client, "funnel_rows", step="browse", device="-").context["found"]) == 0


@pytest.mark.parametrize(("role", "is_named"), [("supervisor", True), ("analyst", False)])
def test_members_are_named_to_who_may_see_them_alone(client, noon, role, is_named):
    go(noon, ordered=1)
    count(noon)
    client.force_login(StaffFactory(role=role))
    (way,) = (answer := show(client, "funnel_rows", step="browse")).context["found"]
    shown = answer.content.decode()
    assert (way.member.name in shown, way.member.external_id in shown) == (is_named, not is_named)


def test_days_whose_window_is_open_are_not_behind_a_number_that_leaves_them_out(client, boss, noon):
    go(noon, ordered=3, paid=1)
    go(timezone.localtime() - 2 * DAYS, ordered=2)
    count(noon)
    line = show(client).context["steps"][0]
    rows = client.get(line.came).context
    assert line.count == 3 == sum(number for _day, number, _kept in rows["days"]) == len(rows["found"])


def test_rows_of_a_segment_are_its_members(client, boss, noon):
    Segment.objects.create(code="here", name="本地", filters={"region": "上海"})
    go(noon, ordered=2)
    happened(("browse", noon, {"visitor": "v"}), ("browse", noon, {"member": MemberFactory(region="北京")}))
    count(noon)
    assert show(client, segment="here").context["steps"][0].count == 2
    assert len(show(client, "funnel_rows", segment="here", step="browse").context["found"]) == 2


def test_what_may_still_go_on_stands_apart(client, boss, noon):
    recent = noon + 18 * DAYS
    go(noon, ordered=2)
    go(recent, ordered=3)
    count(noon)
    context = show(client).context
    assert context["steps"][0].count == 2
    assert context["going_on"][0][1] == 3
    assert context["ways"].open_since <= recent.date()
    weeks = [(week.reached.counts[0], week.is_over) for week, _losses in context["weeks"]]
    assert sum(number for number, _is_over in weeks) == 5
    assert (3, False) in weeks


def test_raw_events_that_are_gone_leave_the_numbers(client, boss, noon):
    go(noon, ordered=2)
    count(noon)
    BehaviourEvent.objects.all().delete()
    answer = show(client)
    assert answer.context["steps"][0].count == 2
    rows = client.get(answer.context["steps"][0].came)
    assert rows.status_code == 200
    assert rows.context["found"] == []


@pytest.mark.parametrize(
    "asked",
    [
        {"first": "2026-02-30"},
        {"first": "2026-02-02", "last": "2026-02-01"},
        {"first": "2020-02-02", "last": "2026-02-01"},
        {"first": "0001-01-01"},
        {"segment": "none"},
        {"device": "x" * 40},
        {"device": "a\x00"},
    ],
)
def test_what_makes_no_sense_is_refused(client, boss, asked):
    assert show(client, **asked).status_code == 400
    assert show(client, "funnel_rows", **asked).status_code == 400


def test_hostile_words_stay_words(client, boss, noon):
    go(noon, ordered=40, paid=1, device="<script>x</script>", payment="<b>y")
    go(noon, ordered=40, paid=39)
    count(noon)
    for answer in (show(client), show(client, device="<i>z"), show(client, "funnel_rows", step="pay")):
        text = answer.content.decode()
        assert answer.status_code == 200
        assert "<script>x" not in text
        assert "<b>y" not in text
        assert "<i>z" not in text


@pytest.mark.parametrize(("role", "status"), [("agent", 403), ("analyst", 200), ("supervisor", 200)])
def test_who_may_look(client, role, status):
    client.force_login(StaffFactory(role=role))
    assert show(client).status_code == status
    assert show(client, "funnel_rows").status_code == status


def test_terms_are_set_by_who_may(client, boss, noon):
    go(noon, ordered=40, paid=20)
    count(noon)
    form = {"window_days": "7", "few": "30", "lost_pay": "60"}
    assert client.post(reverse("admin:funnel_terms"), form).status_code == 302
    assert show(client).context["broken"] == []
    assert FunnelTerms.objects.get().window_days == 7
    assert Event.objects.filter(kind="funnel.terms_set").count() == 1
    for bad in ({"window_days": "0"}, {"window_days": "61"}, {"few": "1"}, {"lost_pay": "101"}):
        assert client.post(reverse("admin:funnel_terms"), {**form, **bad}).status_code == 400
    client.force_login(StaffFactory(role="analyst"))
    assert client.post(reverse("admin:funnel_terms"), form).status_code == 403


def test_the_page_asks_as_much_of_few_as_of_many(client, boss, noon):
    show(client)
    found = []
    for number in (1, 3):
        go(noon + number * DAYS, ordered=40, paid=5, device=f"d{number}")
        count(noon)
        with CaptureQueriesContext(connection) as queries:
            assert show(client).context["broken"]
        found.append(len(queries))
    assert found[0] == found[1]
