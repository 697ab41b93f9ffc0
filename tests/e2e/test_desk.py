"""Agents at work in a browser: by keyboard, without losing a word, for everybody's eyes."""

import re
import time

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import expect

from config.common.models import User
from feedback.cases import commands
from feedback.desk import bulk
from feedback.models import CaseStatus, Draft, Mention, Message
from tests.e2e.listening import complaints
from tests.e2e.scene import play
from tests.factories.feedback import picture

PIXEL = picture().read()
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def scene(transactional_db):
    return play()


@pytest.fixture
def open_page(chromium, live_server, scene):
    """Sign somebody in; gives a function that opens a page at a width and theme."""
    contexts = []

    def enter(path="/admin/desk/", *, who="chen", width=1366, theme="light", language="zh-hans", script=True):
        context = chromium.new_context(
            viewport={"width": width, "height": 768},
            color_scheme=theme,
            java_script_enabled=script,
            reduced_motion="reduce",
        )
        contexts.append(context)
        client = Client()
        client.force_login(User.objects.get(username=who), settings.AUTHENTICATION_BACKENDS[-1])
        for name, value in (
            ("sessionid", client.cookies["sessionid"].value),
            ("django_language", language),
        ):
            context.add_cookies([{"name": name, "value": value, "url": live_server.url}])
        page = context.new_page()
        page.errors = complaints(page)
        page.goto(live_server.url + path)
        return page

    yield enter
    for context in contexts:
        context.close()
    time.sleep(1)  # what pages asked last is answered before the tables are emptied


def violations(page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found]


@pytest.mark.req("F7")
def test_answer_from_the_desk_by_keyboard(scene, open_page):
    page = open_page("/admin/desk/?view=department")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    chosen = page.locator("#rows a[aria-current]")
    expect(chosen).to_have_count(1)
    number = chosen.locator(".row-number").inner_text()
    page.keyboard.press("r")  # at once: it waits for the case that is on its way
    expect(page.locator("#write-reply textarea")).to_be_focused()
    expect(page.locator("#work .row-number")).to_have_text(number)
    page.keyboard.type("您好，马上为您处理。")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".toast")).to_contain_text("已发送")
    expect(page.locator("#work .line.is-us")).to_contain_text("马上为您处理")
    expect(page.locator("#write-reply textarea")).to_have_value("")
    message = Message.objects.get(body="您好，马上为您处理。")
    assert message.case.number == number
    assert message.case.agent == scene.agent
    expect(page.locator(f"#row-{message.case_id}")).to_contain_text("您好")
    page.keyboard.press("Escape")
    page.keyboard.press("i")
    page.keyboard.type("等仓库回电")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#work .line.is-note")).to_contain_text("等仓库回电")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#keys")).not_to_be_visible()
    page.evaluate("document.activeElement.blur()")  # where the browser puts it after a dialog is its own
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/admin/case/\d+/"))
    assert page.errors == []


def test_no_key_goes_to_the_case_before_while_the_next_is_on_its_way(scene, open_page):
    page = open_page("/admin/desk/?view=department")
    page.keyboard.press("j")
    expect(page.locator("#work .row-number")).to_have_count(1)
    expect(page.locator("#preview[inert]")).to_have_count(0)
    first = page.locator("#work .row-number").inner_text()
    waiting = []
    page.route("**/preview/", lambda route, _request: waiting.append(route))
    page.keyboard.press("j")
    page.keyboard.press("r")
    expect(page.locator("#preview[inert]")).to_have_count(1)
    expect(page.locator("#work .row-number")).to_have_text(first)
    expect(page.locator("#write-reply textarea")).not_to_be_focused()
    page.wait_for_timeout(300)  # longer than the list waits before it asks
    waiting[-1].continue_()
    expect(page.locator("#write-reply textarea")).to_be_focused()
    expect(page.locator("#work .row-number")).not_to_have_text(first)
    page.unroute("**/preview/")
    page.route("**/preview/", lambda route: route.abort())
    page.keyboard.press("Escape")
    page.keyboard.press("k")
    expect(page.locator("#preview[inert]")).to_have_count(0)


