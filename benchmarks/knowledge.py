"""How long suggestions while typing take over 10,000 articles, and an automatic answer.

Makes its own database `huiyin_bench_knowledge` on the private server, or beside DATABASE_URL's, and keeps it
for the next run. `ARTICLES=20000` asks for more. Texts are put together from the articles that ship, so that
their words are as frequent as in real ones.
"""

import os
import random
import statistics
import sys
import time

from config import embedded

ARTICLES = int(os.environ.get("ARTICLES", "10000"))
ROUNDS = 400

embedded.use()
ADDRESS = os.environ.get("DATABASE_URL") or embedded.url()
SERVER = ADDRESS.rsplit("/", 1)[0]
os.environ.update(
    DATABASE_URL=f"{SERVER}/huiyin_bench_knowledge",
    DJANGO_SETTINGS_MODULE="config.settings",
    SECRET_KEY="bench" * 12,
    AUDIT_KEY="bench" * 12,
    ALLOWED_HOSTS="*",
    HTTPS="0",
    LOG_LEVEL="ERROR",
)
PRODUCTS = "衬衫 耳机 茶叶 枕头 面霜 键盘 水杯 绘本 长裤 香薰 咖啡 移动电源 床品 坚果 洁面乳".split()  # noqa: SIM905


def make_database() -> None:
    """An empty database of our own, unless it is there."""
    import psycopg

    with psycopg.connect(f"{SERVER}/postgres", autocommit=True) as server:
        known = server.execute(
            "SELECT 1 FROM pg_database WHERE datname = 'huiyin_bench_knowledge'"
        ).fetchone()
        if not known:
            server.execute("CREATE DATABASE huiyin_bench_knowledge")


def fill() -> None:
    """The articles that ship, then articles of shuffled sentences; words are counted by the database."""
    from django.db import connection, models, transaction
    from django.utils import timezone

    from feedback.defaults.knowledge import files, seed_knowledge
    from feedback.knowledge import words
    from feedback.knowledge.commands import Vector
    from feedback.models import Article, ArticleText, ArticleVersion, Topic

    now = timezone.now()
    seed_knowledge(now)
    missing = ARTICLES - Article.objects.count()
    if missing <= 0:
        return
    print(f"filling with {ARTICLES:,} articles …", flush=True)
    dice = random.Random(7)
    rows = [one["zh"] for _name, content in files() for one in content["articles"]]
    titles = [row["title"] for row in rows]
    sentences = [line for row in rows for line in row["body"].splitlines() if line.strip()]
    asked = [line for row in rows for line in row["questions"].strip().splitlines()]
    topic = Topic.objects.first()
    assert topic is not None
    with transaction.atomic():
        articles = Article.objects.bulk_create(
            Article(code=f"bench-{n}", topic=topic, status="published") for n in range(missing)
        )
        versions = ArticleVersion.objects.bulk_create(
            ArticleVersion(
                article=article,
                language="zh-hans",
                number=1,
                title=f"{dice.choice(PRODUCTS)}{dice.choice(titles)}",
                questions="\n".join(dice.choice(PRODUCTS) + dice.choice(asked) for _each in range(3)),
                body="\n".join(dice.choices(sentences, k=8)),
                published_at=now,
            )
            for article in articles
        )
        texts = [
            ArticleText(
                article=one.article,
                language=one.language,
                title=one.title,
                questions=one.questions,
                body=one.body,
                in_force=one,
            )
            for one in versions
        ]
        for text in ArticleText.objects.bulk_create(texts):
            vector = words.vector(text.title, text.questions, text.body)
            written = Vector(models.Value(vector, output_field=models.TextField()))
            ArticleText.objects.filter(pk=text.pk).update(words=written)
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM feedback_knownword")
            for language in ("zh-hans", "en"):
                cursor.execute(
                    "INSERT INTO feedback_knownword (language, word, texts)"
                    " SELECT %s, word, ndoc FROM ts_stat("
                    f"'SELECT words FROM feedback_articletext WHERE language = ''{language}''')"
                    " UNION ALL SELECT %s, '', count(*) FROM feedback_articletext"
                    " WHERE language = %s AND words IS NOT NULL",
                    [language, language, language],
                )
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def measure() -> None:
    """Time what an agent who types would wait for, without the network."""
    from django.conf import settings
    from django.db import connection
    from django.test import Client
    from django.utils import timezone

    from config.common.models import User
    from feedback.defaults.playbooks import seed_templates
    from feedback.defaults.roles import seed_roles
    from feedback.knowledge.answering import answer
    from feedback.knowledge.queries import find
    from feedback.models import ArticleText, Case
    from tests.factories.feedback import AgentFactory, CaseFactory, DepartmentFactory

    settings.MIDDLEWARE = [one for one in settings.MIDDLEWARE if "whitenoise" not in one]
    print(f"{ArticleText.objects.exclude(words=None).count():,} published texts")
    seed_roles(timezone.now())
    seed_templates(timezone.now())
    agent = User.objects.filter(username="bench").first()
    if agent is None:
        department = DepartmentFactory(code="bench")
        agent = AgentFactory(departments=[department], user__username="bench").user
        CaseFactory(department=department, subject="快递一直不更新，怎么还没到")
    case = Case.objects.first()
    assert case is not None
    asked = [
        "您好，退款多久到账，我帮您查一下",
        "您的快递一直不动，我们正在向快递公司核实，十分钟内告诉您结果",
        "耳机收到就是坏的，可以为您补发一件或者全额退款",
        "优惠券过期了能不能补",
        "发票抬头写错了，麻烦您把正确的抬头和税号发给我",
        "积分为什么少了",
        "订单 退货 运费 " * 200,
    ]
    client = Client()
    client.force_login(agent, settings.AUTHENTICATION_BACKENDS[-1])
    path = f"/admin/case/{case.pk}/tools/typed/"
    jobs = {
        "find": lambda text: find(text, audience="agent", language="zh-hans", limit=3),
        "automatic answer": lambda text: answer(text, language="zh-hans"),
        "suggestions while typing": lambda text: client.post(path, {"text": text}),
    }
    print(f"{'':28}{'queries':>8}{'p50 ms':>9}{'p95 ms':>9}")
    for label, job in jobs.items():
        times = []
        for number in range(ROUNDS):
            start = time.perf_counter()
            job(asked[number % len(asked)])
            times.append((time.perf_counter() - start) * 1000)
        made: list[str] = []
        with connection.execute_wrapper(
            lambda run, sql, *rest, made=made: (made.append(sql), run(sql, *rest))[1]
        ):
            job(asked[0])
        p50, p95 = statistics.median(times), statistics.quantiles(times, n=20)[-1]
        print(f"{label:28}{len(made):8}{p50:9.1f}{p95:9.1f}", flush=True)


if __name__ == "__main__":
    make_database()
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    fill()
    measure()
    sys.exit(0)
