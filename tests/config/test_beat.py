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


def serve(first, saved):
    """What Celery's service does: wait for the next task, and save the schedule whatever happens."""
    try:
        os.kill(os.getpid(), first)
        time.sleep(5)
    finally:
        for signum in ENDING * 3:  # a terminal, a parent and a supervisor may all send one
            os.kill(os.getpid(), signum)
        time.sleep(0.05)
        saved.append(True)


@pytest.mark.parametrize("first", ENDING)
@pytest.mark.usefixtures("handlers")
def test_the_first_signal_ends_beat_and_nothing_interrupts_its_saving(first):
    signals.beat_init.send(sender=None)
    saved = []
    with pytest.raises(KeyboardInterrupt):  # Celery's service ends by it
        serve(first, saved)
    assert saved
