"""Leave mailing lists."""