@pytest.mark.req("F7")
def test_a_draft_survives_a_reload_and_goes_when_it_is_sent(scene, open_page):
    page = open_page(f"/admin/case/{scene.main.pk}/")
    page.fill("#write-reply textarea", "写到一半")
    page.reload()
    expect(page.locator("#write-reply textarea")).to_have_value("写到一半")
    page.goto(page.url.replace(f"case/{scene.main.pk}", f"case/{scene.cases['soon'].pk}"))
    expect(page.locator("#write-reply textarea")).to_have_value("")
    page.goto(page.url.replace(f"case/{scene.cases['soon'].pk}", f"case/{scene.main.pk}"))
    expect(page.locator("#write-reply textarea")).to_have_value("写到一半")
    page.click("#write-reply button[value=open]")
    expect(page.locator(".toast")).to_contain_text("已发送")
    expect(page.locator("#write-reply textarea")).to_have_value("")
    page.reload()
    expect(page.locator("#write-reply textarea")).to_have_value("")
    expect(page).not_to_have_url(re.compile("sent="))


def test_a_double_click_sends_once(scene, open_page):
    page = open_page(f"/admin/case/{scene.main.pk}/")
    page.fill("#write-reply textarea", "只发一次")
    page.locator("#write-reply button[value=open]").dblclick()
    expect(page.locator(".toast")).to_contain_text("已发送")
    assert Message.objects.filter(body="只发一次").count() == 1


def test_a_stale_reply_keeps_the_text_on_the_desk(scene, open_page):
    page = open_page(f"/admin/desk/?view=mine&case={scene.main.pk}")
    page.fill("#write-reply textarea", "我的回复")
    commands.member_message(
        case_id=scene.main.pk, body="还有一件事", actor=scene.main.member, at=timezone.now()
    )
    page.click("#write-reply button[value=open]")
    expect(page.locator("[role=alert]")).to_be_visible()
    expect(page.locator("#write-reply textarea")).to_have_value("我的回复")
    expect(page.locator(".line.is-new")).to_contain_text("还有一件事")
    expect(page.locator(".came")).to_contain_text("还有一件事")
    page.click(".clash button[value=open]")
    expect(page.locator(".toast")).to_contain_text("已发送")


@pytest.mark.req("F7")
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_two_answer_at_once_and_neither_loses_a_word(scene, open_page, theme, tmp_path, shots):
    path = f"/admin/desk/?view=department&case={scene.main.pk}"
    page, other = open_page(path, theme=theme), open_page(path, who="zhao")
    file = tmp_path / "面单.jpg"
    file.write_bytes(PIXEL)
    # neither hears of the other before sending, as when the line is slow
    for one in (page, other):
        one.route("**/changes/**", lambda route: route.abort())
        one.reload()
    page.set_input_files("#write-reply input[type=file]", file)
    page.fill("#write-reply textarea", "我的回复")
    other.fill("#write-reply textarea", "同事的回复")
    other.click("#write-reply button[value=open]")
    expect(other.locator(".toast")).to_contain_text("已发送")
    page.click("#write-reply button[value=open]")
    expect(page.locator(".came")).to_contain_text("同事的回复")
    expect(page.locator(".came")).to_contain_text("赵志强")
    expect(page.locator("#write-reply textarea")).to_have_value("我的回复")
    expect(page.locator("[data-files-chosen]")).to_have_text("面单.jpg")
    assert violations(page) == []
    page.screenshot(path=f"{shots}/clash-{theme}.png")
    page.click("[data-goes-on]")
    expect(page.locator(".clash")).to_have_count(0)
    page.keyboard.type("，补充一句")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".toast")).to_contain_text("已发送")
    said = Message.objects.filter(case=scene.main, body="我的回复，补充一句").get()
    assert said.attachments.get().name == "面单.jpg"
    assert Message.objects.filter(body="同事的回复").count() == 1


