"""How many planted fakes moderation finds among real reviews, and how often it raises a false alarm.

Reads the public corpus online_shopping_10_cats (`reviews_zh/reviews.csv`, in DATA or ../shared/data), plants
fakes of every kind among TEXTS of its reviews (default 12,000), lets the real screening look at all of them
in a database of its own (huiyin_moderation), and throws that away again. The fakes' words were written for
this trial, not taken from the lists that ship. Then the digests of REVIEWS reviews (default 1,000,000) are
stored, and near-duplicates are looked up among them.
"""

import csv
import os
import random
import statistics
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import psycopg

from config import embedded

NAME = "huiyin_moderation"
HERE = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("DATA", HERE.parent / "shared" / "data"))
TEXTS = int(os.environ.get("TEXTS", "12000"))
PLANTED = int(os.environ.get("PLANTED", "300"))
REVIEWS = int(os.environ.get("REVIEWS", "1000000"))
AT = datetime(2026, 11, 18, 2, tzinfo=UTC)
chance = random.Random(20261122)

CONTACTS = (
    """
要的联系我{phone}|电话 {spaced} 找小王|加薇{wechat}发图|微❤信{wechat}|V X：{wechat}
v信号 {wechat}|扣扣{qq}|q q 群 {qq}|打{chinese}|有问题加我微信{wechat}|私聊 {circled}
网址 www.{site}.com|{site}点com有同款|联系：{site}@163.com|➕v {wechat}|手机{dashed}
""".strip()
    .replace("\n", "|")
    .split("|")
)
ADVERTS = (
    """
想买便宜的进群领券|来我们家店看看，同款更便宜|厂家直销，支持一件代发
招代理加盟，日赚300|搜店铺名“优品汇”有惊喜|关注公众号领优惠券|兼职日结，在家就能做
去另一家店买只要一半价|全网最低价找我拿|我家也卖这个，质量更好价格更低
""".strip()
    .replace("\n", "|")
    .split("|")
)
ABUSES = (
    """
客服就是个傻×|老板傻 逼一个|你妈的什么玩意|卖家脑 残|滚蛋吧你们|一群王八蛋|狗东西骗人
死全家的商家|臭不要脸的店|SB店家|fuck this shop|做人不要太贱，贱人
""".strip()
    .replace("\n", "|")
    .split("|")
)
PAIDS = (
    """
好评返5元红包，已经收到了|晒图可以返现|卡片上写五星好评送3块|客服让我写好评给红包
为了返现来的|做任务买的，没拆|截图给客服领了2元|复制粘贴好评|刷单的别信
写好评有奖励，凑十五个字
""".strip()
    .replace("\n", "|")
    .split("|")
)


def main() -> None:
    corpus = DATA / "reviews_zh" / "reviews.csv"
    if not corpus.exists():
        print(f"skipped: there is no {corpus}")
        return
    embedded.use()
    server = embedded.url().rsplit("/", 1)[0]
    with psycopg.connect(f"{server}/postgres", autocommit=True) as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
        admin.execute(f"CREATE DATABASE {NAME}")
    os.environ.update(
        DATABASE_URL=f"{server}/{NAME}", SECRET_KEY="b" * 60, AUDIT_KEY="b" * 60, LOG_LEVEL="ERROR"
    )
    try:
        import django

        django.setup()
        trial(corpus)
        scale()
    finally:
        from django.db import connection

        connection.close()
        with psycopg.connect(f"{server}/postgres", autocommit=True) as admin:
            admin.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")


def real(corpus: Path) -> list[tuple[str, int]]:
    """Texts and stars of the corpus: what is labelled positive has 4 or 5, the rest 1 or 2."""
    with corpus.open(encoding="utf-8", newline="") as file:
        rows = [(row["text"], row["positive"] == "1") for row in csv.DictReader(file) if row["text"].strip()]
    found = [(text, chance.choice((4, 5) if good else (1, 2))) for text, good in dict.fromkeys(rows)]
    return chance.sample(found, min(TEXTS, len(found)))


