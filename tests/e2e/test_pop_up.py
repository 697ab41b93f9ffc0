"""The survey in a window of the shop's page, which is another site: it asks, and is in nobody's way."""

import threading
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import expect

from surveys.models import Draft, Invitation, Occasion, QuestionKind, Response
from surveys.portal import opening
from surveys.responses import doors
from tests.factories.compensation import T0
from tests.factories.questionnaires import launched, one

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.req("S4")]

PAGE = """<!doctype html><html lang="{language}"><meta charset="utf-8"><title>Shop</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<script>document.cookie = "basket=7";
addEventListener("load", () => setTimeout(() => document.body.dataset.ready = 1, 200))</script>
<body style="margin:0;height:3000px"><button onclick="this.textContent='bought'">buy</button>
<p id="far" style="position:absolute;top:2500px">far</p><script src="{script}"></script></body></html>"""


@contextmanager
def served(page):
    """A page of the shop on a port of its own; gives the port and what was asked with which cookies."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, *_args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def visit(chromium, live_server, settings, monkeypatch):
    """Come to the shop's page, which the survey may be framed by; `host` may be one by which it may not."""
    settings.PUBLIC_URL = live_server.url
    monkeypatch.setattr(opening, "FASTEST", timedelta(0))
    campaign = launched(one(QuestionKind.CSAT, "csat"), occasion=Occasion.OPEN)
    door = doors.open_door(campaign_id=campaign.pk, actor=None, at=T0)
    door.after_seconds = 0
    script = f"{live_server.url}/o/{door.key}/pop-up.js"
    contexts = []
    with served(PAGE.format(language="zh-CN", script=script)) as port:
        door.origins = [f"http://127.0.0.1:{port}"]
        doors.arrange(door=door, actor=None, at=T0)

        def go(width=1280, host="127.0.0.1", scheme="light"):
            context = chromium.new_context(viewport={"width": width, "height": 720}, color_scheme=scheme)
            contexts.append(context)
            page = context.new_page()
            page.heard = []
            page.on("console", lambda message: page.heard.append(message.text))
            page.goto(f"http://{host}:{port}/")
            return page

        yield go
        for context in contexts:
            context.close()


def window(page):
    return page.locator("[role=dialog]")


def inside(page):
    return page.frame_locator("[role=dialog] iframe")


def is_left_alone(page):
    """The page comes again, and the window does not."""
    page.reload()
    expect(page.locator("body[data-ready]")).to_be_attached()
    expect(window(page)).to_have_count(0)


@pytest.mark.parametrize("width", [320, 1280])
def test_it_opens_beside_the_page_and_is_in_nobodys_way(visit, width):
    page = visit(width)
    expect(inside(page).locator("#q-csat")).to_be_visible()
    page.locator("button", has_text="buy").click()
    expect(page.locator("button", has_text="bought")).to_be_visible()
    page.mouse.move(width / 2, 60)
    page.mouse.wheel(0, 2400)
    expect(page.locator("#far")).to_be_in_viewport()
    expect(window(page)).to_be_in_viewport(ratio=1)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(
        "document.activeElement === document.body || document.activeElement.tagName === 'BUTTON'"
    )
    inner = page.frames[1]
    assert inner.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("way", ["button", "keyboard", "escape", "escape within"])
def test_who_closes_it_is_left_alone_and_counts_as_no_answer(visit, way):
    page = visit()
    expect(inside(page).locator("#q-csat")).to_be_visible()
    close = window(page).locator("button")
    if way == "button":
        close.click()
    elif way == "keyboard":
        close.focus()
        page.keyboard.press("Enter")
    elif way == "escape":
        page.keyboard.press("Escape")
    else:
        inside(page).locator("header button").focus()
        page.keyboard.press("Escape")
    expect(window(page)).to_have_count(0)
    is_left_alone(page)
    assert not Draft.objects.exists()
    assert not Invitation.objects.exists()
    assert not Response.objects.exists()


def test_who_answers_in_it_is_thanked_and_asked_no_more(visit, live_server):
    page = visit(390)
    seen = []
    page.on("request", lambda request: seen.append((request.url, request.headers)))
    inside(page).locator(".score").nth(4).click()
    inside(page).locator("button[value=send]").click()
    expect(inside(page).locator("body[data-state=thanks]")).to_be_attached()
    window(page).locator("button").click()
    is_left_alone(page)
    assert Response.objects.get().channel == "embed"
    assert page.evaluate("document.cookie") == "basket=7"
    ours = [headers for url, headers in seen if url.startswith(live_server.url) and "pop-up" not in url]
    assert ours
    assert not [headers for headers in ours if "basket" in headers.get("cookie", "")]
    assert not [one for one in ours if "127.0.0.1" in one.get("referer", "")]


def test_no_other_site_gets_it_into_a_frame(visit):
    page = visit(host="localhost")
    expect(window(page)).to_be_attached()
    expect(page.locator("body[data-ready]")).to_be_attached()
    assert any("frame-ancestors" in text for text in page.heard)
    expect(inside(page).locator("#q-csat")).to_have_count(0)
