"""Run the soak from the command line."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys

from bench.soak import __doc__ as about
from bench.soak.report import as_dict, broken, show
from bench.soak.run import Plan, soak


def main() -> int:
    parser = argparse.ArgumentParser(
        "python -m bench.soak",
        description=about,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--users", type=int, default=2000)
    parser.add_argument("--minutes", type=float, default=3.0, help="after all have arrived")
    parser.add_argument("--seed", type=int, default=1, help="of who does what; not of the timing")
    parser.add_argument("--at-once", type=int, default=16, help="calls under way at any moment")
    parser.add_argument("--fault-every", type=int, default=12, metavar="CALLS")
    parser.add_argument("--workers", type=int, default=1, help="processes of the worker")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON instead")
    given = parser.parse_args()
    plan = Plan(
        given.users, given.minutes * 60, given.seed, given.at_once, given.fault_every, given.workers
    )
    result = asyncio.run(soak(plan))
    print(json.dumps(as_dict(result)) if given.json else show(result))
    return 1 if broken(result) else 0


if __name__ == "__main__":
    sys.exit(main())
