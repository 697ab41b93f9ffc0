"""The Celery application: `celery -A config.celery worker`, `celery -A config.celery beat`.

Tasks only wake sweeps that find their work in the database, so a message that is lost, late or repeated
does no harm.
"""

import os

from celery import Celery

from config import embedded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
embedded.use()

app = Celery("huiyin")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
