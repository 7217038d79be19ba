"""Find a mail's files, fetch them, and read their text where a hostile one can do no harm."""
