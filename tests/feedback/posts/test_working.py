"""Reading posts, and making cases of them."""

import pytest
from django.core.files.storage import default_storage

from compensation.members.commands import GUEST
from compensation.models import Member
from config.common.errors import Invalid, NotFound, WrongState
from config.common.models import Event
from feedback.models import Attachment, Case, Post, WebhookSource
from feedback.posts import suggesting, working
from tests.factories.compensation import MemberFactory, ProductFactory, TierFactory
from tests.factories.feedback import AgentFactory, CaseFactory, DepartmentFactory, StaffFactory, picture
from tests.factories.posts import LEAK, NOW, given, read, said, suggestion, take, words
from tests.threads import at_once, behind, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("F19")]


@pytest.fixture
def department():
    return DepartmentFactory(takes_new=True)


@pytest.fixture
def actor(department):
    words()
    TierFactory()
    return AgentFactory(departments=[department]).user


def to_case(post, actor):
    return working.to_case(post_id=post.pk, actor=actor, at=NOW)


def test_a_post_from_outside_becomes_a_case_of_a_stranger(actor):
    [post] = said(LEAK[0], author="水壶控", author_id="88", url="https://weibo.example/1")
    case = to_case(post, actor)
    assert (case.kind, case.channel) == ("complaint", "social")
    assert case.member.external_id.startswith(GUEST)
    message = case.messages.get()
    assert message.author == "member"
    assert LEAK[0] in message.body
    assert "https://weibo.example/1" in message.body
    post.refresh_from_db()
    assert (post.case, post.member, post.state, post.read_by) == (case, case.member, "looked_at", actor)
    take(given("again", "又漏水了", author_id="88"))
    assert Post.objects.get(external_id="again").member == case.member  # known from now on


def test_a_suggestion_becomes_its_members_case_with_its_files(actor):
    post = suggestion(uploads=[picture()])
    case = to_case(post, actor)
    assert (case.kind, case.channel, case.member) == ("suggestion", "portal", post.member)
    assert default_storage.exists(Attachment.objects.get(message__case=case).file.name)


def test_what_is_said_without_a_name_has_a_stranger_of_its_own(actor):
    one, two = said(LEAK[0], "包装破损严重，箱子压扁")
    assert to_case(one, actor).member != to_case(two, actor).member
    assert to_case(two, actor).kind == "enquiry"  # nobody is sure how it is meant


def test_the_department_of_its_source_takes_it(actor):
    social = DepartmentFactory()
    WebhookSource.objects.create(code="weibo", name="微博", channel="social", department=social)
    [post] = said(LEAK[0])
    assert to_case(post, actor).department == social


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_are_one_case(actor):
    [post] = said(LEAK[0], author_id="88")
    results = at_once(*[lambda: to_case(post, actor)] * 3)
    assert not refused(results)
    assert len({case.pk for case in results}) == Case.objects.count() == 1
    assert Event.objects.filter(kind="post.became_case").count() == 1
    assert Member.objects.count() == 1


def test_a_case_that_there_is_gets_a_note(actor, department):
    case = CaseFactory(department=department)
    [post] = said(LEAK[0])
    for _again in range(2):
        assert working.link_case(post_id=post.pk, number=case.number, actor=actor, at=NOW) == case
    note = case.messages.get()
    assert not note.is_public
    assert LEAK[0][:10] in note.body
    post.refresh_from_db()
    assert (post.case, post.member) == (case, None)
    assert to_case(post, actor) == case
    other = CaseFactory(department=department)
    with pytest.raises(WrongState):
        working.link_case(post_id=post.pk, number=other.number, actor=actor, at=NOW)


def test_nobody_ties_a_post_to_what_they_do_not_see(actor, department):
    [post] = said(LEAK[0])
    elsewhere = CaseFactory()
    for number, error in ((elsewhere.number, NotFound), ("HY9999999", NotFound), ("x", Invalid)):
        with pytest.raises(error):
            working.link_case(post_id=post.pk, number=number, actor=actor, at=NOW)
    mine = suggestion()
    other = CaseFactory(department=department)
    with pytest.raises(Invalid):  # somebody else's case
        working.link_case(post_id=mine.pk, number=other.number, actor=actor, at=NOW)


def test_what_is_gone_or_a_copy_becomes_no_case(actor):
    one, copy = said(LEAK[0] * 2, LEAK[0] * 2)
    assert copy.copy_of == one
    with pytest.raises(WrongState):
        to_case(copy, actor)
    take(given("w0", is_deleted=True))
    with pytest.raises(WrongState):
        to_case(one, actor)
    gone = suggestion(member=MemberFactory())
    Member.objects.filter(pk=gone.member_id).update(erased_at=NOW)
    with pytest.raises(WrongState):
        to_case(gone, actor)
    assert not Case.objects.exists()


def test_reading_is_noted_once(actor):
    posts = said(*LEAK)
    keys = [post.pk for post in posts]
    assert working.mark_read(post_ids=[*keys, 0], actor=actor, at=NOW) == 3
    assert working.mark_read(post_ids=keys, actor=StaffFactory(), at=NOW) == 0
    assert {post.read_by for post in Post.objects.all()} == {actor}
    read()
    assert posts[0].cluster.__class__.objects.get(pk=posts[0].cluster_id).unread == 0
    with pytest.raises(Invalid):
        working.mark_read(post_ids=range(working.AT_ONCE + 1), actor=actor, at=NOW)


def test_people_say_what_product_it_is_about(actor):
    [post], product = said(LEAK[0]), ProductFactory()
    for number, expected in ((product.external_id, product), ("", None)):
        working.set_product(post_id=post.pk, number=number, actor=actor, at=NOW)
        post.refresh_from_db()
        assert (post.product, post.product_by) == (expected, "people")
    with pytest.raises(Invalid):
        working.set_product(post_id=post.pk, number="none", actor=actor, at=NOW)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_case", [True, False])
def test_taking_it_back_while_it_becomes_a_case_is_one_of_both(actor, is_case):
    post = suggestion(at=NOW)

    def case():
        return to_case(post, actor)

    def back():
        return suggesting.take_back(member=post.member, post_id=post.pk, at=NOW)

    first, second = (case, back) if is_case else (back, case)
    assert isinstance(behind(first, second, lambda: None), WrongState)
    post.refresh_from_db()
    assert (post.case is not None, post.deleted_at is not None) == (is_case, not is_case)


@pytest.mark.django_db(transaction=True)
def test_two_who_read_it_at_once_note_it_once(actor):
    [post] = said(LEAK[0])
    results = at_once(*[lambda: working.mark_read(post_ids=[post.pk], actor=actor, at=NOW)] * 2)
    assert sorted(results) == [0, 1]
    assert Event.objects.filter(kind="post.read").count() == 1
