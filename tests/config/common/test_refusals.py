"""What is refused, or breaks, on pages and below /api/ outside its own views."""

import json
import threading

import pytest
from django.contrib.messages import get_messages
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import IntegrityError, OperationalError, connection, transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import path
from django.utils.html import escape
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from config import urls
from config.common.admin_messages import refusals_told
from config.common.database_errors import refusal_of
from config.common.errors import Busy, DomainError, InUse, Invalid, NotFound, Stale, Taken
from config.common.models import OutboxMessage, Seal, User
from config.common.problems import problem_response
from tests.factories.common import UserFactory
from tests.factories.compensation import MemberFactory

ERRORS = {
    "stale": Stale,
    "missing": NotFound,
    "hostile": lambda: DomainError("<script>x</script>"),
    "denied": PermissionDenied,
    "suspicious": SuspiciousOperation,
    "broken": lambda: ZeroDivisionError("secret"),
}


def fail(request, how):
    if how == "taken":
        User.objects.create(username="same")
        User.objects.create(username="same")
    error = ERRORS[how]()
    raise error


def show(request):
    return HttpResponse(" | ".join(str(message) for message in get_messages(request)))


urlpatterns = [
    *urls.urlpatterns,
    path("fail/<str:how>/", fail),
    path("api/fail/<str:how>/", fail),
    path("show/", show),
]
handler400, handler403 = urls.handler400, urls.handler403
handler404, handler500 = urls.handler404, urls.handler500
pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


@pytest.fixture
def client():
    return Client(raise_request_exception=False, headers={"accept-language": "en"})


def test_a_refused_form_goes_back_with_a_message(client):
    response = client.post("/fail/stale/", headers={"referer": "http://testserver/show/"}, follow=True)
    assert response.redirect_chain == [("http://testserver/show/", 302)]
    assert "Somebody else changed this" in response.content.decode()


@pytest.mark.parametrize("referer", ["", "https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_nobody_is_sent_to_a_foreign_page(client, referer):
    response = client.post("/fail/stale/", headers={"referer": referer} if referer else {})
    assert (response.status_code, response["Location"]) == (302, "/")


def test_a_page_that_is_refused_says_so_and_does_not_go_round_in_circles(client):
    response = client.get("/fail/stale/", headers={"referer": "http://testserver/fail/stale/"})
    assert response.status_code == 409
    assert "Somebody else changed this" in response.content.decode()


def test_an_htmx_request_has_the_page_loaded_again(client):
    response = client.post("/fail/stale/", headers={"hx-request": "true"})
    assert (response.status_code, response["HX-Refresh"]) == (204, "true")
    assert "Somebody else changed this" in client.get("/show/").content.decode()


def test_two_of_one_kind_at_once_are_refused_like_any_other(client):
    response = client.post("/fail/taken/", headers={"referer": "http://testserver/show/"}, follow=True)
    assert response.content.decode() == "There is already one like this."


@pytest.mark.parametrize(
    ("address", "status", "text"),
    [
        ("/fail/missing/", 404, "Not found."),
        ("/nowhere/", 404, "There is nothing at this address"),
        ("/fail/denied/", 403, "You are not permitted to see this."),
        ("/fail/suspicious/", 400, "We could not read this request."),
        ("/fail/broken/", 500, "This is our fault"),
    ],
)
def test_pages_for_people_and_problems_for_programs(client, address, status, text):
    page = client.get(address)
    assert (page.status_code, page["Content-Type"]) == (status, "text/html; charset=utf-8")
    assert text in page.content.decode()
    assert 'lang="en"' in page.content.decode()
    answer = client.get(f"/api{address}")
    problem = json.loads(answer.content)
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert problem["status"] == status
    assert problem["type"].startswith("urn:huiyin:problem:")
    assert text in problem["detail"]


def test_pages_speak_chinese_unless_asked_otherwise():
    page = Client().get("/nowhere/").content.decode()
    assert 'lang="zh-hans"' in page
    assert "找不到" in page


def test_a_broken_page_leaks_nothing(client):
    assert b"secret" not in client.get("/fail/broken/").content
    assert b"secret" not in client.get("/api/fail/broken/").content


def test_a_message_is_shown_as_text(client):
    page = client.get("/fail/hostile/").content.decode()
    assert escape("<script>x</script>") in page
    assert "<script>x" not in page


def test_a_form_without_its_token_is_told_what_to_do():
    page = Client(enforce_csrf_checks=True, headers={"accept-language": "en"}).post("/show/")
    assert page.status_code == 403
    assert "Load it again" in page.content.decode()


def test_one_of_many_that_is_refused_stops_no_other(rf):
    from django.contrib.messages.storage.cookie import CookieStorage

    request = rf.post("/")
    request._messages = CookieStorage(request)
    done = []
    for n in range(3):
        with refusals_told(request, about=f"#{n}"):
            if n == 1:
                raise Stale
            done.append(n)
    assert done == [0, 2]
    (message,) = request._messages
    assert message.message.startswith("#1: ")


def caught(action):
    try:
        with transaction.atomic():
            action()
            connection.check_constraints()
    except IntegrityError as error:
        return error
    pytest.fail("the database took it")


def test_constraints_are_told_as_refusals():
    user = UserFactory()
    taken = caught(lambda: User.objects.create(username=user.username))
    assert isinstance(refusal_of(taken), Taken)
    gone = caught(lambda: user.groups.through.objects.create(user=user, group_id=-1))
    assert isinstance(refusal_of(gone), InUse)
    assert isinstance(refusal_of(caught(MemberFactory().tier.delete)), InUse)
    row = {"count": 0, "digests": b"", "previous": b"", "signature": b"", "sealed_at": user.date_joined}
    crooked = refusal_of(caught(lambda: Seal.objects.create(from_txid=2, upto_txid=1, **row)))
    assert isinstance(crooked, Invalid)
    assert crooked.details == {"rule": "seal_range"}


def test_a_mistake_of_the_program_stays_one():
    assert refusal_of(caught(lambda: OutboxMessage.objects.create(kind=None))) is None


@pytest.mark.django_db(transaction=True)
def test_a_row_that_somebody_holds_is_busy():
    user = UserFactory()
    errors = []

    def other():
        try:
            with transaction.atomic():
                User.objects.select_for_update(nowait=True).get(pk=user.pk)
        except OperationalError as error:
            errors.append(refusal_of(error))
        finally:
            connection.close()

    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        thread = threading.Thread(target=other)
        thread.start()
        thread.join(20)
    assert isinstance(errors[0], Busy)
    assert errors[0].details["retry_after"] == 1


def test_the_api_answers_what_the_database_refuses():
    class View(APIView):
        authentication_classes = permission_classes = ()

        def post(self, request):
            with transaction.atomic():
                User.objects.create(username="same")
                User.objects.create(username="same")

        def get_exception_handler(self):
            return problem_response

    response = View.as_view()(APIRequestFactory().post("/"))
    assert (response.status_code, response.data["code"]) == (409, "taken")
