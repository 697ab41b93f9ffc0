"""What can happen to an article: published, retired; and what people do with one."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from django.contrib.postgres.search import SearchVectorField
from django.db import connection, models, transaction
from django.utils.translation import gettext_lazy as _

from compensation.models import Member
from config.common.errors import Invalid, NotFound, WrongState
from config.common.events import record
from config.common.models import User
from feedback.knowledge import words
from feedback.knowledge.queries import ALL, in_force
from feedback.models import (
    AnsweringRule,
    Article,
    ArticleStatus,
    ArticleText,
    ArticleUse,
    ArticleVersion,
    ArticleVote,
    Audience,
    Case,
)

LONGEST_BODY = 50_000


class Vector(models.Func):
    """A `tsvector` as it is written, without a parser."""

    template = "(%(expressions)s)::tsvector"
    output_field = SearchVectorField()


@transaction.atomic
def publish(*, article_id: int, actor: User | None, at: datetime) -> Article:
    """Put every text of an article as it is stored in force; a text that did not change keeps its version.

    Raises:
        NotFound: there is no such article.
        Invalid: it has no text at all, or one without title or body, or far too long a one.
    """
    article = _lock(article_id)
    texts = list(article.texts.select_for_update(no_key=True).order_by("language"))
    if not texts:
        raise Invalid(_("Write the article in one language at least."))
    versions = {}
    for text in texts:
        _check(text)
        versions[text.language] = _put_in_force(text, actor=actor, at=at).number
    article.status = ArticleStatus.PUBLISHED
    article.save(update_fields=["status"])
    record("article.published", article, actor=actor, at=at, versions=versions)
    return article


@transaction.atomic
def retire(*, article_id: int, actor: User | None, at: datetime) -> Article:
    """Take an article out of use: nobody finds it any more. Its versions stay.

    Raises:
        NotFound: there is no such article.
        WrongState: it is not in force.
    """
    article = _lock(article_id)
    if article.status != ArticleStatus.PUBLISHED:
        raise WrongState(_("This article is not published."))
    for text in article.texts.select_for_update(no_key=True).order_by("language"):
        if text.in_force is not None and text.words is not None:
            _count(text.language, Counter(dict.fromkeys(_words_of(text.in_force), -1)))
    article.texts.update(words=None)
    article.status = ArticleStatus.RETIRED
    article.save(update_fields=["status"])
    record("article.retired", article, actor=actor, at=at)
    return article


@transaction.atomic
def show(*, article_ids: Iterable[int], case: Case, at: datetime) -> None:
    """Count that articles were suggested for a case: once a case, however often they come up."""
    rows = [ArticleUse(article_id=one, case=case, shown_at=at) for one in sorted(set(article_ids))]
    ArticleUse.objects.bulk_create(rows, ignore_conflicts=True)


@transaction.atomic
def insert(*, article_id: int, case: Case, at: datetime) -> ArticleUse:
    """Count that an article went into a reply: once a case.

    Raises:
        NotFound: there is no such article in force.
    """
    if not in_force(audience=Audience.AGENT).filter(article=article_id).exists():
        raise NotFound
    show(article_ids=[article_id], case=case, at=at)
    used = ArticleUse.objects.select_for_update(no_key=True).get(article=article_id, case=case)
    if used.inserted_at is None:
        used.inserted_at = at
        used.save(update_fields=["inserted_at"])
    return used


@transaction.atomic
def vote(*, code: str, helped: bool, actor: Member, at: datetime) -> ArticleVote:
    """Keep whether an article helped a member; said again, the last word counts.

    Raises:
        NotFound: there is no such article for members.
    """
    found = in_force(audience=Audience.MEMBER).filter(article__code=code).first()
    if found is None:
        raise NotFound
    row, _new = ArticleVote.objects.update_or_create(
        article=found.article, member=actor, defaults={"helped": helped, "at": at}
    )
    return row


@transaction.atomic
def save_rule(*, rule: AnsweringRule, actor: User, at: datetime) -> AnsweringRule:
    """Keep when we are sure enough to answer without a person."""
    rule.save()
    record(
        "answering.saved",
        rule,
        actor=actor,
        at=at,
        is_active=rule.is_active,
        confidence=str(rule.confidence),
        margin=str(rule.margin),
    )
    return rule


def _lock(article_id: int) -> Article:
    article = Article.objects.select_for_update(no_key=True, of=("self",)).filter(pk=article_id).first()
    if article is None:
        raise NotFound
    return article


def _check(text: ArticleText) -> None:
    if not (text.title.strip() and text.body.strip()):
        raise Invalid(_("Every language of an article needs a title and a text."))
    if len(text.body) > LONGEST_BODY:
        raise Invalid(_("The text is too long: %(limit)s characters at most.") % {"limit": LONGEST_BODY})


def _put_in_force(text: ArticleText, *, actor: User | None, at: datetime) -> ArticleVersion:
    before = text.in_force
    if before is not None and _same(before, text):
        version = before
    else:
        last = ArticleVersion.objects.filter(article=text.article_id, language=text.language).count()
        version = ArticleVersion.objects.create(
            article=text.article,
            language=text.language,
            number=last + 1,
            title=text.title,
            questions=text.questions,
            body=text.body,
            published_at=at,
            published_by=actor,
        )
    changes = Counter(_words_of(version))
    if before is not None and text.words is not None:
        changes.subtract(_words_of(before))
    _count(text.language, changes)
    written = words.vector(version.title, version.questions, version.body)
    vector = Vector(models.Value(written, output_field=models.TextField()))
    ArticleText.objects.filter(pk=text.pk).update(in_force=version, words=vector)
    return version


def _same(version: ArticleVersion, text: ArticleText) -> bool:
    return (version.title, version.questions, version.body) == (text.title, text.questions, text.body)


def _words_of(version: ArticleVersion) -> set[str]:
    return {ALL, *words.tokens(f"{version.title}\n{version.questions}\n{version.body}")}


def _count(language: str, changes: Counter[str]) -> None:
    """Add to the numbers of texts that words stand in.

    First all rows are locked in one order, those of words that came beside those that went: of two publishers
    of two articles one waits for the other, whatever words they share.
    """
    rows = sorted((word, step) for word, step in changes.items() if step)
    names, steps = [word for word, _step in rows], [step for _word, step in rows]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO feedback_knownword AS known (language, word, texts)"
            " SELECT %s, word, 0 FROM unnest(%s::text[]) AS word"
            " ON CONFLICT (language, word) DO UPDATE SET texts = known.texts",
            [language, names],
        )
        cursor.execute(
            "UPDATE feedback_knownword AS known SET texts = greatest(known.texts + said.step, 0)"
            " FROM unnest(%s::text[], %s::int[]) AS said (word, step)"
            " WHERE known.language = %s AND known.word = said.word",
            [names, steps, language],
        )
