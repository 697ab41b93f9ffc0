"""Files of all responses: made by a worker, whole, for whoever asked, and gone when their time is over."""

import csv
import io
import time
from datetime import timedelta
from functools import partial
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission
from django.core.files.storage import default_storage
from django.urls import reverse
from openpyxl import load_workbook

from config.common.errors import DomainError, Invalid, NotFound, NotPermitted
from config.common.models import Event, User
from surveys.admin import result_files
from surveys.models import FileState, ResultFile
from surveys.results import export, files
from surveys.results.asking import look
from tests.factories.compensation import T0
from tests.factories.feedback import AgentFactory, CaseFactory, DepartmentFactory, StaffFactory
from tests.factories.results import campaign, given
from tests.factories.surveys import NOW, after_case, answers, invited, token_of
from tests.threads import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.req("S5")]
LATER = T0 + timedelta(days=60)


@pytest.fixture(autouse=True)
def _files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def clock():
    return LATER


@pytest.fixture
def analyst():
    return StaffFactory(role="analyst")


def asked_for(user, asking, kind="csv", **query):
    return files.ask(user=user, found=look(user, query, LATER, pk=asking.pk), kind=kind, at=LATER)


def made(user, asking, kind="csv", **query):
    files.make(file_id=asked_for(user, asking, kind, **query).pk, clock=clock)
    return ResultFile.objects.latest("pk")


def lines(file):
    return list(csv.reader(io.StringIO(file.file.read().decode("utf-8-sig"))))


def test_a_file_holds_every_row_however_many_there_are(analyst, monkeypatch):
    monkeypatch.setattr(export, "MOST_ROWS", 3)
    monkeypatch.setattr(files, "TELL_EVERY", 2)
    asking = campaign()
    given(asking, 7, csat=4, words="=1+1")
    file = made(analyst, asking)
    head, *rows = lines(file)
    assert (file.state, file.rows, file.done, file.size > 0, len(rows)) == ("ready", 7, 7, True, 7)
    assert {row[head.index("words")] for row in rows} == {"'=1+1"}
    event = Event.objects.get(kind="list.exported")
    assert (event.data["rows"], event.data["format"]) == (7, "csv")


def test_a_book_has_its_codebook(analyst):
    asking = campaign()
    given(asking, 2)
    book = load_workbook(made(analyst, asking, "xlsx").file)
    responses, codebook = book.worksheets
    assert responses.max_row == 3
    assert codebook.max_row > 10


def test_a_file_is_narrowed_as_its_page_was(analyst):
    asking = campaign()
    given(asking, 2, segments=["vip"])
    given(asking, 3, segments=["new"])
    assert made(analyst, asking, segment="vip").rows == 2


def test_whoever_sees_a_part_gets_that_part_and_nobody_else_gets_it():
    department = DepartmentFactory()
    lead = AgentFactory(leads=[department]).user
    lead.user_permissions.add(Permission.objects.get(codename="export_lists"))
    lead = User.objects.get(pk=lead.pk)
    from surveys.responses.commands import answer

    for of in (department, DepartmentFactory()):
        answer(
            token=token_of(invited(CaseFactory(closed=True, department=of))), answers=answers(5, 4), at=NOW
        )
    file = made(lead, after_case(), wave="all")
    assert file.rows == 1
    assert files.take(user=lead, ref=file.ref, at=LATER) == file
    for other in (StaffFactory(role="analyst"), StaffFactory(is_superuser=True)):
        with pytest.raises(NotFound):
            files.take(user=other, ref=file.ref, at=LATER)


def anonymous():
    asking = campaign(is_anonymous=True)
    given(asking, 6, channel="sms")
    given(asking, 1, channel="email")
    given(asking, 4, at=T0 + timedelta(days=7))
    return asking


def test_an_anonymous_file_holds_what_the_page_tells_and_no_few(analyst):
    file = made(analyst, anonymous(), wave="all")
    head, *rows = lines(file)
    assert len(rows) == 7  # the second week is too few to be told
    assert "member" not in head
    kinds = {tuple(row[: len(export.ANONYMOUS_HEAD)]) for row in rows}
    assert len(kinds) == 1


@pytest.mark.parametrize("what", ["no right", "too many", "no such kind"])
def test_what_is_refused(analyst, what):
    asking = campaign()
    kind, wanted = "csv", Invalid
    if what == "no right":
        analyst, wanted = AgentFactory().user, NotPermitted
    elif what == "too many":
        for _n in range(files.MOST_OPEN):
            asked_for(analyst, asking)
    else:
        kind = "pdf"
    with pytest.raises(wanted):
        asked_for(analyst, asking, kind)


@pytest.mark.parametrize("when", ["before", "after"])
def test_who_has_lost_the_right_gets_nothing(analyst, when):
    asking = campaign()
    given(asking, 1)
    file = asked_for(analyst, asking)
    if when == "before":
        analyst.groups.clear()
    files.make(file_id=file.pk, clock=clock)
    analyst.groups.clear()
    file.refresh_from_db()
    assert file.state == (FileState.FAILED if when == "before" else FileState.READY)
    with pytest.raises(NotPermitted):
        files.take(user=User.objects.get(pk=analyst.pk), ref=file.ref, at=LATER)


def test_who_sees_something_else_by_now_asks_again(analyst):
    asking = campaign()
    given(asking, 1)
    file = made(analyst, asking)
    ResultFile.objects.update(reach=[["department", ["1"]]])
    with pytest.raises(files.OthersRights):
        files.take(user=analyst, ref=file.ref, at=LATER)


