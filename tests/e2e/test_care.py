"""Segments and the care programme in a browser: readable in both themes, the count follows what is chosen."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from compensation.care import acting, finding
from compensation.consents import links
from compensation.defaults import care, money, segments, tiers
from compensation.models import CareRule, Member, Segment
from compensation.segments import commands, figures
from tests.e2e.listening import complaints
from tests.factories.care import DAY, HOUR
from tests.factories.compensation import MemberFactory, OrderFactory, OrderLineFactory, TierFactory
from tests.factories.feedback import StaffFactory
from tests.factories.session import sign_in_browser, token_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.req("C11")]


@pytest.fixture
def members():
    """Some who joined and bought, told of it by the programme that ships."""
    now = timezone.now()
    for seed in (tiers.seed, money.seed, tiers.seed_benefits, segments.seed):
        seed(now)
    care.seed(now - DAY)
    made = [
        MemberFactory(
            name=name, consent_marketing=number != 1, registered_at=now - HOUR, tier=TierFactory(code="gold")
        )
        for number, name in enumerate(["王女士", "李先生", "张女士"])
    ]
    for member in made[:2]:
        OrderLineFactory(
            order=OrderFactory(member=member, placed_at=now - HOUR, paid_at=now - HOUR, changed_at=now)
        )
    figures.refresh(member_ids=[one.pk for one in made], at=now)
    CareRule.objects.update(quiet_from=None, quiet_until=None)
    finding.find(at=now)
    while acting.act_due(at=now):
        pass
    for segment in Segment.objects.all():
        commands.recount(segment_id=segment.pk, at=now)
    return made


@pytest.fixture
def open_as(chromium, live_server):
    contexts = []

    def make(who, *, scheme="light", language="zh-hans", width=1366):
        client = Client()
        if isinstance(who, Member):
            sign_in_browser(client, token_of(who))
        else:
            client.force_login(who, "django.contrib.auth.backends.ModelBackend")
        context = chromium.new_context(viewport={"width": width, "height": 768}, color_scheme=scheme)
        cookies = {name: one.value for name, one in client.cookies.items()}
        for name, value in {**cookies, "django_language": language}.items():
            context.add_cookies([{"name": name, "value": value, "url": live_server.url}])
        contexts.append(context)
        page = context.new_page()
        page.wrong = complaints(page)
        return page

    yield make
    for context in contexts:
        context.close()


@pytest.mark.parametrize(
    ("scheme", "language", "width"),
    [("light", "zh-hans", 1366), ("dark", "en", 1366), ("dark", "zh-hans", 390)],
)
def test_pages_can_be_read(members, open_as, live_server, shots, scheme, language, width):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    staff = open_as(StaffFactory(is_superuser=True), scheme=scheme, language=language, width=width)
    Member.objects.update(language=language)
    mine = open_as(members[0], scheme=scheme, language=language, width=width)
    vip, welcome = Segment.objects.get(code="vip"), CareRule.objects.get(code="welcome")
    for name, page, path in [
        ("segments", staff, reverse("admin:segments")),
        ("segment", staff, reverse("admin:segment", args=[vip.pk])),
        ("segment-members", staff, reverse("admin:segment_members", args=[vip.pk])),
        ("care", staff, reverse("admin:care")),
        ("care-rule", staff, reverse("admin:care_rule", args=[welcome.pk])),
        ("care-member", staff, reverse("admin:care_member", args=[members[0].pk])),
        ("consent", mine, reverse("portal:consent")),
        ("unsubscribe", mine, reverse("portal:unsubscribe", args=[links.token_for(members[0].pk)])),
    ]:
        page.goto(live_server.url + path)
        expect(page.locator(".htmx-request")).to_have_count(0)
        page.screenshot(path=f"{shots}/{name}-{language}-{scheme}-{width}.png", full_page=True)
        found = axe.run(page).response["violations"]
        assert not found, (name, [(one["id"], [node["html"] for node in one["nodes"]][:3]) for one in found])
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        assert page.wrong == [], name


def test_the_count_the_preview_and_the_dry_run_come_at_once(members, open_as, live_server):
    page = open_as(StaffFactory(is_superuser=True), language="en")
    page.goto(live_server.url + reverse("admin:segment_new"))
    page.get_by_text("3 members now").wait_for()
    page.get_by_label("orders, at least").fill("1")
    page.get_by_text("2 members now").wait_for()
    page.get_by_label("orders, at most").fill("0")
    page.get_by_text("This is less than the lower end.").wait_for()
    page.get_by_label("orders, at most").fill("")
    page.get_by_text("2 members now").wait_for()
    page.get_by_label("Code", exact=True).fill("buyers")
    page.get_by_label("Name", exact=True).fill("下过单")
    page.get_by_role("button", name="Keep").click()
    page.get_by_text("The segment is kept.").wait_for()
    assert Segment.objects.get(code="buyers").counted == 2

    page.goto(live_server.url + reverse("admin:care_rule", args=[CareRule.objects.get(code="welcome").pk]))
    page.get_by_label("title in English").fill("Good day, {name}")
    page.get_by_role("button", name="Show").click()
    page.get_by_text("Good day, Ann").wait_for()
    page.goto(live_server.url + reverse("admin:care"))
    page.get_by_role("row", name="Welcome").get_by_role("button", name="Show").click()
    page.get_by_text("last day 3, last 7 days 3 members").wait_for()
    assert page.wrong == []
