"""How beat ends."""

import os
import signal
import time

import pytest
from celery import signals

from config.celery import ENDING


@pytest.fixture
def handlers():
    """What signals do in this process, as it was before."""
    known = {signum: signal.getsignal(signum) for signum in ENDING}
    yield
    for signum, handler in known.items():
        signal.signal(signum, handler)


class Service:
    """What Celery's is to us."""

    stops = 0

    def stop(self):
        self.stops += 1


@pytest.mark.parametrize("first", ENDING)
@pytest.mark.usefixtures("handlers")
def test_signals_interrupt_nothing_and_end_it_once(first):
    service = Service()
    signals.beat_init.send(sender=service)
    os.kill(os.getpid(), first)
    for signum in ENDING * 3:  # a terminal, a parent and a supervisor may all send one
        os.kill(os.getpid(), signum)
    time.sleep(0.05)
    assert service.stops == 1
