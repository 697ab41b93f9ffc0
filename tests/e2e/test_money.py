"""What is given, by whom and at what cost: every page in a browser, for everybody's eyes."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from compensation.models import Batch, CareRule, PointsRule, RefundOrder, Rule, RuleVersion, Segment
from compensation.refunds import by_hand
from feedback.automatic import leaving
from feedback.models import Case
from tests.config.test_permissions import make_house
from tests.factories.compensation import MemberFactory
from tests.factories.feedback import AgentFactory, StaffFactory
from tests.factories.refunds import make_order, refund, settler
from tests.factories.session import sign_in_browser, token_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.req("C10")]
LOOKS = [("light", "zh-hans", 1366), ("dark", "en", 390)]


@pytest.fixture
def case() -> Case:
    """Something of everything, with a rule's question open on its case."""
    _people, case = make_house()
    version = RuleVersion.objects.get(rule__code="late", published_at__isnull=False)
    with transaction.atomic():
        leaving.leave(key="y", case=case, gap=None, version=version, reason="choose", at=timezone.now())
    return case


@pytest.fixture
def browse(chromium, live_server):
    """Pages of whoever signed in this client, each way to look at them."""
    contexts = []

    def make(client: Client, look: tuple[str, str, int]) -> Page:
        scheme, language, width = look
        size = {"width": width, "height": 800}
        context = chromium.new_context(viewport=size, color_scheme=scheme, base_url=live_server.url)
        contexts.append(context)
        kept = {name: one.value for name, one in client.cookies.items()} | {"django_language": language}
        for name, value in kept.items():
            context.add_cookies([{"name": name, "value": value, "url": live_server.url}])
        page = context.new_page()
        page.wrong = []
        page.on("console", lambda said: page.wrong.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: page.wrong.append(str(error)))
        return page

    yield make
    for context in contexts:
        context.close()


def check(page: Page, name: str, picture: str) -> None:
    """Readable, no wider than the window, without a fault."""
    page.screenshot(path=picture, full_page=True)
    found = Axe().run(page).response["violations"]
    assert not found, (
        name,
        [(one["id"], [node["html"][:200] for node in one["nodes"]][:3]) for one in found],
    )
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} is too wide"
    assert page.wrong == [], name


def to(path: str) -> Callable[[Page], None]:
    """Open an address."""
    return lambda page: page.goto(path) and None


def to_effect(page: Page) -> None:
    """Another value of points, up to the page that says what it costs."""
    page.goto(reverse("admin:compensation_pointsrule_change", args=[PointsRule.objects.get().pk]))
    page.fill("[name=worth_fen]", "2.00")
    page.locator("button[name=_save], input[name=_save]").first.click()
    expect(page.locator("[name=effect_seen]")).to_be_attached()


def staff_pages(case: Case) -> dict[str, Callable[[Page], None]]:
    """The pages of those who give, decide and settle."""

    def at(name: str, *args: int, query: str = "") -> Callable[[Page], None]:
        return to(reverse(f"admin:{name}", args=args) + query)

    batch, rule = Batch.objects.get().pk, Rule.objects.get(code="late").pk
    return {
        "approvals": at("approvals"),
        "owed": at("finance"),
        "holders": at("finance_holders"),
        "member": at("finance_member", case.member_id),
        "batches": at("batches"),
        "batch": at("batch", batch),
        "rule": at("rule", rule, query="?days=30"),
        "effect": to_effect,
        "tasks": at("case", case.pk),
        "care-new": at("care_rule_new"),
        "care": at("care_rule", CareRule.objects.get(code="birthday").pk),
        "segment-new": at("segment_new"),
        "segment": at("segment", Segment.objects.get(code="new").pk),
    }


@pytest.mark.parametrize("look", LOOKS, ids=["light-wide", "dark-narrow"])
def test_staff_can_read_every_page_about_money(case, browse, shots, look):
    user = StaffFactory(is_superuser=True)
    AgentFactory(user=user)
    client = Client()
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    page = browse(client, look)
    for name, show in staff_pages(case).items():
        show(page)
        check(page, name, f"{shots}/money-{name}-{look[0]}.png")


@pytest.mark.parametrize("look", LOOKS, ids=["light-wide", "dark-narrow"])
def test_members_can_read_where_their_refunds_are(browse, shots, look):
    member = MemberFactory(name="李晓雨", language=look[1])
    now, actor = timezone.now(), settler()
    late, going, paid, failed = (
        refund(make_order(10_000 + days, member=member), at=now - timedelta(days=days))
        for days in (3, 0, 5, 6)
    )
    by_hand.settle(refund_id=paid.pk, reference="4200001", actor=actor, at=now)
    by_hand.give_up(refund_id=failed.pk, reason="x", actor=actor, at=now)
    client = Client()
    sign_in_browser(client, token_of(member))
    page = browse(client, look)
    page.goto(reverse("portal:wallet"))
    check(page, "wallet", f"{shots}/portal-wallet-{look[0]}.png")
    page.locator(f"a[href='{reverse('portal:refunds')}']").click()
    expect(page.locator("main a.card")).to_have_count(RefundOrder.objects.count() - 1)
    check(page, "refunds", f"{shots}/portal-refunds-{look[0]}.png")
    for name, one in {"late": late, "going": going, "paid": paid, "failed": failed}.items():
        page.goto(reverse("portal:refund", args=[one.pk]))
        check(page, name, f"{shots}/portal-refund-{name}-{look[0]}.png")
