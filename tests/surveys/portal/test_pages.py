"""The answering page: every kind of question, a page each or all on one, saved as one goes."""

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from surveys.campaigns import commands as campaigns
from surveys.models import Answer, Draft, DraftFile, Layout, QuestionKind, Response
from surveys.portal import views
from tests.factories.answering import FORM, all_kinds, laid_out, picture, wav
from tests.factories.compensation import T0
from tests.factories.questionnaires import invitation, one
from tests.factories.surveys import token_of

pytestmark = [pytest.mark.django_db, pytest.mark.req("S4")]
IF_BAD = {"all": [{"of": "answer", "name": "csat", "is": "at_most", "value": 2}]}


@pytest.fixture(autouse=True)
def _now(monkeypatch):
    monkeypatch.setattr(views.timezone, "now", lambda: T0)


def url(asked, name="answer"):
    return reverse(f"surveys:{name}", args=[token_of(asked)])


def saved(client, asked, data, **more):
    return client.post(url(asked), {"go": "save", **data}, headers={"accept": "application/json"}, **more)


def branching(layout):
    return invitation(
        laid_out(
            layout,
            one(QuestionKind.CSAT, "csat"),
            one(QuestionKind.SHORT, "why", is_required=False, show_if=IF_BAD),
            one(QuestionKind.SHORT, "more", is_required=False),
        )
    )


def test_every_kind_is_shown_and_taken_without_a_script(client):
    asked = invitation(all_kinds())
    page = client.get(url(asked)).content.decode()
    assert all(f'id="q-{kind}"' in page for kind in QuestionKind.values)
    assert client.post(url(asked), FORM).url.startswith(url(asked, "thanks"))
    given = {(one.question.code, one.row): one for one in Answer.objects.select_related("question")}
    assert [given[code, ""].score for code in ("csat", "ces", "nps", "stars", "likert")] == [5, 4, 9, 3, 2]
    assert (given["single", ""].picked, given["single", ""].text) == (["else"], "a fig")
    assert (given["multiple", ""].picked, given["ranking", ""].picked) == (
        ["apple", "pear"], ["pear", "apple", "plum"],
    )  # fmt: skip
    assert [given["matrix", row].score for row in ("speed", "price")] == [5, 1]
    assert (given["kano", ""].score, given["kano", ""].second) == (1, 5)
    assert (given["number", ""].number, given["date", ""].day) == (Decimal("12.5"), date(2026, 11, 22))
    assert (given["short", ""].text, given["text", ""].text) == ("a line", "some words")
    assert given["consent", ""].score == 1


def test_what_was_answered_is_shown_again_when_something_is_wrong(client):
    asked = invitation(all_kinds())
    page = client.post(url(asked), {**FORM, "q-csat": ""}).content.decode()
    assert len(re.findall(r" checked| selected", page)) == 15
    for value in ("a fig", "12.5", "2026-11-22", "a line", "some words"):
        assert value in page
    assert not Response.objects.exists()
    assert Draft.objects.get().answers["kano"] == {"so": "1", "not": "5"}


def test_the_whole_page_is_small(client):
    page = client.get(url(invitation(all_kinds())))
    kept = [finders.find(f"surveys/{name}") for name in ("answer.css", "answer.js")]
    assert len(page.content) + sum(Path(name).stat().st_size for name in kept) < 50_000
    assert b"style=" not in page.content
    assert b"<style" not in page.content
    assert not re.search(rb"<script(?! src)", page.content)
    assert "script-src 'self'" in page["Content-Security-Policy"]


