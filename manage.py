#!/usr/bin/env python
"""Django's command line for Huiyin."""

import os
import sys


def main() -> None:
    """Start the private database where there is no other, and run one command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line

    from config import embedded

    embedded.use()
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
