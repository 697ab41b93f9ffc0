"""What we can answer from the first day: the articles of the data files. Edits are not overwritten."""

import tomllib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from config.common.seeding import never_given
from feedback.knowledge.answering import CONFIDENCE, MARGIN
from feedback.knowledge.commands import publish
from feedback.models import AnsweringRule, Article, ArticleText, Audience, Language, Topic

FOLDER = Path(__file__).with_name("articles")
ORDER = ("delivery", "returns", "products", "prices", "members", "account", "service", "staff")
LANGUAGES = {"zh": Language.CHINESE, "en": Language.ENGLISH}
STEP = 10


def seed_knowledge(at: datetime) -> None:
    """Give each article once, published, and the rule of automatic answers."""
    AnsweringRule.objects.get_or_create(pk=1, defaults={"confidence": CONFIDENCE, "margin": MARGIN})
    written = list(files())
    codes = [row["code"] for _name, content in written for row in content["articles"]]
    fresh = set(never_given("article", codes, before=codes if Article.objects.exists() else (), at=at))
    fresh -= set(Article.objects.filter(code__in=fresh).values_list("code", flat=True))
    for place, (name, content) in enumerate(written, start=1):
        if not fresh.intersection(row["code"] for row in content["articles"]):
            continue
        topic, _new = Topic.objects.get_or_create(
            code=name, defaults={**content["topic"], "position": place * STEP}
        )
        for position, row in enumerate(content["articles"], start=1):
            if row["code"] in fresh:
                _write(topic, position * STEP, row, at)


def files() -> Iterator[tuple[str, dict[str, Any]]]:
    """The data files by name, in the order of the help centre."""
    for name in ORDER:
        yield name, tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def _write(topic: Topic, position: int, row: dict[str, Any], at: datetime) -> None:
    article = Article.objects.create(
        code=row["code"], topic=topic, position=position, audience=row.get("audience", Audience.MEMBER)
    )
    for key, language in LANGUAGES.items():
        text = {name: value.strip() for name, value in row[key].items()}
        ArticleText.objects.create(article=article, language=language, **text)
    publish(article_id=article.pk, actor=None, at=at)
