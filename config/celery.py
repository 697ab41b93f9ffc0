"""The Celery application: `celery -A config.celery worker`, `celery -A config.celery beat`.

Tasks only wake sweeps that find their work in the database, so a message that is lost, late or repeated
does no harm.
"""

import os
import signal

from celery import Celery, beat, signals

from config import embedded
from config.attached import end_with_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
embedded.use()

app = Celery("huiyin")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@signals.setup_logging.connect
def _keep_our_logging(**_given: object) -> None:
    """Celery leaves logging alone when somebody listens here: settings.LOGGING holds."""


@signals.worker_process_init.connect
def _belong_to_the_worker(**_given: object) -> None:
    """Let a child end with its worker and not before: signals to the worker are not for it."""
    os.setpgid(0, 0)
    end_with_parent(os.getppid(), signal.SIGKILL)


ENDING = (signal.SIGTERM, signal.SIGINT)


@signals.beat_init.connect
def _end_beat_in_its_own_time(sender: beat.Service, **_given: object) -> None:
    """Let beat end after what it is about, a few seconds later at most, and save its schedule then.

    Celery saves within the signal's handler: a signal that comes while beat talks to the database would
    wait for ever for the connection that it interrupted.
    """

    def end(_signum: int, _frame: object) -> None:
        for signum in ENDING:
            signal.signal(signum, signal.SIG_IGN)
        sender.stop()

    for signum in ENDING:
        signal.signal(signum, end)
