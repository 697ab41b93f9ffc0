import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from feedback.knowledge import commands
from feedback.knowledge.queries import find
from feedback.models import ArticleText, KnownWord
from tests.factories.compensation import T0
from tests.factories.knowledge import add_text, make_article

pytestmark = [pytest.mark.django_db, pytest.mark.req("F21")]


@pytest.fixture
def articles():
    make_article(
        "怎么退货退款",
        "在订单页点“申请退货”，寄回后 24 小时内退款。",
        code="return",
        questions="我想退货\n不想要了能退吗",
    )
    make_article(
        "快递一直不更新怎么办",
        "请把运单号发给我们，我们 10 分钟内联系快递。",
        code="stuck",
        questions="物流不动了\n包裹卡住了",
    )
    make_article(
        "怎么开发票",
        "在订单页点“开发票”，填写抬头。📄",
        code="invoice",
        questions="可以开发票吗\n电子发票在哪里下载",
    )
    article = make_article(
        "App 闪退怎么办", "请更新到最新版 App v5.2。", code="crash", questions="app 打不开\n一打开就闪退"
    )
    add_text(
        article, "The app crashes", "Please update the app.", language="en", questions="app keeps crashing"
    )
    commands.publish(article_id=article.pk, actor=None, at=T0)
    make_article("How do I return something", "Tap “Return” on the order.", code="return-en", language="en")


def codes(text, **more):
    return [one.code for one in find(text, **{"audience": "member", **more})]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("退货", "return"),
        ("快递", "stuck"),
        ("发票", "invoice"),
        ("快遞不動了", "stuck"),
        ("ＡＰＰ闪退", "crash"),
        ("我的包裹卡住了😭，物流三天不动", "stuck"),
        ("📄", "invoice"),
        ("app 打不开 help", "crash"),
        ("the app crashed", "crash"),
        ("returning an item", "return-en"),
        ("V5.2", "crash"),
    ],
)
def test_what_somebody_says_finds_the_article(articles, text, code):
    assert codes(text)[0] == code


@pytest.mark.parametrize(
    "text", ["", "   ", "？！……", "的了吗", "怎么办", "\0", "'; DROP TABLE x; --' & | ! <->", "量子力学"]
)
def test_what_says_nothing_finds_nothing(articles, text):
    assert codes(text) == []


def test_the_words_of_an_article_find_it_with_full_confidence(articles):
    assert find("怎么退货退款", audience="member")[0].score == pytest.approx(1)


def test_each_article_comes_once_in_the_language_asked_for(articles):
    assert codes("app", language="en") == ["crash"]
    assert codes("app") == ["crash"]
    assert find("app crashes", audience="member")[0].text.language == "en"
    assert codes("退货", language="en") == []


def test_long_text_is_found_by_its_last_word():
    make_article("长文", "好" * 9_990 + " 紫水晶手链", code="long")
    assert codes("紫水晶") == ["long"]
    assert codes("紫水晶" * 3_000) == ["long"]


def test_members_do_not_find_what_is_for_staff():
    make_article("退款审批权限", code="internal", audience="agent")
    assert codes("退款审批") == []
    assert codes("退款审批", audience="agent") == ["internal"]


def test_drafts_and_retired_articles_are_not_found():
    article = make_article("怎么退货", code="return", publish=False)
    assert codes("退货") == []
    commands.publish(article_id=article.pk, actor=None, at=T0)
    assert codes("退货") == ["return"]
    commands.retire(article_id=article.pk, actor=None, at=T0)
    assert codes("退货") == []
    assert not KnownWord.objects.filter(texts__gt=0).exists()


def test_an_edit_is_found_when_it_is_published():
    article = make_article("怎么退货", code="return")
    ArticleText.objects.update(title="怎么换货")
    assert codes("换货") == []
    commands.publish(article_id=article.pk, actor=None, at=T0)
    assert codes("换货") == ["return"]
    assert codes("退货") == []


def test_three_queries_however_many_articles(articles):
    def count():
        with CaptureQueriesContext(connection) as queries:
            find("退货发票快递", audience="member")
        return len(queries)

    first = count()
    for number in range(3):
        make_article(f"退货第 {number} 问")
    assert count() == first <= 3
