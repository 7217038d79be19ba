-- An engine's database, as version 1 wrote it: commit 68763ed, before databases had migrations.
-- Made once by driving that commit's code through tests/support/engine_stack and dumping the PostgreSQL
-- database; never edit it. Everything sealed in it opens with the key
-- base64(sha256(b"a database for tests")), and the clock stood at 1800003600.

CREATE TABLE api_keys (
    project text NOT NULL,
    name text NOT NULL,
    digest character varying(64) NOT NULL,
    key_id character varying(32) NOT NULL,
    created_at double precision NOT NULL,
    last_used_at double precision,
    revoked_at double precision
);
CREATE TABLE attempts (
    state_hash character varying(64) NOT NULL,
    flow character varying(64) NOT NULL,
    cookie_hash character varying(64) NOT NULL,
    verifier bytea NOT NULL,
    created_at double precision NOT NULL,
    consumed_at double precision
);
CREATE TABLE audit_head (
    id integer NOT NULL,
    log character varying(32) NOT NULL,
    count bigint NOT NULL,
    digest character varying(64) NOT NULL,
    key_id character varying(32) NOT NULL,
    mac character varying(64) NOT NULL
);
CREATE TABLE audit_records (
    "position" bigint NOT NULL,
    record text NOT NULL,
    mac character varying(64) NOT NULL
);
CREATE TABLE call_attempts (
    id character varying(64) NOT NULL,
    call character varying(64) NOT NULL,
    started_at double precision NOT NULL,
    finished_at double precision NOT NULL,
    success boolean NOT NULL,
    outcome bytea NOT NULL
);
CREATE TABLE engine_version (
    id integer NOT NULL,
    version integer NOT NULL
);
CREATE SEQUENCE engine_version_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE engine_version_id_seq OWNED BY engine_version.id;
CREATE TABLE flows (
    id character varying(64) NOT NULL,
    flow_id character varying(64) NOT NULL,
    project text NOT NULL,
    user_id text NOT NULL,
    provider text NOT NULL,
    scopes text NOT NULL,
    next_uri text,
    phase character varying(16) NOT NULL,
    reason text,
    attempt character varying(64),
    code bytea,
    created_at double precision NOT NULL,
    expires_at double precision NOT NULL
);
CREATE TABLE page_visits (
    link_hash character varying(64) NOT NULL,
    project text NOT NULL,
    user_id text NOT NULL,
    cookie_hash character varying(64),
    expires_at double precision NOT NULL
);
CREATE TABLE rate_attempts (
    key character varying(64) NOT NULL,
    times text NOT NULL,
    expires_ms bigint NOT NULL
);
CREATE TABLE revocations (
    id character varying(64) NOT NULL,
    project text NOT NULL,
    provider text NOT NULL,
    sealed_grant bytea NOT NULL,
    tries integer NOT NULL,
    due_at double precision NOT NULL,
    created_at double precision NOT NULL
);
CREATE TABLE scheduled_calls (
    id character varying(64) NOT NULL,
    project text NOT NULL,
    user_id text NOT NULL,
    toolkit text NOT NULL,
    tool text NOT NULL,
    version text,
    read_only boolean NOT NULL,
    stacktrace boolean NOT NULL,
    input bytea NOT NULL,
    phase character varying(16) NOT NULL,
    tries integer NOT NULL,
    run_at double precision NOT NULL,
    due_at double precision NOT NULL,
    owner character varying(64),
    lease_until double precision,
    created_at double precision NOT NULL,
    updated_at double precision NOT NULL,
    started_at double precision,
    finished_at double precision
);
CREATE TABLE token_leases (
    project text NOT NULL,
    user_id text NOT NULL,
    provider text NOT NULL,
    owner character varying(64) NOT NULL,
    expires_at double precision NOT NULL
);
CREATE TABLE tool_secrets (
    id character varying(64) NOT NULL,
    project text NOT NULL,
    key text NOT NULL,
    value bytea NOT NULL,
    description text NOT NULL,
    created_at double precision NOT NULL,
    updated_at double precision NOT NULL,
    last_accessed_at double precision
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
CREATE TABLE workers (
    project text NOT NULL,
    id text NOT NULL,
    url text NOT NULL,
    secret bytea NOT NULL,
    timeout_s double precision NOT NULL,
    enabled boolean NOT NULL,
    created_at double precision NOT NULL,
    updated_at double precision NOT NULL
);
ALTER TABLE ONLY engine_version ALTER COLUMN id SET DEFAULT nextval('engine_version_id_seq'::regclass);
INSERT INTO api_keys VALUES ('default', 'retired', '6a549ede406aa1e6b1bb5021b1ecdd85f407a83b5ced6594c4cf9fe7a4ef70dd', 'f89a69fac7cb4a72', 1800000000, NULL, 1800000000);
INSERT INTO api_keys VALUES ('default', 'ci', '08f9ac3d6b0cc2a963e98f46fae88a4781ba51c1ebcd4e75b134dd72aebcfade', 'f89a69fac7cb4a72', 1800000000, 1800003600, NULL);
INSERT INTO attempts VALUES ('9d87e53260541d88bdf4a7c7a90498c1bcf843ec99e1fcb1d8c07549340eaca9', 'ac_-xmoA9L2t9dNW1iaK3I6z63QQV-GrEy2', '3911b08c360352c6bbdf671e395d3a44c317a2c69d3b76deb1119b37a13aca0b', '\x011066383961363966616337636234613732b7254557768727f5cacb10642789fb0ea44278ec0880ac732d305ede41b118fb041452cc938fd951768858b759b5fa605dff10c2ece46afe7ddd35b3b589fcf6b652bd0b7fbd17e344be8f0f9dc6ecb815801f933cd8aab0bfe1af8c0d36cb9950363375fda4f0ad9bcdcd906de3c804e2d0', 1800000000, 1800000000);
INSERT INTO attempts VALUES ('e5c3dafe7038f6d5d1d32ce91d220a9cbad4af659c4e9a3298aa7d23dc4bda73', 'ac_oqjo3uFilu13g-0zpNU2ARBG_WYdnioH', 'f1b37eb0f45b1db425d965e43057f568714bebc0dfaa3e488880915edc567255', '\x0110663839613639666163376362346137325edf75aad680ba54101121c6ed004a399c59577448d525e556d0e21f8848a8bd6c6e237522b78a26133182a430562dba08a35637b39bfc0633157006cce67603294fa0f4721137cf7f2ae34169bf1f636fd08caf0f9ef5c66006511834cd8273b8a0b7c080411d95b352aabf754c4e78afc5', 1800000000, 1800000000);
INSERT INTO attempts VALUES ('d6a18b0e839f15682df38c89390475e6035f3d7c5362c062e5eb29a9e73ee65f', 'ac_p3mOpvc8b3oj8uBSiiD754Lpkj5QZaTv', '1876f2b5447ca09323828f03838d9177cb08380bfc7ec4f78cee1e1575f67e27', '\x011066383961363966616337636234613732e6572aa6ad3dbff4c8a6fd2e656f3665dfa074d4f08efa730c868cdcafbfba9204d88a65e5e08446a49b4d8e4342f5710e20d9c49ea16f22213042601e881e9d392980f12d2c5676248c59c9d3137a5f114b596ad1820338652e7794e49e9cef205b786bcc681f18d353e622a3132ea069a9', 1800003600, 1800003600);
INSERT INTO audit_head VALUES (1, '8205d20d1971a552e48e4f65a2342bdc', 21, '651cae1f4c40d2f65d9f47c52b0cbb412d69c781d668deb44e1b8aefce500499', '59399630a3dae85f', '31b51402ad50dbb1c5735f749c900211fcb916ca1d46f18eb483694da7fee5f9');
INSERT INTO audit_records VALUES (1, '{"actor":"engine","at":"2027-01-15T08:00:00.000000+00:00","detail":{},"event":"engine.started","key":"59399630a3dae85f","n":1,"outcome":"succeeded","prev":"04483954ef663eb7917814c039749ecbd072ad3a1c6cac5eba88b90c83ddefe5","project":"default","provider":null,"user":null,"v":1}', '1bb946f4a63cde7049f1eb5c83480c3240003c099cc69894eec295c8ea3c8c07');
INSERT INTO audit_records VALUES (2, '{"actor":"default","at":"2027-01-15T08:00:00.000000+00:00","detail":{"scopes":"gmail.readonly gmail.send"},"event":"authorization.asked","key":"59399630a3dae85f","n":2,"outcome":"started","prev":"5b7bd931b3387f24745f4029e7b35f98be147241ef1f9f5fe74ed6f69e1bfda6","project":"default","provider":"google","user":{"hash":"fcadaaf51eb75a913537bb1c35b6db56"},"v":1}', '6ee2f590b1c30103ae338fae92e4113cbfb78e0195c8350943b664aa17896605');
INSERT INTO audit_records VALUES (3, '{"actor":"browser","at":"2027-01-15T08:00:00.000000+00:00","detail":{"authorization":"ac_-xmoA9L2t9dNW1iaK3I6z63QQV-GrEy2"},"event":"authorization.started","key":"59399630a3dae85f","n":3,"outcome":"started","prev":"ceb4f3810fd0d58d2a5c678ab74f4a43e894f132efaa66a7012e6c3c9d505d6b","project":"default","provider":"google","user":{"hash":"fcadaaf51eb75a913537bb1c35b6db56"},"v":1}', '1bf2eaebe669173ea54abaf2c004dbe12845f56764d6f80ade86b96afb7880d4');
INSERT INTO audit_records VALUES (4, '{"actor":"browser","at":"2027-01-15T08:00:00.000000+00:00","detail":{"authorization":"ac_-xmoA9L2t9dNW1iaK3I6z63QQV-GrEy2"},"event":"authorization.confirmed","key":"59399630a3dae85f","n":4,"outcome":"started","prev":"7a749047cda35acda06d0083d14a7e9eb47a8832f65351e47e925e6531e9c474","project":"default","provider":"google","user":{"hash":"fcadaaf51eb75a913537bb1c35b6db56"},"v":1}', 'a9a95aa2c1a09fd9e06f5c676252270e58ff9e35b53fbae2200204a57c43f4d4');
INSERT INTO audit_records VALUES (5, '{"actor":"browser","at":"2027-01-15T08:00:00.000000+00:00","detail":{},"event":"token.stored","key":"59399630a3dae85f","n":5,"outcome":"started","prev":"a0ec1c3a0966d1211c757ff60bd1fb0d89aefa96af97cb53689fe240a6ab67c1","project":"default","provider":"google","user":{"hash":"fcadaaf51eb75a913537bb1c35b6db56"},"v":1}', '328667c3f01bae192ad2f350eea8a8626d253a8f641b4bca6dd769e24be34b8a');
INSERT INTO audit_records VALUES (6, '{"actor":"default","at":"2027-01-15T08:00:00.000000+00:00","detail":{"scopes":"gmail.readonly gmail.send"},"event":"authorization.asked","key":"59399630a3dae85f","n":6,"outcome":"started","prev":"300536cc49d6e3498bdf5d382d48bb7234cdd8172e905c74b401b11e8465a931","project":"default","provider":"google","user":{"hash":"5bf6e07c0e288b88cebc77da9b7f07c2"},"v":1}', '005fa07d7a89ac0eab344c458561f3c6410ac679accb942d39a54a9e7fa5eaf1');
INSERT INTO audit_records VALUES (7, '{"actor":"browser","at":"2027-01-15T08:00:00.000000+00:00","detail":{"authorization":"ac_oqjo3uFilu13g-0zpNU2ARBG_WYdnioH"},"event":"authorization.started","key":"59399630a3dae85f","n":7,"outcome":"started","prev":"5e9e3a16e2a019fc655c5aedebffeb2eede772b04e96e2cddc357fffbffa1aa9","project":"default","provider":"google","user":{"hash":"5bf6e07c0e288b88cebc77da9b7f07c2"},"v":1}', '446d52e21515cbd225d15b0e1b963727d32131e96388186063e7ef2cedd4da5f');
INSERT INTO audit_records VALUES (8, '{"actor":"browser","at":"2027-01-15T08:00:00.000000+00:00","detail":{"authorization":"ac_oqjo3uFilu13g-0zpNU2ARBG_WYdnioH"},"event":"authorization.confirmed","key":"59399630a3dae85f","n":8,"outcome":"started","prev":"7f4c317055a71601cdfa4960313b4d8799fabf30e094f4ff68fce6d07a4db3a0","project":"default","provider":"google","user":{"hash":"5bf6e07c0e288b88cebc77da9b7f07c2"},"v":1}', 'dc124ee98233070db56081a7a987f0fc66a96d74051ccd9f303bbe22ddf62397');
INSERT INTO audit_records VALUES (9, '{"actor":"browser","at":"2027-01-15T08:00:00.000000+00:00","detail":{},"event":"token.stored","key":"59399630a3dae85f","n":9,"outcome":"started","prev":"1ae81dfd88e08b64a96957389a199bb1d5df039c803fd1d22a7e2bc66d2a2d85","project":"default","provider":"google","user":{"hash":"5bf6e07c0e288b88cebc77da9b7f07c2"},"v":1}', '820853399efb42068b5acf4c4fdad4640ad159e8ab020e42be22f13fe34e5e5f');
INSERT INTO audit_records VALUES (10, '{"actor":"token_manager","at":"2027-01-15T09:00:00.000000+00:00","detail":{},"event":"token.refreshed","key":"59399630a3dae85f","n":10,"outcome":"succeeded","prev":"90584580a75b6577c95605a0689a19e3fbe0cb5975fd8d70d71223a9d5f3e443","project":"default","provider":"google","user":{"hash":"fcadaaf51eb75a913537bb1c35b6db56"},"v":1}', 'cb074e9199ed3bdd2c3602e73b35043f6c23310087603fca038b1d1312804b03');
INSERT INTO audit_records VALUES (11, '{"actor":"default","at":"2027-01-15T09:00:00.000000+00:00","detail":{"to":"worker","worker":"default"},"event":"token.released","key":"59399630a3dae85f","n":11,"outcome":"succeeded","prev":"d8e3394a9154b1a687fa5a9666bd77fb044751c6dd070ff5675e16864190941d","project":"default","provider":"google","user":{"hash":"fcadaaf51eb75a913537bb1c35b6db56"},"v":1}', 'b4be647fcf2d5493e6e7e7777d866ffb32c0b8a932500d3674d110168648c0e5');
INSERT INTO audit_records VALUES (12, '{"actor":"default","at":"2027-01-15T09:00:00.000000+00:00","detail":{"scopes":"gmail.readonly"},"event":"authorization.asked","key":"59399630a3dae85f","n":12,"outcome":"started","prev":"bb728ad41ace4d4005b12dfa7bb2c10c955e556b0f558413971e425cb47cf80c","project":"default","provider":"google","user":{"hash":"73bd5bb860c126feb36800ef25955c97"},"v":1}', 'c306c7e11c06f7c56de3bced225960f9edfff5e32515195ba2027de8400f7f1d');
INSERT INTO audit_records VALUES (13, '{"actor":"default","at":"2027-01-15T09:00:00.000000+00:00","detail":{"scopes":"gmail.readonly"},"event":"authorization.asked","key":"59399630a3dae85f","n":13,"outcome":"started","prev":"631fd3256aca17f5292230eec34d96902f9b26a6cde709924ba71cc6678e939a","project":"default","provider":"google","user":{"hash":"dcb71d973016faca0824e1b3b110e12d"},"v":1}', '35025e4f3974ec25a7bddb5ca76719b983e579755ef74406205735d3a32c6474');
INSERT INTO audit_records VALUES (14, '{"actor":"browser","at":"2027-01-15T09:00:00.000000+00:00","detail":{"authorization":"ac_p3mOpvc8b3oj8uBSiiD754Lpkj5QZaTv"},"event":"authorization.started","key":"59399630a3dae85f","n":14,"outcome":"started","prev":"0ad8755afc395403d02600b03ef04a7d8dbf179f04980f6f2f1cd115aaf95c63","project":"default","provider":"google","user":{"hash":"dcb71d973016faca0824e1b3b110e12d"},"v":1}', '00fdf7c5cf2e38b2a7ad22f3591849cafbdc0bb7f6bd7b6a7ebfccdbf9929ed0');
INSERT INTO audit_records VALUES (15, '{"actor":"default","at":"2027-01-15T09:00:00.000000+00:00","detail":{"secret":"ONE"},"event":"tool_secret.set","key":"59399630a3dae85f","n":15,"outcome":"started","prev":"f1c0a8bde7370e3d266aa020098ce390f879c3642384e75d45f83b8bd7049b9d","project":"default","provider":null,"user":null,"v":1}', '0d8fe0eb0650a15d84c9d314a1c497ffc9c060cbea6e36fc417843c03f90fd19');
INSERT INTO audit_records VALUES (16, '{"actor":"default","at":"2027-01-15T09:00:00.000000+00:00","detail":{"enabled":true,"url":"http://127.0.0.1:8003","worker":"math"},"event":"worker.added","key":"59399630a3dae85f","n":16,"outcome":"started","prev":"431b5bb67eaef320685fd83ed208ed817c35fd01236331628f91bad6d70c020e","project":"default","provider":null,"user":null,"v":1}', 'f97c2f69a05d54b608e71bd643b446c015a10114f022aae4f16fb2db481e1434');
INSERT INTO audit_records VALUES (17, '{"actor":"scheduler","at":"2027-01-15T09:00:00.000000+00:00","detail":{"to":"worker","worker":"default"},"event":"token.released","key":"59399630a3dae85f","n":17,"outcome":"succeeded","prev":"b998ef054588f6939588a8be6f073877ddefebd35f3bb87900fb7a9c14136d07","project":"default","provider":"google","user":{"hash":"fcadaaf51eb75a913537bb1c35b6db56"},"v":1}', '0fb7a5c80766e6f603267275589ce901f010513e652f415a7f9c356c9b60704e');
INSERT INTO audit_records VALUES (18, '{"actor":"default","at":"2027-01-15T09:00:00.000000+00:00","detail":{},"event":"token.erased","key":"59399630a3dae85f","n":18,"outcome":"started","prev":"af19153a757865419969a3d844224c46a868d67e1166bb6daab584e25e86d1e1","project":"default","provider":"google","user":{"hash":"5bf6e07c0e288b88cebc77da9b7f07c2"},"v":1}', '8ca36d13f3814f547e22150c8d4f3f8d84517cfd9e7f916c4280b0f4a46a1dd9');
INSERT INTO audit_records VALUES (19, '{"actor":"revocation","at":"2027-01-15T09:00:00.000000+00:00","detail":{},"event":"grant.revoked","key":"59399630a3dae85f","n":19,"outcome":"started","prev":"cd08c890ddea5b6d4058463576e7542216a5a793acc5faab8cc85e3581ddc815","project":"default","provider":"google","user":{"hash":"5bf6e07c0e288b88cebc77da9b7f07c2"},"v":1}', '3aecd84c6b490d1e038023fe82c24b04936b07ee93c2779f7c7512dd3a697569');
INSERT INTO audit_records VALUES (20, '{"actor":"revocation","at":"2027-01-15T09:00:00.000000+00:00","detail":{"reason":"deadline_exceeded"},"event":"grant.revoked","key":"59399630a3dae85f","n":20,"outcome":"failed","prev":"f2bd02fde25bd2149e7c94011a07f294579a08bbeb842f6c506725d23ec91504","project":"default","provider":"google","user":{"hash":"5bf6e07c0e288b88cebc77da9b7f07c2"},"v":1}', 'a9ea1589c564f0d638afb04960161ce8824fd65ab324ec3cb2926f3d29449e82');
INSERT INTO audit_records VALUES (21, '{"actor":"default","at":"2027-01-15T09:00:00.000000+00:00","detail":{},"event":"connections_page.opened","key":"59399630a3dae85f","n":21,"outcome":"started","prev":"2584741724c4606929bee290e5cfaaa41f245a1fc4bc1acb85bdf44f3466aeba","project":"default","provider":null,"user":{"hash":"fcadaaf51eb75a913537bb1c35b6db56"},"v":1}', '8d71fec0a0728078b27bebb0c4ed16b1d6983da5c5cfbf3ec5519d32afaff4b0');
INSERT INTO call_attempts VALUES ('ta_9Iozx218R-zWPmsyYM005Kar', 'te_hsZ92hSy01lPb_pi9vHdTW6s', 1800003600, 1800003600, true, '\x011066383961363966616337636234613732575a33ac256c7b4c133b133af77f7cfe079a7f87263259fccff5a244b3bdaab2a3dbe6dda1c6374cd51fd36d162dbaaff59d0c1375c332da928706162b0cd6bea2943ab108d0c6ccb19e3e1f75bb5c2d8e');
INSERT INTO engine_version VALUES (1, 1);
INSERT INTO flows VALUES ('ac_-xmoA9L2t9dNW1iaK3I6z63QQV-GrEy2', 'fl_uM7dJ9Y_qSA6OmZYqQTsUIOt8eJh-9ku8DfNo8iklvU', 'default', 'alice', 'google', 'https://www.googleapis.com/auth/gmail.readonly https://www.googleapis.com/auth/gmail.send', NULL, 'completed', NULL, '9d87e53260541d88bdf4a7c7a90498c1bcf843ec99e1fcb1d8c07549340eaca9', NULL, 1800000000, 1800000600);
INSERT INTO flows VALUES ('ac_oqjo3uFilu13g-0zpNU2ARBG_WYdnioH', 'fl_h_2Ny_cK7-itAkDZ3CflGvWvHU2XoCYJlDLjKNWSjOg', 'default', 'dave', 'google', 'https://www.googleapis.com/auth/gmail.readonly https://www.googleapis.com/auth/gmail.send', NULL, 'completed', NULL, 'e5c3dafe7038f6d5d1d32ce91d220a9cbad4af659c4e9a3298aa7d23dc4bda73', NULL, 1800000000, 1800000600);
INSERT INTO flows VALUES ('ac_mGoU9wvMPqCV_h_Jwphfi1hTR8LzynXn', 'fl_IpHT_1TW1SjQdaXyGOt-EIEokAO258QRhYJHZ_PpS_w', 'default', 'bob', 'google', 'https://www.googleapis.com/auth/gmail.readonly', NULL, 'pending', NULL, NULL, NULL, 1800003600, 1800007200);
INSERT INTO flows VALUES ('ac_p3mOpvc8b3oj8uBSiiD754Lpkj5QZaTv', 'fl_Dw1fV2K7UnZhiUxzcPARA0wd7eCkBLdQBcjcr7JyrGk', 'default', 'carol', 'google', 'https://www.googleapis.com/auth/gmail.readonly', NULL, 'held', NULL, 'd6a18b0e839f15682df38c89390475e6035f3d7c5362c062e5eb29a9e73ee65f', '\x0110663839613639666163376362346137324069ae166c2934013c368c18b46032d24dfd3c5304d5a6b870685262a4a46dad8c36911da472fecbd03298ef7bf694e7bd496b8e29cf0eba150bed6c86e4ffe817e426217819b099c88eac839df8', 1800003600, 1800004200);
INSERT INTO page_visits VALUES ('ac28f4c993b93d8fc24822b6dd4b3c9f6858b6bc8dc9782032a79e72f70926e1', 'default', 'alice', NULL, 1800003900);
INSERT INTO rate_attempts VALUES ('bd520a2319613ddb7e15b24acb0d6b585b06061c251d7381dd3b98089eaedb22', '1800003600000', 1800004500000);
INSERT INTO rate_attempts VALUES ('9fcc5e9df3388ff4df0329cf061b416b37f83a3c06a574ba92903bc899e758a8', '1800003600000', 1800004500000);
INSERT INTO revocations VALUES ('rv_rnJwyZhf-FIQ3EBeS_Z_9_XU9zbyaxum', 'default', 'google', '\x011066383961363966616337636234613732c730f7440554f784d70c562bfff3fc080ae1f8fcb07105f3f7b240a4f21669d40d999e8d6a9151548bde9fea4b39da833ca824d3f703b04c51b074f91bcc82f4abf476ab33700f842a3ef2ba3419008045c833dc905f3b9db4315a903e662c443a83cec876cedf4171be', 1, 1800003660, 1800003600);
INSERT INTO scheduled_calls VALUES ('te_eh6phPL3A-tmZoMaLrxvR1UP', 'default', 'alice', 'GmailMultiuser', 'SendEmail', '0.1.0', false, false, '\x0110663839613639666163376362346137328c94fdb759f0cb31e7ac76bd874d794ff71b71c71fc33e782fa32390be0c01fa4a74fba92035b48c2bf4c2ec4f83a8d5', 'pending', 0, 1800090000, 1800090000, NULL, NULL, 1800003600, 1800003600, NULL, NULL);
INSERT INTO scheduled_calls VALUES ('te_hsZ92hSy01lPb_pi9vHdTW6s', 'default', 'alice', 'GmailMultiuser', 'SendEmail', '0.1.0', false, false, '\x0110663839613639666163376362346137321642c664fe0dad9cafda14b43b52cc023973bcbe48b42c210864dbcfdcccec5caa97e80a0f2565266785bf2e13f7', 'success', 1, 1800003600, 1800003600, 'LWZnPWbDAbv6hIrJo92CJ0K4', NULL, 1800003600, 1800003600, 1800003600, 1800003600);
INSERT INTO token_leases VALUES ('default', 'alice', 'google', 'a process that is gone', 1795942878.309461);
INSERT INTO tool_secrets VALUES ('sec_LAZvfUdJpKEM52zqOty7gPaD', 'default', 'ONE', '\x011066383961363966616337636234613732b339e8750058f9a3bc8e84fb81a29fa1e0c10d69e4fa2ee28a3c042bafd8b49aca6791316eef8f1338258f9f', '', 1800003600, 1800003600, NULL);
INSERT INTO user_tokens VALUES ('default', 'alice', 'google', 'uc_HvKiesHNn69lTuAgvvJcX6NO3j91mOLC', 4182299029328368, 'active', 'client-1', 'sub-alice@example.com', 'alice@example.com', 'https://www.googleapis.com/auth/gmail.readonly https://www.googleapis.com/auth/gmail.send https://www.googleapis.com/auth/userinfo.email openid', 'f89a69fac7cb4a72', '\x011066383961363966616337636234613732fc3646bf739e9deeba6135aa8f6847a8565f4f3975c7fc204ec2050e8ca24c835e281848ffc05c7aed775c7558a1334f503a59307a7922d441410522cde7f3417415b5c194529f24', '\x011066383961363966616337636234613732ae5c8cc12a5deb9a147bea84215267ef6d9f78cfe97d000ebceca3470cff4e86a83d5066736568bbba8c2c47deaa1914c537cef93d27d2a4e16b5be516baf4062b7d66f68e0a', 1800003600, 1800007200, 1800000000, 1800003600, 1800003600);
INSERT INTO workers VALUES ('default', 'math', 'http://127.0.0.1:8003', '\x01106638396136396661633763623461373264e9bcd1e37a8573c8c6f8cfd8fd1ccf98666523a7369bf31562c4c0a81383d9a4cb2497d879bcff59b6a0ca3f4a78fc98ac7f889c5eadabb8e1bfe2aa3c4ff818', 55, true, 1800003600, 1800003600);
ALTER TABLE ONLY api_keys
    ADD CONSTRAINT api_keys_pkey PRIMARY KEY (project, name);
ALTER TABLE ONLY attempts
    ADD CONSTRAINT attempts_pkey PRIMARY KEY (state_hash);
ALTER TABLE ONLY audit_head
    ADD CONSTRAINT audit_head_pkey PRIMARY KEY (id);
ALTER TABLE ONLY audit_records
    ADD CONSTRAINT audit_records_pkey PRIMARY KEY ("position");
ALTER TABLE ONLY call_attempts
    ADD CONSTRAINT call_attempts_pkey PRIMARY KEY (id);
ALTER TABLE ONLY engine_version
    ADD CONSTRAINT engine_version_pkey PRIMARY KEY (id);
ALTER TABLE ONLY flows
    ADD CONSTRAINT flows_flow_id_key UNIQUE (flow_id);
ALTER TABLE ONLY flows
    ADD CONSTRAINT flows_pkey PRIMARY KEY (id);
ALTER TABLE ONLY tool_secrets
    ADD CONSTRAINT one_secret_per_key UNIQUE (project, key);
ALTER TABLE ONLY page_visits
    ADD CONSTRAINT page_visits_pkey PRIMARY KEY (link_hash);
ALTER TABLE ONLY rate_attempts
    ADD CONSTRAINT rate_attempts_pkey PRIMARY KEY (key);
ALTER TABLE ONLY revocations
    ADD CONSTRAINT revocations_pkey PRIMARY KEY (id);
ALTER TABLE ONLY scheduled_calls
    ADD CONSTRAINT scheduled_calls_pkey PRIMARY KEY (id);
ALTER TABLE ONLY token_leases
    ADD CONSTRAINT token_leases_pkey PRIMARY KEY (project, user_id, provider);
ALTER TABLE ONLY tool_secrets
    ADD CONSTRAINT tool_secrets_pkey PRIMARY KEY (id);
ALTER TABLE ONLY user_tokens
    ADD CONSTRAINT user_tokens_by_id UNIQUE (id);
ALTER TABLE ONLY user_tokens
    ADD CONSTRAINT user_tokens_pkey PRIMARY KEY (project, user_id, provider);
ALTER TABLE ONLY workers
    ADD CONSTRAINT workers_pkey PRIMARY KEY (project, id);
CREATE INDEX api_keys_by_digest ON api_keys USING btree (digest);
CREATE INDEX attempts_by_flow ON attempts USING btree (flow);
CREATE INDEX call_attempts_by_call ON call_attempts USING btree (call);
CREATE INDEX flows_by_expiry ON flows USING btree (expires_at);
CREATE INDEX flows_by_user ON flows USING btree (project, user_id, phase);
CREATE INDEX page_visits_by_cookie ON page_visits USING btree (cookie_hash);
CREATE INDEX page_visits_by_expiry ON page_visits USING btree (expires_at);
CREATE INDEX rate_attempts_by_expiry ON rate_attempts USING btree (expires_ms);
CREATE INDEX scheduled_calls_by_age ON scheduled_calls USING btree (project, created_at);
CREATE INDEX scheduled_calls_by_due ON scheduled_calls USING btree (project, phase, due_at);
CREATE INDEX scheduled_calls_by_user ON scheduled_calls USING btree (project, user_id, phase);
CREATE INDEX user_tokens_by_age ON user_tokens USING btree (project, created_at, id);
CREATE INDEX user_tokens_by_subject ON user_tokens USING btree (subject, project, provider);
