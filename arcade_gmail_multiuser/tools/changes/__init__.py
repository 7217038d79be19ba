"""Follow what changes in a mailbox."""
