"""Posts of networks and files as they come in."""

import pytest
from django.db import connection

from compensation.members.commands import guest
from compensation.models import Member
from compensation.shop_import.targets import Item
from config.common.errors import Invalid
from config.common.models import Event
from feedback.models import Post, PostQueue
from feedback.posts import imports, rules, taking_in
from tests.factories.compensation import MemberFactory, ProductFactory
from tests.factories.posts import HOUR, NOW, given, read, take
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("F19")]


def test_a_post_comes_in_once_and_its_counts_grow():
    assert take(given(likes=3, reads=100)) == ["taken"]
    assert take(given(likes=3, reads=100)) == ["same"]
    assert take(given(likes=9, reads=None)) == ["changed"]
    assert take(given(likes=2, reads=50)) == ["same"]  # an old report again
    post = Post.objects.get()
    assert (post.likes, post.reads, post.reach) == (9, 100, 100)
    assert [one.kind for one in Event.objects.filter(subject_type="post").order_by("id")] == ["post.taken_in"]


def test_another_text_is_kept_and_read_again_and_an_empty_one_is_not():
    take(given())
    read()
    assert not PostQueue.objects.exists()
    assert take(given(text="水壶换新以后好用")) == ["changed"]
    assert PostQueue.objects.exists()
    assert take(given(text="")) == ["same"]
    assert Post.objects.get().text == "水壶换新以后好用"


def test_what_was_deleted_there_is_deleted_here_and_stays_so():
    take(given())
    assert take(given(is_deleted=True)) == ["changed"]
    assert take(given(text="又回来了", likes=99)) == ["same"]
    assert Post.objects.get().deleted_at == NOW
    assert take(given("w2", is_deleted=True)) == ["same"]
    assert Post.objects.count() == 1


@pytest.mark.parametrize(
    "more",
    [
        {"text": " \0 "}, {"written_at": None}, {"written_at": NOW + HOUR}, {"url": "javascript:x"},
        {"kind": "suggestion"}, {"kind": "tweet"}, {"product": "none"}, {"member": "none"}, {"likes": -1},
        {"text": "长" * (rules.LONGEST + 1)}, {"title": "长" * 201}, {"number": ""},
    ],
)  # fmt: skip
def test_a_bad_row_is_refused_with_a_reason_and_the_others_are_taken(more):
    bad = given(**{"number": "bad", **more})
    results = taking_in.take_in(source="weibo", given=[bad, given("good")], at=NOW)
    assert [one.result for one in results] == ["refused", "taken"]
    assert results[0].why
    assert results[0].field


def test_the_same_number_twice_in_a_batch_is_taken_once():
    assert take(given(), given(likes=5)) == ["taken", "refused"]


def test_the_same_number_on_two_networks_is_two_posts():
    assert take(given()) == take(given(), source="douyin") == ["taken"]


@pytest.mark.parametrize("source", ["", "portal"])
def test_nobody_brings_suggestions_from_outside(source):
    with pytest.raises(Invalid):
        take(given(), source=source)


def test_a_thousand_at_most():
    with pytest.raises(Invalid):
        take(*[given(str(n)) for n in range(taking_in.MOST + 1)])


def test_it_knows_its_member_and_its_product():
    member, product = MemberFactory(), ProductFactory()
    stranger = guest(origin="weibo:88", at=NOW)
    gone = MemberFactory(erased_at=NOW)
    take(
        given("a", member=member.external_id, product=product.external_id),
        given("b", author_id="88", author="水壶控"),
        given("c", author_id="99"),
    )
    a, b, c = Post.objects.order_by("pk")
    assert (a.member, a.product, a.product_by) == (member, product, "given")
    assert (b.member, c.member) == (stranger, None)
    assert take(given("d", member=gone.external_id)) == ["refused"]
    Member.objects.filter(pk=stranger.pk).update(erased_at=NOW)
    assert take(given("e", author_id="88", author="水壶控")) == ["refused"]
    assert Post.objects.count() == 3


def test_hostile_text_is_kept_as_it_was_said():
    text = "<script>alert(1)</script> '); DROP TABLE post; -- \u202e ﷽ 👩‍👩‍👧‍👦 \ud800 %(x)s {{ x }}"
    assert take(given(text=text)) == ["taken"]
    read()
    post = Post.objects.get()
    assert post.text.startswith("<script>alert(1)</script>")
    assert "?" in post.text  # a lone half of a character


@pytest.mark.django_db(transaction=True)
def test_two_batches_at_once_take_each_post_once():
    def one():
        return take(*[given(str(n), likes=n) for n in range(20)])

    results = at_once(one, one, one)
    assert not refused(results)
    assert sorted(results.count(["taken"] * 20) for _ in "x") == [1]
    assert Post.objects.count() == 20
    connection.close()


def item(**values):
    values = {"source": "weibo", "external_id": "f1", "text": "物流慢", "written_at": NOW - HOUR, **values}
    return Item("posts.csv", 2, (values["source"], values["external_id"]), values)


def test_a_file_brings_posts_of_several_networks_and_again_changes_nothing():
    def rows():
        return [
            item(),
            item(source="douyin", likes=4),
            item(external_id="f2", product="none"),
            item(external_id="f3"),
        ]

    first, again = rows(), rows()
    written = imports.POST.write(first, NOW)
    assert (written.inserted, written.updated) == (3, 0)
    assert [one.field for one in first] == ["", "", "product", ""]
    written = imports.POST.write(again, NOW)
    assert (written.inserted, written.updated) == (0, 0)


@pytest.mark.parametrize("source", ["portal", "not a code", ""])
def test_a_file_names_the_network(source):
    row = item(source=source)
    imports.POST.check(row)
    assert row.field == "source"


def test_a_file_does_not_tell_of_tomorrow():
    row = item(written_at=NOW + 24 * HOUR)
    imports.POST.write([row], NOW)
    assert row.fault
    assert not Post.objects.exists()
