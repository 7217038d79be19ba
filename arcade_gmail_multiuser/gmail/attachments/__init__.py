"""Files of a mail: which one is meant, its bytes, and its text read where it can harm nothing."""
