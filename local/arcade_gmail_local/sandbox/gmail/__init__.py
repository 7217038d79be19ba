"""What each of the API's methods does and answers."""
