"""The feedback box in the portal, without a script."""

import re

import pytest

from feedback.models import Post
from feedback.posts import deciding
from tests.factories.compensation import MemberFactory
from tests.factories.feedback import CaseFactory, StaffFactory, picture
from tests.factories.posts import NOW, recording, suggestion
from tests.factories.session import browser_of

pytestmark = [pytest.mark.django_db, pytest.mark.req("F20"), pytest.mark.req("P2")]
BOX, NEW = "/portal/suggestions/", "/portal/suggestions/new/"


@pytest.fixture
def member():
    return MemberFactory(language="en")


@pytest.fixture
def browser(member):
    return browser_of(member)


def text(response):
    return response.content.decode()


def key_on(page):
    return re.search(r'name="key" value="([^"]+)"', page).group(1)


def test_from_the_first_page_to_the_answer(browser, member):
    assert NEW in text(browser.get("/portal/"))
    key = key_on(text(browser.get(NEW)))
    content = {"key": key, "text": "盖子单卖 <b>", "photos": [picture(), recording()]}
    sent = browser.post(NEW, content)
    post = Post.objects.get()
    assert sent["Location"] == f"{BOX}{post.pk}/?said=suggested"
    page = text(browser.get(sent["Location"]))
    assert "盖子单卖 &lt;b&gt;" in page
    assert "<audio" in page
    for file in post.files.all():
        assert browser.get(f"{BOX}files/{file.pk}/").status_code == 200
    deciding.decide(
        post_id=post.pk, state="done", reason="内部说明", answer="已单卖", actor=StaffFactory(), at=NOW
    )
    page = text(browser.get(f"{BOX}{post.pk}/"))
    assert "已单卖" in page
    assert "内部说明" not in page
    assert "已单卖" in text(browser.get(BOX))


def test_sent_twice_it_stands_once_and_with_other_words_it_asks(browser):
    key = key_on(text(browser.get(NEW)))
    first = browser.post(NEW, {"key": key, "text": "盖子单卖"})
    assert browser.post(NEW, {"key": key, "text": "盖子单卖"})["Location"] == first["Location"]
    other = browser.post(NEW, {"key": key, "text": "其他"})
    assert other.status_code == 400
    assert "其他" in text(other)
    assert browser.post(NEW, {"key": key_on(text(other)), "text": "其他"}).status_code == 302


@pytest.mark.parametrize("content", [{"text": ""}, {"text": "长" * 10_001}, {"text": "x", "photos": ["bad"]}])
def test_what_is_refused_stays_on_the_page(browser, content):
    key = key_on(text(browser.get(NEW)))
    if "photos" in content:
        bad = picture("a.jpg")
        bad.seek(0)
        bad.file.write(b"<html>")
        bad.seek(0)
        content = {**content, "photos": [bad]}
    refused = browser.post(NEW, {"key": key, **content})
    assert refused.status_code == 400
    assert "problem" in text(refused)
    assert not Post.objects.exists()


def test_somebody_elses_is_not_there(browser):
    post = suggestion(uploads=[picture()])
    for address in (f"{BOX}{post.pk}/", f"{BOX}files/{post.files.get().pk}/"):
        assert browser.get(address).status_code == 404
    assert browser.post(f"{BOX}{post.pk}/delete/").status_code == 404


def test_it_is_taken_back_unless_it_is_worked_on_as_a_case(browser, member):
    one, other = suggestion(member=member), suggestion(member=member)
    assert browser.post(f"{BOX}{one.pk}/delete/")["Location"] == f"{BOX}?said=taken_back"
    assert browser.get(f"{BOX}{one.pk}/").status_code == 404
    Post.objects.filter(pk=other.pk).update(case=CaseFactory(member=member))
    assert browser.post(f"{BOX}{other.pk}/delete/").status_code == 400


def test_my_list_costs_the_same_for_one_and_for_three(browser, member, django_assert_num_queries):
    browser.get(BOX)
    for _rows in (1, 2):
        suggestion(member=member, uploads=[picture()])
        with django_assert_num_queries(4):
            browser.get(BOX)
