"""Finding articles by what somebody says, in Chinese, in English, or in both."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

from django.contrib.postgres.search import SearchQuery, SearchRank
from django.db.models import F, Func, QuerySet, TextField, Value

from feedback.knowledge import rules, words
from feedback.models import ArticleStatus, ArticleText, Audience, KnownWord, Language, Topic

READ = 4_000
"""How many characters of a question are read: who writes more has said it before."""
ASKED_FOR = 12
"""How many of its words are looked up, the most telling first."""
RANKED = 800
"""How many texts may be ranked for one question."""
LOOKED_AT = 30
"""How many articles are compared in full."""
LOW = 0.05
"""Below this an article has hardly a word in common."""
ALL = ""
"""What stands for any word in `KnownWord`: its number is that of all published texts of the language."""


def nearest(language: str) -> Language:
    """The language that we write in for somebody who speaks `language`, such as "zh-hans" or "en-gb"."""
    return Language.ENGLISH if language.casefold().startswith("en") else Language.CHINESE


class Query(SearchQuery):
    """A `tsquery` as it is written, without a parser."""

    template = "(%(expressions)s)::tsquery"

    def __init__(self, written: str) -> None:
        """Take it as text."""
        Func.__init__(self, Value(written, output_field=TextField()))
        self.invert = False


@dataclass(frozen=True, slots=True)
class Found:
    """A published text that fits, and how sure we are (see rules.score)."""

    text: ArticleText
    score: float

    @property
    def code(self) -> str:
        """The article's address."""
        return self.text.article.code

    @property
    def title(self) -> str:
        """The title in force."""
        return self.text.in_force.title if self.text.in_force else ""

    @property
    def body(self) -> str:
        """The text in force."""
        return self.text.in_force.body if self.text.in_force else ""


def in_force(*, audience: str, language: str | None = None) -> QuerySet[ArticleText]:
    """The published texts that an audience may read; staff read those for members too."""
    rows = ArticleText.objects.filter(words__isnull=False, article__status=ArticleStatus.PUBLISHED)
    if audience != Audience.AGENT:
        rows = rows.filter(article__audience=Audience.MEMBER)
    if language is not None:
        rows = rows.filter(language=language)
    return rows.select_related("article__topic", "in_force")


def find(text: str, *, audience: str, language: str | None = None, limit: int = 5) -> list[Found]:
    """The articles that fit best, best first; none for a text that says nothing.

    An article is given once, in the language that fits best. Three queries, and an effort that hardly grows
    with the number of articles: words that stand in too many are only looked for in what the rarer ones find.
    """
    asked = words.informative(text[:READ])
    if not asked:
        return []
    known = known_words(asked, language)
    telling = sorted(known, key=lambda word: known[word].texts)  # the rarest first
    if not telling:
        return []
    query = Query(words.any_of(_affordable(telling, known)))
    rows = ArticleText.objects.filter(words=query)  # what has words is in force
    if audience != Audience.AGENT:
        rows = rows.filter(article__audience=Audience.MEMBER)
    if language is not None:
        rows = rows.filter(language=language)
    # the best are chosen by their keys alone: texts are only fetched of those
    ranked = rows.annotate(rank=SearchRank(F("words"), query)).order_by("-rank", "pk")
    keys = list(ranked.values_list("pk", flat=True)[:LOOKED_AT])
    texts = in_force(audience=audience).filter(pk__in=keys)
    return best(asked, texts, {word: one.weight for word, one in known.items()})[:limit]


def _affordable(telling: Sequence[str], known: Mapping[str, "Known"]) -> list[str]:
    """The rarest words, as long as they stand in no more texts than can be ranked while somebody types."""
    chosen: list[str] = []
    left = RANKED
    for word in telling[:ASKED_FOR]:
        left -= known[word].texts
        if chosen and left < 0:
            break
        chosen.append(word)
    return chosen


def best(asked: Sequence[str], texts: Iterable[ArticleText], weights: Mapping[str, float]) -> list[Found]:
    """The texts with their scores, best first, each article once."""
    found = sorted(
        (Found(text, rules.score(asked, words_of(text), weights)) for text in texts),
        key=lambda one: (-one.score, one.text.pk),
    )
    once: dict[int, Found] = {}
    for one in found:
        if one.score >= LOW:
            once.setdefault(one.text.article_id, one)
    return list(once.values())


def words_of(text: ArticleText) -> rules.Words:
    """The words of the version in force."""
    version = text.in_force
    return _words(version.title, version.questions, version.body) if version else rules.Words((), frozenset())


@lru_cache(maxsize=4_096)
def _words(title: str, questions: str, body: str) -> rules.Words:
    ways = (words.informative(way) for way in (title, *questions.splitlines()))
    return rules.Words(tuple(frozenset(way) for way in ways if way), frozenset(words.informative(body)))


@dataclass(frozen=True, slots=True)
class Known:
    """A word that stands in published texts: in how many, and how much it tells."""

    texts: int
    weight: float


def known_words(asked: Sequence[str], language: str | None) -> dict[str, Known]:
    """Those of the words that stand in any published text of the language, or of any; one query."""
    known = KnownWord.objects.filter(word__in=[ALL, *asked])
    if language is not None:
        known = known.filter(language=language)
    rows = list(known.values_list("word", "language", "texts"))
    totals = {spoken: number for word, spoken, number in rows if word == ALL}
    found: dict[str, Known] = {}
    for word, spoken, number in rows:
        if word == ALL or not number:
            continue
        before = found.get(word, Known(0, 0.0))
        weight = rules.weight(number, totals.get(spoken, 0))
        found[word] = Known(before.texts + number, max(before.weight, weight))
    return found


def by_topic(*, audience: str, language: str) -> list[tuple[Topic, list[ArticleText]]]:
    """The articles in force under their topics, in the order of the help centre."""
    rows = in_force(audience=audience, language=language).order_by(
        "article__topic__position", "article__topic_id", "article__position", "article_id"
    )
    return [(topic, list(texts)) for topic, texts in groupby(rows, key=lambda text: text.article.topic)]


def read(code: str, *, audience: str, language: str) -> ArticleText | None:
    """An article in force in the language asked for, else in any; None where there is none to read."""
    texts = {one.language: one for one in in_force(audience=audience).filter(article__code=code)}
    return texts.get(language) or next(iter(texts.values()), None)
