"""`python -m arcade_gmail_multiuser` is the command `arcade-gmail-multiuser`."""

from __future__ import annotations

import sys

from arcade_gmail_multiuser.cli import main

if __name__ == "__main__":  # the guard matters: worker processes import this module again
    sys.exit(main())