def contact() -> str:
    digits = "13" + "".join(chance.choices("0123456789", k=9))
    name = chance.choice("abcdefg") + "".join(chance.choices("abcdefghij0123456789", k=7))
    return chance.choice(CONTACTS).format(
        phone=digits,
        spaced=" ".join(digits),
        dashed=f"{digits[:3]}-{digits[3:7]}-{digits[7:]}",
        chinese="".join("零一二三四五六七八九"[int(one)] for one in digits),
        circled="".join("⓪①②③④⑤⑥⑦⑧⑨"[int(one)] for one in digits),
        wechat=name,
        qq=digits[1:10],
        site=name,
    )


def put_in(text: str, words: str) -> str:
    place = chance.randrange(len(text) + 1)
    return f"{text[:place]}，{words}。{text[place:]}"


def copied(text: str) -> str:
    """The same with one character in twelve changed, left out or put in."""
    signs = []
    for sign in text:
        luck = chance.random()
        if luck < 1 / 36:
            continue
        signs.append(chance.choice("的了很好真不也就都还") if luck < 2 / 36 else sign)
        if 2 / 36 <= luck < 3 / 36:
            signs.append(chance.choice("啊呢吧哦～！"))
    return "".join(signs)


def planted(genuine: list[tuple[str, int]]) -> list[dict]:
    """Fakes of every kind, in any order."""
    long = [text for text, _stars in genuine if len(text) >= 20]
    fakes: list[dict] = []
    for _ in range(PLANTED):
        base, stars = chance.choice(genuine)
        text, other = chance.choice(genuine)
        fakes += [
            {"text": put_in(base, contact()), "stars": stars, "fake": "contact"},
            {"text": put_in(base, chance.choice(ADVERTS)), "stars": stars, "fake": "advert"},
            {"text": put_in(base, chance.choice(ABUSES)), "stars": stars, "fake": "abuse"},
            {"text": put_in(base, chance.choice(PAIDS)), "stars": stars, "fake": "paid"},
            {"text": copied(chance.choice(long)), "stars": 5, "fake": "duplicate"},
            {"text": chance.choice(long), "stars": chance.choice((1, 5)), "fake": "unverified"},
            {"text": text, "stars": 1 if other > 3 else 5, "fake": "stars_text"},
        ]
    for kind, n in (("burst_member", 6), ("burst_device", 4)):
        for number in range(PLANTED // n):
            fakes += [
                {"text": chance.choice(genuine)[0], "stars": 5, "fake": kind, "group": f"{kind}{number}"}
                for _ in range(n)
            ]
    chance.shuffle(fakes)
    return fakes


def write(rows: list[dict]) -> list:
    """The rows as reviews, each of an order of its own, 20 seconds apart; a group's within 40 minutes."""
    from compensation.models import Member, Order, Tier
    from feedback.models import Review

    tier, members, groups = Tier.objects.first(), [], {}
    for number, row in enumerate(rows):
        name = row["group"] if row["fake"] == "burst_member" else str(number)
        if name not in groups:
            groups[name] = Member(external_id=f"B{number}", registered_at=AT, tier=tier)
            members.append(groups[name])
        row["member"] = groups[name]
    Member.objects.bulk_create(members, 5_000)
    orders = [
        Order(
            external_id=f"B{number}",
            member=row["member"],
            status="cancelled" if row["fake"] == "unverified" else "delivered",
            placed_at=AT - timedelta(days=9),
            changed_at=AT,
        )
        for number, row in enumerate(rows)
    ]
    Order.objects.bulk_create(orders, 5_000)
    reviews, moments = [], {}
    for number, (row, order) in enumerate(zip(rows, orders, strict=True)):
        alone = AT - timedelta(days=6) + timedelta(seconds=20 * number)
        start = moments.setdefault(row.get("group", number), alone)
        late = timedelta(minutes=chance.randrange(40)) if "group" in row else timedelta(0)
        reviews.append(
            Review(
                external_id=f"B{number}",
                member=row["member"],
                order=order,
                stars=row["stars"],
                text=row["text"],
                written_at=start + late,
                device=row["group"] if row["fake"] == "burst_device" else f"device{number}",
            )
        )
    return Review.objects.bulk_create(reviews, 5_000)


def trial(corpus: Path) -> None:
    from django.core.management import call_command

    from compensation.defaults import tiers
    from feedback.defaults.lexicon import seed_lexicon
    from feedback.defaults.reviews import seed_reviews
    from feedback.moderation import screening

    call_command("migrate", verbosity=0)
    tiers.seed(AT)
    seed_reviews(AT)
    seed_lexicon(AT)
    genuine = real(corpus)
    fakes = planted(genuine)
    rows = [{"text": text, "stars": stars, "fake": ""} for text, stars in genuine] + fakes  # copies come last
    reviews = write(rows)
    begun, done = time.perf_counter(), 0
    while n := screening.catch_up(at=AT):
        done += n
    spent = time.perf_counter() - begun
    print(f"{len(genuine)} real reviews, {len(fakes)} planted; {done / spent:.0f} looked at a second")
    report(rows, reviews)


def report(rows: list[dict], reviews: list) -> None:
    """Recall and false alarms of each signal, and what was held; with examples of false alarms."""
    from feedback.models import Review, ReviewSignal

    signals: dict[int, set[str]] = {}
    for review, signal in ReviewSignal.objects.values_list("review", "signal"):
        signals.setdefault(review, set()).add(signal)
    held = set(Review.objects.filter(status="held").values_list("pk", flat=True))
    seen, found, stopped, alarms = Counter(), Counter(), Counter(), Counter()
    shown: dict[str, list[str]] = {}
    for row, review in zip(rows, reviews, strict=True):
        have, kind = signals.get(review.pk, set()), row["fake"]
        seen[kind] += 1
        stopped[kind] += review.pk in held
        found[kind] += kind in have
        for signal in have if not kind else ():
            alarms[signal] += 1
            shown.setdefault(signal, []).append(row["text"][:60])
    print(f"{'signal':14} {'planted':>8} {'recall':>8} {'held':>8} {'false alarms':>13}")
    for kind in sorted(set(seen) - {""}):
        share, kept = found[kind] / seen[kind], stopped[kind] / seen[kind]
        print(f"{kind:14} {seen[kind]:8} {share:8.1%} {kept:8.1%} {alarms[kind] / seen['']:13.2%}")
    print(f"real reviews held: {stopped['']} of {seen['']} ({stopped[''] / seen['']:.2%})")
    for signal, texts in sorted(shown.items()):
        for text in chance.sample(texts, min(3, len(texts))):
            print(f"  {signal}: {text}")


def scale() -> None:
    """Time the search for near-duplicates among many digests."""
    from django.db import connection

    from feedback.models import Review
    from feedback.moderation import duplicates
    from feedback.moderation.shingles import BANDS, bands, shingles

    known = list(Review.objects.order_by("pk")[:2_000])
    last = Review.objects.order_by("-pk").values_list("pk", flat=True)[0]
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # digests of reviews that are not there
        cursor.execute(
            "INSERT INTO feedback_reviewband (review_id, hash) SELECT %s + n,"
            " (('x' || substr(md5(n::text || ':' || band), 1, 16))::bit(64))::bigint"
            " FROM generate_series(1, %s) n, generate_series(1, %s) band",
            [last, REVIEWS, BANDS],
        )
        cursor.execute("SET session_replication_role = DEFAULT")
        cursor.execute("ANALYZE feedback_reviewband")
        cursor.execute(
            "SELECT count(*), pg_total_relation_size('feedback_reviewband') / 1e6 FROM feedback_reviewband"
        )
        n, size = cursor.fetchone()
    times, hits = [], 0
    for review in known[:500]:
        hashes = bands(shingles(copied(review.text)))
        begun = time.perf_counter()
        hits += review.pk in duplicates.likely({last + REVIEWS + 1: hashes}).get(last + REVIEWS + 1, [])
        times.append(1_000 * (time.perf_counter() - begun))
    times.sort()
    print(
        f"{n / 1e6:.1f} million digests ({size:.0f} MB): near-duplicates of one text in"
        f" {statistics.median(times):.1f} ms (p95 {times[int(len(times) * 0.95)]:.1f} ms);"
        f" {hits} of {len(times)} copies found"
    )


if __name__ == "__main__":
    main()
