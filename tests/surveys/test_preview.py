"""A version looked at as members see it: walked through by answering, nothing kept, nothing believed."""

import re
from html import unescape
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse

from surveys.models import Answer, Draft, Response
from surveys.questionnaires import commands, editing
from surveys.questionnaires.queries import current
from tests.factories.compensation import T0
from tests.factories.feedback import StaffFactory
from tests.factories.questionnaires import draft, one

pytestmark = [pytest.mark.django_db, pytest.mark.req("S3")]
WHO = {"actor": None, "at": T0}
LOW = {"all": [{"of": "answer", "name": "csat", "is": "at_most", "value": 2}]}
GOLD = {"all": [{"of": "known", "name": "tier", "is": "one_of", "value": ["gold"]}]}


@pytest.fixture
def browser():
    client = Client(enforce_csrf_checks=True)
    user = StaffFactory(role="analyst")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def version():
    return draft(
        one("csat", "csat"),
        one("text", "why", show_if=LOW, text_en="You gave {answer:csat|few}: why?", is_required=False),
        one("text", "gold", show_if=GOLD, is_required=False),
        one("picture", "photo"),
    )


def where(version):
    return reverse("admin:questionnaire_preview", args=[version.pk])


def shown(page):
    """The codes of the fieldsets that are to be seen."""
    found = re.findall(rb'<fieldset id="q-([-\w]+)"[^>]*?( hidden)?>', page.content)
    return [code.decode() for code, hidden in found if not hidden]


def action(page):
    return unescape(re.search(r'<form method="post" action="([^"]+)"', page.content.decode())[1])


def test_a_draft_looks_as_members_will_see_it(browser, version):
    page = browser.get(where(version), {"lang": "zh-hans"})
    assert shown(page) == ["csat", "photo"]
    assert "frame-ancestors 'self'" in page["Content-Security-Policy"]
    assert "X-Frame-Options" not in page
    assert shown(browser.get(where(version), {"known": "tier:gold"})) == ["csat", "gold", "photo"]


def test_it_branches_and_fills_in_and_ends_with_thanks(browser, version):
    editing.change_texts(version_id=version.pk, document={"thanks": "谢谢，{answer:csat} 分"}, **WHO)
    form = {"q-csat": "2", "on": "csat why gold photo", "seen": "csat photo", "go": "send", "lang": "zh-hans"}
    page = browser.post(where(version), form)
    assert shown(page) == ["csat", "why", "photo"]
    english = browser.get(action(page), {"lang": "en"})
    assert english.status_code == 200
    answer = browser.post(where(version), {**form, "seen": "csat why photo"})
    assert answer.status_code == 302
    assert "谢谢，2 分" in browser.get(answer.url).content.decode()
    assert not Response.objects.exists()
    assert not Answer.objects.exists()
    assert not Draft.objects.exists()


def test_a_section_says_its_title_once(browser, version):
    section = editing.add_section(version_id=version.pk, title="关于{member|您}", **WHO)
    for code in ("x", "y"):
        commands.add_question(version_id=version.pk, section=section, **one("text", code), **WHO)
    page = browser.get(where(version)).content.decode()
    assert page.count(f'data-part="{section.pk}">关于您') == 1
    assert page.count(f'data-part="{section.pk}" hidden>关于您') == 1  # for when the first is hidden


def test_what_is_missing_is_told(browser, version):
    page = browser.post(where(version), {"on": "csat why gold photo", "seen": "csat photo", "go": "send"})
    assert page.status_code == 400
    assert b'id="q-csat-problem"' in page.content


def test_one_question_a_page(browser, version):
    editing.change_texts(version_id=version.pk, document={"layout": "one"}, **WHO)
    page = browser.get(where(version))
    assert shown(page) == ["csat"]
    answer = browser.post(action(page), {"q-csat": "1", "on": "csat", "go": "next", "lang": "en"})
    page = browser.get(answer.url)
    assert shown(page) == ["why"]
    assert b"You gave 1: why?" in page.content
    back = browser.post(action(page), {"q-why": "x", "on": "why", "go": "back"})
    assert shown(browser.get(back.url)) == ["csat"]
    last = browser.post(action(page), {"q-why": "x", "on": "why", "go": "next"})
    page = browser.get(last.url)
    assert shown(page) == ["photo"]
    assert "done" in browser.post(action(page), {"on": "photo", "go": "send"}).url


def test_the_pages_script_is_told_what_is_shown(browser, version):
    form = {"q-csat": "1", "on": "csat why gold photo", "go": "save"}
    told = browser.post(where(version), form, headers={"Accept": "application/json"}).json()
    assert told["shown"] == ["csat", "why", "photo"]


@pytest.mark.parametrize(
    "given",
    [
        "",
        "{",
        "[]",
        "[" * 9_000,
        '{"csat": {"a": [1]}}',
        '{"why": "<script>"}',
        '{"x": 1}',
        "NaN",
        '{"csat": "\\u0000"}',
    ],
)
def test_whatever_the_address_says_is_no_harm(browser, version, given):
    page = browser.get(where(version), {"given": given, "at": "\x00", "known": ["x:y", "tier"]})
    assert page.status_code == 200
    assert b"<script>" not in page.content.replace(b"<script src", b"")


def test_only_staff_who_see_questionnaires_look(version):
    assert Client().get(where(version)).status_code == 302
    agent = Client()
    agent.force_login(StaffFactory(role="agent"), backend="django.contrib.auth.backends.ModelBackend")
    assert agent.get(where(version)).status_code == 403


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("code", ["kano", "nps", "post-delivery"])
def test_what_ships_can_be_looked_at(browser, code, language):
    version = current(commands.install(code, at=T0))
    assert browser.get(where(version), {"lang": language}).status_code == 200


def test_what_was_answered_is_said_again_and_nonsense_is_passed_over(browser, version):
    saved = browser.post(
        where(version),
        {"lang": "en", "q-csat": "2", "on": "csat", "go": "save"},
        headers={"accept": "application/json"},
    )
    assert saved.json()["texts"] == {"q-why-words": "You gave 2: why?"}
    for given in ('{"csat": ' + "[" * 900 + "]" * 900 + "}", '{"csat": "\\ud800"}', '{"csat": "\\u0000"}'):
        page = browser.post(where(version) + "?" + urlencode({"given": given}), {"on": "why", "go": "save"})
        assert page.status_code == 302
