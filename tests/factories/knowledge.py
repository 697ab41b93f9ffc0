"""Articles, templates and playbooks."""

from compensation.models import CouponTemplate
from feedback import models
from feedback.knowledge import commands
from feedback.playbooks import commands as playbooks
from tests.factories.compensation import T0


def make_article(
    title, body="请放心，我们会处理。", *, code=None, language="zh-hans", questions="", publish=True, **more
) -> models.Article:
    """An article in one language, in force unless told otherwise."""
    topic, _new = models.Topic.objects.get_or_create(
        code="orders", defaults={"name": "订单", "name_en": "Orders"}
    )
    code = code or f"article-{models.Article.objects.count()}"
    article = models.Article.objects.create(code=code, topic=topic, **more)
    add_text(article, title, body, language=language, questions=questions)
    if publish:
        commands.publish(article_id=article.pk, actor=None, at=T0)
        article.refresh_from_db()
    return article


def add_text(article, title, body, *, language, questions="") -> models.ArticleText:
    """One more language."""
    return models.ArticleText.objects.create(
        article=article, language=language, title=title, questions=questions, body=body
    )


def make_playbook(code="damaged", *, steps=("看照片", "道歉"), remedies=(), **more) -> models.Playbook:
    """A playbook in force; a remedy is a coupon template, a number of points, a kind, or a dict."""
    playbook = models.Playbook.objects.create(
        **{"code": code, "name": "破损", "name_en": "Damaged", "problem": models.Problem.DAMAGED, **more}
    )
    for place, text in enumerate(steps, start=1):
        models.PlaybookStep.objects.create(playbook=playbook, position=place, text=text)
    for place, one in enumerate(remedies, start=1):
        models.PlaybookRemedy.objects.create(playbook=playbook, position=place, **_content(one))
    playbooks.publish(playbook=playbook, actor=None, at=T0)
    return playbook


def _content(one) -> dict:
    if isinstance(one, CouponTemplate):
        return {"kind": "coupon", "coupon": one}
    if isinstance(one, dict):
        return one
    return {"kind": "points", "points": one} if isinstance(one, int) else {"kind": one}


def request_of(case, kind="refund", *, use=None, at=T0) -> models.RemedyRequest:
    """What somebody outside was asked to carry out, as playbooks did before remedies were given here."""
    place = 1 if use else None
    return models.RemedyRequest.objects.create(case=case, kind=kind, use=use, place=place, asked_at=at)
