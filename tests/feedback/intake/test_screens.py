"""Importing from the admin: upload, look, start, watch."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from compensation.defaults import tiers
from compensation.models import Member
from config.common.errors import WrongState
from config.common.models import Event
from feedback import tasks
from feedback.intake import commands, running
from feedback.models import ImportRun
from tests.factories.common import UserFactory

pytestmark = pytest.mark.req("C1")
MAP = """
timezone: Asia/Shanghai
entities:
  member:
    file: "*.csv"
    fields: {external_id: id, name: name, registered_at: since}
"""
GOOD = "id,name,since\nM1,王小明,2026-01-01\n"
BAD = GOOD + "M2,李雷,昨天\n"


@pytest.fixture(autouse=True)
def media(settings, tmp_path, db):
    settings.MEDIA_ROOT = tmp_path
    tiers.seed(timezone.now())
    return tmp_path / "imports"


@pytest.fixture
def sent(monkeypatch):
    sent = []
    monkeypatch.setattr("feedback.admin.imports.wake", sent.append)
    return sent


@pytest.fixture
def staff(client):
    user = UserFactory()
    user.user_permissions.add(Permission.objects.get(codename="import_shop"))
    client.force_login(user)
    return user


def upload(client, *texts, column_map=MAP, **more):
    files = [SimpleUploadedFile(f"members{n}.csv", text.encode()) for n, text in enumerate(texts)]
    data = {"uploads": files, **more}
    if column_map is not None:
        data["own"] = SimpleUploadedFile("our.yaml", column_map.encode())
    return client.post(reverse("admin:imports"), data)


def page(name, run):
    return reverse(f"admin:{name}", args=[run.pk])


def test_files_are_looked_at_before_they_are_imported(
    client, staff, sent, media, django_capture_on_commit_callbacks
):
    response = upload(client, BAD)
    run = ImportRun.objects.get()
    assert response.url == page("import", run)
    shown = client.get(response.url).content.decode()
    assert "王小明" in shown
    assert "昨天" in shown
    assert not Member.objects.exists()
    with django_capture_on_commit_callbacks(execute=True):
        client.post(page("import-start", run))
    assert sent == [run.pk]
    assert "progress" in client.get(page("import", run)).content.decode()
    tasks.run_import(run.pk)
    run.refresh_from_db()
    assert (run.status, run.rejected, run.counts["member"]["inserted"]) == ("done", 1, 1)
    assert Member.objects.get().name == "王小明"
    assert Event.objects.get(kind="import.finished").data["rejected"] == 1
    part = client.get(page("import", run), headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert "every 2s" not in part
    report = b"".join(client.get(page("import-rejected", run)).streaming_content).decode("utf-8-sig")
    assert "昨天" in report
    assert [path.name for path in (media / run.folder).iterdir()] == ["rejected.csv"]


def test_an_import_is_started_once(client, staff, sent):
    upload(client, GOOD)
    run = ImportRun.objects.get()
    client.post(page("import-start", run))
    client.post(page("import-start", run))
    assert Event.objects.filter(kind="import.queued").count() == 1
    with pytest.raises(WrongState):
        commands.queue(run_id=run.pk, actor=None, at=timezone.now())


def test_a_draft_is_discarded_with_its_files(client, staff, media):
    upload(client, GOOD)
    client.post(page("import-discard", ImportRun.objects.get()))
    assert not ImportRun.objects.exists()
    assert not list(media.iterdir())


def test_a_file_that_does_not_fit_is_shown_and_cannot_be_started(client, staff):
    upload(client, "a,b\n1,2\n")
    run = ImportRun.objects.get()
    shown = client.get(page("import", run)).content.decode()
    assert "members0.csv" in shown
    assert page("import-start", run) not in shown
    commands.queue(run_id=run.pk, actor=None, at=timezone.now())
    tasks.run_import(run.pk)
    run.refresh_from_db()
    assert run.status == "failed"
    assert run.failures


@pytest.mark.parametrize(
    "wrong",
    [
        {"column_map": None},
        {"column_map": MAP, "stored": "olist"},
        {"column_map": "entities: {}"},
        {"column_map": "\x00"},
        {"column_map": None, "stored": "../../settings"},
    ],
)
def test_a_wrong_map_is_refused_in_the_form(client, staff, wrong):
    response = upload(client, GOOD, **wrong)
    assert response.status_code == 200
    assert 'class="error"' in response.content.decode()
    assert not ImportRun.objects.exists()


def test_hostile_file_names_stay_in_their_folder(client, staff, media):
    run_file = SimpleUploadedFile("x.csv", GOOD.encode())
    run_file.name = "x.csv"
    run_file._name = "../../../evil.csv"
    folder, names = running.keep_uploads([run_file])
    assert names == ["evil.csv"]
    assert (media / folder / "evil.csv").exists()
    upload(client, GOOD, GOOD)
    assert ImportRun.objects.get().files == ["members0.csv", "members1.csv"]


@pytest.mark.parametrize("name", ["import", "import-start", "import-discard", "import-rejected"])
def test_without_the_permission_nothing_is_shown(client, name):
    run = commands.create(files=[], folder="x", map_name="m", map_text="", actor=None, at=timezone.now())
    client.force_login(UserFactory())
    method = client.post if name in {"import-start", "import-discard"} else client.get
    assert method(page(name, run)).status_code == 403
    assert client.get(reverse("admin:imports")).status_code == 403


def test_an_import_whose_worker_was_lost_is_taken_up_again(client, staff, sent):
    upload(client, GOOD)
    run = ImportRun.objects.get()
    now = timezone.now()
    commands.queue(run_id=run.pk, actor=None, at=now)
    assert commands.claim(run_id=run.pk, at=now) is not None
    assert commands.claim(run_id=run.pk, at=now + timedelta(minutes=1)) is None
    assert commands.to_run(at=now + timedelta(minutes=1)) == []
    later = now + timedelta(minutes=6)
    assert commands.to_run(at=later) == [run.pk]
    assert commands.claim(run_id=run.pk, at=later) is not None


def test_forgotten_drafts_go_away(client, staff, media, monkeypatch):
    upload(client, GOOD)
    ImportRun.objects.update(created_at=timezone.now() - timedelta(days=2))
    tasks.take_up_imports()
    assert not ImportRun.objects.exists()
    assert not list(media.iterdir())


def test_waiting_imports_are_sent_to_workers(client, staff, monkeypatch):
    sent = []
    monkeypatch.setattr(tasks.run_import, "delay", sent.append)
    upload(client, GOOD)
    run = ImportRun.objects.get()
    commands.queue(run_id=run.pk, actor=None, at=timezone.now())
    tasks.take_up_imports()
    assert sent == [run.pk]
