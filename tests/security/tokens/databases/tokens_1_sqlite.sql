-- A token store's database, as version 1 wrote it: commit 68763ed, before databases had migrations.
-- Made once by driving that commit's code through tests/support/engine_stack and dumping the SQLite
-- database; never edit it. Everything sealed in it opens with the key
-- base64(sha256(b"a database for tests")), and the clock stood at 1800003600.

BEGIN TRANSACTION;
CREATE TABLE token_leases (
	project TEXT NOT NULL, 
	user_id TEXT NOT NULL, 
	provider TEXT NOT NULL, 
	owner VARCHAR(64) NOT NULL, 
	expires_at DOUBLE NOT NULL, 
	PRIMARY KEY (project, user_id, provider)
);
INSERT INTO "token_leases" VALUES('default','bob','google','a process that is gone',1.79594287688999080651e+09);
CREATE TABLE user_tokens (
	project TEXT NOT NULL, 
	user_id TEXT NOT NULL, 
	provider TEXT NOT NULL, 
	id VARCHAR(64) NOT NULL, 
	generation BIGINT NOT NULL, 
	status VARCHAR(16) NOT NULL, 
	client_id TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	email TEXT NOT NULL, 
	scopes TEXT NOT NULL, 
	key_id VARCHAR(32) NOT NULL, 
	access_token BLOB NOT NULL, 
	refresh_token BLOB, 
	issued_at DOUBLE NOT NULL, 
	expires_at DOUBLE NOT NULL, 
	created_at DOUBLE NOT NULL, 
	updated_at DOUBLE NOT NULL, 
	last_used_at DOUBLE, 
	PRIMARY KEY (project, user_id, provider), 
	CONSTRAINT user_tokens_by_id UNIQUE (id)
);
INSERT INTO "user_tokens" VALUES('default','alice','google','uc_J5IcIduhHCZhkWfVOQ8Lda2JLGcq2r9n',687299187147543,'active','client-1','sub-alice@example.com','alice@example.com','https://www.googleapis.com/auth/gmail.readonly','f89a69fac7cb4a72',X'011066383961363966616337636234613732CE246B2EFC25B030813EC05F303B5DFA54BD96B1BE6E3FE284FD7A1B194A5D776385B3E0B7DEB7EC4FC75095D7A1A0081E6A29BDB3606C16FB56DBF832B62A0733FA092178B26DFE',X'011066383961363966616337636234613732E412CF756FD608F2575CF0498006DF0B10717D8D80EB2A75FF34224C44FF6F542C08DD780BA70B',1800000120.0,1800003720.0,1800000000.0,1800000120.0,1800000120.0);
INSERT INTO "user_tokens" VALUES('default','bob','google','uc_0eQBUEklBwT20Q-bJ_pVFufC_KToiHiQ',12786952417915,'active','client-1','sub-bob@example.com','bob@example.com','https://www.googleapis.com/auth/gmail.readonly https://www.googleapis.com/auth/gmail.send','f89a69fac7cb4a72',X'0110663839613639666163376362346137325D0FC23BF8156162F0CB20C4E3FC3CBC347DBB406B13CA4E1A920AC5A07A7585DC6E96BD817CC2',X'0110663839613639666163376362346137325290BF889E70DA73D95BA595B0347B17B6E77DF7BA587B00278D06B1FC29569C105F8400AC',1800000000.0,1800003600.0,1800000000.0,1800000000.0,NULL);
CREATE INDEX user_tokens_by_subject ON user_tokens (subject, project, provider);
CREATE INDEX user_tokens_by_age ON user_tokens (project, created_at, id);
COMMIT;
