"""The WSGI application."""

from django.core.handlers.wsgi import WSGIHandler
from django.core.wsgi import get_wsgi_application

from config.celery import app

app.set_default()  # tasks that requests send go to our broker
application: WSGIHandler = get_wsgi_application()
