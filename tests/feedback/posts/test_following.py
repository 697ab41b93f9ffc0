"""Reading what is new: feelings, copies, products, topics."""

import pytest
from django.db import connection

from feedback.models import Post, PostBand, PostCluster, PostClustering, PostQueue, Triage
from feedback.posts import following, placing
from tests.factories.compensation import MemberFactory, ProductFactory
from tests.factories.posts import LATE, LEAK, NOW, given, read, said, suggestion, take, words
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("F19")]
LONG = "这款保温水壶买了不到一个星期就开始漏水，联系客服推来推去没有人处理，大家千万不要买"


@pytest.fixture(autouse=True)
def _fresh():
    words()
    placing._kept.clear()


def test_posts_are_read_by_triage_and_sorted_by_topic():
    posts = said(*LEAK, *LATE)
    assert {post.triage.feeling for post in posts} == {"negative"}
    leak, late = posts[0].cluster, posts[3].cluster
    assert [post.cluster for post in posts] == [leak] * 3 + [late] * 3
    assert leak != late
    assert "漏水" in leak.keywords
    assert "漏水" in leak.name
    assert (leak.posts, leak.negatives, leak.unread, leak.suggestions) == (3, 3, 3, 0)


def test_batches_of_one_give_the_same_topics_as_one_batch(monkeypatch):
    texts = [text for pair in zip(LEAK, LATE, strict=True) for text in pair]
    together = [post.cluster_id for post in said(*texts)]
    known = {key: [post.text for post in Post.objects.filter(cluster=key)] for key in together}
    Post.objects.update(cluster=None)
    Triage.objects.all().delete()
    PostCluster.objects.update(size=0)
    PostClustering.objects.all().delete()
    connection.cursor().execute("TRUNCATE feedback_postterm")
    PostBand.objects.all().delete()
    PostQueue.objects.bulk_create(PostQueue(post=post) for post in Post.objects.all())
    monkeypatch.setattr(following, "AT_ONCE", 1)
    read()
    alone = {}
    for post in Post.objects.order_by("pk"):
        alone.setdefault(post.cluster_id, []).append(post.text)
    assert sorted(map(sorted, alone.values())) == sorted(map(sorted, known.values()))


def test_what_this_process_knows_is_what_another_one_finds(django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        said(*LEAK)
    [(state, known, _goes)] = placing._kept
    held = placing.hold()
    assert state == placing._state(held)
    placing._kept.clear()
    other, _goes = placing._look_up(held, NOW)
    assert other.standing == known.standing
    assert {key: pytest.approx(one, abs=1e-5) for key, one in known.sums.items()} == other.sums


def test_a_repost_counts_with_its_original_and_is_not_worked():
    original, repost, other = said(LONG, f"转发：{LONG}！", LATE[0], reads=100)
    assert (original.copy_of, repost.copy_of, other.copy_of) == (None, original, None)
    assert repost.cluster is None
    assert (original.copies, original.copies_reach, original.reach) == (1, 100, 200)
    take(given("w1", f"转发：{LONG}！", reads=700))
    read()
    original.refresh_from_db()
    assert (original.copies, original.copies_reach) == (1, 700)
    original.cluster.refresh_from_db()
    assert (original.cluster.posts, original.cluster.copies, original.cluster.reach) == (1, 1, 800)


def test_a_copy_of_a_copy_belongs_to_the_first():
    first, second, third = said(LONG, LONG, f"{LONG}。")
    assert [second.copy_of_id, third.copy_of_id] == [first.pk] * 2
    assert first.copies == 2


def test_a_copy_that_is_rewritten_is_one_no_more():
    first, copy = said(LONG, LONG)
    take(given("w1", LATE[0]))
    read()
    copy.refresh_from_db()
    first.refresh_from_db()
    assert (copy.copy_of, first.copies) == (None, 0)
    assert copy.cluster is not None


def test_a_copy_that_is_deleted_counts_no_more():
    first, _copy = said(LONG, LONG)
    take(given("w1", is_deleted=True))
    read()
    first.refresh_from_db()
    assert first.copies == 0


def test_few_words_are_no_copy():
    posts = said("太差劲了", "太差劲了")
    assert [post.copy_of for post in posts] == [None, None]


def test_each_member_is_answered_whoever_said_the_same_before():
    member = MemberFactory()
    one, same, other = suggestion(LONG, member), suggestion(LONG, member), suggestion(LONG)
    read()
    for post in (one, same, other):
        post.refresh_from_db()
    assert (same.copy_of, other.copy_of) == (one, None)
    [post] = said(LONG)
    assert post.copy_of is None


def test_the_product_that_a_post_names_is_found_and_what_people_say_stays():
    product, other = ProductFactory(name="保温水壶"), ProductFactory(name="不锈钢锅")
    [post] = said(LONG)
    assert (post.product, post.product_by) == (product, "read")
    Post.objects.update(product=other, product_by="people")
    take(given("w0", f"{LONG}真的"))
    read()
    post.refresh_from_db()
    assert post.product == other
    take(given("x", "不锈钢锅好用"))
    read()
    assert Post.objects.get(external_id="x").product == other


@pytest.mark.parametrize(
    "text",
    [
        "👍",
        "👍" * 500,
        "。",
        "长" * 10_000,
        "水壶漏水 " * 2_000,
        "水壺一直漏水，太差勁了",
        "ok",
        "\u202e\u200b x",
    ],
)
def test_any_text_is_read(text):
    [post] = said(text)
    assert Triage.objects.filter(post=post).exists()


def test_traditional_characters_find_their_topic():
    posts = said(*LEAK, "水壺底部又漏水，差勁")
    assert posts[3].cluster == posts[0].cluster
    assert posts[3].triage.feeling == "negative"


def test_nothing_new_costs_little(django_assert_max_num_queries):
    said(*LEAK)
    with django_assert_max_num_queries(6):
        assert following.catch_up(at=NOW) == 0


def test_reading_costs_the_same_for_one_and_for_three(django_assert_max_num_queries):
    said(*LEAK)
    for rows in ([LATE[0]], LATE):
        take(*[given(f"{len(rows)}-{n}", text) for n, text in enumerate(rows)])
        with django_assert_max_num_queries(48):
            following.catch_up(at=NOW)


@pytest.mark.django_db(transaction=True)
def test_two_at_once_read_each_post_once():
    words()
    assert following.catch_up(at=NOW) == 0  # the row that is locked stands already
    take(*[given(str(n), text) for n, text in enumerate(LEAK + LATE)])
    results = at_once(lambda: following.catch_up(at=NOW), lambda: following.catch_up(at=NOW))
    assert not refused(results)
    assert sorted(results) == [0, 6]
    assert PostCluster.objects.count() == 2
    assert PostClustering.objects.get().posts == 6
