"""An embedded Arcade engine for development, CI and one team on one machine."""
