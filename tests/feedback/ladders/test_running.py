"""The sweep as beat and people start it."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone

from config.common.registry import PERIODIC
from feedback.clocks import commands
from feedback.models import Firing
from feedback.tasks import sweep
from tests.factories.sop import START, SopCaseFactory, make_ladder, make_policy

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.req("F3")]


@pytest.fixture
def case():
    make_policy(ladder=make_ladder(), targets={"first_reply": 30})
    case = SopCaseFactory()
    with transaction.atomic():
        commands.start_for_case(case, actor=None, at=timezone.now() - timedelta(minutes=40))
    return case


def test_beat_wakes_it_every_five_seconds(case):
    (entry,) = [one for one in PERIODIC if one.task == "feedback.tasks.sweep"]
    assert entry.every_seconds == 5
    assert sweep.name == entry.task
    sweep()
    assert Firing.objects.count() == 2


def test_command_says_what_it_did(case):
    out = StringIO()
    call_command("sweep", stdout=out)
    assert "1 clocks, 1 breached, rungs: notify_agent 1, notify_lead 1" in out.getvalue()
    out = StringIO()
    call_command("sweep", stdout=out)
    assert "0 clocks, 0 breached, rungs: none" in out.getvalue()


def test_command_fails_loudly(case):
    clock = case.clocks.get()
    Firing.objects.create(clock=clock, rung=0, action="notify_agent", due_at=START, fired_at=START)
    with pytest.raises(CommandError, match=str(case.pk)):
        call_command("sweep", stdout=StringIO())
