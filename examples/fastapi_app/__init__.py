"""A whole application: sign in, connect Gmail, ask the agent, see the answer, disconnect."""
