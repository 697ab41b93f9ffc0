"""Who may do what with a chat on the agents' page."""

import pytest
from django.utils import timezone

from feedback.channels.chat import commands
from feedback.models import Case, ChatSession
from tests.factories.compensation import MemberFactory
from tests.factories.feedback import AgentFactory, HandoffFactory
from tests.feedback.admin.conftest import client_for

pytestmark = [pytest.mark.django_db, pytest.mark.req("F2")]


@pytest.fixture
def chat(work):
    work.ours.takes_new = True
    work.ours.save()
    return commands.start(member=MemberFactory(), body="在吗", at=timezone.now())


@pytest.mark.parametrize(
    ("name", "post"), [("end", {"resolution": "keep"}), ("hand-over", {"to": "department:{theirs}"})]
)
def test_who_was_only_asked_neither_ends_a_chat_nor_gives_it_away(work, chat, name, post):
    lead = AgentFactory(leads=[work.theirs], user__role="supervisor")
    HandoffFactory(case=chat.case, department=work.theirs)
    path = f"/admin/chats/{chat.case_id}/{name}/"
    content = {key: value.format(theirs=work.theirs.pk) for key, value in post.items()}
    assert client_for(lead).get(f"/admin/chats/?chat={chat.case_id}").status_code == 200  # sees it
    assert client_for(lead).post(path, content).status_code == 403
    assert ChatSession.objects.get(pk=chat.pk).ended_at is None
    assert Case.objects.get(pk=chat.case_id).department == work.ours


def test_a_chat_that_has_gone_elsewhere_tells_nothing_more(work, chat, monkeypatch):
    client = client_for(work.agent)
    path = f"/admin/chats/wait/?chat={chat.case_id}&now=1"
    assert "在吗" in client.get(path).json()["lines"]
    Case.objects.filter(pk=chat.case_id).update(department=work.theirs)
    assert client.get(path).status_code == 404
