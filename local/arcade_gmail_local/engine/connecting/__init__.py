"""From "may this user do that?" to a stored connection, and to its end."""
