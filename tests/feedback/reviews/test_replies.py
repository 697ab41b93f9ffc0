"""Answering reviews."""

import threading
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from config.common.errors import DomainError, Invalid, NotFound, WrongState
from config.common.models import Event
from feedback.models import Reply, Review
from feedback.replies import commands
from tests.factories.common import UserFactory
from tests.factories.shop import OrderFactory

AT = datetime(2026, 3, 10, tzinfo=UTC)
pytestmark = [pytest.mark.django_db, pytest.mark.req("F17")]


def review(stars=1, **given):
    order = OrderFactory()
    number = Review.objects.count()
    return Review.objects.create(
        external_id=f"R{number}", member=order.member, order=order, stars=stars, written_at=AT, **given
    )


def page(*args, view="changelist"):
    return reverse(f"admin:feedback_review_{view}", args=args)


@pytest.fixture
def agent(client):
    user = UserFactory()
    user.user_permissions.add(*Permission.objects.filter(codename__in=["view_review", "add_reply"]))
    client.force_login(user)
    return user


def test_a_review_is_answered_once():
    one, user = review(), UserFactory()
    answer = commands.write(review_id=one.pk, text=" 非常抱歉\0 ", actor=user, at=AT)
    assert (answer.text, answer.user, one.reply) == ("非常抱歉", user, answer)
    assert Event.objects.get(kind="review.replied").subject_id == one.pk
    with pytest.raises(WrongState):
        commands.write(review_id=one.pk, text="again", actor=user, at=AT)


@pytest.mark.parametrize("text", ["", "  ", "\0", "x" * 2_001])
def test_an_answer_says_something(text):
    with pytest.raises(Invalid):
        commands.write(review_id=review().pk, text=text, actor=UserFactory(), at=AT)


def test_what_is_not_there_is_not_answered():
    with pytest.raises(NotFound):
        commands.write(review_id=0, text="x", actor=UserFactory(), at=AT)


@pytest.mark.django_db(transaction=True)
def test_two_answers_at_once_become_one():
    one, users, together, refused = review(), [UserFactory(), UserFactory()], threading.Barrier(2), []

    def answer(user):
        try:
            together.wait()
            commands.write(review_id=one.pk, text="抱歉", actor=user, at=AT)
        except DomainError as error:
            refused.append(type(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=answer, args=[user]) for user in users]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == [WrongState]
    assert Reply.objects.count() == Event.objects.filter(kind="review.replied").count() == 1


def test_the_page_of_a_review_shows_it_and_leads_to_its_answer(client, agent):
    one = review(text="<script>alert(1)</script>")
    shown = client.get(page(one.pk, view="change")).content.decode()
    assert "<script>alert(1)" not in shown
    assert reverse("admin:reply", args=[one.pk]) in shown
    assert client.post(page(one.pk, view="change"), {"stars": "5"}).status_code == 403


def test_reviews_are_filtered_by_stars_and_answer_and_searched(client, agent):
    bad, good = review(1), review(5)
    commands.write(review_id=good.pk, text="谢谢", actor=agent, at=AT)

    def shown(query):
        return {row.pk for row in client.get(page() + query).context["cl"].result_list}

    assert shown("?stars=1") == {bad.pk}
    assert shown("?answered=no") == {bad.pk}
    assert shown("?answered=yes") == {good.pk}
    assert shown("?stars=nine") == {bad.pk, good.pk}
    for term in (bad.external_id, bad.order.external_id, bad.member.external_id):
        assert shown(f"?q={term}") == {bad.pk}


def test_the_list_takes_a_constant_number_of_queries(admin_client):
    counts = []
    for rows in (1, 2):
        for _ in range(rows):
            commands.write(review_id=review().pk, text="谢谢", actor=UserFactory(), at=AT)
        with CaptureQueriesContext(connection) as queries:
            assert admin_client.get(page()).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1], "\n".join(q["sql"][:200] for q in queries.captured_queries)
