"""A member writes a review on a phone without a script; a moderator works through the queue by keyboard."""

import itertools
import re
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from django.utils import timezone
from playwright.sync_api import expect

from compensation.models import Member
from config.common import retention
from feedback.models import ModerationDecision, Review, ReviewAppeal, ReviewStatus, ReviewVote
from feedback.moderation import commands as moderation
from feedback.reviews import writing
from feedback.rewards import commands as rewards
from tests.e2e.listening import complaints
from tests.factories.compensation import MemberFactory
from tests.factories.feedback import StaffFactory, picture
from tests.factories.reviews import house, photo, received
from tests.factories.rewards import rule
from tests.factories.session import signed_cookie, token_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.req("F14")]
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
DESK = {"viewport": {"width": 1366, "height": 768}}
DAY = timedelta(days=1)


@pytest.fixture
def enter(chromium, live_server):
    contexts = []

    def make(who, **options):
        context = chromium.new_context(base_url=live_server.url, **options)
        contexts.append(context)
        if isinstance(who, Member):
            cookies, path = {"member": signed_cookie(token_of(who))}, "/portal/"
        else:
            client = Client()
            client.force_login(who, "django.contrib.auth.backends.ModelBackend")
            language = options.get("locale", "zh-CN")
            cookies, path = {"sessionid": client.cookies["sessionid"].value}, "/"
            cookies["django_language"] = "en" if language.startswith("en") else "zh-hans"
        context.add_cookies(
            [{"name": n, "value": v, "url": f"{live_server.url}{path}"} for n, v in cookies.items()]
        )
        return context.new_page()

    yield make
    for context in contexts:
        context.close()


def accessible(page) -> None:
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page is too wide"


def furnish(member):
    """Reviews in every state, and something to review."""
    now = timezone.now()
    names = iter(["真丝连衣裙", "手冲咖啡壶 600 ml", "陶瓷马克杯 两只装", "纯棉四件套 1.8 m", "无线吸尘器"])

    def line():
        found = received(at=now - 2 * DAY, member=member)[0]
        found.product.name = next(names)
        found.product.save()
        return found

    def write(text, stars=4, **more):
        return writing.write(member=member, line_id=line().pk, stars=stars, text=text, at=now - DAY, **more)

    line()
    good = write(
        "壶嘴出水很稳，手柄不烫，第一次手冲就成功了。",
        scores={"product-quality": 5, "logistics-speed": 2},
        photos=[photo(size=(300, 300))],
    )
    writing.follow_up(member=member, review_id=good.pk, text="用了一周，滤网有点松。", at=now)
    writing.vote(member=MemberFactory(), review_id=good.pk, helpful=True, at=now)
    held = write("加微信abc12345有优惠", 5)
    refused = write("有问题打13812345678", 1)
    moderation.decide(
        review_id=refused.pk, verdict="refuse", reason="contact-details", actor=StaffFactory(), at=now
    )
    rule(length_from=10)
    rewards.settle(review_id=good.pk, at=now)
    return good, held, refused


