"""Google's sign-in: consent page, codes, tokens, and who a token belongs to."""
