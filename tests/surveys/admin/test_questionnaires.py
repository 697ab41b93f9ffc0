"""The pages of questionnaires: lists, versions, the builder, publishing, files."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from surveys.models import Question, QuestionKind, Survey, SurveyVersion
from surveys.questionnaires import commands, documents, editing
from surveys.questionnaires.queries import current, draft_of, questions_of
from tests.factories.compensation import T0
from tests.factories.feedback import StaffFactory
from tests.factories.questionnaires import draft, invitation, launched, one, published

pytestmark = [pytest.mark.django_db, pytest.mark.req("S3")]
WHO = {"actor": None, "at": T0}
HTMX = {"HX-Request": "true"}


def signed_in(role="administrator"):
    client = Client()
    user = StaffFactory(is_superuser=True) if role == "administrator" else StaffFactory(role=role)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def browser():
    return signed_in()


@pytest.fixture
def made():
    """A question of satisfaction, one of several choices in a section."""
    version = draft(one("csat", "csat", text_en="How?"), one("text", "words"))
    section = editing.add_section(version_id=version.pk, title="原因", **WHO)
    commands.add_question(
        version_id=version.pk, section=section, **one("multiple", "why", choices=["a", "b"]), **WHO
    )
    return version


def address(version, name="questionnaire_builder", *more):
    return reverse(f"admin:{name}", args=[version.survey_id, *more])


def question(version, code):
    return questions_of(version.pk).get(code=code)


def seen(version, code):
    return documents.digest(documents.of_question(question(version, code)))


def saving(version, of, **fields):
    row = question(version, of)
    return {
        "do": "save", "question": row.pk, "seen": seen(version, of), "code": row.code, "text": row.text,
        "text_en": row.text_en, "help": "", "help_en": "", "is_required": "on", "aspect": "",
        **({"scale": row.scale} if row.scale else {}), **fields,
    }  # fmt: skip


def test_each_part_of_a_draft_has_its_editor(browser, made):
    page = browser.get(address(made))
    assert page.status_code == 200
    assert page.context["editor"].row == question(made, "csat")
    assert "frame-src 'self'" in page["Content-Security-Policy"]
    asked = [f"question={row.pk}" for row in questions_of(made.pk)]
    for query in (*asked, f"section={made.sections.get().pk}", "texts"):
        assert browser.get(f"{address(made)}?{query}").status_code == 200, query
    for query in ("question=0", "section=0"):
        assert browser.get(f"{address(made)}?{query}").status_code == 404, query
    assert browser.get(f"{address(made)}?question=x").status_code == 200


def test_every_kind_has_just_its_fields(browser):
    ends = {"low_end", "low_end_en", "high_end", "high_end_en"}
    scored = {"scale", "bad_up_to", *ends}
    wanted = {
        "csat": scored, "ces": scored, "likert": scored, "nps": {"bad_up_to", *ends},
        "stars": {"scale", "bad_up_to"}, "matrix": {"scale", "is_shuffled", *ends},
        "single": {"is_shuffled"}, "multiple": {"is_shuffled", "most"}, "ranking": {"is_shuffled"},
        "number": {"lowest", "highest"}, "kano": {"need"}, "picture": {"most"}, "voice": {"most"},
    }  # fmt: skip
    usual = {"text", "text_en", "help", "help_en", "is_required", "code", "aspect"}
    for kind in QuestionKind.values:
        version = draft()
        browser.post(address(version), {"do": "add", "kind": kind})
        page = browser.get(address(version))
        fields = set(page.context["form"].fields)
        assert fields - usual == wanted.get(kind, set()), kind
        assert ("aspect" in fields) == (kind != "consent")
        assert page.context["editor"].has_choices == (kind in {"single", "multiple", "ranking", "matrix"})


def test_a_question_is_kept_with_choices_and_condition(browser, made):
    form = saving(
        made, "why", text="为什么？", text_en="Why?", most="2", bad_up_to="",
        **{
            "choice-7-code": "b", "choice-7-text": "乙", "choice-7-text_en": "B",
            "choice-2-code": "a", "choice-2-text": "甲",
            "choice-9-code": "", "choice-9-text": "都没有", "choice-9-is_alone": "1", "choice-9-is_last": "1",
            "choice-10-code": "c8", "choice-10-text": "  ",
            "if-join": "any",
            "if-0-about": "answer:csat", "if-0-is": "at_most", "if-0-number": "2",
            "if-1-about": "known:tier", "if-1-is": "one_of", "if-1-codes": ["gold", "silver"],
            "if-2-about": "",
        },
    )  # fmt: skip
    page = browser.post(address(made), form, headers=HTMX)
    assert page.status_code == 200, page.context["editor"].errors
    assert "kept" in json.loads(page["HX-Trigger"])
    assert documents.of_question(question(made, "why")) == {
        "code": "why", "kind": "multiple", "text": "为什么？", "text_en": "Why?", "most": 2,
        "choices": [
            {"code": "b", "text": "乙", "text_en": "B"}, {"code": "a", "text": "甲"},
            {"code": "c1", "text": "都没有", "is_alone": True, "is_last": True},
        ],
        "show_if": {"any": [
            {"of": "answer", "name": "csat", "is": "at_most", "value": 2},
            {"of": "known", "name": "tier", "is": "one_of", "value": ["gold", "silver"]},
        ]},
    }  # fmt: skip
    again = browser.get(f"{address(made)}?question={question(made, 'why').pk}")
    assert [row.row.get("code") for row in again.context["editor"].choice_rows] == [
        "b",
        "a",
        "c1",
        "c2",
        "c3",
    ]
    assert again.context["known"] == [
        ("tier", again.context["known"][0][1], [("gold", "gold"), ("silver", "silver")])
    ]


@pytest.mark.parametrize(
    ("code", "fields", "where"),
    [
        ("csat", {"bad_up_to": "5"}, "bad_up_to"),
        ("csat", {"scale": "11"}, "scale"),
        ("csat", {"code": "why"}, "code"),
        ("csat", {"code": "w y"}, "code"),
        ("csat", {"text": "x" * 201}, "text"),
        ("csat", {"aspect": "weather"}, "aspect"),
        ("csat", {"if-0-about": "known:tier", "if-0-is": "one_of"}, "show_if"),
        ("words", {"if-0-about": "answer:csat", "if-0-is": "at_most", "if-0-number": "inf"}, "show_if"),
        ("words", {"if-0-about": "answer:csat", "if-0-is": "at_most", "if-0-number": ""}, "show_if"),
        ("words", {"if-0-about": "answer:\x00", "if-0-is": "answered"}, "show_if"),
        ("why", {"choice-0-code": "a b", "choice-0-text": "x"}, "choices"),
        ("why", {"choice-0-code": "a", "choice-0-text": "x" * 121}, "choices"),
        ("why", {f"choice-{n}-{part}": "a" for n in "01" for part in ("code", "text")}, "choices"),
        ("why", {"most": "0"}, "most"),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_wrong_is_told_beside_its_field(browser, made, code, fields, where):
    before = documents.of_version(made)
    page = browser.post(address(made), saving(made, code, **fields), headers=HTMX)
    assert page.status_code == 422
    assert where in page.context["editor"].errors
    assert f'id="e-{where}"'.encode() in page.content
    assert documents.of_version(made) == before


def test_without_scripts_saving_leads_back(browser, made):
    answer = browser.post(address(made), saving(made, "csat", text="满意吗？"))
    assert answer.status_code == 302
    assert question(made, "csat").text == "满意吗？"
    assert browser.post(address(made), saving(made, "csat", text="x" * 201)).status_code == 422


def test_whoever_was_slower_sees_both_and_decides(browser, made):
    form = saving(made, "csat", text="我的")
    row = question(made, "csat")
    theirs = {**documents.of_question(row), "text": "别人的"}
    editing.change_question(version_id=made.pk, question_id=row.pk, document=theirs, **WHO)
    page = browser.post(address(made), form, headers=HTMX)
    assert page.status_code == 409
    assert question(made, "csat").text == "别人的"
    told = [(one.was, one.now) for one in page.context["editor"].theirs]
    assert ("我的", "别人的") in told
    assert page.context["editor"].seen == form["seen"]  # saving again by chance does not override
    assert browser.post(address(made), form, headers=HTMX).status_code == 409
    over = {**form, "over": page.context["editor"].offered}
    assert browser.post(address(made), over, headers=HTMX).status_code == 200
    assert question(made, "csat").text == "我的"


def test_sections_and_texts_are_kept(browser, made):
    section = made.sections.get()
    was = documents.digest(documents.of_section(section))
    form = {
        "do": "save", "section": section.pk, "seen": was, "title": "为何", "title_en": "Why",
        "if-0-about": "answer:csat", "if-0-is": "one_of", "if-0-codes": ["1", "2"],
    }  # fmt: skip
    assert browser.post(address(made), form, headers=HTMX).status_code == 200
    section.refresh_from_db()
    assert section.title_en == "Why"
    assert section.show_if["all"][0]["value"] == ["1", "2"]
    assert browser.post(address(made), {**form, "title": "别"}, headers=HTMX).status_code == 409
    texts = {
        "do": "save", "texts": "1", "title": "{member|您}好", "layout": "one", "intro": "", "thanks": "谢谢",
        "title_en": "", "intro_en": "", "thanks_en": "",
    }  # fmt: skip
    assert browser.post(address(made), texts, headers=HTMX).status_code == 200
    made.refresh_from_db()
    assert (made.title, made.layout, made.thanks) == ("{member|您}好", "one", "谢谢")


def order(version):
    return [row.code for row in questions_of(version.pk)]


def test_questions_and_sections_move_by_button_and_by_drop(browser, made):
    def do(what, **more):
        answer = browser.post(address(made), {"do": what, "key": "texts", **more})
        assert answer.status_code == 302
        return order(made)

    csat, words, why = (question(made, code).pk for code in ("csat", "words", "why"))
    section = made.sections.get().pk
    assert do(f"down.question.{csat}") == ["words", "csat", "why"]
    assert do(f"down.question.{csat}") == ["words", "csat", "why"]  # into the section, before the first
    assert question(made, "csat").section_id == section
    assert do(f"up.question.{csat}") == ["words", "csat", "why"]  # out again, behind the others
    assert question(made, "csat").section_id is None
    assert do(f"up.question.{words}") == ["words", "csat", "why"]
    assert do(f"down.question.{why}") == ["words", "csat", "why"]
    assert do(f"place.question.{why}", section="", before=words) == ["why", "words", "csat"]
    assert do(f"place.question.{why}", section=section, before="") == ["words", "csat", "why"]
    browser.post(address(made), {"do": "section"})
    new = made.sections.order_by("-position").first().pk
    do(f"up.section.{new}")
    assert made.sections.order_by("position").first().pk == new
    do(f"down.section.{new}")
    do(f"place.section.{new}", before=section)
    assert made.sections.order_by("position").first().pk == new
    do(f"up.section.{new}")
    do(f"remove.section.{new}")
    assert made.sections.count() == 1


def test_questions_are_copied_changed_in_kind_and_taken_out(browser, made):
    why = question(made, "why").pk
    browser.post(address(made), {"do": f"copy.{why}"})
    browser.post(address(made), {"do": f"kind.{why}", "kind": "single"})
    assert question(made, "why").kind == "single"
    browser.post(address(made), {"do": f"remove.question.{why}"})
    assert order(made) == ["csat", "words", "why-2"]


@pytest.mark.parametrize(
    "do",
    [
        "", "sing", "up", "up.question", "up.question.x", "up.question.999999", "up.section.999999", "add",
        "copy.999999", "kind.999999", "place.question.999999", "remove.section.999999", "copy." + "9" * 30,
    ],
)  # fmt: skip
def test_what_no_button_says_changes_nothing(browser, made, do):
    before = documents.of_version(made)
    assert browser.post(address(made), {"do": do}).status_code == 302
    assert documents.of_version(made) == before


def test_saving_what_is_gone_is_told(browser, made):
    form = saving(made, "why")
    editing.remove_question(version_id=made.pk, question_id=question(made, "why").pk, **WHO)
    assert browser.post(address(made), form).status_code == 302
    assert order(made) == ["csat", "words"]


def test_without_a_draft_there_is_nothing_to_build(browser):
    version = published(one("csat"))
    assert browser.get(address(version)).url == address(version, "questionnaire")
    assert browser.post(address(version), {"do": "add", "kind": "text"}).status_code == 302
    assert version.questions.count() == 1


def test_publishing_shows_what_changes_and_what_is_to_be_mended(browser):
    version = published(one("csat", "csat"))
    browser.post(address(version, "questionnaire"), {"step": "edit"})
    new = draft_of(version.survey)
    browser.post(address(version), saving(new, "csat", text="满意吗？{shoe}"), headers=HTMX)
    page = browser.get(address(version, "questionnaire_publish"))
    assert [(one.was, one.now) for one in page.context["differences"]] == [("csat", "满意吗？{shoe}")]
    assert [one.name for one in page.context["problems"]] == ["text"]
    form = {"seen": page.context["seen"]}
    assert browser.post(address(version, "questionnaire_publish"), form).status_code == 302
    assert current(version.survey) == version
    browser.post(address(version), saving(new, "csat", text="满意吗？"), headers=HTMX)
    browser.post(address(version, "questionnaire_publish"), form)  # what was looked over is another
    assert current(version.survey) == version
    form = {"seen": browser.get(address(version, "questionnaire_publish")).context["seen"]}
    browser.post(address(version, "questionnaire_publish"), form)
    assert current(version.survey) == new
    assert new.__class__.objects.get(pk=new.pk).published_by is not None


def test_an_analyst_edits_and_a_supervisor_publishes(made):
    editing.remove_section(version_id=made.pk, section_id=made.sections.get().pk, **WHO)
    analyst, agent = signed_in("analyst"), signed_in("agent")
    where = address(made, "questionnaire_publish")
    form = {"seen": analyst.get(where).context["seen"]}
    assert analyst.post(address(made), saving(made, "csat", text="！")).status_code == 302
    assert analyst.post(where, form).status_code == 403
    form = {"seen": analyst.get(where).context["seen"]}
    assert signed_in("supervisor").post(where, form).status_code == 302
    assert current(made.survey) == made
    for name in ("questionnaire", "questionnaire_builder", "questionnaire_publish", "questionnaire_compare"):
        assert agent.get(address(made, name)).status_code == 403
    assert agent.get(reverse("admin:questionnaires")).status_code == 403
    assert agent.get(reverse("admin:questionnaire_new")).status_code == 403


def test_the_versions_with_their_answers(browser):
    campaign = launched()
    first = campaign.survey.versions.get()
    invitation(campaign)
    browser.post(address(first, "questionnaire"), {"step": "edit"})
    page = browser.get(address(first, "questionnaire"))
    rows = [(one.number, one.asks, one.asked, one.answered) for one in page.context["versions"]]
    assert rows == [(2, 1, 0, 0), (1, 1, 1, 0)]
    assert list(page.context["campaigns"]) == [campaign]
    assert page.context["draft"].number == 2
    compared = browser.get(address(first, "questionnaire_compare"), {"was": "1", "now": "2"})
    assert compared.context["differences"] == []
    assert [compared.context[name].number for name in ("older", "newer")] == [1, 2]
    for query in ({}, {"was": "x", "now": "9" * 30}, {"was": "2", "now": "1"}):
        assert browser.get(address(first, "questionnaire_compare"), query).status_code == 200


def test_a_questionnaire_is_renamed_retired_and_restored(browser):
    version = published(one("csat"))
    where = address(version, "questionnaire")
    browser.post(where, {"step": "rename", "name": "新名", "name_en": "New", "note": ""})
    version.survey.refresh_from_db()
    assert version.survey.name == "新名"
    assert browser.post(where, {"step": "rename", "name": ""}).status_code == 400
    browser.post(where, {"step": "retire"})
    listed = browser.get(reverse("admin:questionnaires"))
    assert list(listed.context["rows"]) == []
    assert len(browser.get(reverse("admin:questionnaires"), {"state": "retired"}).context["rows"]) == 1
    browser.post(where, {"step": "restore"})
    browser.post(where, {"step": "edit"})
    assert draft_of(version.survey) is not None
    browser.post(where, {"step": "discard"})
    assert draft_of(version.survey) is None
    assert browser.post(where, {"step": "sing"}).status_code == 404


def test_a_questionnaire_begins_empty_or_as_another_or_from_a_file(browser, made):
    def new(code, **more):
        names = {"code": code, "name": "问卷", "name_en": "", "note": ""}
        return browser.post(reverse("admin:questionnaire_new"), {**names, **more})

    def asks(code):
        return order(Survey.objects.get(code=code).versions.get())

    assert new("n1").status_code == 302
    assert asks("n1") == []
    new("n2", source="template:quarterly")
    assert asks("n2") == ["csat", "least", "words"]
    new("n3", source=f"survey:{made.survey_id}")
    assert asks("n3") == order(made)
    file = browser.get(address(made, "questionnaire_file", 1))
    assert json.loads(file.content)["code"] == made.survey.code
    new("n4", file=SimpleUploadedFile("q.json", file.content))
    n4 = Survey.objects.get(code="n4").versions.get()
    assert documents.of_version(n4) == documents.of_version(made)
    assert new("n4").status_code == 400
    assert new("n5", file=SimpleUploadedFile("q.json", b"{")).status_code == 400
    assert new("n5", source="template:none").status_code == 400
    assert not Survey.objects.filter(code="n5").exists()
    assert browser.get(address(made, "questionnaire_file", 9)).status_code == 404


def test_a_draft_comes_from_a_file_or_stays(browser, made):
    where = address(made, "questionnaire")
    before = documents.of_version(made)
    for content in (b"", b"{", b'{"questions": [{"code": "a", "kind": "x"}]}', b" " * 1_000_001):
        browser.post(where, {"step": "replace", "file": SimpleUploadedFile("q.json", content)})
        assert documents.of_version(SurveyVersion.objects.get(pk=made.pk)) == before
    content = json.dumps({"title": "新", "questions": [{"code": "x", "kind": "date", "text": "x"}]}).encode()
    browser.post(where, {"step": "replace", "file": SimpleUploadedFile("q.json", content)})
    assert order(made) == ["x"]


def test_what_is_written_is_never_markup(browser, made):
    hostile = "<script>alert(1)</script>{member|<b>}"
    browser.post(address(made), saving(made, "csat", text=hostile), headers=HTMX)
    for where in (address(made), address(made, "questionnaire_publish"), address(made, "questionnaire")):
        assert b"<script>alert" not in browser.get(where).content


@pytest.mark.parametrize("name", ["questionnaires", "questionnaire", "questionnaire_builder"])
def test_a_page_costs_the_same_whatever_it_shows(browser, name):

    def cost():
        with CaptureQueriesContext(
            connection,
        ) as counted:
            assert browser.get(where).status_code == 200
        return len(counted)

    version = published(one("single", "a", choices=["x", "y"]))
    commands.open_draft(survey_id=version.survey_id, **WHO)
    where = reverse("admin:questionnaires") if name == "questionnaires" else address(version, name)
    cost()
    few = cost()
    commands.publish(version_id=draft_of(version.survey).pk, **WHO)
    new = commands.open_draft(survey_id=version.survey_id, **WHO)
    for number in range(2):
        section = editing.add_section(version_id=new.pk, title="x", **WHO)
        for letter in "bc":
            asked = one("single", f"{letter}{number}", choices=["x", "y", "z"])
            commands.add_question(version_id=new.pk, section=section, **asked, **WHO)
        published(one("csat"))
    assert cost() == few
    assert Question.objects.filter(version=new).count() == 5