def test_a_review_with_a_photo_without_a_script(enter, shots):
    house()
    line = received(at=timezone.now() - DAY, member=MemberFactory(language="zh-hans"))[0]
    page = enter(line.order.member, java_script_enabled=False, locale="zh-CN", **PHONE)
    problems = complaints(page)
    page.goto("/portal/")
    page.locator("a[href='/portal/reviews/']").first.click()
    page.locator(f"a[href='/portal/reviews/new/{line.pk}/']").click()
    page.locator("button.main").click()
    expect(page.locator("#id_stars_error")).to_be_visible()
    problems.clear()  # the browser tells of the refusal, as it should
    page.locator("label:has(input[name=stars][value='2'])").click()
    page.locator("select[name='score_logistics-speed']").select_option("1")
    page.locator("textarea[name=text]").fill("盒子压坏了，杯子没事。")
    file = {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": picture(size=(300, 200)).read()}
    page.locator("input[type=file]").set_input_files([file])
    page.locator("button.main").click()
    page.wait_for_url(re.compile("said=reviewed"))
    expect(page.locator(".files img")).to_be_visible()
    review = Review.objects.get()
    assert (review.stars, review.scores.get().stars, review.status) == (2, 1, ReviewStatus.PUBLISHED)
    assert problems == []


@pytest.mark.parametrize("look", [("zh-hans", "light", "phone"), ("en", "dark", "desk")])
def test_the_members_pages_are_accessible_and_fit(enter, shots, look):
    language, scheme, kind = look
    house()
    member = MemberFactory(name="李晓雨", language=language)
    good, held, refused = furnish(member)
    page = enter(member, color_scheme=scheme, **(PHONE if kind == "phone" else DESK))
    paths = {
        "list": "/portal/reviews/",
        "new": f"/portal/reviews/new/{member.orders.order_by('pk').first().lines.get().pk}/",
        "good": f"/portal/reviews/{good.pk}/",
        "held": f"/portal/reviews/{held.pk}/",
        "refused": f"/portal/reviews/{refused.pk}/",
        "product": f"/portal/products/{good.product_id}/reviews/",
        "order": f"/portal/orders/{good.order_id}/",
    }
    for name, path in paths.items():
        page.goto(path)
        page.screenshot(path=f"{shots}/review-{name}-{language}-{scheme}-{kind}.png", full_page=True)
        accessible(page)


def test_a_member_finds_one_helpful_appeals_and_takes_back(enter):
    house()
    member, other = MemberFactory(language="zh-hans"), MemberFactory()
    good, _held, refused = furnish(member)
    reader = enter(other, locale="zh-CN", **PHONE)
    problems = complaints(reader)
    reader.goto(f"/portal/products/{good.product_id}/reviews/")
    expect(reader.locator(".pill.act")).to_have_count(1)  # marked as rewarded
    for pressed in ("true", "false"):
        reader.locator(f"#review-{good.pk} button[aria-pressed]").click()
        expect(reader.locator(f"#review-{good.pk} button[aria-pressed={pressed}]")).to_be_visible()
    assert not ReviewVote.objects.filter(member=other).exists()
    page = enter(member, locale="zh-CN", **PHONE)
    page.goto(f"/portal/reviews/{refused.pk}/")
    page.locator(".answer summary").click()
    page.locator("textarea[name=text]").fill("电话是店里的")
    page.locator(f"form[action='/portal/reviews/{refused.pk}/appeal/'] button").click()
    page.wait_for_url(re.compile("said=appealed"))
    assert ReviewAppeal.objects.get().text == "电话是店里的"
    page.goto(f"/portal/reviews/{good.pk}/")
    expect(page.locator("#earned")).to_be_visible()
    page.locator("details summary.button").last.click()
    page.locator(f"form[action='/portal/reviews/{good.pk}/delete/'] button").click()
    page.wait_for_url(re.compile("said=deleted"))
    good.refresh_from_db()
    assert good.deleted_at is not None
    assert problems == []


@pytest.mark.req("F18")
@pytest.mark.req("F23")
@pytest.mark.parametrize("look", [("light", "zh-CN", DESK), ("dark", "en-GB", PHONE)])
def test_rules_for_rewards_and_periods_are_set_on_their_pages(enter, shots, look):
    scheme, locale, size = look
    house()
    good, _held, _refused = furnish(MemberFactory(name="李晓雨"))
    retention.seed(timezone.now())
    retention.retain_all(is_dry=True, at=timezone.now())
    page = enter(StaffFactory(is_superuser=True), color_scheme=scheme, locale=locale, **size)
    problems = complaints(page)
    page.goto("/admin/retention/")
    page.screenshot(path=f"{shots}/retention-{scheme}.png", full_page=True)
    accessible(page)
    page.locator("#days-transactions").fill("10")
    page.locator("#days-transactions").evaluate("field => field.form.noValidate = true")
    page.locator("form:has(#days-transactions) button").click()
    expect(page.locator("#error-transactions")).to_be_visible()
    problems.clear()  # the browser tells of the refusal, as it should
    page.locator("#days-outbox").fill("60")
    with page.expect_navigation():
        page.locator("form:has(#days-outbox) button").click()
    expect(page.locator("#days-outbox")).to_have_value("60")
    page.goto("/admin/feedback/rewardrule/add/")
    expect(page.locator(".reward-spread")).not_to_be_attached()
    page.locator("input[name=length_from]").fill("10")
    page.locator("input[name=points]").fill("5")
    expect(page.locator(".reward-spread")).to_be_visible()
    page.screenshot(path=f"{shots}/reward-rule-{scheme}.png", full_page=True)
    page.goto(f"/admin/feedback/review/{good.pk}/change/")
    page.screenshot(path=f"{shots}/review-picked-{scheme}.png", full_page=True)
    page.locator(f"form[action='/admin/moderation/{good.pk}/pick/'] button").click()
    expect(page.locator(f"form[action='/admin/moderation/{good.pk}/pick/']")).not_to_be_attached()
    assert problems == []


@pytest.mark.req("F15")
@pytest.mark.parametrize(
    "look", list(itertools.zip_longest(["light", "dark"], ["zh-CN", "en-GB"], [DESK, PHONE]))
)
def test_a_moderator_works_by_keyboard(enter, shots, look):
    scheme, locale, size = look
    house()
    _good, held, refused = furnish(MemberFactory(name="李晓雨"))
    line = received(at=timezone.now() - DAY, member=MemberFactory(name="周婷"))[0]
    other = writing.write(
        member=line.order.member, line_id=line.pk, stars=5, text="好评返现，已到账", at=timezone.now()
    )
    moderation.appeal(review_id=refused.pk, text="电话是我自己的", actor=refused.member, at=timezone.now())
    moderator = StaffFactory(role="moderator")
    page = enter(moderator, color_scheme=scheme, locale=locale, **size)
    problems = complaints(page)
    page.goto("/admin/moderation/")
    first = page.locator("[data-judged]").first
    expect(first).to_be_focused()
    page.screenshot(path=f"{shots}/moderation-{scheme}.png", full_page=True)
    accessible(page)
    page.keyboard.press("j")
    expect(page.locator("[data-judged]").nth(1)).to_be_focused()
    page.keyboard.press("k")
    with page.expect_navigation():
        page.keyboard.press("a")
    expect(page.locator("[data-judged]")).to_have_count(1)
    page.keyboard.press("r")
    reason = page.locator("[data-reason]")
    expect(reason).to_be_focused()
    reason.select_option("advert")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    verdicts = set(ModerationDecision.objects.filter(user=moderator).values_list("review", "verdict"))
    assert verdicts == {(held.pk, "publish"), (other.pk, "refuse")}
    for name, query in (("appeals", "?appeals"), ("fairness", "fairness/")):
        page.goto(f"/admin/moderation/{query}")
        page.screenshot(path=f"{shots}/moderation-{name}-{scheme}.png", full_page=True)
        accessible(page)
    assert problems == []