def test_one_question_a_page_goes_forward_back_and_is_kept(client):
    asked = invitation(laid_out(Layout.ONE, one(QuestionKind.CSAT, "a"), one(QuestionKind.NPS, "b")))
    first = client.get(url(asked)).content.decode()
    assert ('id="q-a"' in first, 'id="q-b"' in first) == (True, False)
    missing = client.post(url(asked), {"on": "a", "go": "next"})
    assert (missing.status_code, b'role="alert"' in missing.content) == (400, True)
    there = client.post(url(asked), {"on": "a", "go": "next", "q-a": "4"})
    assert there.url.endswith("at=b")
    other_device = client.get(url(asked)).content.decode()  # by the same link
    assert ('id="q-b"' in other_device, 'value="send"' in other_device) == (True, True)
    back = client.post(url(asked), {"on": "b", "go": "back", "q-b": "7"}, follow=True).content.decode()
    assert 'value="4" checked' in back
    client.post(url(asked), {"on": "a", "go": "next", "q-a": "3"})
    done = client.post(url(asked), {"on": "b", "go": "send", "q-b": "8"})
    assert done.url.startswith(url(asked, "thanks"))
    assert list(Answer.objects.order_by("question__position").values_list("score", flat=True)) == [3, 8]
    assert not Draft.objects.exists()


def test_branches_are_taken_page_by_page(client):
    asked = branching(Layout.ONE)
    assert client.post(url(asked), {"on": "csat", "go": "next", "q-csat": "1"}).url.endswith("at=why")
    assert client.post(url(asked), {"on": "csat", "go": "next", "q-csat": "5"}).url.endswith("at=more")


def test_a_branch_on_one_page_is_shown_before_it_is_sent(client):
    asked = branching(Layout.ALL)
    page = client.get(url(asked)).content.decode()
    assert re.search(r'id="q-why"[^>]* hidden', page)
    again = client.post(url(asked), {"on": "csat why more", "seen": "csat more", "q-csat": "1", "go": "send"})
    assert again.status_code == 200
    assert not re.search(r'id="q-why"[^>]* hidden', again.content.decode())
    assert not Response.objects.exists()
    form = {"on": "csat why more", "seen": "csat why more", "q-csat": "1", "q-why": "slow", "go": "send"}
    assert client.post(url(asked), form).status_code == 302


def test_a_script_saves_and_learns_what_is_shown(client):
    asked = branching(Layout.ALL)
    told = saved(client, asked, {"on": "csat", "q-csat": "2"}).json()
    assert (told["shown"], told["answered"]) == (["csat", "why", "more"], 1)
    told = saved(client, asked, {"on": "csat", "q-csat": "4"}).json()
    assert told["shown"] == ["csat", "more"]
    assert not Response.objects.exists()
    client.post(url(asked), {"q-csat": "4"})
    assert saved(client, asked, {"on": "csat", "q-csat": "1"}).status_code in {200, 409}
    assert not Draft.objects.exists()
    assert Response.objects.count() == 1


def test_the_language_is_switched_with_what_was_typed(client):
    asked = branching(Layout.ALL)
    to = client.post(url(asked), {"lang": "zh-hans", "to_lang": "en", "q-csat": "3", "q-more": "typed"})
    page = client.get(to.url).content.decode()
    assert ('<html lang="en">' in page, "typed" in page, 'value="3" checked' in page) == (True,) * 3


def files(**named):
    return {f"q-{code}": SimpleUploadedFile(name, data) for code, (name, data) in named.items()}


def test_files_are_kept_with_the_draft_and_go_with_the_answer(client):
    asked = invitation(all_kinds())
    sent = {"q-csat": "", **files(picture=("我的照片.jpg", picture()), voice=("v.wav", wav()))}
    page = client.post(url(asked), sent).content.decode()
    assert "我的照片.jpg" in page
    assert DraftFile.objects.count() == 2
    client.post(url(asked), {"q-csat": "5"})
    kept = {file.answer.question.code: file for answer in Answer.objects.all() for file in answer.files.all()}
    assert (kept["picture"].content_type, kept["picture"].name) == ("image/jpeg", "我的照片.jpg")
    assert b"SECRET" not in kept["picture"].file.read()
    assert kept["voice"].content_type == "audio/wav"
    assert not DraftFile.objects.exists()