def test_without_scripts_the_work_can_be_done(scene, open_page):
    page = open_page(f"/admin/case/{scene.main.pk}/", script=False)
    page.fill("#write-reply textarea", "没有脚本")
    page.select_option("#write-reply select[name=resolution]", "solved")
    with page.expect_navigation():
        page.click("#write-reply button[value=resolve]")
    expect(page.locator("#work")).to_contain_text("没有脚本")
    scene.main.refresh_from_db()
    assert scene.main.status == CaseStatus.RESOLVED
    page.fill("#do-reopen textarea", "会员来电")
    with page.expect_navigation():
        page.click("#do-reopen button.is-main")
    scene.main.refresh_from_db()
    assert scene.main.status == CaseStatus.REOPENED


def test_hand_over_in_a_dialog(scene, open_page):
    page = open_page(f"/admin/desk/?view=mine&case={scene.main.pk}")
    page.keyboard.press("h")
    expect(page.locator("#do-hand-over")).to_be_visible()
    page.select_option("#do-hand-over select", label="商品部")
    page.fill("#do-hand-over textarea", "这款裙子有同款现货吗？")
    page.click("#do-hand-over button.is-main")
    expect(page.locator(".toast")).to_contain_text("商品部")
    expect(page.locator("#work")).to_contain_text("同款现货")
    assert page.errors == []


@pytest.mark.req("F7")
def test_new_arrivals_are_announced_and_rows_kept_up_to_date_in_place(scene, open_page):
    page = open_page("/admin/desk/?view=department")
    page.clock.install()
    page.reload()
    before = [row.get_attribute("id") for row in page.locator("#rows .row").all()]
    case, now = scene.cases["more3"], timezone.now()
    commands.member_message(case_id=case.pk, body="在吗？", actor=case.member, at=now)
    new = commands.open_case(
        member=case.member, kind="enquiry", channel="portal", subject="发票", body="要发票",
        department=scene.service, actor=case.member, at=now,
    )  # fmt: skip
    page.clock.run_for(13_000)
    expect(page.locator("[data-news-bar]")).to_contain_text("1")
    expect(page.locator(f"#row-{case.pk}")).to_contain_text("在吗？")
    assert [row.get_attribute("id") for row in page.locator("#rows .row").all()] == before
    page.click("[data-news-bar]")
    expect(page.locator(f"#row-{new.pk}")).to_contain_text("要发票")
    assert page.errors == []


@pytest.mark.req("F7")
def test_the_open_case_grows_while_somebody_types(scene, open_page):
    page = open_page(f"/admin/desk/?view=mine&case={scene.main.pk}")
    page.fill("#write-reply textarea", "我在写")
    commands.member_message(
        case_id=scene.main.pk, body="又想起一件事", actor=scene.main.member, at=timezone.now()
    )
    expect(page.locator("#work .line.is-fresh")).to_contain_text("又想起一件事", timeout=30_000)
    expect(page.locator("#write-reply textarea")).to_have_value("我在写")
    page.click("#write-reply button[value=open]")  # what is new was seen: not stale
    expect(page.locator(".toast")).to_contain_text("已发送")
    assert page.errors == []


@pytest.mark.req("F7")
def test_who_else_writes_is_named_and_a_draft_follows_to_another_machine(scene, open_page):
    page = open_page(f"/admin/case/{scene.main.pk}/")
    other = open_page(f"/admin/case/{scene.main.pk}/", who="zhao")
    expect(page.locator("[data-readers]")).to_contain_text("赵志强", timeout=30_000)
    with other.expect_request(lambda one: "/here/" in one.url and "typing" in (one.post_data or "")):
        other.locator("#write-reply textarea").press_sequentially("我也在写")
    expect(page.locator("[data-readers] .is-typing")).to_contain_text("赵志强", timeout=30_000)
    for _try in range(30):
        if Draft.objects.filter(body="我也在写").exists():
            break
        other.wait_for_timeout(300)
    elsewhere = open_page(f"/admin/case/{scene.main.pk}/", who="zhao")
    expect(elsewhere.locator("#write-reply textarea")).to_have_value("我也在写")
    assert page.errors == other.errors == elsewhere.errors == []


