-- A token store's database, as version 1 wrote it: commit 68763ed, before databases had migrations.
-- Made once by driving that commit's code through tests/support/engine_stack and dumping the PostgreSQL
-- database; never edit it. Everything sealed in it opens with the key
-- base64(sha256(b"a database for tests")), and the clock stood at 1800003600.

CREATE TABLE token_leases (
    project text NOT NULL,
    user_id text NOT NULL,
    provider text NOT NULL,
    owner character varying(64) NOT NULL,
    expires_at double precision NOT NULL
);
CREATE TABLE user_tokens (
    project text NOT NULL,
    user_id text NOT NULL,
    provider text NOT NULL,
    id character varying(64) NOT NULL,
    generation bigint NOT NULL,
    status character varying(16) NOT NULL,
    client_id text NOT NULL,
    subject text NOT NULL,
    email text NOT NULL,
    scopes text NOT NULL,
    key_id character varying(32) NOT NULL,
    access_token bytea NOT NULL,
    refresh_token bytea,
    issued_at double precision NOT NULL,
    expires_at double precision NOT NULL,
    created_at double precision NOT NULL,
    updated_at double precision NOT NULL,
    last_used_at double precision
);
INSERT INTO token_leases VALUES ('default', 'bob', 'google', 'a process that is gone', 1795942878.545773);
INSERT INTO user_tokens VALUES ('default', 'bob', 'google', 'uc_BMN4nVF8jDx3sD-YFvXhkkzM7x588GHY', 1142003304929448, 'active', 'client-1', 'sub-bob@example.com', 'bob@example.com', 'https://www.googleapis.com/auth/gmail.readonly https://www.googleapis.com/auth/gmail.send', 'f89a69fac7cb4a72', '\x0110663839613639666163376362346137320644a61accdeb22cefc383782968c07d3044c8d6cf74596f379c08c44f34889738f76f1bf21c20', '\x0110663839613639666163376362346137324667fdbc0a365c65c0d805e77b234a228c213c4f898af074dd91b3e1a2d09544fbc6913cb9', 1800000000, 1800003600, 1800000000, 1800000000, NULL);
INSERT INTO user_tokens VALUES ('default', 'alice', 'google', 'uc_stoV25LyWkDw6RKwN8jhLDbZCFKHlqp9', 445924680389934, 'active', 'client-1', 'sub-alice@example.com', 'alice@example.com', 'https://www.googleapis.com/auth/gmail.readonly', 'f89a69fac7cb4a72', '\x0110663839613639666163376362346137321ec388394411aa539aaca54f880bf33f18dd7e349842056c9449dc1e1a4f1138206ea2770a0f28cd25ecdd2f00bd5d7bfd068d6f31ae603966d287dc30d28ca6edcb7dea66394b3b', '\x01106638396136396661633763623461373214eab74b5c9f965c3dc219c9b605cce9e2897008cb2c2df8e9af855e3ba32cb5e341556f82a248', 1800000120, 1800003720, 1800000000, 1800000120, 1800000120);
ALTER TABLE ONLY token_leases
    ADD CONSTRAINT token_leases_pkey PRIMARY KEY (project, user_id, provider);
ALTER TABLE ONLY user_tokens
    ADD CONSTRAINT user_tokens_by_id UNIQUE (id);
ALTER TABLE ONLY user_tokens
    ADD CONSTRAINT user_tokens_pkey PRIMARY KEY (project, user_id, provider);
CREATE INDEX user_tokens_by_age ON user_tokens USING btree (project, created_at, id);
CREATE INDEX user_tokens_by_subject ON user_tokens USING btree (subject, project, provider);
