"""The security configuration: one YAML file, every key enforced, nothing unsafe accepted."""
