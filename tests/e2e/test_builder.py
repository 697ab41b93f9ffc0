"""Somebody builds a questionnaire in a browser: by keyboard and by mouse, beside what members will see."""

import re

import pytest
from playwright.sync_api import expect

from surveys.questionnaires import commands, editing
from surveys.questionnaires.queries import questions_of
from tests.e2e.test_desk import open_page, scene, violations  # noqa: F401 -- fixtures
from tests.factories.compensation import T0
from tests.factories.questionnaires import draft, one

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.req("S3")]
WHO = {"actor": None, "at": T0}


@pytest.fixture
def version(scene):  # noqa: F811 -- the fixture above
    made = draft(
        one("csat", "csat", text_en="How satisfied are you?"),
        one("text", "words"),
        one("single", "why", choices=["late", "broken"]),
    )
    section = editing.add_section(version_id=made.pk, title="原因", **WHO)
    commands.add_question(version_id=made.pk, section=section, **one("nps", "nps"), **WHO)
    return made


def row_of(version, code):
    return f"#to-{version.questions.get(code=code).pk}"


def codes(version):
    return [question.code for question in questions_of(version.pk)]


def test_a_question_is_edited_beside_its_preview(version, open_page):  # noqa: F811
    page = open_page(f"/admin/questionnaires/{version.survey_id}/draft/?texts", who="li", width=1440)
    page.locator(row_of(version, "why")).click()
    text = page.locator("#id_text")
    expect(text).to_have_value("why")
    page.locator("#id_text_en").fill("What was wrong?")
    text.fill("哪里不满意？")
    page.locator("#id_help").focus()
    preview = page.frame_locator("iframe")
    expect(preview.locator("#q-why legend")).to_contain_text("哪里不满意？")
    with page.expect_event("framenavigated"):  # what is kept is looked at anew
        page.locator("#if-0-about").select_option("answer:csat")
    page.locator("#if-0-number").fill("2")
    with page.expect_event("framenavigated"):
        page.locator("#if-0-number").press("Tab")
    expect(preview.locator("#q-why")).to_be_hidden()
    preview.locator("#q-csat .score").first.click()
    expect(preview.locator("#q-why")).to_be_visible()
    page.locator("[data-language=en]").click()
    expect(preview.locator("#q-csat legend")).to_contain_text("How satisfied are you?")
    page.locator("[data-frame=desktop]").click()
    expect(page.locator("[data-frames]")).to_have_class("bench-frame is-desktop")
    row = version.questions.get(code="why")
    assert (row.text, row.text_en, row.show_if["all"][0]["value"]) == ("哪里不满意？", "What was wrong?", 2)
    assert page.errors == []


def test_nothing_is_typed_into_a_question_that_is_about_to_go(version, open_page):  # noqa: F811
    page = open_page(f"/admin/questionnaires/{version.survey_id}/draft/?texts", who="li", width=1440)
    page.locator(row_of(version, "why")).click()
    expect(page.locator("#id_text")).to_have_value("why")
    waiting = []
    page.route("**/draft/?*", lambda route, _request: waiting.append(route))
    page.locator(row_of(version, "words")).click()
    expect(page.locator("#edit")).to_have_attribute("inert", "")
    waiting[0].continue_()
    expect(page.locator("#id_text")).to_have_value("words")
    expect(page.locator("#edit")).not_to_have_attribute("inert", "")
    assert page.errors == []


def test_questions_move_by_keyboard_and_by_mouse(version, open_page):  # noqa: F811
    page = open_page(f"/admin/questionnaires/{version.survey_id}/draft/", who="li", width=1440)
    words = page.locator(row_of(version, "words"))
    words.focus()
    page.keyboard.press("Alt+ArrowUp")
    expect(page.locator(".outline-items li").first).to_contain_text("words")
    expect(words).to_be_focused()
    assert codes(version) == ["words", "csat", "why", "nps"]
    row = page.locator(f"[data-drag='question.{version.questions.get(code='nps').pk}']")
    row.drag_to(
        page.locator(f"[data-drag='question.{version.questions.get(code='csat').pk}']"),
        target_position={"x": 30, "y": 4},
    )
    expect(page.locator(".outline-items li").nth(1)).to_contain_text("nps")
    assert codes(version) == ["words", "nps", "csat", "why"]
    page.locator("#add-kind").select_option("ranking")
    page.get_by_role("button", name="添加题目").click()
    expect(page.locator("#editing code")).to_have_text("ranking")
    assert page.errors == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_the_pages_fit_and_are_accessible(version, open_page, theme, width, shots):  # noqa: F811
    base = f"/admin/questionnaires/{version.survey_id}/"
    why = version.questions.get(code="why").pk
    page = open_page(base, who="li", theme=theme, width=width)
    root = page.url.removesuffix(base)
    for name, path in {
        "one": base, "list": "/admin/questionnaires/", "new": "/admin/questionnaires/new/",
        "texts": f"{base}draft/?texts", "question": f"{base}draft/?question={why}",
        "publish": f"{base}publish/", "compare": f"{base}compare/",
    }.items():  # fmt: skip
        page.goto(root + path)
        page.screenshot(path=f"{shots}/builder-{name}-{width}-{theme}.png", full_page=True)
        assert violations(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= width + 1, path
    assert page.errors == []


def test_a_questionnaire_is_built_and_published_without_scripts(version, open_page):  # noqa: F811
    base = f"/admin/questionnaires/{version.survey_id}/"
    page = open_page(f"{base}draft/", who="li", width=1440, script=False)

    def do(what):
        page.locator(f'button[name=do][value="{what}"]').click()

    page.locator("#add-kind").select_option("short")
    do("add")
    expect(page.locator("#editing code")).to_have_text("short")
    page.locator("#id_text").fill("您从哪里知道我们？")
    page.locator("#id_text_en").fill("How did you hear of us?")
    page.locator("[data-send]").click()
    expect(page.locator(".outline-row.is-on .outline-text")).to_have_text("您从哪里知道我们？")
    made = version.questions.get(kind="short")
    assert (made.text, made.text_en) == ("您从哪里知道我们？", "How did you hear of us?")
    before = codes(version)
    do(f"up.question.{made.pk}")
    expect(page.locator(f"#to-{made.pk} .outline-number")).to_have_text(str(before.index(made.code)))
    assert codes(version).index(made.code) == before.index(made.code) - 1
    words = version.questions.get(code="words").pk
    page.locator(f"#to-{words}").click()
    expect(page.locator("#editing code")).to_have_text("words")
    do(f"remove.question.{words}")
    expect(page.locator(f"#to-{words}")).to_have_count(0)
    assert "words" not in codes(version)
    page.locator(".bench-doing a").click()
    page.locator("form .is-main:enabled").click()
    page.wait_for_url(re.compile(rf"{base}$"))
    version.refresh_from_db()
    assert version.published_at is not None
    assert page.errors == []
