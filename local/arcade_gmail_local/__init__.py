"""An Arcade engine and a Google sandbox for one machine: everything runs without an account."""
