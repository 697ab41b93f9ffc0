"""The search goes by the index of words, however many articles there are."""

import pytest
from django.db import models

from feedback.knowledge import words
from feedback.knowledge.commands import Vector
from feedback.knowledge.queries import find
from feedback.models import Article, ArticleText, ArticleVersion
from tests.factories.compensation import T0
from tests.factories.knowledge import make_article
from tests.plans import plans, settle

MANY = 1_500


@pytest.mark.req("F21")
@pytest.mark.django_db(transaction=True)
def test_the_search_goes_by_the_index_of_words():
    found: list[Article] = []
    topic = make_article("怎么退货退款", code="return").topic
    rows = Article.objects.bulk_create(
        Article(code=f"a{number}", topic=topic, status="published") for number in range(MANY)
    )
    versions = ArticleVersion.objects.bulk_create(
        ArticleVersion(article=row, language="zh-hans", number=1, title=row.code, body="", published_at=T0)
        for row in rows
    )
    ArticleText.objects.bulk_create(
        ArticleText(article=one.article, language="zh-hans", title=one.title, body="", in_force=one)
        for one in versions
    )
    vector = Vector(models.Value(words.vector("快递 发票", "", ""), output_field=models.TextField()))
    ArticleText.objects.filter(words=None).update(words=vector)
    settle("feedback_articletext", "feedback_article")
    asked = plans(lambda: found.extend(find("退货", audience="member")))
    assert [one.code for one in found] == ["return"]
    assert any("Bitmap Index Scan on articletext_words" in plan for plan in asked), asked