def test_a_file_can_be_taken_back(client):
    asked = invitation(all_kinds())
    told = saved(client, asked, {"on": "picture", **files(picture=("a.jpg", picture()))}).json()
    ref = str(DraftFile.objects.get().ref)
    assert ref in told["files"]["picture"]
    saved(client, asked, {"on": "picture", "q-picture.drop": ref})
    assert not DraftFile.objects.exists()


@pytest.mark.parametrize(
    ("code", "name", "data"),
    [
        ("picture", "a.jpg", b"<html>"),
        ("picture", "a.jpg", b"\xff\xd8\xff broken"),
        ("picture", "a.wav", wav()),
        ("voice", "a.jpg", picture()),
        ("voice", "a.wav", b""),
    ],
)
def test_what_is_no_such_file_is_refused_and_nothing_else_is_lost(client, code, name, data):
    asked = invitation(all_kinds())
    page = client.post(url(asked), {"q-csat": "4", **files(**{code: (name, data)})})
    assert page.status_code == 400
    assert 'value="4" checked' in page.content.decode()
    assert not DraftFile.objects.exists()
    assert not Response.objects.exists()


def test_there_are_not_more_files_than_asked_for(client):
    asked = invitation(laid_out(Layout.ALL, one(QuestionKind.PICTURE, "p", most=2)))
    many = {"q-p": [SimpleUploadedFile(f"{n}.jpg", picture()) for n in range(3)]}
    assert client.post(url(asked), many).status_code == 400
    assert not DraftFile.objects.exists()
    one_by_one = [saved(client, asked, {"on": "p", **files(p=(f"{n}.jpg", picture()))}) for n in range(3)]
    assert [answer.status_code for answer in one_by_one] == [200] * 3
    assert DraftFile.objects.count() == 2


def test_others_files_are_not_named_in_an_answer(client):
    mine, theirs = invitation(all_kinds()), invitation(all_kinds())
    saved(client, theirs, {"on": "picture", **files(picture=("a.jpg", picture()))})
    from surveys.responses.commands import answer
    from surveys.responses.rules import BadAnswers

    with pytest.raises(BadAnswers):
        answer(
            token=token_of(mine), answers={"csat": 5, "picture": [str(DraftFile.objects.get().ref)]}, at=T0
        )


def test_hostile_fields_are_refused_or_passed_over(client):
    asked = invitation(all_kinds())
    for data in (
        {"on": "x" * 5000, "go": "next"},
        {"go": "fly", "q-csat": "5"},
        {"q-csat": "9999", "q-ranking.apple": "x", "q-matrix.speed": "77", "q-kano.so": "0"},
        {"q-text": "x" * 30_000, "q-csat": "5"},
        {"q-picture.drop": ["nonsense", "'; --"], "q-csat": ""},
    ):
        assert client.post(url(asked), data).status_code in {200, 302, 400}
    assert client.get(url(asked), {"at": "<script>", "lang": "'"}).status_code == 200
    assert not Response.objects.exists()
    page = client.post(url(asked), {"q-csat": "", "q-text": "</textarea><script>x</script>"})
    assert b"<script>x" not in page.content


def test_a_page_takes_few_queries(client, django_assert_max_num_queries):
    asked = invitation(all_kinds())
    with django_assert_max_num_queries(6):
        client.get(url(asked))


def test_signs_that_no_text_has_are_refused_and_nothing_is_lost(client):
    asked = invitation(all_kinds())
    for go in ("save", "send", "next"):
        page = client.post(url(asked), {"on": "csat text", "go": go, "q-csat": "9", "q-text": "a\0b"})
        assert page.status_code == 400
    assert saved(client, asked, {"q-text": "a\0b"}).status_code == 400
    assert not Response.objects.exists()


def quoting(**texts):
    return one(
        QuestionKind.TEXT, "why", text="您打了 {answer:csat|几} 分，为什么？", is_required=False, **texts
    )


