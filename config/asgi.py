"""The ASGI application."""

from django.core.asgi import get_asgi_application
from django.core.handlers.asgi import ASGIHandler

from config.celery import app

app.set_default()  # tasks that requests send go to our broker
application: ASGIHandler = get_asgi_application()
