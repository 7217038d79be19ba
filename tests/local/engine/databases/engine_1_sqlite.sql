-- An engine's database, as version 1 wrote it: commit 68763ed, before databases had migrations.
-- Made once by driving that commit's code through tests/support/engine_stack and dumping the SQLite
-- database; never edit it. Everything sealed in it opens with the key
-- base64(sha256(b"a database for tests")), and the clock stood at 1800003600.

BEGIN TRANSACTION;
CREATE TABLE api_keys (
	project TEXT NOT NULL, 
	name TEXT NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	key_id VARCHAR(32) NOT NULL, 
	created_at DOUBLE NOT NULL, 
	last_used_at DOUBLE, 
	revoked_at DOUBLE, 
	PRIMARY KEY (project, name)
);
INSERT INTO "api_keys" VALUES('default','ci','08f9ac3d6b0cc2a963e98f46fae88a4781ba51c1ebcd4e75b134dd72aebcfade','f89a69fac7cb4a72',1800000000.0,1800003600.0,NULL);
INSERT INTO "api_keys" VALUES('default','retired','8e77a9e0d605c0ebf7a7d91d2cb83e97fffdbdcb894e6af2630f21906e7f4ca3','f89a69fac7cb4a72',1800000000.0,NULL,1800000000.0);
CREATE TABLE attempts (
	state_hash VARCHAR(64) NOT NULL, 
	flow VARCHAR(64) NOT NULL, 
	cookie_hash VARCHAR(64) NOT NULL, 
	verifier BLOB NOT NULL, 
	created_at DOUBLE NOT NULL, 
	consumed_at DOUBLE, 
	PRIMARY KEY (state_hash)
);
INSERT INTO "attempts" VALUES('17502b1940fb53b92d596a15149c8b168f4e9f7e9e52c04d2e4f934e083eb58b','ac_9K1gK9W-imEtq6o8aZFBeGq1PCXiLAXG','486383bc646bc8af1ba52fc5451bd817279dad1f1f3f5cb5b4be8e217fb4d0f0',X'011066383961363966616337636234613732A0138B7DD40DB6ABC8C347389880238CCBA35043FC43F487FED0CE3332B13764FE34FFEFF76D1ECD004B740785DE7D9BD531A51F6FCCAD57F6C27E1F37D9CDEFD9EA147FE4F302695111FA9B7A6D5AA3CAC8BD65E93E7189CD1D332687431F7860D1AAEB5295EC358A5D2BE2C0C3F44827C3',1800000000.0,1800000000.0);
INSERT INTO "attempts" VALUES('28e3aee74064cbcfd699f5149ad86f813167000bcb79c5943b532cf4b69a9b0f','ac_eSyS_c4JUiswPYHHaOJqNcDOExIgutF7','da5aeca09ad586a078b24b9bc5f7da204f83ef6b7647b7db685cd6a02f085dbe',X'011066383961363966616337636234613732005F5343EF88C0EC9D0FFD5682133B38277BF7D8577C5876F3BC800A09BD92344A5390F51A88CB01C22050B1D3B37138BFBBFC738C6F54C716E4D0C917032FE15E17B39186B9C798D53D80EF4E9ACB3FB0CBD4E3EF9FC2518A025FE1DE79A088B7892D207DC0D1582048BFA231ABA9A69F9F',1800000000.0,1800000000.0);
INSERT INTO "attempts" VALUES('b8464b0bf2b0a91cf83bccf77da1eee6ae1c6dd92eefab495582df5cfba4dc9b','ac_c6H8gBu5i5EYyDhVA4G0VQp8tzPmuP-D','594f1a5714d8703a1791647b225ba6a6c80fef39294258d7573c26be2a64bb31',X'0110663839613639666163376362346137328701831B29949BBC2D152EA25B5E0722CDBE2B6B0E28E21F261A093EDBA1C90118BE64459EA18126F27B878403C2F5E15B36491FA887F7F17C5BD3A8F03E1B411814AD768E4C182E1B50D385673C5E929710A6381318DD793B1A5ED51D6984C576DB4CE95FB7A4DD145257BD2C462A04DF7A',1800003600.0,1800003600.0);
CREATE TABLE audit_head (
	id INTEGER NOT NULL, 
	log VARCHAR(32) NOT NULL, 
	count INTEGER NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	key_id VARCHAR(32) NOT NULL, 
	mac VARCHAR(64) NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "audit_head" VALUES(1,'6691dceb6c123340acb68a628f260485',21,'df12a7dbd77aa1f38c29e3af7d7c41a7109e93d55e3ed4210b459f22f90052b4','59399630a3dae85f','accc1b7ccf1b1cf17afaa13796fa1b3a58df46ec3f97ac082f1bfd322481dd3b');
CREATE TABLE audit_records (
	position INTEGER NOT NULL, 
	record TEXT NOT NULL, 
	mac VARCHAR(64) NOT NULL, 
	PRIMARY KEY (position)
);
INSERT INTO "audit_records" VALUES(1,'{"actor":"engine","at":"2027-01-15T08:00:00.000000+00:00","detail":{},"event":"engine.started","key":"59399630a3dae85f","n":1,"outcome":"succeeded","prev":"2f53eb418deb92caea2bfd62fd5dfba62bee5465bb718b3a8326fcaba0c4be0b","project":"default","provider":null,"user":null,"v":1}','ce7ce3ce17a969580547d9795e0fd15a77080c75d8b395d38f4e5470c372afdf');
INSERT INTO "audit_records" VALUES(2,'{"actor":"default","at":"2027-01-15T08:00:00.000000+00:00","detail":{"scopes":"gmail.readonly gmail.send"},"event":"authorization.asked","key":"59399630a3dae85f","n":2,"outcome":"started","prev":"30b09d8a82025fa6dba6c536ebafee6175f772f586408734e4bd51648c13b13a","project":"default","provider":"google","user":{"hash":"fcadaaf51eb75a913537bb1c35b6db56"},"v":1}','e83c0119aea3de414f7e05748bd9809d9702117355e77d54f69a8f704e883ffc');
INSERT INTO "audit_records" VALUES(3,'{"actor":"browser","at":"2027-01-15T08:00:00.000000+00:00","detail":{"authorization":"ac_9K1gK9W-imEtq6o8aZFBeGq1PCXiLAXG"},"event":"authorization.started","key":"59399630a3dae85f","n":3,"outcome":"started","prev":"72eab85be52f76b590d1f6f8f46782a4a4df27c3e12209a5556ed4998e4a2848","project":"default","provider":"google","user":{"hash":"fcadaaf51eb75a913537bb1c35b6db56"},"v":1}','110c5ad74ff9067f20b66ac23ed36f3f2c070609a4230270f0085ae7ea4c24e1');
INSERT INTO "audit_records" VALUES(4,'{"actor":"browser","at":"2027-01-15T08:00:00.000000+00:00","detail":{"authorization":"ac_9K1gK9W-imEtq6o8aZFBeGq1PCXiLAXG"},"event":"authorization.confirmed","key":"59399630a3dae85f","n":4,"outcome":"started","prev":"a9321a8f3ac707dd9e9ba47a1d7997cf54c3da19bbdc603efa194c7571efe669","project":"default","provider":"google","user":{"hash":"fcadaaf51eb75a913537bb1c35b6db56"},"v":1}','b1955c363476c6c0cbd73fb5ed08da2a78ad0ebce844a7362f5bc493cae92734');
INSERT INTO "audit_records" VALUES(5,'{"actor":"browser","at":"2027-01-15T08:00:00.000000+00:00","detail":{},"event":"token.stored","key":"59399630a3dae85f","n":5,"outcome":"started","prev":"e27adf507219d831e171ae6bab761089cdc2647864a58432ccddd7fe735caf15","project":"default","provider":"google","user":{"hash":"fcadaaf51eb75a913537bb1c35b6db56"},"v":1}','6af4b2134de865181086160ac10187a2bd9261ae46e96cedab041a3077a227b6');
INSERT INTO "audit_records" VALUES(6,'{"actor":"default","at":"2027-01-15T08:00:00.000000+00:00","detail":{"scopes":"gmail.readonly gmail.send"},"event":"authorization.asked","key":"59399630a3dae85f","n":6,"outcome":"started","prev":"d9661ebc8f2e0cd8661e08eada84b308cca64fcd0860471d821c0410a03a9074","project":"default","provider":"google","user":{"hash":"5bf6e07c0e288b88cebc77da9b7f07c2"},"v":1}','5b758c621accce8335f10b257d7ce14d81a8b28af0a0169e478c87a586d1af25');
INSERT INTO "audit_records" VALUES(7,'{"actor":"browser","at":"2027-01-15T08:00:00.000000+00:00","detail":{"authorization":"ac_eSyS_c4JUiswPYHHaOJqNcDOExIgutF7"},"event":"authorization.started","key":"59399630a3dae85f","n":7,"outcome":"started","prev":"6f5cfba3d424071f7ae3d1aa7d402b8968a7ddc6992acb68dc6d7a2965d83720","project":"default","provider":"google","user":{"hash":"5bf6e07c0e288b88cebc77da9b7f07c2"},"v":1}','5e896a077d07f3fe2b18e6d67e0f70e1454634f48d85b947b3e5108587ff6dc0');
INSERT INTO "audit_records" VALUES(8,'{"actor":"browser","at":"2027-01-15T08:00:00.000000+00:00","detail":{"authorization":"ac_eSyS_c4JUiswPYHHaOJqNcDOExIgutF7"},"event":"authorization.confirmed","key":"59399630a3dae85f","n":8,"outcome":"started","prev":"e096ac6a1e3890cc07b91033c6bdbcf9d0e4d2e186ddcadba6be27e3c2304b68","project":"default","provider":"google","user":{"hash":"5bf6e07c0e288b88cebc77da9b7f07c2"},"v":1}','d371446877094a27c0a657c63762b466e70e6b4da59cadec6253713cf8292a9a');
INSERT INTO "audit_records" VALUES(9,'{"actor":"browser","at":"2027-01-15T08:00:00.000000+00:00","detail":{},"event":"token.stored","key":"59399630a3dae85f","n":9,"outcome":"started","prev":"a69e4d0bb3e988dbf2125c6708ca7abfca3858889d1d4c734d16150dcbd5291c","project":"default","provider":"google","user":{"hash":"5bf6e07c0e288b88cebc77da9b7f07c2"},"v":1}','a556bf5edcf8ab4b740c053df8d2818511ccd28283adc8e81f937d9af6d48d68');
INSERT INTO "audit_records" VALUES(10,'{"actor":"token_manager","at":"2027-01-15T09:00:00.000000+00:00","detail":{},"event":"token.refreshed","key":"59399630a3dae85f","n":10,"outcome":"succeeded","prev":"84267d493ea67743f61acd2139669722e00e94ba8604e3cb082d33a6fc3cf14a","project":"default","provider":"google","user":{"hash":"fcadaaf51eb75a913537bb1c35b6db56"},"v":1}','dc0a5061ad7699434ea8c6037090da86bde74aa485fcaaf2555859c1bedf6bd2');
INSERT INTO "audit_records" VALUES(11,'{"actor":"default","at":"2027-01-15T09:00:00.000000+00:00","detail":{"to":"worker","worker":"default"},"event":"token.released","key":"59399630a3dae85f","n":11,"outcome":"succeeded","prev":"6ec26c93d23057842cec3e2f6099f6d9294c35b849d3c21b7960bcd1fafaf091","project":"default","provider":"google","user":{"hash":"fcadaaf51eb75a913537bb1c35b6db56"},"v":1}','420eef71900fd1c44bb3697f92342462aa43c18fdef26ae7794e2bceb6e94ff6');
INSERT INTO "audit_records" VALUES(12,'{"actor":"default","at":"2027-01-15T09:00:00.000000+00:00","detail":{"scopes":"gmail.readonly"},"event":"authorization.asked","key":"59399630a3dae85f","n":12,"outcome":"started","prev":"e074d36d72d6e2e7d0fd2e1d02e77bf51aa19aad055e78c3387bc5f254f70078","project":"default","provider":"google","user":{"hash":"73bd5bb860c126feb36800ef25955c97"},"v":1}','f7d25d02289648d0aaca8137ddd22e34247b079e6ed1905bd304e1e87a1d3f43');
INSERT INTO "audit_records" VALUES(13,'{"actor":"default","at":"2027-01-15T09:00:00.000000+00:00","detail":{"scopes":"gmail.readonly"},"event":"authorization.asked","key":"59399630a3dae85f","n":13,"outcome":"started","prev":"b771623c3a4f178226ecacc3336ff479d8d47e66666b282836cf0e6ea105a0a2","project":"default","provider":"google","user":{"hash":"dcb71d973016faca0824e1b3b110e12d"},"v":1}','eaa8f620112b99aed8452be71431bff7362341fcfca445b0bbed4b0c99200f55');
INSERT INTO "audit_records" VALUES(14,'{"actor":"browser","at":"2027-01-15T09:00:00.000000+00:00","detail":{"authorization":"ac_c6H8gBu5i5EYyDhVA4G0VQp8tzPmuP-D"},"event":"authorization.started","key":"59399630a3dae85f","n":14,"outcome":"started","prev":"9f495e37a3b1991e2a6762761eee6fc4b05334ae0ba1d3f52154fbd53ae06e40","project":"default","provider":"google","user":{"hash":"dcb71d973016faca0824e1b3b110e12d"},"v":1}','b9f309cf2d29015350e0ded756771687fd0474de634c05abde84ce6201158594');
INSERT INTO "audit_records" VALUES(15,'{"actor":"default","at":"2027-01-15T09:00:00.000000+00:00","detail":{"secret":"ONE"},"event":"tool_secret.set","key":"59399630a3dae85f","n":15,"outcome":"started","prev":"68b96ed6ac1869d4741b3b762ace0ff4f4d396f99652666c9f4a78c452309b84","project":"default","provider":null,"user":null,"v":1}','16afb88e9b182118f7f4887a110df3ed2e4a6c0151cc8fdc2ec2342ae905f415');
INSERT INTO "audit_records" VALUES(16,'{"actor":"default","at":"2027-01-15T09:00:00.000000+00:00","detail":{"enabled":true,"url":"http://127.0.0.1:8003","worker":"math"},"event":"worker.added","key":"59399630a3dae85f","n":16,"outcome":"started","prev":"17b99bb17f69ee8d1d0de2fc584d73f643b97fbe22ad550a2ea26b948184b7d3","project":"default","provider":null,"user":null,"v":1}','861cc140bfb411399faf55561807a02fbd5c8c2e948e40f2bee87b93f0bf11e4');
INSERT INTO "audit_records" VALUES(17,'{"actor":"scheduler","at":"2027-01-15T09:00:00.000000+00:00","detail":{"to":"worker","worker":"default"},"event":"token.released","key":"59399630a3dae85f","n":17,"outcome":"succeeded","prev":"5426c77ef3e17ab999d384f79a43bcb0f45bbfb1b0c0202777f9e37fcb5e8106","project":"default","provider":"google","user":{"hash":"fcadaaf51eb75a913537bb1c35b6db56"},"v":1}','b08d6cc2bd4d96c841b54583cdf4059b5cbb469cc4483e902ae8e41ce00d432d');
INSERT INTO "audit_records" VALUES(18,'{"actor":"default","at":"2027-01-15T09:00:00.000000+00:00","detail":{},"event":"token.erased","key":"59399630a3dae85f","n":18,"outcome":"started","prev":"8b824b24bfdfe3ef05078ac62178677ae80058738dfdfa2e0dcec5b3becfc5ba","project":"default","provider":"google","user":{"hash":"5bf6e07c0e288b88cebc77da9b7f07c2"},"v":1}','1b56716aceb3b0a150d7fcf99ab39d2450b4d79933af532aa305e938089cf9ba');
INSERT INTO "audit_records" VALUES(19,'{"actor":"revocation","at":"2027-01-15T09:00:00.000000+00:00","detail":{},"event":"grant.revoked","key":"59399630a3dae85f","n":19,"outcome":"started","prev":"3bd2da0fcc8240aa2f272b22f18f36b438a5b8486c5679b7c280f964f2288ace","project":"default","provider":"google","user":{"hash":"5bf6e07c0e288b88cebc77da9b7f07c2"},"v":1}','1201f71946f01ee2441499a8c1c4f2bc79e70009f532b2f849d57bd9c065fc83');
INSERT INTO "audit_records" VALUES(20,'{"actor":"revocation","at":"2027-01-15T09:00:00.000000+00:00","detail":{"reason":"deadline_exceeded"},"event":"grant.revoked","key":"59399630a3dae85f","n":20,"outcome":"failed","prev":"d0d52875e8831fa6efe876bad108c883112178232977e1ad71091990affec085","project":"default","provider":"google","user":{"hash":"5bf6e07c0e288b88cebc77da9b7f07c2"},"v":1}','291e786c604e9393db51a82e93f23cd82855fd7d19563a67c9ae1b5d4306e7de');
INSERT INTO "audit_records" VALUES(21,'{"actor":"default","at":"2027-01-15T09:00:00.000000+00:00","detail":{},"event":"connections_page.opened","key":"59399630a3dae85f","n":21,"outcome":"started","prev":"2b5e4c742d1be879369592c1dcce84e1f415f041d2597b209380f2fdefebbee3","project":"default","provider":null,"user":{"hash":"fcadaaf51eb75a913537bb1c35b6db56"},"v":1}','2186c7c597c933e61e0577b7205c752e5cb77b25dd291f925d7bac6142cdba96');
CREATE TABLE call_attempts (
	id VARCHAR(64) NOT NULL, 
	call VARCHAR(64) NOT NULL, 
	started_at DOUBLE NOT NULL, 
	finished_at DOUBLE NOT NULL, 
	success BOOLEAN NOT NULL, 
	outcome BLOB NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "call_attempts" VALUES('ta_kms1yaTx2W3F6L8nPNcebfA2','te_qDWStTVjOjB7H_MJeKwhbIsD',1800003600.0,1800003600.0,1,X'01106638396136396661633763623461373281A0A501581F094EE57BB67EA2F6789E23996A6800056CA07866ACC68E8DBA09B9100851788990E6133236EA1CAEBED12E4571890C7690E83BA4F2EAF4A52E45D628F0535D96657039EBB58CCE532C206A');
CREATE TABLE engine_version (
	id INTEGER NOT NULL, 
	version INTEGER NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "engine_version" VALUES(1,1);
CREATE TABLE flows (
	id VARCHAR(64) NOT NULL, 
	flow_id VARCHAR(64) NOT NULL, 
	project TEXT NOT NULL, 
	user_id TEXT NOT NULL, 
	provider TEXT NOT NULL, 
	scopes TEXT NOT NULL, 
	next_uri TEXT, 
	phase VARCHAR(16) NOT NULL, 
	reason TEXT, 
	attempt VARCHAR(64), 
	code BLOB, 
	created_at DOUBLE NOT NULL, 
	expires_at DOUBLE NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (flow_id)
);
INSERT INTO "flows" VALUES('ac_9K1gK9W-imEtq6o8aZFBeGq1PCXiLAXG','fl_QXeMU68-VxzF46QFbXAPTcFN3FsVciIG4gN7PUblaOk','default','alice','google','https://www.googleapis.com/auth/gmail.readonly https://www.googleapis.com/auth/gmail.send',NULL,'completed',NULL,'17502b1940fb53b92d596a15149c8b168f4e9f7e9e52c04d2e4f934e083eb58b',NULL,1800000000.0,1800000600.0);
INSERT INTO "flows" VALUES('ac_eSyS_c4JUiswPYHHaOJqNcDOExIgutF7','fl_-yqxOUOwt1mIHdHnQmoMQVEpNlsvQ2RzfyOWIkLWJlg','default','dave','google','https://www.googleapis.com/auth/gmail.readonly https://www.googleapis.com/auth/gmail.send',NULL,'completed',NULL,'28e3aee74064cbcfd699f5149ad86f813167000bcb79c5943b532cf4b69a9b0f',NULL,1800000000.0,1800000600.0);
INSERT INTO "flows" VALUES('ac_xBTRYiUzLqvot5WVy4ej4QTcQGIjRbCm','fl_B0-H56D5axZrbTGLFoQVTtfL3S6FJPBIEXffndVbHbo','default','bob','google','https://www.googleapis.com/auth/gmail.readonly',NULL,'pending',NULL,NULL,NULL,1800003600.0,1800007200.0);
INSERT INTO "flows" VALUES('ac_c6H8gBu5i5EYyDhVA4G0VQp8tzPmuP-D','fl_iJuNMC69rqARa4wJkJogQl4XaXzj99F75CTkO4yrTrk','default','carol','google','https://www.googleapis.com/auth/gmail.readonly',NULL,'held',NULL,'b8464b0bf2b0a91cf83bccf77da1eee6ae1c6dd92eefab495582df5cfba4dc9b',X'011066383961363966616337636234613732874E9251E7D70BAFC9CE69B98AA1211E4B74847E4C38A4EC192EB7A502BDA835BB100DBFCF6ACBFAE52D57CA1894930C09C625B5D5C491D6F4D15B0BA9025B5E28023FDE6463D21BE56AFEFACA5C',1800003600.0,1800004200.0);
CREATE TABLE page_visits (
	link_hash VARCHAR(64) NOT NULL, 
	project TEXT NOT NULL, 
	user_id TEXT NOT NULL, 
	cookie_hash VARCHAR(64), 
	expires_at DOUBLE NOT NULL, 
	PRIMARY KEY (link_hash)
);
INSERT INTO "page_visits" VALUES('7bdf38c947f9011d191395dc15b908b7373b579baee2cf4156641182581b8f8e','default','alice',NULL,1800003900.0);
CREATE TABLE rate_attempts (
	"key" VARCHAR(64) NOT NULL, 
	times TEXT NOT NULL, 
	expires_ms BIGINT NOT NULL, 
	PRIMARY KEY ("key")
);
INSERT INTO "rate_attempts" VALUES('bd520a2319613ddb7e15b24acb0d6b585b06061c251d7381dd3b98089eaedb22','1800003600000',1800004500000);
INSERT INTO "rate_attempts" VALUES('9fcc5e9df3388ff4df0329cf061b416b37f83a3c06a574ba92903bc899e758a8','1800003600000',1800004500000);
CREATE TABLE revocations (
	id VARCHAR(64) NOT NULL, 
	project TEXT NOT NULL, 
	provider TEXT NOT NULL, 
	sealed_grant BLOB NOT NULL, 
	tries INTEGER NOT NULL, 
	due_at DOUBLE NOT NULL, 
	created_at DOUBLE NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "revocations" VALUES('rv_luZb40qBR2fqXQ4OJV6NTvq-t23F2nFq','default','google',X'011066383961363966616337636234613732AF4FEB57473320B2CAA7C7557878DC877B5745F3CBD05F5730CC456229B4300C4E120E856E40484C41F16606D0B986E6721427E78223EDE253C3928278BD935F6E6A427F81C5BD9375FBC380B454C92386A8D9659D6DD7322978E6AACDEA844DBF74683D1B8A44DE12D3',1,1800003660.0,1800003600.0);
CREATE TABLE scheduled_calls (
	id VARCHAR(64) NOT NULL, 
	project TEXT NOT NULL, 
	user_id TEXT NOT NULL, 
	toolkit TEXT NOT NULL, 
	tool TEXT NOT NULL, 
	version TEXT, 
	read_only BOOLEAN NOT NULL, 
	stacktrace BOOLEAN NOT NULL, 
	input BLOB NOT NULL, 
	phase VARCHAR(16) NOT NULL, 
	tries INTEGER NOT NULL, 
	run_at DOUBLE NOT NULL, 
	due_at DOUBLE NOT NULL, 
	owner VARCHAR(64), 
	lease_until DOUBLE, 
	created_at DOUBLE NOT NULL, 
	updated_at DOUBLE NOT NULL, 
	started_at DOUBLE, 
	finished_at DOUBLE, 
	PRIMARY KEY (id)
);
INSERT INTO "scheduled_calls" VALUES('te_qDWStTVjOjB7H_MJeKwhbIsD','default','alice','GmailMultiuser','SendEmail','0.1.0',0,0,X'011066383961363966616337636234613732B785E06210158BA721D6B67DCC9B93E13EAF7477EC4822B0FC4580B3D25CA42E5B475B5A258FD6BBF9B2CDD2CA27','success',1,1800003600.0,1800003600.0,'thSx-XItMrSWB-eIwZEammcV',NULL,1800003600.0,1800003600.0,1800003600.0,1800003600.0);
INSERT INTO "scheduled_calls" VALUES('te_ozql5MOPOBixDtE8ERrXtv0d','default','alice','GmailMultiuser','SendEmail','0.1.0',0,0,X'01106638396136396661633763623461373256605ECDAF4FD13723E8DA4CCEFD1D79FC680D9D8ACD62D7C0D496DBF73243F88825AE460262ABDE8C061110253AA5B5','pending',0,1800090000.0,1800090000.0,NULL,NULL,1800003600.0,1800003600.0,NULL,NULL);
CREATE TABLE token_leases (
	project TEXT NOT NULL, 
	user_id TEXT NOT NULL, 
	provider TEXT NOT NULL, 
	owner VARCHAR(64) NOT NULL, 
	expires_at DOUBLE NOT NULL, 
	PRIMARY KEY (project, user_id, provider)
);
INSERT INTO "token_leases" VALUES('default','alice','google','a process that is gone',1.79594287676900982858e+09);
CREATE TABLE tool_secrets (
	id VARCHAR(64) NOT NULL, 
	project TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	value BLOB NOT NULL, 
	description TEXT NOT NULL, 
	created_at DOUBLE NOT NULL, 
	updated_at DOUBLE NOT NULL, 
	last_accessed_at DOUBLE, 
	PRIMARY KEY (id), 
	CONSTRAINT one_secret_per_key UNIQUE (project, "key")
);
INSERT INTO "tool_secrets" VALUES('sec_Djor1UXaoOH7dkhpApmqDZsl','default','ONE',X'011066383961363966616337636234613732931662FE8AAB841BD4AB80B4BBE385421667180E7585A980DF06D95F9F12CAB3A4F2D2F6036542892FAF6172','',1800003600.0,1800003600.0,NULL);
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
INSERT INTO "user_tokens" VALUES('default','alice','google','uc_ioquvxHpCxHGN5TkZOGhwcdQGYv63GZ8',2757638510860028,'active','client-1','sub-alice@example.com','alice@example.com','https://www.googleapis.com/auth/gmail.readonly https://www.googleapis.com/auth/gmail.send https://www.googleapis.com/auth/userinfo.email openid','f89a69fac7cb4a72',X'011066383961363966616337636234613732E6794BFB8ACCDCA48ABA11EA308D5E91381CA2CCBD7F32411775F931BF0D1E306151AE5188869FB232F83C3C8D1C6CCEB303C9F79B4C515152B3B78E077EA6894147BC703188C435',X'0110663839613639666163376362346137325573B050847F2DABC5AB365AFC0D92EE25A8725A169E6EC9B421A827A948313670BC7A0C67F2211BAC65625E14560A60CB3232D64917D87B84139029D30259396D6072069A80',1800003600.0,1800007200.0,1800000000.0,1800003600.0,1800003600.0);
CREATE TABLE workers (
	project TEXT NOT NULL, 
	id TEXT NOT NULL, 
	url TEXT NOT NULL, 
	secret BLOB NOT NULL, 
	timeout_s DOUBLE NOT NULL, 
	enabled BOOLEAN NOT NULL, 
	created_at DOUBLE NOT NULL, 
	updated_at DOUBLE NOT NULL, 
	PRIMARY KEY (project, id)
);
INSERT INTO "workers" VALUES('default','math','http://127.0.0.1:8003',X'011066383961363966616337636234613732DA223D915F0A087E237FDA856ADC9CFBF65B5948673285144B263F8209B3C85874F914BCCC655FE64BF6B288A998D3A35FAC3BB4BFB99A1145345862F329F9FB3A',55.0,1,1800003600.0,1800003600.0);
CREATE INDEX api_keys_by_digest ON api_keys (digest);
CREATE INDEX attempts_by_flow ON attempts (flow);
CREATE INDEX call_attempts_by_call ON call_attempts (call);
CREATE INDEX flows_by_user ON flows (project, user_id, phase);
CREATE INDEX flows_by_expiry ON flows (expires_at);
CREATE INDEX page_visits_by_expiry ON page_visits (expires_at);
CREATE INDEX page_visits_by_cookie ON page_visits (cookie_hash);
CREATE INDEX scheduled_calls_by_due ON scheduled_calls (project, phase, due_at);
CREATE INDEX scheduled_calls_by_age ON scheduled_calls (project, created_at);
CREATE INDEX scheduled_calls_by_user ON scheduled_calls (project, user_id, phase);
CREATE INDEX user_tokens_by_subject ON user_tokens (subject, project, provider);
CREATE INDEX user_tokens_by_age ON user_tokens (project, created_at, id);
CREATE INDEX rate_attempts_by_expiry ON rate_attempts (expires_ms);
COMMIT;
