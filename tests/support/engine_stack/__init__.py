"""An engine for tests, with a stand-in provider and stand-in workers behind its one seam."""