def test_what_was_answered_is_said_again_on_the_same_page(client):
    choices = [{"code": "a", "text": "因为 {answer:csat|几} 分"}, {"code": "b", "text": "乙"}]
    asked = invitation(
        laid_out(
            Layout.ALL,
            one(QuestionKind.CSAT, "csat"),
            quoting(text_en="You gave {answer:csat|some}: why?", help="{answer:csat|几} 分"),
            one(QuestionKind.SINGLE, "which", choices, is_required=False),
        )
    )
    page = client.get(url(asked)).content.decode()
    assert '<span id="q-why-words">您打了 几 分，为什么？</span>' in page
    told = saved(client, asked, {"on": "csat", "q-csat": "2"}).json()["texts"]
    assert told == {
        "q-why-words": "您打了 2 分，为什么？",
        "q-why-help": "2 分",
        "q-which-is-a": "因为 2 分",
    }
    page = client.get(url(asked)).content.decode()
    assert all(f'id="{name}"' in page for name in told)
    english = saved(client, asked, {"on": "csat", "q-csat": "2", "lang": "en"}).json()["texts"]
    assert english["q-why-words"] == "You gave 2: why?"
    wrong = saved(client, asked, {"on": "csat", "q-csat": "<b>77"}).json()["texts"]
    assert wrong["q-why-words"] == "您打了 几 分，为什么？"  # what cannot be taken is not said again


def test_what_is_not_asked_any_more_is_not_said_again(client):
    low = one(QuestionKind.SHORT, "what", show_if=IF_BAD, is_required=False)
    last = one(QuestionKind.TEXT, "more", text="{answer:what|那}", is_required=False)
    asked = invitation(laid_out(Layout.ALL, one(QuestionKind.CSAT, "csat"), low, last))
    told = saved(client, asked, {"q-csat": "1", "q-what": "慢"}).json()["texts"]
    assert told == {"q-more-words": "慢"}
    assert saved(client, asked, {"q-csat": "5", "q-what": "慢"}).json()["texts"] == {"q-more-words": "那"}


def test_the_ends_of_a_scale_are_in_the_questions_own_words(client):
    rows = ["speed", "price"]
    asked = invitation(
        laid_out(
            Layout.ALL,
            one(QuestionKind.MATRIX, "how", rows, low_end="很慢", high_end="很快", high_end_en="very fast"),
            one(QuestionKind.MATRIX, "usual", rows),
        )
    )
    page = client.get(url(asked)).content.decode()
    assert ("1 很慢" in page, "5 很快" in page, page.count("1 非常不同意")) == (True, True, 1)
    english = client.get(url(asked), {"lang": "en"}).content.decode()
    assert ("1 很慢" in english, "5 very fast" in english) == (True, True)


@pytest.mark.parametrize("do", [campaigns.pause, campaigns.end])
def test_whoever_was_asked_can_answer_after_a_pause_and_an_end(client, do):
    campaign = laid_out(Layout.ALL, one(QuestionKind.CSAT, "csat"))
    asked = invitation(campaign)
    do(campaign_id=campaign.pk, actor=None, at=T0)
    assert client.get(url(asked)).status_code == 200
    assert client.post(url(asked), {"q-csat": "4"}).url.startswith(url(asked, "thanks"))
    assert Response.objects.count() == 1


def test_links_that_somebody_has_made_up_open_nothing(client):
    asked = invitation(all_kinds())
    token = token_of(asked)
    forged = [token[:-1], token[:-1] + ("A" if token[-1] != "A" else "B"), token + "=", token.swapcase()]
    forged += [asked.digest, str(asked.nonce), asked.nonce.hex, str(asked.pk)]
    for one_of_them in forged:
        path = reverse("surveys:answer", args=[one_of_them])
        assert client.get(path).status_code == 404
        assert client.post(path, {"q-csat": "5"}).status_code == 404
    assert not Response.objects.exists()
