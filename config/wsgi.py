"""The WSGI application."""

import os

from django.core.handlers.wsgi import WSGIHandler
from django.core.wsgi import get_wsgi_application

from config.celery import app

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
app.set_default()  # tasks that requests send go to our broker
application: WSGIHandler = get_wsgi_application()