def test_what_is_not_ready_and_what_is_over_is_not_taken(analyst):
    asking = campaign()
    file = asked_for(analyst, asking)
    with pytest.raises(files.NotReady):
        files.take(user=analyst, ref=file.ref, at=LATER)
    files.make(file_id=file.pk, clock=clock)
    for ref, at in ((uuid4(), LATER), (file.ref, LATER + files.KEPT)):
        with pytest.raises(NotFound):
            files.take(user=analyst, ref=ref, at=at)


def test_a_file_goes_when_its_time_is_over(analyst):
    file = made(analyst, campaign())
    name = file.file.name
    assert default_storage.exists(name)
    assert files.drop_old(at=LATER + files.KEPT - timedelta(seconds=1)) == 0
    from django.db import connection

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files.transaction, "on_commit", lambda do: do())
        assert files.drop_old(at=LATER + files.KEPT) == 1
    assert connection.in_atomic_block
    assert not default_storage.exists(name)
    assert not ResultFile.objects.exists()


def test_a_worker_that_fell_silent_is_relieved_and_keeps_nothing(analyst, monkeypatch):
    monkeypatch.setattr(files, "TELL_EVERY", 1)
    asking = campaign()
    given(asking, 3)
    file = asked_for(analyst, asking)
    first = files._claim(file.pk, LATER)
    assert files.waiting(LATER) == []
    assert files._claim(file.pk, LATER) is None
    late = LATER + files.SILENCE + timedelta(seconds=1)
    assert files.waiting(late) == [file.pk]
    files.make(file_id=file.pk, clock=lambda: late)
    with pytest.raises(DomainError):
        files._make(first, clock)
    file.refresh_from_db()
    assert (file.state, file.tries) == (FileState.READY, 2)
    files._fail(first)
    assert ResultFile.objects.get().state == FileState.READY


def test_what_dies_again_and_again_is_given_up(analyst, monkeypatch):
    asking = campaign()
    given(asking, 1)
    file = asked_for(analyst, asking)
    monkeypatch.setitem(files.WRITERS, "csv", lambda *_args: 1 / 0)
    for turn in range(files.MOST_TRIES):
        at = LATER + (turn + 1) * timedelta(minutes=6)
        with pytest.raises(ZeroDivisionError):
            files.make(file_id=file.pk, clock=lambda at=at: at)
    file.refresh_from_db()
    assert (file.state, file.file.name) == (FileState.FAILED, "")


@pytest.mark.django_db(transaction=True)
def test_two_workers_make_a_file_once(analyst, monkeypatch):
    file = asked_for(analyst, campaign())
    save = ResultFile.save

    def slowly(self, *args, **fields):
        time.sleep(0.3)  # both have read it before either writes
        save(self, *args, **fields)

    monkeypatch.setattr(ResultFile, "save", slowly)
    make = partial(files.make, file_id=file.pk, clock=clock)
    assert sorted(one is None for one in at_once(make, make)) == [False, True]
    assert Event.objects.filter(kind="list.exported").count() == 1


@pytest.fixture
def _now(monkeypatch):
    monkeypatch.setattr(result_files.timezone, "now", clock)


@pytest.mark.usefixtures("_now")
def test_a_file_is_asked_for_watched_and_taken(
    client, analyst, monkeypatch, django_capture_on_commit_callbacks
):
    monkeypatch.setattr(export, "MOST_ROWS", 2)
    monkeypatch.setattr("surveys.admin.results.MOST_ROWS", 2)
    woken = []
    monkeypatch.setattr(result_files, "wake", woken.append)
    asking = campaign()
    given(asking, 3)
    client.force_login(analyst, backend="django.contrib.auth.backends.ModelBackend")
    results = reverse("admin:survey_results", args=[asking.pk])
    ask = reverse("admin:survey_response_file_ask", args=[asking.pk, "csv"])
    assert ask in client.get(results).content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        assert client.post(ask).url.startswith(results)
    file = ResultFile.objects.get()
    assert woken == [file.pk]
    listed = reverse("admin:survey_response_files", args=[asking.pk])
    take = reverse("admin:survey_response_file", args=[file.ref])
    assert ("hx-get" in client.get(listed).content.decode(), take in client.get(listed).content.decode()) == (
        True,
        False,
    )
    assert client.get(take).status_code == 302
    files.make(file_id=file.pk, clock=clock)
    assert take in client.get(results).content.decode()
    taken = client.get(take)
    assert taken["Content-Disposition"].startswith("attachment")
    assert "no-store" in taken["Cache-Control"]
    assert len(b"".join(taken.streaming_content).splitlines()) == 4
    assert client.get(ask).status_code == 405
    client.force_login(StaffFactory(role="analyst"), backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(take).status_code == 404
    assert take not in client.get(listed).content.decode()


@pytest.mark.usefixtures("_now")
def test_a_file_by_the_api(client, analyst):
    asking = campaign()
    given(asking, 2)
    client.force_login(analyst, backend="django.contrib.auth.backends.ModelBackend")
    path = f"/api/v1/staff/surveys/{asking.code}/files/"
    asked = client.post(path, {"kind": "xlsx"}, content_type="application/json")
    assert (asked.status_code, asked.json()["state"]) == (202, "waiting")
    one = f"/api/v1/staff/surveys/files/{asked.json()['ref']}/"
    assert client.get(one).status_code == 409
    files.make(file_id=ResultFile.objects.get().pk, clock=clock)
    assert client.get(path).json()[0]["rows"] == 2
    assert client.get(one).status_code == 200
    assert client.post(path, {"kind": "pdf"}, content_type="application/json").status_code == 400
    client.force_login(AgentFactory().user, backend="django.contrib.auth.backends.ModelBackend")
    assert client.post(path, {"kind": "csv"}, content_type="application/json").status_code == 403
    assert client.get(one).status_code == 404
