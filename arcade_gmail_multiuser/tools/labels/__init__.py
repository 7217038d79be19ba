"""List, create, rename and delete labels."""