@pytest.mark.req("F7")
def test_many_at_once_by_keyboard_with_a_summary(scene, open_page):
    page = open_page("/admin/desk/?view=department", who="li")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator("[data-selected]")).to_contain_text("2")
    page.keyboard.press("s")
    expect(page.locator("#dialog dialog")).to_be_visible()
    page.select_option("#dialog [name=doing]", "priority")
    page.select_option("#dialog [name=priority]", "4")
    assert violations(page) == []
    page.keyboard.press("Control+Enter")
    expect(page.locator("#dialog [role=status]")).to_contain_text("2")
    assert page.errors == []


@pytest.mark.req("F7")
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_an_interrupted_run_is_found_and_gone_on_with(scene, open_page, theme, shots):
    now, lead = timezone.now(), scene.lead.user
    cases = [scene.main, scene.cases["done"], *(scene.cases[f"more{n}"] for n in range(3))]
    run = bulk.begin(
        key="k",
        doing="priority",
        content={"priority": 3},
        case_ids=[one.pk for one in cases],
        actor=lead,
        at=now,
    )
    bulk.go_on(run_id=run.pk, actor=lead, at=now, limit=2)
    page = open_page("/admin/desk/?view=department", who="li", theme=theme)
    expect(page.locator(".take-out a")).to_have_count(2)  # the list as a file
    assert violations(page) == []
    page.screenshot(path=f"{shots}/desk-lead-{theme}.png")
    page.click(".views-foot a[href$='/desk/runs/']")
    expect(page.locator("table .badge.is-warn")).to_contain_text("3")
    assert violations(page) == []
    page.screenshot(path=f"{shots}/runs-{theme}.png")
    page.click("table form button")
    expect(page.locator("#dialog .badge.is-ok")).to_contain_text("4")
    expect(page.locator("#dialog .badge.is-warn")).to_have_count(0)
    page.click("#dialog .dialog-foot a.is-quiet")
    expect(page.locator("main")).to_contain_text(
        scene.cases["done"].number
    )  # resolved: refused, with the reason
    assert violations(page) == []
    page.screenshot(path=f"{shots}/run-{theme}.png")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.errors == []


@pytest.mark.req("F7")
def test_what_came_in_stands_above_the_text_where_there_is_no_room_beside(scene, open_page, shots):
    page = open_page(f"/admin/case/{scene.main.pk}/", width=700, language="en", script=False)
    page.fill("#write-reply textarea", "My answer")
    commands.member_message(
        case_id=scene.main.pk, body="Are you there?", actor=scene.main.member, at=timezone.now()
    )
    page.click("#write-reply .write-foot button[value=open]")
    expect(page.locator(".came")).to_contain_text("Are you there?")
    page.screenshot(path=f"{shots}/clash-narrow.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.click(".clash button[value=open]")
    expect(page.locator("#work")).to_contain_text("My answer")
    assert Message.objects.filter(body="My answer").count() == 1


@pytest.mark.req("F7")
def test_merge_with_a_look_first(scene, open_page):
    old, now = scene.main, timezone.now()
    new = commands.open_case(
        member=old.member, kind="complaint", channel="portal", subject="连衣裙还没有收到", body="还没到",
        department=scene.service, order=old.order, actor=old.member, at=now,
    )  # fmt: skip
    page = open_page(f"/admin/desk/?view=department&case={new.pk}")
    expect(page.locator(".doubles")).to_contain_text(old.number)
    page.click(".doubles .button")
    expect(page.locator("#dialog dialog")).to_contain_text(old.number)
    assert violations(page) == []
    page.click("#dialog button[data-send]")
    expect(page.locator(".toast")).to_contain_text(old.number)
    expect(page.locator("#work .row-number")).to_have_text(old.number)
    expect(page.locator(f"#row-{new.pk}")).to_have_count(0)
    new.refresh_from_db()
    assert new.merged_into == old
    assert page.errors == []


@pytest.mark.req("F7")
def test_a_colleague_is_named_by_keys(scene, open_page):
    page = open_page(f"/admin/case/{scene.main.pk}/")
    page.keyboard.press("i")
    page.keyboard.type("请 @")
    expect(page.locator("#named")).to_contain_text("赵志强")
    page.keyboard.type("赵")
    expect(page.locator("#named li")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator("#write-note textarea")).to_have_value("请 @赵志强 ")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".toast")).to_contain_text("备注")
    assert Mention.objects.get().user.username == "zhao"


