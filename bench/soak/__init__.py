"""Many people at once, for minutes, through manager, engine, worker and sandbox, amid faults.

Run: python -m bench.soak [--users 2000] [--minutes 3] [--seed 1] [--at-once 16]

Everybody arrives once; then, for the given minutes, it is anybody's turn at any moment.
People connect through the real OAuth pages, read, send, draft, reply, disconnect, withdraw their
consent and have their tokens expire, while Google's stand-in fails now and then. Every answer is
searched for words that belong to one person alone. At the end the sandbox's mailboxes are the
truth about what was sent. Ends 1 when something that must never happen did.
"""
