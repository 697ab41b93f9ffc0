"""The register of needs, a need's page, and the card beside what was said."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from config.common.models import User
from feedback.models import Post
from surveys.admin import responses as admin_responses
from surveys.models import Evidence, Need, QuestionKind
from surveys.needs import finding
from tests.factories.feedback import AgentFactory, CaseFactory, DepartmentFactory, StaffFactory
from tests.factories.needs import kano_answer, kano_campaign, link, need, post, review, words
from tests.factories.questionnaires import launched
from tests.factories.questionnaires import one as one_question

pytestmark = [pytest.mark.django_db, pytest.mark.req("S8")]


@pytest.fixture
def department():
    return DepartmentFactory()


@pytest.fixture
def supervisor(client, department):
    agent = AgentFactory(user=StaffFactory(role="supervisor"), departments=[department])
    client.force_login(User.objects.get(pk=agent.user_id))
    return client


def at(name, *args):
    return reverse(f"admin:{name}", args=args)


def test_a_need_is_added_edited_and_has_another_state(supervisor):
    assert supervisor.post(at("need_new"), {"name": ""}).status_code == 400
    made = supervisor.post(at("need_new"), {"name": "<b>盖子</b>"})
    one = Need.objects.get()
    assert made.url == at("need", one.pk)
    page = supervisor.get(made.url).content.decode()
    assert "&lt;b&gt;盖子" in page
    assert "<b>盖子" not in page
    supervisor.post(at("need_act", one.pk, "edit"), {"name": "盖子单卖", "about": "常丢"})
    supervisor.post(at("need_act", one.pk, "state"), {"state": "planned"})
    one.refresh_from_db()
    assert (one.name, one.about, one.state) == ("盖子单卖", "常丢", "planned")
    assert supervisor.post(at("need_act", one.pk, "edit"), {"name": ""}).status_code == 400
    assert supervisor.post(at("need_act", one.pk, "state"), {"state": "x"}).status_code == 400
    assert supervisor.post(at("need_act", one.pk, "what"), {}).status_code == 404


def test_merged_ones_lead_on(supervisor):
    first, second = need(), need()
    link(first, "review", review())
    assert supervisor.post(at("need_act", first.pk, "merge"), {"into": "x"}).status_code == 400
    done = supervisor.post(at("need_act", first.pk, "merge"), {"into": second.pk})
    assert done.url == at("need", second.pk)
    assert supervisor.get(at("need", first.pk)).url == at("need", second.pk)


def test_the_list_is_narrowed_and_takes_a_constant_number_of_queries(supervisor):
    counts = []
    for more in (1, 2):
        for _n in range(more):
            link(need(), "review", review())
        supervisor.get(at("needs"))
        with CaptureQueriesContext(connection) as made:
            supervisor.get(at("needs"))
        counts.append(len(made))
    assert counts[0] == counts[1]
    assert len(supervisor.get(at("needs"), {"source": "review"}).context["rows"]) == 3
    assert supervisor.get(at("needs"), {"source": "case"}).context["rows"] == []
    assert supervisor.get(at("needs"), {"state": "x"}).status_code == 400


def test_another_departments_case_is_counted_and_not_told(supervisor, department):
    one = need()
    mine = CaseFactory(department=department, kind="suggestion", subject="自己的建议")
    theirs = CaseFactory(department=DepartmentFactory(), kind="suggestion", subject="别人的建议")
    for case in (mine, theirs):
        link(one, "case", case)
    page = supervisor.get(at("need", one.pk)).content.decode()
    assert "自己的建议" in page
    assert "别人的建议" not in page
    assert supervisor.get(at("speaks", "case", theirs.pk)).status_code == 404
    hidden = Evidence.objects.get(case=theirs)
    assert supervisor.post(at("need_act", one.pk, "unlink"), {"evidence": hidden.pk}).status_code == 404
    found = supervisor.get(at("need_find", one.pk), {"q": "建议", "source": "case"})
    assert found.context["rows"] == []


def test_words_are_found_and_ticked(supervisor):
    one, said = need(), post("盖子能单卖吗")
    post("颜色好看")
    page = supervisor.get(at("need_find", one.pk), {"q": "盖子", "source": "post"})
    [row] = page.context["rows"]
    assert supervisor.post(at("need_act", one.pk, "link"), {"row": [row.key]}).status_code == 302
    assert Evidence.objects.get().post == said
    again = supervisor.get(at("need_find", one.pk), {"q": "盖子", "source": "post"})
    assert again.context["rows"] == []
    assert supervisor.get(at("need_find", one.pk), {"q": "盖子", "source": "review"}).status_code == 200
    assert supervisor.get(at("need_find", one.pk), {"q": "x", "source": "y"}).status_code == 404
    for wrong in ("post:x", "x:1", "post:0"):
        assert supervisor.post(at("need_act", one.pk, "link"), {"row": wrong}).status_code in {400, 404}


def test_a_response_has_a_card_for_each_of_its_words(supervisor, department):
    said = words("<i>盖子", case=CaseFactory(department=department))
    page = supervisor.get(at("surveys_response_change", said.response_id)).content.decode()
    card = at("speaks", "answer", said.pk)
    assert card in page
    assert "&lt;i&gt;盖子" in page
    assert "<i>盖子" not in page
    one = need()
    assert supervisor.post(card, {"need": one.pk}, HTTP_HX_REQUEST="true").status_code == 200
    assert at("need", one.pk) in supervisor.get(card).content.decode()
    assert Evidence.objects.get().answer == said


def chosen(client, *responses):
    asked = {"action": "tie_selected", "_selected_action": [one.pk for one in responses]}
    return client.post(at("surveys_response_changelist"), asked)


def test_many_responses_are_tied_to_a_need_at_once(supervisor, department):
    texts = [words(f"盖子{n}", case=CaseFactory(department=department)) for n in range(3)]
    silent = kano_answer(kano_campaign(need("别的")), 1, 5)
    theirs, one = words("别人的盖子", case=CaseFactory(department=DepartmentFactory())), need()
    went = chosen(supervisor, *(text.response for text in texts), theirs.response)
    page = supervisor.get(went.url)
    assert [row.text for row in page.context["rows"]] == ["盖子0", "盖子1", "盖子2"]
    by_hand = supervisor.get(at("needs_tie"), {"response": [theirs.response_id, silent.pk, "x"]})
    assert list(by_hand.context["rows"]) == []
    assert "别人的盖子" not in by_hand.content.decode()
    ticked = {
        "response": [text.response_id for text in texts],
        "row": [f"answer:{one.pk}" for one in texts[:2]],
    }
    refused = supervisor.post(at("needs_tie"), ticked)
    assert (refused.status_code, len(refused.context["rows"])) == (400, 3)
    assert supervisor.post(at("needs_tie"), {"need": one.pk}).status_code == 400
    assert supervisor.post(at("needs_tie"), {**ticked, "need": one.pk}).url == at("need", one.pk)
    assert {found.answer for found in Evidence.objects.filter(need=one)} == set(texts[:2])
    supervisor.post(at("needs_tie"), {**ticked, "need": one.pk})
    assert Evidence.objects.filter(need=one).count() == 2
    hidden = {"row": [f"answer:{texts[2].pk}", f"answer:{theirs.pk}"], "need": one.pk}
    assert supervisor.post(at("needs_tie"), hidden).status_code == 404
    assert Evidence.objects.filter(need=one).count() == 2  # all or nothing
    assert supervisor.post(at("needs_tie"), {"row": ["answer:0"], "name": "新的"}).status_code == 404
    assert not Need.objects.filter(name="新的").exists()
    supervisor.post(at("needs_tie"), {**ticked, "name": "新的"})
    assert Evidence.objects.filter(need__name="新的").count() == 2


def test_no_more_are_shown_than_fit(supervisor, department, monkeypatch):
    for module in (finding, admin_responses):
        monkeypatch.setattr(module, "RESPONSES", 1)
    texts = [words(f"盖子{n}", case=CaseFactory(department=department)) for n in range(2)]
    went = chosen(supervisor, *(text.response for text in texts))
    assert len(supervisor.get(went.url).context["rows"]) == 1


def test_words_of_few_anonymous_answers_are_tied_to_nothing(supervisor):
    supervisor.force_login(StaffFactory(is_superuser=True))
    said = words("我是谁", campaign=launched(one_question(QuestionKind.TEXT, "words"), is_anonymous=True))
    asked = {"response": said.response_id}
    assert list(supervisor.get(at("needs_tie"), asked).context["rows"]) == []
    tied = supervisor.post(at("needs_tie"), {"row": f"answer:{said.pk}", "need": need().pk})
    assert tied.status_code == 404


def test_tying_takes_a_constant_number_of_queries(supervisor, department):
    one, counts = need(), []
    for number in (1, 3):
        texts = [words(f"盖子{n}", case=CaseFactory(department=department)) for n in range(number)]
        ticked = {"row": [f"answer:{text.pk}" for text in texts], "need": one.pk}
        with CaptureQueriesContext(connection) as made:
            assert supervisor.post(at("needs_tie"), ticked).status_code == 302
        counts.append(len(made))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("source", ["post", "review"])
def test_the_card_ties_and_unties(supervisor, source):
    one, said = need(), {"post": post, "review": review}[source]()
    address = at("speaks", source, said.pk)
    page = {
        "post": at("post", said.pk) if source == "post" else "",
        "review": at("feedback_review_change", said.pk),
    }[source]
    assert address in supervisor.get(page).content.decode()
    htmx = {"HTTP_HX_REQUEST": "true"}
    assert supervisor.post(address, {}, **htmx).status_code == 400
    assert supervisor.post(address, {"need": one.pk}, **htmx).status_code == 200
    evidence = Evidence.objects.get()
    assert getattr(evidence, source) == said
    supervisor.post(address, {"name": "新的需求"}, **htmx)
    assert Evidence.objects.filter(need__name="新的需求").count() == 1
    supervisor.post(address, {"take_away": evidence.pk}, **htmx)
    assert not Evidence.objects.filter(pk=evidence.pk).exists()
    assert supervisor.get(at("speaks", source, 0)).status_code == 404
    assert supervisor.get(at("speaks", "member", 1)).status_code == 404


def test_agents_tie_but_add_no_needs(client, department):
    agent = AgentFactory(user=StaffFactory(role="agent"), departments=[department])
    client.force_login(User.objects.get(pk=agent.user_id))
    one, said = need(), post()
    assert client.post(at("speaks", "post", said.pk), {"need": one.pk}).status_code == 302
    assert client.post(at("speaks", "post", said.pk), {"name": "新"}).status_code == 400
    assert client.post(at("need_new"), {"name": "新"}).status_code == 403
    assert client.post(at("need_act", one.pk, "state"), {"state": "met"}).status_code == 403
    assert Need.objects.count() == 1
    case = CaseFactory(department=department, kind="suggestion")
    assert at("speaks", "case", case.pk) in client.get(at("case", case.pk)).content.decode()
    plain = CaseFactory(department=department)
    assert at("speaks", "case", plain.pk) not in client.get(at("case", plain.pk)).content.decode()


def test_by_api_what_is_left_out_stays(supervisor, department):
    one = need("盖子", name_en="lid", about="常丢", department=department)
    where = f"/api/v1/staff/needs/{one.pk}/"

    def patch(**asked):
        return supervisor.patch(where, asked, content_type="application/json")

    def stands():
        one.refresh_from_db()
        return one.name, one.name_en, one.about, one.department, one.state

    assert patch(name="盖子单卖").status_code == 200
    assert stands() == ("盖子单卖", "lid", "常丢", department, "open")
    assert patch(about="", department=None, state="planned").json()["department"] is None
    assert stands() == ("盖子单卖", "lid", "", None, "planned")
    assert patch(department=department.code).json()["department"] == department.code
    assert patch().status_code == 200
    for wrong in ({"name": ""}, {"name": "x" * 81}, {"state": "x"}, {"department": "none"}, {"about": []}):
        assert patch(name_en="other", **wrong).status_code == 400, wrong
    assert stands() == ("盖子单卖", "lid", "", department, "planned")
    supervisor.force_login(StaffFactory(role="agent"))
    assert patch(name="x").status_code == 403


def test_api(supervisor):
    made = supervisor.post("/api/v1/staff/needs/", {"name": "盖子"}, content_type="application/json")
    assert made.status_code == 201, made.content
    number = made.json()["id"]
    said = post()
    where = f"/api/v1/staff/needs/{number}/"
    asked = {"kind": "post", "id": said.pk}
    linked = supervisor.post(f"{where}evidence/", asked, content_type="application/json").json()
    assert (linked["kind"], linked["row"]) == ("post", said.pk)
    assert supervisor.get(f"{where}evidence/").json() == [linked]
    found = supervisor.get("/api/v1/staff/needs/").json()
    assert [(one["id"], one["evidence"], one["by_source"]["post"]) for one in found] == [(number, 1, 1)]
    state = supervisor.patch(where, {"state": "met"}, content_type="application/json")
    assert state.json()["state"] == "met"
    assert supervisor.patch(where, {"state": "x"}, content_type="application/json").status_code == 400
    other = need()
    into = supervisor.post(f"{where}merge/", {"into": other.pk}, content_type="application/json")
    assert (into.json()["id"], into.json()["evidence"]) == (other.pk, 1)
    assert supervisor.delete(f"/api/v1/staff/evidence/{linked['id']}/").status_code == 204
    assert supervisor.delete(f"/api/v1/staff/evidence/{linked['id']}/").status_code == 404
    supervisor.force_login(StaffFactory(role="finance"))
    assert supervisor.get("/api/v1/staff/needs/").status_code == 403
    assert Post.objects.count() == 1