@pytest.mark.req("F7")
def test_a_view_is_kept_and_arranged(scene, open_page):
    page = open_page("/admin/desk/?view=department&priority=4", who="li")
    page.keyboard.press("v")
    page.fill("#dialog [name=name]", "我的急件")
    assert violations(page) == []
    page.keyboard.press("Control+Enter")
    expect(page.locator(".views [aria-current]")).to_contain_text("我的急件")
    page.click(".views-foot a >> nth=1")
    expect(page.locator("#dialog .order")).to_contain_text("我的急件")
    assert violations(page) == []
    page.click("#dialog .order li:last-child [data-move='-1']")
    page.click("#dialog button[data-send]")
    expect(page.locator(".toast")).to_be_visible()
    assert page.errors == []


@pytest.mark.req("F7")
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1366, 900])
def test_no_barrier_and_no_overflow(scene, open_page, width, theme, shots):
    page = open_page("/admin/desk/?view=department", width=width, theme=theme)
    for name, path in {
        "desk": "/admin/desk/?view=department",
        "desk-empty": "/admin/desk/?q=nothing",
        "desk-asked": f"/admin/desk/?view=handoffs&case={scene.cases['asked'].pk}",
        "case": f"/admin/case/{scene.main.pk}/",
        "timeline": f"/admin/case/{scene.main.pk}/?tab=timeline",
        "new-who": f"/admin/case/new/?q={scene.main.member.external_id}",
        "new-nobody": "/admin/case/new/?q=nothing",
        "new-stranger": "/admin/case/new/?stranger&q=13700001111",
        "new-member": f"/admin/case/new/?member={scene.main.member_id}",
    }.items():
        page.goto(page.url.split("/admin/")[0] + path, wait_until="load")
        page.screenshot(path=f"{shots}/{name}-{width}-{theme}.png")
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.goto(page.url.split("/admin/")[0] + f"/admin/case/{scene.main.pk}/", wait_until="load")
    page.keyboard.press("f")
    expect(page.locator("#do-correct")).to_be_visible()
    page.screenshot(path=f"{shots}/correct-{width}-{theme}.png")
    assert violations(page) == []
    page.locator("#do-correct [data-closes]").click()
    expect(page.locator("#do-correct")).to_be_hidden()
    page.keyboard.press("h")
    expect(page.locator("#do-hand-over")).to_be_visible()
    page.screenshot(path=f"{shots}/dialog-{width}-{theme}.png")
    assert violations(page) == []
    assert page.errors == []


@pytest.mark.req("F1")
def test_a_case_is_taken_down_by_keyboard(scene, open_page):
    page = open_page("/admin/desk/?view=department")
    page.keyboard.press("l")
    page.wait_for_url("**/case/new/")
    page.keyboard.type(scene.main.member.external_id)
    page.keyboard.press("Enter")
    page.locator(f"a[href='?member={scene.main.member_id}']").click()
    expect(page.get_by_text(scene.main.number)).to_be_visible()
    page.locator("[name=subject]").fill("柜台来访")
    page.locator("[name=body]").fill("杯子又碎了。")
    page.reload()
    expect(page.locator("[name=body]")).to_have_value("杯子又碎了。")
    page.locator("[name=subject]").fill("柜台来访")
    page.locator("[name=body]").press("Control+Enter")
    page.wait_for_url(lambda url: "/case/new/" not in url)
    expect(page.get_by_role("heading", name="柜台来访").first).to_be_visible()
    assert page.errors == []
