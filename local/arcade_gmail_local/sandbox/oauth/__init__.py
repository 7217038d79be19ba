"""Google's sign-in: consent page, codes, tokens, userinfo."""
