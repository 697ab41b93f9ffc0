#!/usr/bin/env python
"""Django's command line for Huiyin."""

import os
import signal
import sys


def main() -> None:
    """Have the database up, and run one command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    from config.embedded import EmbeddedError

    signal.signal(
        signal.SIGTERM, lambda _signal, _frame: sys.exit(143)
    )  # leave through atexit: the database stops
    try:
        from config.celery import app

        app.set_default()
        execute_from_command_line(sys.argv)
    except (EmbeddedError, ImproperlyConfigured) as error:
        sys.exit(f"\n{error}")


if __name__ == "__main__":
    main()
