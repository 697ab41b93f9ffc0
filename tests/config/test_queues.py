"""What must not wait for an import has a queue of its own."""

import pytest
from django.conf import settings

from config import run
from config.celery import app
from config.common.registry import PERIODIC

FAST = {
    "feedback.tasks.sweep": "clocks",
    "feedback.tasks.route": "clocks",
    "config.common.tasks.relay": "outbox",
}


@pytest.mark.req("P5")
@pytest.mark.parametrize(("task", "queue"), FAST.items())
def test_fast_tasks_go_to_their_own_queue(task, queue):
    assert app.amqp.router.route({}, task)["queue"].name == queue


def test_an_import_goes_to_the_common_queue():
    assert app.amqp.router.route({}, "feedback.run_import")["queue"].name == "celery"


def test_every_route_is_of_a_task_that_exists_and_every_queue_is_served():
    app.loader.import_default_modules()
    assert set(settings.CELERY_TASK_ROUTES) <= set(app.tasks)
    assert set(settings.CELERY_TASK_ROUTES) <= {one.task for one in PERIODIC}
    served = {
        queue
        for command in run.PROCESSES.values()
        for option in command
        if option.startswith("--queues=")
        for queue in option.removeprefix("--queues=").split(",")
    }
    assert served == {queue.name for queue in settings.CELERY_TASK_QUEUES}
