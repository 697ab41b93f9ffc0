"""How articles and automatic answers do: shown, inserted, helped."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Q, QuerySet

from feedback.models import AnswerGiven, AnswerOutcome, Article, ArticleText, Language
from feedback.models.knowledge import ArticleUse, ArticleVote


@dataclass(frozen=True, slots=True)
class Row:
    """One article: in how many cases it was suggested and inserted, how many members said what of it."""

    article: Article
    title: str
    shown: int
    inserted: int
    yes: int
    """How many members said that it helped."""
    no: int
    answered: int
    answer_helped: int


@dataclass(frozen=True, slots=True)
class Answers:
    """The automatic answers of a time: how many, and what members said to them."""

    given: int
    helped: int
    person: int

    @property
    def unsaid(self) -> int:
        """Those to which nobody said anything."""
        return self.given - self.helped - self.person


def articles(*, since: datetime, until: datetime) -> list[Row]:
    """Every article that was suggested, voted on or given as an answer from `since` to before `until`.

    The most suggested first. Five queries.
    """
    uses = _by_article(
        ArticleUse.objects.filter(shown_at__gte=since, shown_at__lt=until),
        shown=Count("pk"),
        inserted=Count("inserted_at"),
    )
    votes = _by_article(
        ArticleVote.objects.filter(at__gte=since, at__lt=until),
        yes=Count("pk", filter=Q(helped=True)),
        no=Count("pk", filter=Q(helped=False)),
    )
    given = _by_article(
        AnswerGiven.objects.filter(given_at__gte=since, given_at__lt=until),
        "version__article",
        answered=Count("pk"),
        answer_helped=Count("pk", filter=Q(outcome=AnswerOutcome.HELPED)),
    )
    keys = {*uses, *votes, *given}
    titles: dict[int, str] = {}
    texts = ArticleText.objects.filter(article__in=keys).order_by("language")  # en, then Chinese over it
    for article_id, title, language in texts.values_list("article", "title", "language"):
        if language == Language.CHINESE or article_id not in titles:
            titles[article_id] = title
    none = dict.fromkeys(("shown", "inserted", "yes", "no", "answered", "answer_helped"), 0)
    rows = [
        Row(
            article=article,
            title=titles.get(article.pk, article.code),
            **{**none, **uses.get(article.pk, {}), **votes.get(article.pk, {}), **given.get(article.pk, {})},
        )
        for article in Article.objects.filter(pk__in=keys)
    ]
    return sorted(rows, key=lambda row: (-row.shown, -row.answered, row.article.pk))


def answers(*, since: datetime, until: datetime) -> Answers:
    """The automatic answers from `since` to before `until`."""
    found = AnswerGiven.objects.filter(given_at__gte=since, given_at__lt=until).aggregate(
        given=Count("pk"),
        helped=Count("pk", filter=Q(outcome=AnswerOutcome.HELPED)),
        person=Count("pk", filter=Q(outcome=AnswerOutcome.PERSON)),
    )
    return Answers(**found)


def _by_article(rows: QuerySet[Any], key: str = "article", **counts: Count) -> dict[int, dict[str, int]]:
    found: Any = rows.order_by().values(key).annotate(**counts)
    return {row.pop(key): row for row in found}
