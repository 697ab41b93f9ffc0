"""Thanks: to promoters, to passives, to everybody, in their language; and never another way to reviews."""

import pytest
from django.urls import reverse

from compensation.models import Notice
from surveys.models import Question, QuestionKind
from surveys.portal import views
from surveys.questionnaires import commands, editing
from surveys.questionnaires.commands import NotWhole
from surveys.responses.commands import answer
from surveys.responses.rules import Given
from surveys.responses.thanking import group_of
from tests.factories.compensation import T0, MemberFactory
from tests.factories.feedback import DepartmentFactory
from tests.factories.questionnaires import draft, invitation, launched, one
from tests.factories.surveys import token_of

pytestmark = [pytest.mark.django_db, pytest.mark.req("S6")]
WORDS = {
    "thanks": "谢谢", "thanks_en": "Thanks",
    "thanks_promoters": "谢谢认可", "thanks_promoters_en": "Thanks for the trust",
    "thanks_passives": "我们再努力", "thanks_passives_en": "We try harder",
}  # fmt: skip
EVERYBODY, PROMOTERS, PASSIVES = (WORDS[name] for name in ("thanks", "thanks_promoters", "thanks_passives"))


@pytest.fixture(autouse=True)
def _house(monkeypatch):
    DepartmentFactory(takes_new=True)
    monkeypatch.setattr(views.timezone, "now", lambda: T0)


def asking(*questions, words=WORDS, **fields):
    """A campaign whose questionnaire thanks in some words."""
    version = draft(*questions or [one(QuestionKind.NPS, "nps", bad_up_to=6)])
    editing.change_texts(version_id=version.pk, document=words, actor=None, at=T0)
    commands.publish(version_id=version.pk, actor=None, at=T0)
    return launched(survey=version.survey, **fields)


def sent(kind="survey.thanked"):
    return dict(Notice.objects.filter(kind=kind).values_list("member", "body"))


def answered(campaign, score, **fields):
    member = MemberFactory(**fields)
    code = campaign.survey.versions.get().questions.first().code
    answer(token=token_of(invitation(campaign, member)), answers={code: score}, at=T0)
    return member


@pytest.mark.parametrize(
    ("kind", "scale", "groups"),
    [
        (QuestionKind.NPS, None, [""] * 7 + ["passives"] * 2 + ["promoters"] * 2),
        (QuestionKind.CSAT, 5, ["", "", "passives", "promoters", "promoters"]),
        (QuestionKind.CES, 7, ["", "", "", "passives", "passives", "promoters", "promoters"]),
        (QuestionKind.LIKERT, 3, ["", "promoters", "promoters"]),
        (QuestionKind.KANO, None, ["", ""]),
    ],
)
def test_the_two_best_are_promoters_and_the_middle_passives(kind, scale, groups):
    lowest = 0 if kind == QuestionKind.NPS else 1
    question = Question(kind=kind, scale=scale, position=1)
    found = [group_of([Given(question=question, score=lowest + place)]) for place in range(len(groups))]
    assert found == groups


def test_recommendation_says_it_before_satisfaction_and_the_first_of_a_kind_before_others():
    nps, csat = (Question(kind=kind, position=2) for kind in ("nps", "csat"))
    earlier = Question(kind="csat", position=1)
    assert group_of([Given(question=csat, score=5), Given(question=nps, score=7)]) == "passives"
    assert group_of([Given(question=csat, score=5), Given(question=earlier, score=3)]) == "passives"
    assert group_of([]) == ""


def test_each_group_is_thanked_in_its_words_once_and_in_their_language():
    campaign = asking(sends_thanks=True)
    promoter, passive, detractor = (answered(campaign, score) for score in (9, 8, 6))
    english = answered(campaign, 10, language="en")
    assert sent() == {promoter.pk: PROMOTERS, passive.pk: PASSIVES, english.pk: "Thanks for the trust"}
    assert detractor.pk not in sent()
    assert set(Notice.objects.filter(kind="survey.thanked").values_list("purpose", flat=True)) == {"survey"}


def test_without_words_for_a_group_it_is_the_thanks_of_everybody_and_else_the_houses():
    campaign = asking(words={"thanks": EVERYBODY}, sends_thanks=True)
    member, other = answered(campaign, 10), answered(asking(words={}, sends_thanks=True), 10)
    assert sent()[member.pk] == EVERYBODY
    assert sent()[other.pk]


def test_unless_the_campaign_says_so_no_message_is_sent():
    answered(asking(), 10)
    assert not sent()


@pytest.mark.parametrize(("score", "words"), [(10, PROMOTERS), (7, PASSIVES), (3, None)])
def test_the_page_thanks_likewise(client, score, words):
    asked = invitation(asking())
    answer(token=token_of(asked), answers={"nps": score}, at=T0)
    page = client.get(reverse("surveys:thanks", args=[token_of(asked)]))
    text = page.content.decode()
    assert page.context["unhappy"] is (words is None)
    shown = [one for one in (EVERYBODY, PROMOTERS, PASSIVES) if f"<p>{one}</p>" in text]
    assert shown == ([words] if words else [])


def test_thanks_are_filled_in_with_what_was_answered_as_plain_text(client):
    words = {"thanks": "{answer:why|x}，{answer:n|x}", "thanks_promoters": "{member|x}：{answer:csat|x} 分"}
    campaign = asking(
        one(QuestionKind.CSAT, "csat"),
        one(QuestionKind.SHORT, "why", is_required=False),
        one(QuestionKind.NUMBER, "n", is_required=False),
        words=words,
    )
    for given, told in (
        ({"csat": 5}, "&lt;b&gt;方：5 分"),
        ({"csat": 1, "why": "<i>慢{member}", "n": "3"}, "&lt;i&gt;慢{member}，3"),
    ):
        asked = invitation(campaign, MemberFactory(name="<b>方"))
        answer(token=token_of(asked), answers=given, at=T0)
        assert told in client.get(reverse("surveys:thanks", args=[token_of(asked)])).content.decode()


def test_of_an_anonymous_answer_the_page_knows_no_group(client):
    asked = invitation(asking(is_anonymous=True))
    answer(token=token_of(asked), answers={"nps": 10}, at=T0)
    text = client.get(reverse("surveys:thanks", args=[token_of(asked)])).content.decode()
    assert EVERYBODY in text
    assert PROMOTERS not in text


@pytest.mark.parametrize("score", [0, 6, 7, 8, 9, 10])
@pytest.mark.parametrize("invites", [True, False])
def test_no_score_changes_who_is_invited_to_a_review_nor_how(score, invites):
    member = answered(asking(invites_reviews=invites, sends_thanks=True), score)
    told = Notice.objects.filter(kind="survey.review").values_list("member", "path")
    assert list(told) == ([(member.pk, "/portal/reviews/")] if invites else [])


@pytest.mark.parametrize("name", ["thanks_promoters", "thanks_promoters_en", "thanks_passives"])
@pytest.mark.parametrize(
    "words", ["去 https://example.com/r 评价", "www.example 评价", "来Example.COM/review吧", "ftp://x"]
)
def test_words_for_some_hold_no_address(name, words):
    with pytest.raises(NotWhole) as refused:
        asking(words={**WORDS, name: words})
    assert [problem.name for problem in refused.value.problems] == [name]


def test_what_everybody_reads_may_hold_one():
    asking(words={**WORDS, "thanks": "https://example.com/", "thanks_promoters": "2.5 分以上。谢谢！"})
