"""Gmail for AI agents, for thousands of people at once.

Importing this package does nothing: no logging set-up, no environment, no network. Arcade finds
the tools below it by reading the source; an application imports what it needs from the rooms.
"""
