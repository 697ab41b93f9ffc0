"""Needs, interviews and one's own results in a browser."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from surveys.defaults import interviews as shipped
from surveys.interviews import commands, links, noting, proposing, slots
from surveys.models import Evidence, Interview, InterviewGuide, Theme
from surveys.needs import commands as needs
from tests.e2e.test_desk import open_page, scene, violations  # noqa: F401 -- fixtures
from tests.factories.feedback import ReviewFactory
from tests.factories.needs import words

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.req("S7"),
    pytest.mark.req("S8"),
]


@pytest.fixture
def listening(scene):  # noqa: F811 -- the fixture above
    at, host = timezone.now(), scene.lead.user
    shipped.seed(at)
    need = needs.create(name="盖子单卖", actor=None, at=at)
    needs.link(need_id=need.pk, source="review", row_id=ReviewFactory().pk, actor=None, at=at)
    made = proposing.propose(month=timezone.localdate(), actor=host, at=at)
    starts = [at + timedelta(days=2, hours=hour) for hour in range(3)]
    offered = slots.add(interviewer=host, starts=starts, minutes=30, place="电话", at=at)
    guide = InterviewGuide.objects.get(code="experience")
    for one in made[:2]:
        commands.invite(interview_id=one.pk, interviewer=host, guide=guide, actor=host, at=at)
    commands.choose(interview_id=made[0].pk, slot_id=offered[0].pk, actor=made[0].member, at=at)
    return need, made


def test_an_interview_is_noted_while_it_is_typed(listening, open_page, shots):  # noqa: F811
    need, made = listening
    page = open_page(f"/admin/interviews/{made[0].pk}/", who="li")
    page.wait_for_load_state()
    page.locator("#notes").fill("她说盖子总坏")
    expect(page.locator("[data-saved]")).not_to_be_empty()
    assert Interview.objects.get(pk=made[0].pk).notes == "她说盖子总坏"
    page.locator("#text").fill("盖子总坏")
    page.locator("[name=theme]").first.check()
    page.locator("#need").select_option(str(need.pk))
    page.locator("#text").locator("xpath=ancestor::form").get_by_role("button").click()
    expect(page.locator(".passage")).to_have_count(1)
    page.screenshot(path=f"{shots}/interview.png", full_page=True)
    assert Evidence.objects.filter(need=need, passage__isnull=False).count() == 1
    assert Theme.objects.filter(passages__isnull=False).count() == 1


def test_a_member_chooses_a_time_without_scripts(listening, chromium, live_server, shots):
    _need, made = listening
    context = chromium.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{live_server.url}{links.page(Interview.objects.get(pk=made[1].pk))}")
    page.screenshot(path=f"{shots}/choose.png", full_page=True)
    page.locator("[name=slot]").first.check()
    page.locator(".send button").click()
    expect(page.locator(".mark")).to_be_visible()
    context.close()
    assert Interview.objects.get(pk=made[1].pk).state == "arranged"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_pages_are_accessible(listening, open_page, theme):  # noqa: F811
    need, made = listening
    at = timezone.now()
    passage = noting.add_passage(
        interview_id=made[0].pk, text="盖子总坏", needs_of=[need.pk], actor=None, at=at
    )
    week = f"{timezone.localdate(at + timedelta(days=2)):%G-W%V}"
    said = words("盖子")
    page = open_page("/admin/needs/", who="li", theme=theme)
    root = page.url.split("/needs/")[0]
    found = {}
    for path in (
        "needs/", f"needs/{need.pk}/", f"needs/{need.pk}/find/?q=杯子", "interviews/",
        f"interviews/{made[0].pk}/?passage={passage.pk}", f"interviews/times/?week={week}",
        "interviews/themes/", "my-answers/?in=month", f"needs/tie/?response={said.response_id}",
    ):  # fmt: skip
        page.goto(f"{root}/{path}")
        found[path] = violations(page)
    assert {path: wrong for path, wrong in found.items() if wrong} == {}
