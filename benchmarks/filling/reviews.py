"""A database of reviews for benchmarks/reviews.py: REVIEWS of them, 1 % of one product, over two years."""

import csv
import json
import os
import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection, transaction

from compensation.models import Member, Order, Tier
from config.common.words import quoted, words
from feedback.models import ReviewDimension
from feedback.triage.reading import reader
from feedback.voice import days
from feedback.voice.terms import Facts, terms_of

DATA = Path(os.environ.get("DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
REVIEWS = int(os.environ.get("REVIEWS", "1000000"))
PRODUCTS, CATEGORIES, MEMBERS = max(50, REVIEWS // 50), 25, max(100, REVIEWS // 10)
DAYS = 730
NOW = datetime(2026, 11, 20, 4, tzinfo=UTC)
SOURCES = ("tmall", "jd", "import")
chance = random.Random(20261122)


def timed(what: str, call: Callable[[], object]) -> None:
    """Tell how long something takes."""
    begun = time.perf_counter()
    call()
    print(f"{what}: {time.perf_counter() - begun:.1f} s", flush=True)


def staff() -> Any:
    """The one who looks."""
    return get_user_model().objects.get_or_create(
        username="bench", defaults={"is_staff": True, "is_superuser": True}
    )[0]


def texts() -> list[tuple[str, bool]]:
    """Different texts, and whether each is meant well."""
    corpus = DATA / "reviews_zh" / "reviews.csv"
    if corpus.exists():
        with corpus.open(encoding="utf-8-sig", newline="") as file:
            rows = [
                (row["text"].replace("\0", "")[:5_000], row["positive"] == "1")
                for row in csv.DictReader(file)
            ]
        return [row for row in dict.fromkeys(rows) if row[0].strip()]
    about, good = ("杯子", "衣服", "手机", "水果", "书", "酒店"), ("不错", "满意", "喜欢", "好用", "漂亮")
    bad = ("失望", "太慢", "破损", "掉色", "难用")
    made = []
    for number in range(30_000):
        well = number % 10 > 2
        says = "，".join(chance.choices(good if well else bad, k=2))
        made.append((f"{chance.choice(about)}收到了，{says}，编号{number}", well))
    return made


def copy(table: str, columns: str, rows: Iterable[Sequence[Any]]) -> None:
    """Put rows in by COPY."""
    connection.ensure_connection()
    with connection.connection.cursor() as cursor, cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as out:
        for row in rows:
            out.write_row(row)


def run(statement: str, given: Sequence[Any] | None = None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, given)


def fill() -> None:
    call_command("seed_defaults", verbosity=0)
    staff()
    run("SET session_replication_role = replica")  # no trigger, no check of foreign keys
    copy(
        "compensation_product",
        "id, external_id, name, category",
        ((n, f"SKU-{n}", f"商品 {n}", f"类目 {n % CATEGORIES}") for n in range(1, PRODUCTS + 1)),
    )
    for place, name in enumerate(("质量", "物流", "服务"), 1):
        ReviewDimension.objects.create(code=f"d{place}", name=name, position=place)
    people()
    known = texts()
    reads = read(known)
    drawn = list(draw(known))
    timed("reviews", lambda: copy_reviews(known, drawn))
    timed("readings", lambda: copy_triage(reads, drawn))
    run("DROP INDEX reviewwords_words")
    timed("words", lambda: copy_words(known, reads, drawn))
    timed(
        "index of words",
        lambda: run("CREATE INDEX reviewwords_words ON feedback_reviewwords USING gin (words)"),
    )
    timed("scores, answers, pictures, signals, gaps", more)
    run("SET session_replication_role = DEFAULT")
    for table in ("feedback_review", "feedback_triage"):
        run(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")
    timed("sums by day", sums)
    connection.commit()
    run("VACUUM ANALYZE")


def people() -> None:
    """Members with an order each."""
    tier, since = Tier.objects.first(), NOW - timedelta(days=900)
    for first in range(1, MEMBERS + 1, 10_000):
        some = range(first, min(first + 10_000, MEMBERS + 1))
        Member.objects.bulk_create(
            Member(pk=n, external_id=f"B{n}", name=f"会员{n}", registered_at=since, tier=tier) for n in some
        )
        Order.objects.bulk_create(
            Order(pk=n, external_id=f"B{n}", member_id=n, status="delivered", placed_at=since, changed_at=NOW)
            for n in some
        )


def one(statement: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0]


def read(known: Sequence[tuple[str, bool]]) -> list[Any]:
    """What triage makes of each text."""
    return reader().many(text for text, _good in known)


Drawn = tuple[int, int, int, str, str, bool, datetime]


def draw(known: Sequence[tuple[str, bool]]) -> Iterator[Drawn]:
    """Of each review: text, stars, product, source, status, rewarded, moment; in the order of time."""
    step = timedelta(days=DAYS) / REVIEWS
    for number in range(REVIEWS):
        text = chance.randrange(len(known))
        stars = chance.choice((4, 5, 5, 5)) if known[text][1] else chance.choice((1, 1, 2, 3))
        product = 1 if number % 100 == 0 else 2 + int((PRODUCTS - 1) * chance.random() ** 2)
        luck = chance.random()
        yield (
            text, stars, min(product, PRODUCTS), SOURCES[number % 3 if number % 2 else 0],
            "held" if luck < 500 / REVIEWS else "refused" if luck > 0.995 else "published",
            chance.random() < 0.05, NOW - timedelta(days=DAYS) + step * number,
        )  # fmt: skip


def copy_reviews(known: Sequence[tuple[str, bool]], drawn: Sequence[Drawn]) -> None:
    reason = one("SELECT min(id) FROM feedback_moderationreason")
    copy(
        "feedback_review",
        "id, external_id, source, member_id, order_id, product_id, stars, title, text, written_at, status,"
        " refused_for_id, is_rewarded, taken_up_at, screened_at",
        (
            (
                n, f"{source}:{n}", source, 1 + n % MEMBERS, 1 + n % MEMBERS, product, stars, "",
                known[text][0], at, status, reason if status == "refused" else None, rewarded, at, at,
            )
            for n, (text, stars, product, source, status, rewarded, at) in enumerate(drawn, 1)
        ),
    )  # fmt: skip


def copy_triage(reads: Sequence[Any], drawn: Sequence[Drawn]) -> None:
    made = [
        (
            list(found.aspects), found.feeling, found.sentiment, found.gap_kind, found.cause,
            int(found.urgency), json.dumps(dict(found.tones)), list(found.keywords), "[]", "{}",
        )
        for found in reads
    ]  # fmt: skip
    copy(
        "feedback_triage",
        "id, review_id, member_id, read_at, decided, aspects, feeling, sentiment, gap_kind, cause, urgency,"
        " tones, keywords, words, read",
        ((n, n, 1 + n % MEMBERS, row[6], [], *made[row[0]]) for n, row in enumerate(drawn, 1)),
    )


def copy_words(known: Sequence[tuple[str, bool]], reads: Sequence[Any], drawn: Sequence[Drawn]) -> None:
    said = [" ".join(map(quoted, sorted(set(words(text))))) for text, _good in known]

    def rows() -> Iterator[tuple[int, datetime, str]]:
        for n, (text, stars, product, source, status, rewarded, at) in enumerate(drawn, 1):
            found = reads[text]
            facts = Facts(
                product=product, source=source, stars=stars, status=status, is_rewarded=rewarded,
                has_picture=n % 10 == 0, is_replied=n % 5 > 1, feeling=found.feeling, aspects=found.aspects,
                tones=found.tones,
            )  # fmt: skip
            yield n, at, f"{said[text]} {' '.join(map(quoted, terms_of(facts)))}"

    copy("feedback_reviewwords", "review_id, written_at, words", rows())


MORE = """
    INSERT INTO feedback_reviewscore (review_id, dimension_id, stars)
    SELECT r.id, d.id, greatest(1, r.stars - (r.id % 2)) FROM feedback_review r, feedback_reviewdimension d
    WHERE r.id % 4 = 0;
    INSERT INTO feedback_reply (review_id, state, way, text, public_text, public_version, user_id, drafted_at,
        at)
    SELECT r.id, 'approved', 'by_hand', '谢谢您的评价。', '谢谢您的评价。', 1, u.id, r.written_at,
        r.written_at + r.id % 2880 * interval '1 minute'
    FROM feedback_review r, (SELECT min(id) AS id FROM common_user) u WHERE r.id % 5 > 1;
    INSERT INTO feedback_reviewpicture (review_id, file, name, content_type, size, sha256)
    SELECT id, 'x', 'x', 'image/jpeg', 1, repeat('a', 64) FROM feedback_review WHERE id % 10 = 0;
    INSERT INTO feedback_reviewsignal (review_id, signal, weight, evidence, at)
    SELECT id, s, 40, '{}', written_at FROM feedback_review, unnest(array['advert', 'contact']) s
    WHERE status = 'held';
    INSERT INTO feedback_gapday (day, aspect, by, value, n, gaps, severe, stars, squares)
    SELECT current_date - d, a, 'product', '1', 20, d % 5, d % 2, 0, 0
    FROM generate_series(1, 730) d, unnest(array['delivery', 'shipping', 'price', 'quality']) a;
    INSERT INTO feedback_claim (key, product_id, category, channel, order_channel, source, url, text,
        valid_from, made_at, audited_digest)
    SELECT 'b' || n, 1 + n % 50, '', 'advert', '', '', '', '纯棉，48 小时送达', now(), now(), 'x'
    FROM generate_series(1, 2000) n;
"""


def more() -> None:
    run(MORE)


def sums() -> None:
    """The sums of every day of every product, by the function that keeps them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT product_id, (written_at AT TIME ZONE 'Asia/Shanghai')::date FROM feedback_review"
        )
        pairs = iter(cursor.fetchall())
    while some := list(islice(pairs, 20_000)):
        with transaction.atomic():
            days.recount(some)
