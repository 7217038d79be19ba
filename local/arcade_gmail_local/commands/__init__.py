"""The subcommands `up`, `demo`, `engine` and `sandbox` of `arcade-gmail-multiuser`."""
