"""What beat wakes."""

from celery import shared_task
from django.utils import timezone

from surveys.campaigns import commands as campaigns
from surveys.interviews import commands as interviews
from surveys.interviews import proposing
from surveys.invitations import commands as invitations
from surveys.responses import spent, telling
from surveys.results import files, sums
from surveys.results.cells import smallest_cell

HOURS_2 = 2 * 3600


@shared_task(name="surveys.invite")
def invite() -> None:
    """Ask whom there is to ask by now, and remind, in steps that each commit."""
    campaigns.end_due(at=timezone.now())
    invitations.ask(at=timezone.now())
    while invitations.remind_due(at=timezone.now()):
        pass


@shared_task(name="surveys.sum_answers")
def sum_answers() -> None:
    """Count the answers that came since the last pass."""
    sums.catch_up()


@shared_task(name="surveys.make_file", time_limit=HOURS_2, soft_time_limit=HOURS_2)
def make_file(file_id: int) -> None:
    """Make one file of responses that waits, or whose worker was lost."""
    files.make(file_id=file_id, clock=timezone.now)


@shared_task(name="surveys.take_up_files")
def take_up_files() -> None:
    """Send every file that waits, or whose worker fell silent, to a worker; drop those whose time is over."""
    for file_id in files.waiting(timezone.now()):
        make_file.delay(file_id)
    while files.drop_old(at=timezone.now()):
        pass


@shared_task(name="surveys.tell_results")
def tell_results() -> None:
    """Alert agents and leads to the day's answers about their cases, once the chosen hour has come."""
    telling.tell_results(at=timezone.now())


@shared_task(name="surveys.close_the_day")
def close_the_day() -> None:
    """Close the anonymous day that is over, or all that were missed."""
    spent.close_the_day(at=timezone.now(), smallest=smallest_cell())


@shared_task(name="surveys.remind_interviews")
def remind_interviews() -> None:
    """Remind those who talk to us within a day."""
    while interviews.remind(at=timezone.now()):
        pass


@shared_task(name="surveys.propose_interviews")
def propose_interviews() -> None:
    """Propose the members to talk to this month, once."""
    proposing.propose_this_month(at=timezone.now())
