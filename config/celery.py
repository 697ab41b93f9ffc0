"""The Celery application: `celery -A config.celery worker`, `celery -A config.celery beat`.

Tasks only wake sweeps that find their work in the database, so a message that is lost, late or repeated
does no harm.
"""

import os

from celery import Celery, signals

from config import embedded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
embedded.use()

app = Celery("huiyin")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@signals.setup_logging.connect
def _keep_our_logging(**_given: object) -> None:
    """Celery leaves logging alone when somebody listens here: settings.LOGGING holds."""
