import threading
from contextlib import suppress

import pytest
from django.db import DatabaseError, transaction

from config.common.errors import Invalid, NotFound, WrongState
from config.common.events import timeline
from feedback.knowledge import commands, queries, report
from feedback.models import ArticleText, ArticleUse, ArticleVersion, ArticleVote, KnownWord
from tests.factories.compensation import T0, MemberFactory
from tests.factories.feedback import CaseFactory
from tests.factories.knowledge import add_text, make_article
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("F21")]


def publish(article):
    return commands.publish(article_id=article.pk, actor=None, at=T0)


def test_publishing_writes_a_version_for_what_changed_alone():
    article = make_article("怎么退货")
    add_text(article, "How to return", "Send it back.", language="en")
    publish(article)
    ArticleText.objects.filter(language="zh-hans").update(body="寄回来。")
    publish(article)
    publish(article)
    versions = ArticleVersion.objects.order_by("pk").values_list("language", "number")
    assert list(versions) == [("zh-hans", 1), ("en", 1), ("zh-hans", 2)]
    published = timeline([article]).filter(kind="article.published")
    assert published.count() == 4


def test_a_version_is_never_changed():
    make_article("怎么退货")
    for change in (lambda rows: rows.update(title="x"), lambda rows: rows.delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            change(ArticleVersion.objects.all())


def test_words_are_counted_once_whatever_is_published_how_often():
    article = make_article("退货，退货", "退货")
    publish(article)
    assert KnownWord.objects.get(word="退货").texts == 1
    make_article("怎么退货")
    assert KnownWord.objects.get(word="退货").texts == 2
    assert KnownWord.objects.get(word="").texts == 2
    commands.retire(article_id=article.pk, actor=None, at=T0)
    assert KnownWord.objects.get(word="退货").texts == 1
    publish(article)
    assert KnownWord.objects.get(word="").texts == 2


def test_bad_articles_are_refused():
    with pytest.raises(NotFound):
        commands.publish(article_id=0, actor=None, at=T0)
    draft = make_article("怎么退货", publish=False)
    with pytest.raises(WrongState):
        commands.retire(article_id=draft.pk, actor=None, at=T0)
    for changed in ({"body": "  "}, {"body": "x", "title": " "}, {"title": "x", "body": "x" * 50_001}):
        ArticleText.objects.update(**changed)
        with pytest.raises(Invalid):
            publish(draft)
    ArticleText.objects.all().delete()
    with pytest.raises(Invalid):
        publish(draft)
    assert not ArticleVersion.objects.exists()


def test_uses_are_counted_once_a_case_and_votes_once_a_member():
    article, other = make_article("怎么退货", code="return"), make_article("内部", audience="agent")
    case, member = CaseFactory(), MemberFactory()
    for _again in range(2):
        commands.show(article_ids=[article.pk, other.pk, article.pk], case=case, at=T0)
        commands.insert(article_id=article.pk, case=case, at=T0)
        commands.vote(code="return", helped=True, actor=member, at=T0)
    commands.vote(code="return", helped=False, actor=member, at=T0)
    assert ArticleUse.objects.count() == 2
    assert ArticleVote.objects.get().helped is False
    row, _second = report.articles(since=T0, until=T0.replace(year=2027))
    assert (row.title, row.shown, row.inserted, row.yes, row.no) == ("怎么退货", 1, 1, 0, 1)
    with pytest.raises(NotFound):
        commands.insert(article_id=0, case=case, at=T0)
    with pytest.raises(NotFound):
        commands.vote(code=other.code, helped=True, actor=member, at=T0)


def test_the_report_takes_as_many_queries_for_three_articles_as_for_one(django_assert_max_num_queries):
    counts = []
    for number in range(3):
        commands.show(article_ids=[make_article(f"第 {number} 篇").pk], case=CaseFactory(), at=T0)
        with django_assert_max_num_queries(5) as made:
            assert len(report.articles(since=T0, until=T0.replace(year=2027))) == number + 1
        counts.append(len(made))
    assert len(set(counts)) == 1


def test_an_article_is_read_in_the_language_there_is():
    article = make_article("怎么退货", code="return")
    assert queries.read("return", audience="member", language="en").language == "zh-hans"
    add_text(article, "How to return", "Send it back.", language="en")
    publish(article)
    assert queries.read("return", audience="member", language="en").language == "en"
    assert queries.read("no", audience="member", language="en") is None


@pytest.mark.django_db(transaction=True)
def test_two_who_publish_at_once_write_one_version():
    article = make_article("怎么退货")
    ArticleText.objects.update(body="改了")
    results = at_once(*[lambda: publish(article)] * 2)
    assert not refused(results)
    assert ArticleVersion.objects.count() == 2
    assert KnownWord.objects.get(word="").texts == 1


@pytest.mark.django_db(transaction=True)
def test_two_articles_with_the_same_words_are_published_at_once():
    drafts = [make_article("退货 运费 发票 快递", publish=False) for _each in range(3)]
    assert not refused(at_once(*[lambda one=one: publish(one) for one in drafts]))
    assert KnownWord.objects.get(word="退货").texts == 3


@pytest.mark.django_db(transaction=True)
def test_two_articles_that_swap_their_words_are_published_at_once(monkeypatch):
    """Each goes on when both have counted something: in two passes each would hold what the other wants."""
    articles = [make_article("退货", "退货"), make_article("发票", "发票")]
    for article, body in zip(articles, ("发票", "退货"), strict=True):
        article.texts.update(title=body, questions="", body=body)
    real, both = commands._count, threading.Barrier(2, timeout=1)

    def count(*given):
        real(*given)
        with suppress(threading.BrokenBarrierError):
            both.wait()

    monkeypatch.setattr(commands, "_count", count)
    assert not refused(at_once(*[lambda one=one: publish(one) for one in articles]))
    assert {KnownWord.objects.get(word=word).texts for word in ("退货", "发票")} == {1}
