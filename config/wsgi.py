"""The WSGI application."""

import gc

from django.core.handlers.wsgi import WSGIHandler
from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from config.celery import app

app.set_default()  # tasks that requests send go to our broker
application: WSGIHandler = get_wsgi_application()

# All that is loaded lives as long as the process. The collector need not walk it: a full pass took 130 ms,
# at one request in twenty.
_ = get_resolver().url_patterns
gc.collect()
gc.freeze()
