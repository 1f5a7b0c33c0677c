PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO alembic_version VALUES('dc11669786a5');
CREATE TABLE IF NOT EXISTS "runs" (
	run_uuid VARCHAR(32) NOT NULL, 
	name VARCHAR(250), 
	source_type VARCHAR(20), 
	source_name VARCHAR(500), 
	entry_point_name VARCHAR(50), 
	user_id VARCHAR(256), 
	status VARCHAR(9), 
	start_time BIGINT, 
	end_time BIGINT, 
	source_version VARCHAR(50), 
	lifecycle_stage VARCHAR(20), 
	artifact_uri VARCHAR(200), 
	experiment_id INTEGER, deleted_time BIGINT, 
	CONSTRAINT run_pk PRIMARY KEY (run_uuid), 
	CONSTRAINT runs_lifecycle_stage CHECK (lifecycle_stage IN ('active', 'deleted')), 
	CONSTRAINT source_type CHECK (source_type IN ('NOTEBOOK', 'JOB', 'LOCAL', 'UNKNOWN', 'PROJECT')), 
	FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id), 
	CHECK (status IN ('SCHEDULED', 'FAILED', 'FINISHED', 'RUNNING', 'KILLED'))
);
INSERT INTO runs VALUES('0aaf3c57f096476296975c59ae479182','train-04e38faf','UNKNOWN','','','conveyor','FINISHED',1795956981611,1795956995410,'','active','file://{project}/mlruns/smoke/0aaf3c57f096476296975c59ae479182/artifacts',1,NULL);
INSERT INTO runs VALUES('a4b03ef09e4e48c38dab255eaa6cc16e','train-30ecfb87','UNKNOWN','','','conveyor','FINISHED',1795957009541,1795957027031,'','active','file://{project}/mlruns/smoke/a4b03ef09e4e48c38dab255eaa6cc16e/artifacts',1,NULL);
INSERT INTO runs VALUES('b49db2c0cfed46e889f6c4dd424877c7','retrain','UNKNOWN','','','conveyor','FINISHED',1795957035078,1795957039842,'','active','file://{project}/mlruns/smoke/b49db2c0cfed46e889f6c4dd424877c7/artifacts',1,NULL);
CREATE TABLE IF NOT EXISTS "latest_metrics" (
	"key" VARCHAR(250) NOT NULL, 
	value FLOAT NOT NULL, 
	timestamp BIGINT, 
	step BIGINT NOT NULL, 
	is_nan BOOLEAN NOT NULL, 
	run_uuid VARCHAR(32) NOT NULL, 
	CONSTRAINT latest_metric_pk PRIMARY KEY ("key", run_uuid), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid), 
	CHECK (is_nan IN (0, 1))
);
INSERT INTO latest_metrics VALUES('loss',2.1599092836733215783,1795956981707,1,0,'0aaf3c57f096476296975c59ae479182');
INSERT INTO latest_metrics VALUES('accuracy',0.16402116402116401205,1795956981707,1,0,'0aaf3c57f096476296975c59ae479182');
INSERT INTO latest_metrics VALUES('val_loss',2.1498719394942860105,1795956981707,1,0,'0aaf3c57f096476296975c59ae479182');
INSERT INTO latest_metrics VALUES('val_accuracy',0.1851851851851851749,1795956981707,1,0,'0aaf3c57f096476296975c59ae479182');
INSERT INTO latest_metrics VALUES('val_macro_f1',0.10748299319727891432,1795956981707,1,0,'0aaf3c57f096476296975c59ae479182');
INSERT INTO latest_metrics VALUES('learning_rate',0.0020000000949949026107,1795956981707,1,0,'0aaf3c57f096476296975c59ae479182');
INSERT INTO latest_metrics VALUES('best_accuracy',0.16402116402116401205,1795956981746,0,0,'0aaf3c57f096476296975c59ae479182');
INSERT INTO latest_metrics VALUES('best_loss',2.1599092836733215783,1795956981746,0,0,'0aaf3c57f096476296975c59ae479182');
INSERT INTO latest_metrics VALUES('best_val_accuracy',0.1851851851851851749,1795956981746,0,0,'0aaf3c57f096476296975c59ae479182');
INSERT INTO latest_metrics VALUES('best_val_loss',2.1498719394942860105,1795956981746,0,0,'0aaf3c57f096476296975c59ae479182');
INSERT INTO latest_metrics VALUES('best_val_macro_f1',0.10748299319727891432,1795956981746,0,0,'0aaf3c57f096476296975c59ae479182');
INSERT INTO latest_metrics VALUES('best_epoch',1.0,1795956981746,0,0,'0aaf3c57f096476296975c59ae479182');
INSERT INTO latest_metrics VALUES('parameters',317.0,1795956981746,0,0,'0aaf3c57f096476296975c59ae479182');
INSERT INTO latest_metrics VALUES('flops',7752.0,1795956981746,0,0,'0aaf3c57f096476296975c59ae479182');
INSERT INTO latest_metrics VALUES('test_accuracy',0.14324324324324325119,1795956988994,0,0,'0aaf3c57f096476296975c59ae479182');
INSERT INTO latest_metrics VALUES('test_balanced_accuracy',0.19141414141414139771,1795956988994,0,0,'0aaf3c57f096476296975c59ae479182');
INSERT INTO latest_metrics VALUES('test_macro_f1',0.1048400826779001399,1795956988994,0,0,'0aaf3c57f096476296975c59ae479182');
INSERT INTO latest_metrics VALUES('test_weighted_f1',0.088514742421273204242,1795956988994,0,0,'0aaf3c57f096476296975c59ae479182');
INSERT INTO latest_metrics VALUES('test_mcc',0.072025542112026275098,1795956988994,0,0,'0aaf3c57f096476296975c59ae479182');
INSERT INTO latest_metrics VALUES('test_log_loss',2.1569910049438476562,1795956988994,0,0,'0aaf3c57f096476296975c59ae479182');
INSERT INTO latest_metrics VALUES('test_roc_auc',0.65060538988897098633,1795956988994,0,0,'0aaf3c57f096476296975c59ae479182');
INSERT INTO latest_metrics VALUES('test_pr_auc',0.24489316455270421224,1795956988994,0,0,'0aaf3c57f096476296975c59ae479182');
INSERT INTO latest_metrics VALUES('test_ece',0.064263705969662285322,1795956988994,0,0,'0aaf3c57f096476296975c59ae479182');
INSERT INTO latest_metrics VALUES('loss',1.9512927595269742298,1795957011327,1,0,'a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO latest_metrics VALUES('accuracy',0.30158730158730157056,1795957011327,1,0,'a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO latest_metrics VALUES('val_loss',1.5634825700595054165,1795957011327,1,0,'a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO latest_metrics VALUES('val_accuracy',0.50617283950617286691,1795957011327,1,0,'a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO latest_metrics VALUES('val_macro_f1',0.40701265528851737762,1795957011327,1,0,'a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO latest_metrics VALUES('learning_rate',0.019999999552965164184,1795957011327,1,0,'a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO latest_metrics VALUES('best_accuracy',0.30158730158730157056,1795957012676,0,0,'a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO latest_metrics VALUES('best_loss',1.9512927595269742298,1795957012676,0,0,'a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO latest_metrics VALUES('best_val_accuracy',0.50617283950617286691,1795957012676,0,0,'a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO latest_metrics VALUES('best_val_loss',1.5634825700595054165,1795957012676,0,0,'a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO latest_metrics VALUES('best_val_macro_f1',0.40701265528851737762,1795957012676,0,0,'a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO latest_metrics VALUES('best_epoch',1.0,1795957012676,0,0,'a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO latest_metrics VALUES('parameters',317.0,1795957012676,0,0,'a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO latest_metrics VALUES('flops',7752.0,1795957012676,0,0,'a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO latest_metrics VALUES('test_accuracy',0.70270270270270274171,1795957020343,0,0,'a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO latest_metrics VALUES('test_balanced_accuracy',0.65635631167333063906,1795957020343,0,0,'a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO latest_metrics VALUES('test_macro_f1',0.60389885278246369093,1795957020343,0,0,'a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO latest_metrics VALUES('test_weighted_f1',0.6571445621219087485,1795957020343,0,0,'a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO latest_metrics VALUES('test_mcc',0.67016607513205128654,1795957020343,0,0,'a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO latest_metrics VALUES('test_log_loss',1.162101149559020996,1795957020343,0,0,'a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO latest_metrics VALUES('test_roc_auc',0.95536249753082025382,1795957020343,0,0,'a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO latest_metrics VALUES('test_pr_auc',0.82890231374153999777,1795957020343,0,0,'a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO latest_metrics VALUES('test_ece',0.29425549704480813417,1795957020343,0,0,'a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO latest_metrics VALUES('new_rows',0.0,1795957038864,0,0,'b49db2c0cfed46e889f6c4dd424877c7');
INSERT INTO latest_metrics VALUES('drifting_features',0.0,1795957038864,0,0,'b49db2c0cfed46e889f6c4dd424877c7');
INSERT INTO latest_metrics VALUES('seconds',4.7279126379999070195,1795957039834,0,0,'b49db2c0cfed46e889f6c4dd424877c7');
CREATE TABLE IF NOT EXISTS "metrics" (
	"key" VARCHAR(250) NOT NULL, 
	value FLOAT NOT NULL, 
	timestamp BIGINT NOT NULL, 
	run_uuid VARCHAR(32) NOT NULL, 
	step BIGINT DEFAULT '0' NOT NULL, 
	is_nan BOOLEAN DEFAULT '0' NOT NULL, 
	CONSTRAINT metric_pk PRIMARY KEY ("key", timestamp, step, run_uuid, value, is_nan), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid), 
	CHECK (is_nan IN (0, 1))
);
INSERT INTO metrics VALUES('loss',2.1599092836733215783,1795956981707,'0aaf3c57f096476296975c59ae479182',1,0);
INSERT INTO metrics VALUES('accuracy',0.16402116402116401205,1795956981707,'0aaf3c57f096476296975c59ae479182',1,0);
INSERT INTO metrics VALUES('val_loss',2.1498719394942860105,1795956981707,'0aaf3c57f096476296975c59ae479182',1,0);
INSERT INTO metrics VALUES('val_accuracy',0.1851851851851851749,1795956981707,'0aaf3c57f096476296975c59ae479182',1,0);
INSERT INTO metrics VALUES('val_macro_f1',0.10748299319727891432,1795956981707,'0aaf3c57f096476296975c59ae479182',1,0);
INSERT INTO metrics VALUES('learning_rate',0.0020000000949949026107,1795956981707,'0aaf3c57f096476296975c59ae479182',1,0);
INSERT INTO metrics VALUES('best_accuracy',0.16402116402116401205,1795956981746,'0aaf3c57f096476296975c59ae479182',0,0);
INSERT INTO metrics VALUES('best_loss',2.1599092836733215783,1795956981746,'0aaf3c57f096476296975c59ae479182',0,0);
INSERT INTO metrics VALUES('best_val_accuracy',0.1851851851851851749,1795956981746,'0aaf3c57f096476296975c59ae479182',0,0);
INSERT INTO metrics VALUES('best_val_loss',2.1498719394942860105,1795956981746,'0aaf3c57f096476296975c59ae479182',0,0);
INSERT INTO metrics VALUES('best_val_macro_f1',0.10748299319727891432,1795956981746,'0aaf3c57f096476296975c59ae479182',0,0);
INSERT INTO metrics VALUES('best_epoch',1.0,1795956981746,'0aaf3c57f096476296975c59ae479182',0,0);
INSERT INTO metrics VALUES('parameters',317.0,1795956981746,'0aaf3c57f096476296975c59ae479182',0,0);
INSERT INTO metrics VALUES('flops',7752.0,1795956981746,'0aaf3c57f096476296975c59ae479182',0,0);
INSERT INTO metrics VALUES('test_accuracy',0.14324324324324325119,1795956988994,'0aaf3c57f096476296975c59ae479182',0,0);
INSERT INTO metrics VALUES('test_balanced_accuracy',0.19141414141414139771,1795956988994,'0aaf3c57f096476296975c59ae479182',0,0);
INSERT INTO metrics VALUES('test_macro_f1',0.1048400826779001399,1795956988994,'0aaf3c57f096476296975c59ae479182',0,0);
INSERT INTO metrics VALUES('test_weighted_f1',0.088514742421273204242,1795956988994,'0aaf3c57f096476296975c59ae479182',0,0);
INSERT INTO metrics VALUES('test_mcc',0.072025542112026275098,1795956988994,'0aaf3c57f096476296975c59ae479182',0,0);
INSERT INTO metrics VALUES('test_log_loss',2.1569910049438476562,1795956988994,'0aaf3c57f096476296975c59ae479182',0,0);
INSERT INTO metrics VALUES('test_roc_auc',0.65060538988897098633,1795956988994,'0aaf3c57f096476296975c59ae479182',0,0);
INSERT INTO metrics VALUES('test_pr_auc',0.24489316455270421224,1795956988994,'0aaf3c57f096476296975c59ae479182',0,0);
INSERT INTO metrics VALUES('test_ece',0.064263705969662285322,1795956988994,'0aaf3c57f096476296975c59ae479182',0,0);
INSERT INTO metrics VALUES('loss',1.9512927595269742298,1795957011327,'a4b03ef09e4e48c38dab255eaa6cc16e',1,0);
INSERT INTO metrics VALUES('accuracy',0.30158730158730157056,1795957011327,'a4b03ef09e4e48c38dab255eaa6cc16e',1,0);
INSERT INTO metrics VALUES('val_loss',1.5634825700595054165,1795957011327,'a4b03ef09e4e48c38dab255eaa6cc16e',1,0);
INSERT INTO metrics VALUES('val_accuracy',0.50617283950617286691,1795957011327,'a4b03ef09e4e48c38dab255eaa6cc16e',1,0);
INSERT INTO metrics VALUES('val_macro_f1',0.40701265528851737762,1795957011327,'a4b03ef09e4e48c38dab255eaa6cc16e',1,0);
INSERT INTO metrics VALUES('learning_rate',0.019999999552965164184,1795957011327,'a4b03ef09e4e48c38dab255eaa6cc16e',1,0);
INSERT INTO metrics VALUES('best_accuracy',0.30158730158730157056,1795957012676,'a4b03ef09e4e48c38dab255eaa6cc16e',0,0);
INSERT INTO metrics VALUES('best_loss',1.9512927595269742298,1795957012676,'a4b03ef09e4e48c38dab255eaa6cc16e',0,0);
INSERT INTO metrics VALUES('best_val_accuracy',0.50617283950617286691,1795957012676,'a4b03ef09e4e48c38dab255eaa6cc16e',0,0);
INSERT INTO metrics VALUES('best_val_loss',1.5634825700595054165,1795957012676,'a4b03ef09e4e48c38dab255eaa6cc16e',0,0);
INSERT INTO metrics VALUES('best_val_macro_f1',0.40701265528851737762,1795957012676,'a4b03ef09e4e48c38dab255eaa6cc16e',0,0);
INSERT INTO metrics VALUES('best_epoch',1.0,1795957012676,'a4b03ef09e4e48c38dab255eaa6cc16e',0,0);
INSERT INTO metrics VALUES('parameters',317.0,1795957012676,'a4b03ef09e4e48c38dab255eaa6cc16e',0,0);
INSERT INTO metrics VALUES('flops',7752.0,1795957012676,'a4b03ef09e4e48c38dab255eaa6cc16e',0,0);
INSERT INTO metrics VALUES('test_accuracy',0.70270270270270274171,1795957020343,'a4b03ef09e4e48c38dab255eaa6cc16e',0,0);
INSERT INTO metrics VALUES('test_balanced_accuracy',0.65635631167333063906,1795957020343,'a4b03ef09e4e48c38dab255eaa6cc16e',0,0);
INSERT INTO metrics VALUES('test_macro_f1',0.60389885278246369093,1795957020343,'a4b03ef09e4e48c38dab255eaa6cc16e',0,0);
INSERT INTO metrics VALUES('test_weighted_f1',0.6571445621219087485,1795957020343,'a4b03ef09e4e48c38dab255eaa6cc16e',0,0);
INSERT INTO metrics VALUES('test_mcc',0.67016607513205128654,1795957020343,'a4b03ef09e4e48c38dab255eaa6cc16e',0,0);
INSERT INTO metrics VALUES('test_log_loss',1.162101149559020996,1795957020343,'a4b03ef09e4e48c38dab255eaa6cc16e',0,0);
INSERT INTO metrics VALUES('test_roc_auc',0.95536249753082025382,1795957020343,'a4b03ef09e4e48c38dab255eaa6cc16e',0,0);
INSERT INTO metrics VALUES('test_pr_auc',0.82890231374153999777,1795957020343,'a4b03ef09e4e48c38dab255eaa6cc16e',0,0);
INSERT INTO metrics VALUES('test_ece',0.29425549704480813417,1795957020343,'a4b03ef09e4e48c38dab255eaa6cc16e',0,0);
INSERT INTO metrics VALUES('new_rows',0.0,1795957038864,'b49db2c0cfed46e889f6c4dd424877c7',0,0);
INSERT INTO metrics VALUES('drifting_features',0.0,1795957038864,'b49db2c0cfed46e889f6c4dd424877c7',0,0);
INSERT INTO metrics VALUES('seconds',4.7279126379999070195,1795957039834,'b49db2c0cfed46e889f6c4dd424877c7',0,0);
CREATE TABLE inputs (
	input_uuid VARCHAR(36) NOT NULL, 
	source_type VARCHAR(36) NOT NULL, 
	source_id VARCHAR(36) NOT NULL, 
	destination_type VARCHAR(36) NOT NULL, 
	destination_id VARCHAR(36) NOT NULL, step BIGINT DEFAULT '0' NOT NULL, 
	CONSTRAINT inputs_pk PRIMARY KEY (source_type, source_id, destination_type, destination_id)
);
INSERT INTO inputs VALUES('5200231a8b344d228ce297270587336c','DATASET','13b2d7014bd7426ba14c6d92064b2bfc','RUN','0aaf3c57f096476296975c59ae479182',0);
INSERT INTO inputs VALUES('2a7e0de4d8e545279c0432df3ccce389','RUN_OUTPUT','0aaf3c57f096476296975c59ae479182','MODEL_OUTPUT','m-66207d995d354556b17619dc78c66435',0);
INSERT INTO inputs VALUES('ec238386a7734f9e815f26b345f77d51','DATASET','13b2d7014bd7426ba14c6d92064b2bfc','RUN','a4b03ef09e4e48c38dab255eaa6cc16e',0);
INSERT INTO inputs VALUES('232f3001b92e4e7bba124b2031035014','RUN_OUTPUT','a4b03ef09e4e48c38dab255eaa6cc16e','MODEL_OUTPUT','m-390f86be33be45638aebce80ea6dce69',0);
CREATE TABLE input_tags (
	input_uuid VARCHAR(36) NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	value VARCHAR(500) NOT NULL, 
	CONSTRAINT input_tags_pk PRIMARY KEY (input_uuid, name)
);
CREATE TABLE IF NOT EXISTS "params" (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(8000) NOT NULL, 
	run_uuid VARCHAR(32) NOT NULL, 
	CONSTRAINT param_pk PRIMARY KEY ("key", run_uuid), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid)
);
INSERT INTO params VALUES('name','smoke','0aaf3c57f096476296975c59ae479182');
INSERT INTO params VALUES('seed','17','0aaf3c57f096476296975c59ae479182');
INSERT INTO params VALUES('model.cell','lstm','0aaf3c57f096476296975c59ae479182');
INSERT INTO params VALUES('model.units','[4]','0aaf3c57f096476296975c59ae479182');
INSERT INTO params VALUES('model.bidirectional','False','0aaf3c57f096476296975c59ae479182');
INSERT INTO params VALUES('model.activation','tanh','0aaf3c57f096476296975c59ae479182');
INSERT INTO params VALUES('model.recurrent_activation','sigmoid','0aaf3c57f096476296975c59ae479182');
INSERT INTO params VALUES('model.dropout','0.3','0aaf3c57f096476296975c59ae479182');
INSERT INTO params VALUES('model.recurrent_dropout','0.0','0aaf3c57f096476296975c59ae479182');
INSERT INTO params VALUES('model.layer_norm','False','0aaf3c57f096476296975c59ae479182');
INSERT INTO params VALUES('model.residual','False','0aaf3c57f096476296975c59ae479182');
INSERT INTO params VALUES('model.embedding','100','0aaf3c57f096476296975c59ae479182');
INSERT INTO params VALUES('model.pooling','last','0aaf3c57f096476296975c59ae479182');
INSERT INTO params VALUES('model.head_dropout','0.0','0aaf3c57f096476296975c59ae479182');
INSERT INTO params VALUES('model.kernel','auto','0aaf3c57f096476296975c59ae479182');
INSERT INTO params VALUES('train.epochs','1','0aaf3c57f096476296975c59ae479182');
INSERT INTO params VALUES('train.batch_size','32','0aaf3c57f096476296975c59ae479182');
INSERT INTO params VALUES('train.optimizer','adam','0aaf3c57f096476296975c59ae479182');
INSERT INTO params VALUES('train.learning_rate','0.002','0aaf3c57f096476296975c59ae479182');
INSERT INTO params VALUES('train.schedule','constant','0aaf3c57f096476296975c59ae479182');
INSERT INTO params VALUES('train.weight_decay','0.0','0aaf3c57f096476296975c59ae479182');
INSERT INTO params VALUES('train.clip_norm','1.0','0aaf3c57f096476296975c59ae479182');
INSERT INTO params VALUES('train.label_smoothing','0.0','0aaf3c57f096476296975c59ae479182');
INSERT INTO params VALUES('train.class_weights','none','0aaf3c57f096476296975c59ae479182');
INSERT INTO params VALUES('train.patience','1','0aaf3c57f096476296975c59ae479182');
INSERT INTO params VALUES('train.refit','True','0aaf3c57f096476296975c59ae479182');
INSERT INTO params VALUES('train.bucket_batches','16','0aaf3c57f096476296975c59ae479182');
INSERT INTO params VALUES('train.precision','float32','0aaf3c57f096476296975c59ae479182');
INSERT INTO params VALUES('train.strategy','one','0aaf3c57f096476296975c59ae479182');
INSERT INTO params VALUES('train.intra_op','auto','0aaf3c57f096476296975c59ae479182');
INSERT INTO params VALUES('train.inter_op','auto','0aaf3c57f096476296975c59ae479182');
INSERT INTO params VALUES('name','smoke','a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO params VALUES('seed','18','a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO params VALUES('model.cell','lstm','a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO params VALUES('model.units','[4]','a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO params VALUES('model.bidirectional','False','a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO params VALUES('model.activation','tanh','a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO params VALUES('model.recurrent_activation','sigmoid','a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO params VALUES('model.dropout','0.3','a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO params VALUES('model.recurrent_dropout','0.0','a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO params VALUES('model.layer_norm','False','a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO params VALUES('model.residual','False','a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO params VALUES('model.embedding','100','a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO params VALUES('model.pooling','last','a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO params VALUES('model.head_dropout','0.0','a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO params VALUES('model.kernel','auto','a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO params VALUES('train.epochs','1','a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO params VALUES('train.batch_size','2','a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO params VALUES('train.optimizer','adam','a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO params VALUES('train.learning_rate','0.02','a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO params VALUES('train.schedule','constant','a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO params VALUES('train.weight_decay','0.0','a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO params VALUES('train.clip_norm','1.0','a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO params VALUES('train.label_smoothing','0.0','a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO params VALUES('train.class_weights','none','a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO params VALUES('train.patience','1','a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO params VALUES('train.refit','True','a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO params VALUES('train.bucket_batches','16','a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO params VALUES('train.precision','float32','a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO params VALUES('train.strategy','one','a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO params VALUES('train.intra_op','auto','a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO params VALUES('train.inter_op','auto','a4b03ef09e4e48c38dab255eaa6cc16e');
CREATE TABLE IF NOT EXISTS "trace_tags" (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(8000), 
	request_id VARCHAR(50) NOT NULL, 
	CONSTRAINT trace_tag_pk PRIMARY KEY ("key", request_id), 
	CONSTRAINT fk_trace_tags_request_id FOREIGN KEY(request_id) REFERENCES trace_info (request_id) ON DELETE CASCADE
);
CREATE TABLE IF NOT EXISTS "trace_request_metadata" (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(8000), 
	request_id VARCHAR(50) NOT NULL, 
	CONSTRAINT trace_request_metadata_pk PRIMARY KEY ("key", request_id), 
	CONSTRAINT fk_trace_request_metadata_request_id FOREIGN KEY(request_id) REFERENCES trace_info (request_id) ON DELETE CASCADE
);
CREATE TABLE IF NOT EXISTS "tags" (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(8000), 
	run_uuid VARCHAR(32) NOT NULL, 
	CONSTRAINT tag_pk PRIMARY KEY ("key", run_uuid), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid)
);
INSERT INTO tags VALUES('mlflow.user','conveyor','0aaf3c57f096476296975c59ae479182');
INSERT INTO tags VALUES('mlflow.source.name','{project}/pipeline/train.py','0aaf3c57f096476296975c59ae479182');
INSERT INTO tags VALUES('mlflow.source.type','LOCAL','0aaf3c57f096476296975c59ae479182');
INSERT INTO tags VALUES('mlflow.source.git.commit','db30c09545d484d3cb88d6a314cbfae92114ab21','0aaf3c57f096476296975c59ae479182');
INSERT INTO tags VALUES('process.host','example','0aaf3c57f096476296975c59ae479182');
INSERT INTO tags VALUES('process.pid','17538','0aaf3c57f096476296975c59ae479182');
INSERT INTO tags VALUES('process.began','1795956966.36','0aaf3c57f096476296975c59ae479182');
INSERT INTO tags VALUES('stage','train','0aaf3c57f096476296975c59ae479182');
INSERT INTO tags VALUES('data_digest','8ec7925827bd622f21f6c5a46d106379ca244b74d2079fcb3949b1d6c73e3ac2','0aaf3c57f096476296975c59ae479182');
INSERT INTO tags VALUES('git.revision','db30c09545d484d3cb88d6a314cbfae92114ab21','0aaf3c57f096476296975c59ae479182');
INSERT INTO tags VALUES('git.changed','true','0aaf3c57f096476296975c59ae479182');
INSERT INTO tags VALUES('dvc.compose.config.yaml','8956c09c9cd6fee5546340734a81d08a','0aaf3c57f096476296975c59ae479182');
INSERT INTO tags VALUES('dvc.prepare.prepared','31e6a8f1c7bd915274beab1765dcea63.dir','0aaf3c57f096476296975c59ae479182');
INSERT INTO tags VALUES('dvc.prepare.data','417c597128eb326f5f6a736780012dea.dir','0aaf3c57f096476296975c59ae479182');
INSERT INTO tags VALUES('dvc.prepare.data.json','0ebebf6d8ece3fd1bfaee1402674b2b5','0aaf3c57f096476296975c59ae479182');
INSERT INTO tags VALUES('dvc.sweep.sweep','f1f0e5f9bd016e52247ccbff86730000.dir','0aaf3c57f096476296975c59ae479182');
INSERT INTO tags VALUES('dvc.train.model','ddb3377698cec0c67861522e2c041a50.dir','0aaf3c57f096476296975c59ae479182');
INSERT INTO tags VALUES('dvc.evaluate.evaluation','d623a30fb9c0aa75e70d85fefde92321.dir','0aaf3c57f096476296975c59ae479182');
INSERT INTO tags VALUES('dvc.evaluate.metrics.json','9667bf93c17d32017900b34a7dcf3b13','0aaf3c57f096476296975c59ae479182');
INSERT INTO tags VALUES('dvc.register.receipt.json','dda40baed0777959b2c64c9dad681234','0aaf3c57f096476296975c59ae479182');
INSERT INTO tags VALUES('config_digest','b1f361f27ce457f5f74c3feba1ba7b1f11386f13f64f769584a6077688d9a2bb','0aaf3c57f096476296975c59ae479182');
INSERT INTO tags VALUES('mlflow.runName','train-04e38faf','0aaf3c57f096476296975c59ae479182');
INSERT INTO tags VALUES('cudnn','lstm_0: cuDNN on a GPU; the fused kernel on the processor','0aaf3c57f096476296975c59ae479182');
INSERT INTO tags VALUES('model_digest','04e38faf532f442b2e8cd7062f8aa721938226cea284705ebae6c0d32de3c0d8','0aaf3c57f096476296975c59ae479182');
INSERT INTO tags VALUES('mlflow.note.content','317 parameters, 7,752 FLOPs a sequence of 15 steps. Best epoch 1: accuracy 0.164, loss 2.16, val_accuracy 0.1852, val_loss 2.15, val_macro_f1 0.1075.','0aaf3c57f096476296975c59ae479182');
INSERT INTO tags VALUES('evaluation_digest','0967e7b5ed66af606669b46017362b9ed41116587cb73f832d4b098e88198012','0aaf3c57f096476296975c59ae479182');
INSERT INTO tags VALUES('beats_baselines','false','0aaf3c57f096476296975c59ae479182');
INSERT INTO tags VALUES('version','1','0aaf3c57f096476296975c59ae479182');
INSERT INTO tags VALUES('verdict','promoted','0aaf3c57f096476296975c59ae479182');
INSERT INTO tags VALUES('mlflow.user','conveyor','a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO tags VALUES('mlflow.source.name','{project}/pipeline/train.py','a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO tags VALUES('mlflow.source.type','LOCAL','a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO tags VALUES('mlflow.source.git.commit','db30c09545d484d3cb88d6a314cbfae92114ab21','a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO tags VALUES('process.host','example','a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO tags VALUES('process.pid','17767','a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO tags VALUES('process.began','1795957001.60','a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO tags VALUES('stage','train','a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO tags VALUES('data_digest','8ec7925827bd622f21f6c5a46d106379ca244b74d2079fcb3949b1d6c73e3ac2','a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO tags VALUES('git.revision','db30c09545d484d3cb88d6a314cbfae92114ab21','a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO tags VALUES('git.changed','true','a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO tags VALUES('dvc.compose.config.yaml','976dea946d7ae3f6ea47d3a5a6166420','a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO tags VALUES('dvc.prepare.prepared','31e6a8f1c7bd915274beab1765dcea63.dir','a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO tags VALUES('dvc.prepare.data','417c597128eb326f5f6a736780012dea.dir','a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO tags VALUES('dvc.prepare.data.json','0ebebf6d8ece3fd1bfaee1402674b2b5','a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO tags VALUES('dvc.sweep.sweep','f1f0e5f9bd016e52247ccbff86730000.dir','a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO tags VALUES('dvc.train.model','050627781b0eb1d89ff5b0458dfbec67.dir','a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO tags VALUES('dvc.evaluate.evaluation','a5fb7090c63bc1da96659de1bd69469a.dir','a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO tags VALUES('dvc.evaluate.metrics.json','49ca087ac40d716c2ed7908c5fd29df4','a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO tags VALUES('dvc.register.receipt.json','19e81fcf3b4304951deec37c9f45a3b7','a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO tags VALUES('config_digest','61db2b8ab0871582026341a805be49886b4c9fcbb1a1b8d065fb1713159a797b','a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO tags VALUES('mlflow.runName','train-30ecfb87','a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO tags VALUES('cudnn','lstm_0: cuDNN on a GPU; the fused kernel on the processor','a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO tags VALUES('model_digest','30ecfb87c179452180fe70204361cb063ea3f25b7d60c218bc3d11c5dc1015e0','a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO tags VALUES('mlflow.note.content','317 parameters, 7,752 FLOPs a sequence of 15 steps. Best epoch 1: accuracy 0.3016, loss 1.951, val_accuracy 0.5062, val_loss 1.563, val_macro_f1 0.407.','a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO tags VALUES('evaluation_digest','1e0c61b91300896244e92eb2e752f8216eaf69b2be8fb2bc2eaee86ae24b9e3e','a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO tags VALUES('beats_baselines','false','a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO tags VALUES('version','2','a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO tags VALUES('verdict','promoted','a4b03ef09e4e48c38dab255eaa6cc16e');
INSERT INTO tags VALUES('mlflow.user','conveyor','b49db2c0cfed46e889f6c4dd424877c7');
INSERT INTO tags VALUES('mlflow.source.name','{project}/pipeline/retrain.py','b49db2c0cfed46e889f6c4dd424877c7');
INSERT INTO tags VALUES('mlflow.source.type','LOCAL','b49db2c0cfed46e889f6c4dd424877c7');
INSERT INTO tags VALUES('mlflow.source.git.commit','db30c09545d484d3cb88d6a314cbfae92114ab21','b49db2c0cfed46e889f6c4dd424877c7');
INSERT INTO tags VALUES('process.host','example','b49db2c0cfed46e889f6c4dd424877c7');
INSERT INTO tags VALUES('process.pid','18030','b49db2c0cfed46e889f6c4dd424877c7');
INSERT INTO tags VALUES('process.began','1795957027.38','b49db2c0cfed46e889f6c4dd424877c7');
INSERT INTO tags VALUES('stage','retrain','b49db2c0cfed46e889f6c4dd424877c7');
INSERT INTO tags VALUES('git.revision','db30c09545d484d3cb88d6a314cbfae92114ab21','b49db2c0cfed46e889f6c4dd424877c7');
INSERT INTO tags VALUES('git.changed','true','b49db2c0cfed46e889f6c4dd424877c7');
INSERT INTO tags VALUES('mlflow.runName','retrain','b49db2c0cfed46e889f6c4dd424877c7');
INSERT INTO tags VALUES('outcome','nothing to do','b49db2c0cfed46e889f6c4dd424877c7');
INSERT INTO tags VALUES('mlflow.note.content',replace('not trained: no trigger fired\n  why: new or relabelled rows are 0.0% of those before, and 10.0% a reason','\n',char(10)),'b49db2c0cfed46e889f6c4dd424877c7');
INSERT INTO tags VALUES('dvc.compose.config.yaml','f895d93bf8f1bad32ff6f7991ebf625c','b49db2c0cfed46e889f6c4dd424877c7');
INSERT INTO tags VALUES('dvc.prepare.prepared','31e6a8f1c7bd915274beab1765dcea63.dir','b49db2c0cfed46e889f6c4dd424877c7');
INSERT INTO tags VALUES('dvc.prepare.data','417c597128eb326f5f6a736780012dea.dir','b49db2c0cfed46e889f6c4dd424877c7');
INSERT INTO tags VALUES('dvc.prepare.data.json','0ebebf6d8ece3fd1bfaee1402674b2b5','b49db2c0cfed46e889f6c4dd424877c7');
INSERT INTO tags VALUES('dvc.sweep.sweep','f1f0e5f9bd016e52247ccbff86730000.dir','b49db2c0cfed46e889f6c4dd424877c7');
INSERT INTO tags VALUES('dvc.train.model','c62a6e02e88d9f16c77bc9fbbf771acf.dir','b49db2c0cfed46e889f6c4dd424877c7');
INSERT INTO tags VALUES('dvc.evaluate.evaluation','32d03ac84948ec88e5b2fc4f826a414f.dir','b49db2c0cfed46e889f6c4dd424877c7');
INSERT INTO tags VALUES('dvc.evaluate.metrics.json','442e4d49f48827e6bf974cca3c4a3aad','b49db2c0cfed46e889f6c4dd424877c7');
INSERT INTO tags VALUES('dvc.register.receipt.json','b24c03d080e6ae836b62a08da38058eb','b49db2c0cfed46e889f6c4dd424877c7');
CREATE TABLE IF NOT EXISTS "datasets" (
	dataset_uuid VARCHAR(36) NOT NULL, 
	experiment_id INTEGER NOT NULL, 
	name VARCHAR(500) NOT NULL, 
	digest VARCHAR(36) NOT NULL, 
	dataset_source_type VARCHAR(36) NOT NULL, 
	dataset_source TEXT NOT NULL, 
	dataset_schema TEXT, 
	dataset_profile TEXT, 
	CONSTRAINT dataset_pk PRIMARY KEY (experiment_id, name, digest), 
	CONSTRAINT fk_datasets_experiment_id_experiments FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id) ON DELETE CASCADE
);
INSERT INTO datasets VALUES('13b2d7014bd7426ba14c6d92064b2bfc',1,'smoke','8ec7925827bd622f','code','{"tags": {"stage": "prepare"}}',NULL,NULL);
CREATE TABLE logged_models (
	model_id VARCHAR(36) NOT NULL, 
	experiment_id INTEGER NOT NULL, 
	name VARCHAR(500) NOT NULL, 
	artifact_location VARCHAR(1000) NOT NULL, 
	creation_timestamp_ms BIGINT NOT NULL, 
	last_updated_timestamp_ms BIGINT NOT NULL, 
	status INTEGER NOT NULL, 
	lifecycle_stage VARCHAR(32), 
	model_type VARCHAR(500), 
	source_run_id VARCHAR(32), 
	status_message VARCHAR(1000), 
	CONSTRAINT logged_models_pk PRIMARY KEY (model_id), 
	CONSTRAINT logged_models_lifecycle_stage_check CHECK (lifecycle_stage IN ('active', 'deleted')), 
	CONSTRAINT fk_logged_models_experiment_id FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id) ON DELETE CASCADE
);
INSERT INTO logged_models VALUES('m-66207d995d354556b17619dc78c66435',1,'smoke','file://{project}/mlruns/smoke/models/m-66207d995d354556b17619dc78c66435/artifacts',1795956993386,1795956995235,2,'active',NULL,'0aaf3c57f096476296975c59ae479182',NULL);
INSERT INTO logged_models VALUES('m-390f86be33be45638aebce80ea6dce69',1,'smoke','file://{project}/mlruns/smoke/models/m-390f86be33be45638aebce80ea6dce69/artifacts',1795957025631,1795957026971,2,'active',NULL,'a4b03ef09e4e48c38dab255eaa6cc16e',NULL);
CREATE TABLE logged_model_metrics (
	model_id VARCHAR(36) NOT NULL, 
	metric_name VARCHAR(500) NOT NULL, 
	metric_timestamp_ms BIGINT NOT NULL, 
	metric_step BIGINT NOT NULL, 
	metric_value FLOAT, 
	experiment_id INTEGER NOT NULL, 
	run_id VARCHAR(32) NOT NULL, 
	dataset_uuid VARCHAR(36), 
	dataset_name VARCHAR(500), 
	dataset_digest VARCHAR(36), 
	CONSTRAINT logged_model_metrics_pk PRIMARY KEY (model_id, metric_name, metric_timestamp_ms, metric_step, run_id), 
	CONSTRAINT fk_logged_model_metrics_experiment_id FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id), 
	CONSTRAINT fk_logged_model_metrics_model_id FOREIGN KEY(model_id) REFERENCES logged_models (model_id) ON DELETE CASCADE, 
	CONSTRAINT fk_logged_model_metrics_run_id FOREIGN KEY(run_id) REFERENCES runs (run_uuid) ON DELETE CASCADE
);
INSERT INTO logged_model_metrics VALUES('m-66207d995d354556b17619dc78c66435','best_accuracy',1795956981746,0,0.16402116402116401205,1,'0aaf3c57f096476296975c59ae479182',NULL,NULL,NULL);
INSERT INTO logged_model_metrics VALUES('m-66207d995d354556b17619dc78c66435','best_loss',1795956981746,0,2.1599092836733215783,1,'0aaf3c57f096476296975c59ae479182',NULL,NULL,NULL);
INSERT INTO logged_model_metrics VALUES('m-66207d995d354556b17619dc78c66435','best_val_accuracy',1795956981746,0,0.1851851851851851749,1,'0aaf3c57f096476296975c59ae479182',NULL,NULL,NULL);
INSERT INTO logged_model_metrics VALUES('m-66207d995d354556b17619dc78c66435','best_val_loss',1795956981746,0,2.1498719394942860105,1,'0aaf3c57f096476296975c59ae479182',NULL,NULL,NULL);
INSERT INTO logged_model_metrics VALUES('m-66207d995d354556b17619dc78c66435','best_val_macro_f1',1795956981746,0,0.10748299319727891432,1,'0aaf3c57f096476296975c59ae479182',NULL,NULL,NULL);
INSERT INTO logged_model_metrics VALUES('m-66207d995d354556b17619dc78c66435','best_epoch',1795956981746,0,1.0,1,'0aaf3c57f096476296975c59ae479182',NULL,NULL,NULL);
INSERT INTO logged_model_metrics VALUES('m-66207d995d354556b17619dc78c66435','parameters',1795956981746,0,317.0,1,'0aaf3c57f096476296975c59ae479182',NULL,NULL,NULL);
INSERT INTO logged_model_metrics VALUES('m-66207d995d354556b17619dc78c66435','flops',1795956981746,0,7752.0,1,'0aaf3c57f096476296975c59ae479182',NULL,NULL,NULL);
INSERT INTO logged_model_metrics VALUES('m-66207d995d354556b17619dc78c66435','test_accuracy',1795956988994,0,0.14324324324324325119,1,'0aaf3c57f096476296975c59ae479182',NULL,NULL,NULL);
INSERT INTO logged_model_metrics VALUES('m-66207d995d354556b17619dc78c66435','test_balanced_accuracy',1795956988994,0,0.19141414141414139771,1,'0aaf3c57f096476296975c59ae479182',NULL,NULL,NULL);
INSERT INTO logged_model_metrics VALUES('m-66207d995d354556b17619dc78c66435','test_macro_f1',1795956988994,0,0.1048400826779001399,1,'0aaf3c57f096476296975c59ae479182',NULL,NULL,NULL);
INSERT INTO logged_model_metrics VALUES('m-66207d995d354556b17619dc78c66435','test_weighted_f1',1795956988994,0,0.088514742421273204242,1,'0aaf3c57f096476296975c59ae479182',NULL,NULL,NULL);
INSERT INTO logged_model_metrics VALUES('m-66207d995d354556b17619dc78c66435','test_mcc',1795956988994,0,0.072025542112026275098,1,'0aaf3c57f096476296975c59ae479182',NULL,NULL,NULL);
INSERT INTO logged_model_metrics VALUES('m-66207d995d354556b17619dc78c66435','test_log_loss',1795956988994,0,2.1569910049438476562,1,'0aaf3c57f096476296975c59ae479182',NULL,NULL,NULL);
INSERT INTO logged_model_metrics VALUES('m-66207d995d354556b17619dc78c66435','test_roc_auc',1795956988994,0,0.65060538988897098633,1,'0aaf3c57f096476296975c59ae479182',NULL,NULL,NULL);
INSERT INTO logged_model_metrics VALUES('m-66207d995d354556b17619dc78c66435','test_pr_auc',1795956988994,0,0.24489316455270421224,1,'0aaf3c57f096476296975c59ae479182',NULL,NULL,NULL);
INSERT INTO logged_model_metrics VALUES('m-66207d995d354556b17619dc78c66435','test_ece',1795956988994,0,0.064263705969662285322,1,'0aaf3c57f096476296975c59ae479182',NULL,NULL,NULL);
INSERT INTO logged_model_metrics VALUES('m-390f86be33be45638aebce80ea6dce69','best_accuracy',1795957012676,0,0.30158730158730157056,1,'a4b03ef09e4e48c38dab255eaa6cc16e',NULL,NULL,NULL);
INSERT INTO logged_model_metrics VALUES('m-390f86be33be45638aebce80ea6dce69','best_loss',1795957012676,0,1.9512927595269742298,1,'a4b03ef09e4e48c38dab255eaa6cc16e',NULL,NULL,NULL);
INSERT INTO logged_model_metrics VALUES('m-390f86be33be45638aebce80ea6dce69','best_val_accuracy',1795957012676,0,0.50617283950617286691,1,'a4b03ef09e4e48c38dab255eaa6cc16e',NULL,NULL,NULL);
INSERT INTO logged_model_metrics VALUES('m-390f86be33be45638aebce80ea6dce69','best_val_loss',1795957012676,0,1.5634825700595054165,1,'a4b03ef09e4e48c38dab255eaa6cc16e',NULL,NULL,NULL);
INSERT INTO logged_model_metrics VALUES('m-390f86be33be45638aebce80ea6dce69','best_val_macro_f1',1795957012676,0,0.40701265528851737762,1,'a4b03ef09e4e48c38dab255eaa6cc16e',NULL,NULL,NULL);
INSERT INTO logged_model_metrics VALUES('m-390f86be33be45638aebce80ea6dce69','best_epoch',1795957012676,0,1.0,1,'a4b03ef09e4e48c38dab255eaa6cc16e',NULL,NULL,NULL);
INSERT INTO logged_model_metrics VALUES('m-390f86be33be45638aebce80ea6dce69','parameters',1795957012676,0,317.0,1,'a4b03ef09e4e48c38dab255eaa6cc16e',NULL,NULL,NULL);
INSERT INTO logged_model_metrics VALUES('m-390f86be33be45638aebce80ea6dce69','flops',1795957012676,0,7752.0,1,'a4b03ef09e4e48c38dab255eaa6cc16e',NULL,NULL,NULL);
INSERT INTO logged_model_metrics VALUES('m-390f86be33be45638aebce80ea6dce69','test_accuracy',1795957020343,0,0.70270270270270274171,1,'a4b03ef09e4e48c38dab255eaa6cc16e',NULL,NULL,NULL);
INSERT INTO logged_model_metrics VALUES('m-390f86be33be45638aebce80ea6dce69','test_balanced_accuracy',1795957020343,0,0.65635631167333063906,1,'a4b03ef09e4e48c38dab255eaa6cc16e',NULL,NULL,NULL);
INSERT INTO logged_model_metrics VALUES('m-390f86be33be45638aebce80ea6dce69','test_macro_f1',1795957020343,0,0.60389885278246369093,1,'a4b03ef09e4e48c38dab255eaa6cc16e',NULL,NULL,NULL);
INSERT INTO logged_model_metrics VALUES('m-390f86be33be45638aebce80ea6dce69','test_weighted_f1',1795957020343,0,0.6571445621219087485,1,'a4b03ef09e4e48c38dab255eaa6cc16e',NULL,NULL,NULL);
INSERT INTO logged_model_metrics VALUES('m-390f86be33be45638aebce80ea6dce69','test_mcc',1795957020343,0,0.67016607513205128654,1,'a4b03ef09e4e48c38dab255eaa6cc16e',NULL,NULL,NULL);
INSERT INTO logged_model_metrics VALUES('m-390f86be33be45638aebce80ea6dce69','test_log_loss',1795957020343,0,1.162101149559020996,1,'a4b03ef09e4e48c38dab255eaa6cc16e',NULL,NULL,NULL);
INSERT INTO logged_model_metrics VALUES('m-390f86be33be45638aebce80ea6dce69','test_roc_auc',1795957020343,0,0.95536249753082025382,1,'a4b03ef09e4e48c38dab255eaa6cc16e',NULL,NULL,NULL);
INSERT INTO logged_model_metrics VALUES('m-390f86be33be45638aebce80ea6dce69','test_pr_auc',1795957020343,0,0.82890231374153999777,1,'a4b03ef09e4e48c38dab255eaa6cc16e',NULL,NULL,NULL);
INSERT INTO logged_model_metrics VALUES('m-390f86be33be45638aebce80ea6dce69','test_ece',1795957020343,0,0.29425549704480813417,1,'a4b03ef09e4e48c38dab255eaa6cc16e',NULL,NULL,NULL);
CREATE TABLE logged_model_params (
	model_id VARCHAR(36) NOT NULL, 
	experiment_id INTEGER NOT NULL, 
	param_key VARCHAR(255) NOT NULL, 
	param_value TEXT NOT NULL, 
	CONSTRAINT logged_model_params_pk PRIMARY KEY (model_id, param_key), 
	CONSTRAINT fk_logged_model_params_experiment_id FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id), 
	CONSTRAINT fk_logged_model_params_model_id FOREIGN KEY(model_id) REFERENCES logged_models (model_id) ON DELETE CASCADE
);
INSERT INTO logged_model_params VALUES('m-66207d995d354556b17619dc78c66435',1,'name','smoke');
INSERT INTO logged_model_params VALUES('m-66207d995d354556b17619dc78c66435',1,'seed','17');
INSERT INTO logged_model_params VALUES('m-66207d995d354556b17619dc78c66435',1,'model.cell','lstm');
INSERT INTO logged_model_params VALUES('m-66207d995d354556b17619dc78c66435',1,'model.units','[4]');
INSERT INTO logged_model_params VALUES('m-66207d995d354556b17619dc78c66435',1,'model.bidirectional','False');
INSERT INTO logged_model_params VALUES('m-66207d995d354556b17619dc78c66435',1,'model.activation','tanh');
INSERT INTO logged_model_params VALUES('m-66207d995d354556b17619dc78c66435',1,'model.recurrent_activation','sigmoid');
INSERT INTO logged_model_params VALUES('m-66207d995d354556b17619dc78c66435',1,'model.dropout','0.3');
INSERT INTO logged_model_params VALUES('m-66207d995d354556b17619dc78c66435',1,'model.recurrent_dropout','0.0');
INSERT INTO logged_model_params VALUES('m-66207d995d354556b17619dc78c66435',1,'model.layer_norm','False');
INSERT INTO logged_model_params VALUES('m-66207d995d354556b17619dc78c66435',1,'model.residual','False');
INSERT INTO logged_model_params VALUES('m-66207d995d354556b17619dc78c66435',1,'model.embedding','100');
INSERT INTO logged_model_params VALUES('m-66207d995d354556b17619dc78c66435',1,'model.pooling','last');
INSERT INTO logged_model_params VALUES('m-66207d995d354556b17619dc78c66435',1,'model.head_dropout','0.0');
INSERT INTO logged_model_params VALUES('m-66207d995d354556b17619dc78c66435',1,'model.kernel','auto');
INSERT INTO logged_model_params VALUES('m-66207d995d354556b17619dc78c66435',1,'train.epochs','1');
INSERT INTO logged_model_params VALUES('m-66207d995d354556b17619dc78c66435',1,'train.batch_size','32');
INSERT INTO logged_model_params VALUES('m-66207d995d354556b17619dc78c66435',1,'train.optimizer','adam');
INSERT INTO logged_model_params VALUES('m-66207d995d354556b17619dc78c66435',1,'train.learning_rate','0.002');
INSERT INTO logged_model_params VALUES('m-66207d995d354556b17619dc78c66435',1,'train.schedule','constant');
INSERT INTO logged_model_params VALUES('m-66207d995d354556b17619dc78c66435',1,'train.weight_decay','0.0');
INSERT INTO logged_model_params VALUES('m-66207d995d354556b17619dc78c66435',1,'train.clip_norm','1.0');
INSERT INTO logged_model_params VALUES('m-66207d995d354556b17619dc78c66435',1,'train.label_smoothing','0.0');
INSERT INTO logged_model_params VALUES('m-66207d995d354556b17619dc78c66435',1,'train.class_weights','none');
INSERT INTO logged_model_params VALUES('m-66207d995d354556b17619dc78c66435',1,'train.patience','1');
INSERT INTO logged_model_params VALUES('m-66207d995d354556b17619dc78c66435',1,'train.refit','True');
INSERT INTO logged_model_params VALUES('m-66207d995d354556b17619dc78c66435',1,'train.bucket_batches','16');
INSERT INTO logged_model_params VALUES('m-66207d995d354556b17619dc78c66435',1,'train.precision','float32');
INSERT INTO logged_model_params VALUES('m-66207d995d354556b17619dc78c66435',1,'train.strategy','one');
INSERT INTO logged_model_params VALUES('m-66207d995d354556b17619dc78c66435',1,'train.intra_op','auto');
INSERT INTO logged_model_params VALUES('m-66207d995d354556b17619dc78c66435',1,'train.inter_op','auto');
INSERT INTO logged_model_params VALUES('m-390f86be33be45638aebce80ea6dce69',1,'name','smoke');
INSERT INTO logged_model_params VALUES('m-390f86be33be45638aebce80ea6dce69',1,'seed','18');
INSERT INTO logged_model_params VALUES('m-390f86be33be45638aebce80ea6dce69',1,'model.cell','lstm');
INSERT INTO logged_model_params VALUES('m-390f86be33be45638aebce80ea6dce69',1,'model.units','[4]');
INSERT INTO logged_model_params VALUES('m-390f86be33be45638aebce80ea6dce69',1,'model.bidirectional','False');
INSERT INTO logged_model_params VALUES('m-390f86be33be45638aebce80ea6dce69',1,'model.activation','tanh');
INSERT INTO logged_model_params VALUES('m-390f86be33be45638aebce80ea6dce69',1,'model.recurrent_activation','sigmoid');
INSERT INTO logged_model_params VALUES('m-390f86be33be45638aebce80ea6dce69',1,'model.dropout','0.3');
INSERT INTO logged_model_params VALUES('m-390f86be33be45638aebce80ea6dce69',1,'model.recurrent_dropout','0.0');
INSERT INTO logged_model_params VALUES('m-390f86be33be45638aebce80ea6dce69',1,'model.layer_norm','False');
INSERT INTO logged_model_params VALUES('m-390f86be33be45638aebce80ea6dce69',1,'model.residual','False');
INSERT INTO logged_model_params VALUES('m-390f86be33be45638aebce80ea6dce69',1,'model.embedding','100');
INSERT INTO logged_model_params VALUES('m-390f86be33be45638aebce80ea6dce69',1,'model.pooling','last');
INSERT INTO logged_model_params VALUES('m-390f86be33be45638aebce80ea6dce69',1,'model.head_dropout','0.0');
INSERT INTO logged_model_params VALUES('m-390f86be33be45638aebce80ea6dce69',1,'model.kernel','auto');
INSERT INTO logged_model_params VALUES('m-390f86be33be45638aebce80ea6dce69',1,'train.epochs','1');
INSERT INTO logged_model_params VALUES('m-390f86be33be45638aebce80ea6dce69',1,'train.batch_size','2');
INSERT INTO logged_model_params VALUES('m-390f86be33be45638aebce80ea6dce69',1,'train.optimizer','adam');
INSERT INTO logged_model_params VALUES('m-390f86be33be45638aebce80ea6dce69',1,'train.learning_rate','0.02');
INSERT INTO logged_model_params VALUES('m-390f86be33be45638aebce80ea6dce69',1,'train.schedule','constant');
INSERT INTO logged_model_params VALUES('m-390f86be33be45638aebce80ea6dce69',1,'train.weight_decay','0.0');
INSERT INTO logged_model_params VALUES('m-390f86be33be45638aebce80ea6dce69',1,'train.clip_norm','1.0');
INSERT INTO logged_model_params VALUES('m-390f86be33be45638aebce80ea6dce69',1,'train.label_smoothing','0.0');
INSERT INTO logged_model_params VALUES('m-390f86be33be45638aebce80ea6dce69',1,'train.class_weights','none');
INSERT INTO logged_model_params VALUES('m-390f86be33be45638aebce80ea6dce69',1,'train.patience','1');
INSERT INTO logged_model_params VALUES('m-390f86be33be45638aebce80ea6dce69',1,'train.refit','True');
INSERT INTO logged_model_params VALUES('m-390f86be33be45638aebce80ea6dce69',1,'train.bucket_batches','16');
INSERT INTO logged_model_params VALUES('m-390f86be33be45638aebce80ea6dce69',1,'train.precision','float32');
INSERT INTO logged_model_params VALUES('m-390f86be33be45638aebce80ea6dce69',1,'train.strategy','one');
INSERT INTO logged_model_params VALUES('m-390f86be33be45638aebce80ea6dce69',1,'train.intra_op','auto');
INSERT INTO logged_model_params VALUES('m-390f86be33be45638aebce80ea6dce69',1,'train.inter_op','auto');
CREATE TABLE logged_model_tags (
	model_id VARCHAR(36) NOT NULL, 
	experiment_id INTEGER NOT NULL, 
	tag_key VARCHAR(255) NOT NULL, 
	tag_value TEXT NOT NULL, 
	CONSTRAINT logged_model_tags_pk PRIMARY KEY (model_id, tag_key), 
	CONSTRAINT fk_logged_model_tags_experiment_id FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id), 
	CONSTRAINT fk_logged_model_tags_model_id FOREIGN KEY(model_id) REFERENCES logged_models (model_id) ON DELETE CASCADE
);
INSERT INTO logged_model_tags VALUES('m-66207d995d354556b17619dc78c66435',1,'mlflow.user','conveyor');
INSERT INTO logged_model_tags VALUES('m-66207d995d354556b17619dc78c66435',1,'mlflow.source.name','{project}/pipeline/register.py');
INSERT INTO logged_model_tags VALUES('m-66207d995d354556b17619dc78c66435',1,'mlflow.source.type','LOCAL');
INSERT INTO logged_model_tags VALUES('m-66207d995d354556b17619dc78c66435',1,'mlflow.source.git.commit','db30c09545d484d3cb88d6a314cbfae92114ab21');
INSERT INTO logged_model_tags VALUES('m-390f86be33be45638aebce80ea6dce69',1,'mlflow.user','conveyor');
INSERT INTO logged_model_tags VALUES('m-390f86be33be45638aebce80ea6dce69',1,'mlflow.source.name','{project}/pipeline/register.py');
INSERT INTO logged_model_tags VALUES('m-390f86be33be45638aebce80ea6dce69',1,'mlflow.source.type','LOCAL');
INSERT INTO logged_model_tags VALUES('m-390f86be33be45638aebce80ea6dce69',1,'mlflow.source.git.commit','db30c09545d484d3cb88d6a314cbfae92114ab21');
CREATE TABLE entity_associations (
	association_id VARCHAR(36) NOT NULL, 
	source_type VARCHAR(36) NOT NULL, 
	source_id VARCHAR(36) NOT NULL, 
	destination_type VARCHAR(36) NOT NULL, 
	destination_id VARCHAR(36) NOT NULL, 
	created_time BIGINT, 
	CONSTRAINT entity_associations_pk PRIMARY KEY (source_type, source_id, destination_type, destination_id)
);
CREATE TABLE webhook_events (
	webhook_id VARCHAR(256) NOT NULL, 
	entity VARCHAR(50) NOT NULL, 
	action VARCHAR(50) NOT NULL, 
	CONSTRAINT webhook_event_pk PRIMARY KEY (webhook_id, entity, action), 
	FOREIGN KEY(webhook_id) REFERENCES webhooks (webhook_id) ON DELETE cascade
);
CREATE TABLE scorers (
	experiment_id INTEGER NOT NULL, 
	scorer_name VARCHAR(256) NOT NULL, 
	scorer_id VARCHAR(36) NOT NULL, 
	CONSTRAINT scorer_pk PRIMARY KEY (scorer_id), 
	CONSTRAINT fk_scorers_experiment_id FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id) ON DELETE CASCADE
);
CREATE TABLE scorer_versions (
	scorer_id VARCHAR(36) NOT NULL, 
	scorer_version INTEGER NOT NULL, 
	serialized_scorer TEXT NOT NULL, 
	creation_time BIGINT, 
	CONSTRAINT scorer_version_pk PRIMARY KEY (scorer_id, scorer_version), 
	CONSTRAINT fk_scorer_versions_scorer_id FOREIGN KEY(scorer_id) REFERENCES scorers (scorer_id) ON DELETE CASCADE
);
CREATE TABLE evaluation_dataset_tags (
	dataset_id VARCHAR(36) NOT NULL, 
	"key" VARCHAR(255) NOT NULL, 
	value VARCHAR(5000), 
	CONSTRAINT evaluation_dataset_tags_pk PRIMARY KEY (dataset_id, "key"), 
	CONSTRAINT fk_evaluation_dataset_tags_dataset_id FOREIGN KEY(dataset_id) REFERENCES evaluation_datasets (dataset_id) ON DELETE CASCADE
);
CREATE TABLE IF NOT EXISTS "evaluation_dataset_records" (
	dataset_record_id VARCHAR(36) NOT NULL, 
	dataset_id VARCHAR(36) NOT NULL, 
	inputs JSON NOT NULL, 
	expectations JSON, 
	tags JSON, 
	source JSON, 
	source_id VARCHAR(36), 
	source_type VARCHAR(255), 
	created_time BIGINT, 
	last_update_time BIGINT, 
	created_by VARCHAR(255), 
	last_updated_by VARCHAR(255), 
	input_hash VARCHAR(64) NOT NULL, outputs JSON, 
	CONSTRAINT evaluation_dataset_records_pk PRIMARY KEY (dataset_record_id), 
	CONSTRAINT fk_evaluation_dataset_records_dataset_id FOREIGN KEY(dataset_id) REFERENCES evaluation_datasets (dataset_id) ON DELETE CASCADE, 
	CONSTRAINT unique_dataset_input UNIQUE (dataset_id, input_hash)
);
CREATE TABLE endpoint_model_mappings (
	mapping_id VARCHAR(36) NOT NULL, 
	endpoint_id VARCHAR(36) NOT NULL, 
	model_definition_id VARCHAR(36) NOT NULL, 
	weight FLOAT NOT NULL, 
	created_by VARCHAR(255), 
	created_at BIGINT NOT NULL, linkage_type VARCHAR(64) DEFAULT 'PRIMARY' NOT NULL, fallback_order INTEGER, 
	CONSTRAINT endpoint_model_mappings_pk PRIMARY KEY (mapping_id), 
	CONSTRAINT fk_endpoint_model_mappings_endpoint_id FOREIGN KEY(endpoint_id) REFERENCES endpoints (endpoint_id) ON DELETE CASCADE, 
	CONSTRAINT fk_endpoint_model_mappings_model_definition_id FOREIGN KEY(model_definition_id) REFERENCES model_definitions (model_definition_id)
);
CREATE TABLE endpoint_bindings (
	endpoint_id VARCHAR(36) NOT NULL, 
	resource_type VARCHAR(50) NOT NULL, 
	resource_id VARCHAR(255) NOT NULL, 
	created_at BIGINT NOT NULL, 
	created_by VARCHAR(255), 
	last_updated_at BIGINT NOT NULL, 
	last_updated_by VARCHAR(255), display_name VARCHAR(255), 
	CONSTRAINT endpoint_bindings_pk PRIMARY KEY (endpoint_id, resource_type, resource_id), 
	CONSTRAINT fk_endpoint_bindings_endpoint_id FOREIGN KEY(endpoint_id) REFERENCES endpoints (endpoint_id) ON DELETE CASCADE
);
CREATE TABLE endpoint_tags (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(5000), 
	endpoint_id VARCHAR(36) NOT NULL, 
	CONSTRAINT endpoint_tag_pk PRIMARY KEY ("key", endpoint_id), 
	CONSTRAINT fk_endpoint_tags_endpoint_id FOREIGN KEY(endpoint_id) REFERENCES endpoints (endpoint_id) ON DELETE CASCADE
);
CREATE TABLE trace_metrics (
	request_id VARCHAR(50) NOT NULL, 
	"key" VARCHAR(250) NOT NULL, 
	value FLOAT, 
	CONSTRAINT trace_metrics_pk PRIMARY KEY (request_id, "key"), 
	CONSTRAINT fk_trace_metrics_request_id FOREIGN KEY(request_id) REFERENCES trace_info (request_id) ON DELETE CASCADE
);
CREATE TABLE online_scoring_configs (
	online_scoring_config_id VARCHAR(36) NOT NULL, 
	scorer_id VARCHAR(36) NOT NULL, 
	sample_rate FLOAT NOT NULL, 
	experiment_id INTEGER NOT NULL, 
	filter_string TEXT, 
	CONSTRAINT online_scoring_config_pk PRIMARY KEY (online_scoring_config_id), 
	CONSTRAINT fk_online_scoring_configs_scorer_id FOREIGN KEY(scorer_id) REFERENCES scorers (scorer_id) ON DELETE CASCADE, 
	CONSTRAINT fk_online_scoring_configs_experiment_id FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id)
);
CREATE TABLE span_metrics (
	trace_id VARCHAR(50) NOT NULL, 
	span_id VARCHAR(50) NOT NULL, 
	"key" VARCHAR(250) NOT NULL, 
	value FLOAT, 
	CONSTRAINT span_metrics_pk PRIMARY KEY (trace_id, span_id, "key"), 
	CONSTRAINT fk_span_metrics_span FOREIGN KEY(trace_id, span_id) REFERENCES spans (trace_id, span_id) ON DELETE CASCADE
);
CREATE TABLE IF NOT EXISTS "experiments" (
	experiment_id INTEGER NOT NULL, 
	name VARCHAR(256) NOT NULL, 
	artifact_location VARCHAR(256), 
	lifecycle_stage VARCHAR(32), 
	creation_time BIGINT, 
	last_update_time BIGINT, 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	CONSTRAINT experiment_pk PRIMARY KEY (experiment_id), 
	CONSTRAINT experiments_lifecycle_stage CHECK (lifecycle_stage IN ('active', 'deleted')), 
	CONSTRAINT uq_experiments_workspace_name UNIQUE (workspace, name)
);
INSERT INTO experiments VALUES(0,'Default','{project}/mlruns/0','active',1795956981342,1795956981342,'default');
INSERT INTO experiments VALUES(1,'smoke','file://{project}/mlruns/smoke','active',1795956981454,1795956981454,'default');
CREATE TABLE IF NOT EXISTS "registered_models" (
	name VARCHAR(256) NOT NULL, 
	creation_time BIGINT, 
	last_updated_time BIGINT, 
	description VARCHAR(5000), 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	CONSTRAINT registered_model_pk PRIMARY KEY (workspace, name)
);
INSERT INTO registered_models VALUES('smoke',1795956995450,1795957027149,NULL,'default');
CREATE TABLE IF NOT EXISTS "model_versions" (
	name VARCHAR(256) NOT NULL, 
	version INTEGER NOT NULL, 
	creation_time BIGINT, 
	last_updated_time BIGINT, 
	description VARCHAR(5000), 
	user_id VARCHAR(256), 
	current_stage VARCHAR(20), 
	source VARCHAR(500), 
	run_id VARCHAR(32), 
	status VARCHAR(20), 
	status_message VARCHAR(500), 
	run_link VARCHAR(500), 
	storage_location VARCHAR(500), 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	CONSTRAINT model_version_pk PRIMARY KEY (workspace, name, version), 
	CONSTRAINT fk_model_versions_registered_models FOREIGN KEY(workspace, name) REFERENCES registered_models (workspace, name) ON UPDATE CASCADE
);
INSERT INTO model_versions VALUES('smoke',1,1795956995621,1795956995621,replace('| gate | | why |\n| --- | --- | --- |\n| bar: balanced_accuracy | passed | balanced_accuracy 0.1914 meets the bar |\n| better than the champion | passed | there is no champion to beat |\n| baselines | passed | accuracy 0.1432 does not beat the best simple baseline''s 0.9865; must_beat_baselines does not ask for it |\n| size | passed | bytes of the artefact: 64,573, within the limit of 1e+08 |\n| latency | passed | milliseconds for one row: 0.03655, within the limit of 100 |\n| padding | passed | difference between a row alone and beside longer rows: 0, within the limit of 1e-05 |\n| round trip | passed | difference between this process and a fresh one: 0, within the limit of 1e-06 |\n| data: dropped | passed | share of rows dropped: 0, within the limit of 0.05 |\n| data: conflicting | passed | share of rows with conflicting labels: 0, within the limit of 0.05 |','\n',char(10)),NULL,'None','models:/m-66207d995d354556b17619dc78c66435','0aaf3c57f096476296975c59ae479182','READY',NULL,NULL,'file://{project}/mlruns/smoke/models/m-66207d995d354556b17619dc78c66435/artifacts','default');
INSERT INTO model_versions VALUES('smoke',2,1795957027149,1795957027149,replace('| gate | | why |\n| --- | --- | --- |\n| bar: balanced_accuracy | passed | balanced_accuracy 0.6564 meets the bar |\n| better than the champion | passed | right where version 1, the champion, is wrong on 209 rows, the other way round on 2: p = 6.8e-60, below 0.05 (McNemar) |\n| baselines | passed | accuracy 0.7027 does not beat the best simple baseline''s 0.9865; must_beat_baselines does not ask for it |\n| slices beside the champion''s | passed | accuracy falls on no slice by more than 0.1 |\n| size | passed | bytes of the artefact: 62,880, within the limit of 1e+08 |\n| latency | passed | milliseconds for one row: 0.02785, within the limit of 100 |\n| padding | passed | difference between a row alone and beside longer rows: 0, within the limit of 1e-05 |\n| round trip | passed | difference between this process and a fresh one: 0, within the limit of 1e-06 |\n| data: dropped | passed | share of rows dropped: 0, within the limit of 0.05 |\n| data: conflicting | passed | share of rows with conflicting labels: 0, within the limit of 0.05 |','\n',char(10)),NULL,'None','models:/m-390f86be33be45638aebce80ea6dce69','a4b03ef09e4e48c38dab255eaa6cc16e','READY',NULL,NULL,'file://{project}/mlruns/smoke/models/m-390f86be33be45638aebce80ea6dce69/artifacts','default');
CREATE TABLE IF NOT EXISTS "registered_model_tags" (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(5000), 
	name VARCHAR(256) NOT NULL, 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	CONSTRAINT registered_model_tag_pk PRIMARY KEY (workspace, "key", name), 
	CONSTRAINT fk_registered_model_tags_registered_models FOREIGN KEY(workspace, name) REFERENCES registered_models (workspace, name) ON UPDATE CASCADE
);
INSERT INTO registered_model_tags VALUES('history.000001','{"action": "promoted", "after": "1", "before": null, "hooks": [], "number": 1, "reason": "it passed every gate", "when": "2026-11-29T12:56:35+00:00", "who": "conveyor@example"}','smoke','default');
INSERT INTO registered_model_tags VALUES('history.000002','{"action": "promoted", "after": "2", "before": "1", "hooks": [], "number": 2, "reason": "it passed every gate", "when": "2026-11-29T12:57:07+00:00", "who": "conveyor@example"}','smoke','default');
CREATE TABLE IF NOT EXISTS "model_version_tags" (
	"key" VARCHAR(250) NOT NULL, 
	value TEXT, 
	name VARCHAR(256) NOT NULL, 
	version INTEGER NOT NULL, 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	CONSTRAINT model_version_tag_pk PRIMARY KEY (workspace, "key", name, version), 
	CONSTRAINT fk_model_version_tags_model_versions FOREIGN KEY(workspace, name, version) REFERENCES model_versions (workspace, name, version) ON UPDATE CASCADE
);
INSERT INTO model_version_tags VALUES('model_digest','04e38faf532f442b2e8cd7062f8aa721938226cea284705ebae6c0d32de3c0d8','smoke',1,'default');
INSERT INTO model_version_tags VALUES('data_digest','8ec7925827bd622f21f6c5a46d106379ca244b74d2079fcb3949b1d6c73e3ac2','smoke',1,'default');
INSERT INTO model_version_tags VALUES('config_digest','bdcf20440c2a0e833d1590b144f3c2cffe3b1310415cfbf65eb50ccee67926cd','smoke',1,'default');
INSERT INTO model_version_tags VALUES('train_run','0aaf3c57f096476296975c59ae479182','smoke',1,'default');
INSERT INTO model_version_tags VALUES('git.revision','db30c09545d484d3cb88d6a314cbfae92114ab21','smoke',1,'default');
INSERT INTO model_version_tags VALUES('git.changed','true','smoke',1,'default');
INSERT INTO model_version_tags VALUES('dvc.compose.config.yaml','8956c09c9cd6fee5546340734a81d08a','smoke',1,'default');
INSERT INTO model_version_tags VALUES('dvc.prepare.prepared','31e6a8f1c7bd915274beab1765dcea63.dir','smoke',1,'default');
INSERT INTO model_version_tags VALUES('dvc.prepare.data','417c597128eb326f5f6a736780012dea.dir','smoke',1,'default');
INSERT INTO model_version_tags VALUES('dvc.prepare.data.json','0ebebf6d8ece3fd1bfaee1402674b2b5','smoke',1,'default');
INSERT INTO model_version_tags VALUES('dvc.sweep.sweep','f1f0e5f9bd016e52247ccbff86730000.dir','smoke',1,'default');
INSERT INTO model_version_tags VALUES('dvc.train.model','050627781b0eb1d89ff5b0458dfbec67.dir','smoke',1,'default');
INSERT INTO model_version_tags VALUES('dvc.evaluate.evaluation','a5fb7090c63bc1da96659de1bd69469a.dir','smoke',1,'default');
INSERT INTO model_version_tags VALUES('dvc.evaluate.metrics.json','49ca087ac40d716c2ed7908c5fd29df4','smoke',1,'default');
INSERT INTO model_version_tags VALUES('dvc.register.receipt.json','dda40baed0777959b2c64c9dad681234','smoke',1,'default');
INSERT INTO model_version_tags VALUES('dvc_lock_digest','f97d7a07d8318f5ea3641cf1e01d54ddf616b570786a2a60c8e91b9af875322d','smoke',1,'default');
INSERT INTO model_version_tags VALUES('source_patch','b92c50a09b968d69a66400698d8147341efef52c998165c45c4cadf95d584f0e','smoke',1,'default');
INSERT INTO model_version_tags VALUES('verdict','promoted','smoke',1,'default');
INSERT INTO model_version_tags VALUES('reasons','','smoke',1,'default');
INSERT INTO model_version_tags VALUES('gate.bar: balanced_accuracy','{"passed": true, "reason": "balanced_accuracy 0.1914 meets the bar", "numbers": {"value": 0.1914141414141414, "min": 0.0, "max": null}}','smoke',1,'default');
INSERT INTO model_version_tags VALUES('gate.better than the champion','{"passed": true, "reason": "there is no champion to beat", "numbers": {}}','smoke',1,'default');
INSERT INTO model_version_tags VALUES('gate.baselines','{"passed": true, "reason": "accuracy 0.1432 does not beat the best simple baseline''s 0.9865; must_beat_baselines does not ask for it", "numbers": {"value": 0.14324324324324325, "baseline": 0.9864864864864865, "required": false}}','smoke',1,'default');
INSERT INTO model_version_tags VALUES('gate.size','{"passed": true, "reason": "bytes of the artefact: 64,573, within the limit of 1e+08", "numbers": {"value": 64573, "max": 100000000}}','smoke',1,'default');
INSERT INTO model_version_tags VALUES('gate.latency','{"passed": true, "reason": "milliseconds for one row: 0.03655, within the limit of 100", "numbers": {"value": 0.03655399996205233, "max": 100.0}}','smoke',1,'default');
INSERT INTO model_version_tags VALUES('gate.padding','{"passed": true, "reason": "difference between a row alone and beside longer rows: 0, within the limit of 1e-05", "numbers": {"value": 0.0, "max": 1e-05}}','smoke',1,'default');
INSERT INTO model_version_tags VALUES('gate.round trip','{"passed": true, "reason": "difference between this process and a fresh one: 0, within the limit of 1e-06", "numbers": {"value": 0.0, "max": 1e-06}}','smoke',1,'default');
INSERT INTO model_version_tags VALUES('gate.data: dropped','{"passed": true, "reason": "share of rows dropped: 0, within the limit of 0.05", "numbers": {"value": 0.0, "max": 0.05}}','smoke',1,'default');
INSERT INTO model_version_tags VALUES('gate.data: conflicting','{"passed": true, "reason": "share of rows with conflicting labels: 0, within the limit of 0.05", "numbers": {"value": 0.0, "max": 0.05}}','smoke',1,'default');
INSERT INTO model_version_tags VALUES('settled','true','smoke',1,'default');
INSERT INTO model_version_tags VALUES('model_digest','30ecfb87c179452180fe70204361cb063ea3f25b7d60c218bc3d11c5dc1015e0','smoke',2,'default');
INSERT INTO model_version_tags VALUES('data_digest','8ec7925827bd622f21f6c5a46d106379ca244b74d2079fcb3949b1d6c73e3ac2','smoke',2,'default');
INSERT INTO model_version_tags VALUES('config_digest','7313e74badbdd8127ddbd97f893b34d3f19397de60fc1678225bee04201f301c','smoke',2,'default');
INSERT INTO model_version_tags VALUES('train_run','a4b03ef09e4e48c38dab255eaa6cc16e','smoke',2,'default');
INSERT INTO model_version_tags VALUES('git.revision','db30c09545d484d3cb88d6a314cbfae92114ab21','smoke',2,'default');
INSERT INTO model_version_tags VALUES('git.changed','true','smoke',2,'default');
INSERT INTO model_version_tags VALUES('dvc.compose.config.yaml','976dea946d7ae3f6ea47d3a5a6166420','smoke',2,'default');
INSERT INTO model_version_tags VALUES('dvc.prepare.prepared','31e6a8f1c7bd915274beab1765dcea63.dir','smoke',2,'default');
INSERT INTO model_version_tags VALUES('dvc.prepare.data','417c597128eb326f5f6a736780012dea.dir','smoke',2,'default');
INSERT INTO model_version_tags VALUES('dvc.prepare.data.json','0ebebf6d8ece3fd1bfaee1402674b2b5','smoke',2,'default');
INSERT INTO model_version_tags VALUES('dvc.sweep.sweep','f1f0e5f9bd016e52247ccbff86730000.dir','smoke',2,'default');
INSERT INTO model_version_tags VALUES('dvc.train.model','c62a6e02e88d9f16c77bc9fbbf771acf.dir','smoke',2,'default');
INSERT INTO model_version_tags VALUES('dvc.evaluate.evaluation','32d03ac84948ec88e5b2fc4f826a414f.dir','smoke',2,'default');
INSERT INTO model_version_tags VALUES('dvc.evaluate.metrics.json','442e4d49f48827e6bf974cca3c4a3aad','smoke',2,'default');
INSERT INTO model_version_tags VALUES('dvc.register.receipt.json','19e81fcf3b4304951deec37c9f45a3b7','smoke',2,'default');
INSERT INTO model_version_tags VALUES('dvc_lock_digest','8bb48d1d0f322d3232aeaf3ee1526d9108fb3b4e497ff74f255b920f97ee9e7b','smoke',2,'default');
INSERT INTO model_version_tags VALUES('source_patch','1a37a2ca4e89883328a12ab2d8af03f318a0922bfcda2ffc13948ac5b0ca2929','smoke',2,'default');
INSERT INTO model_version_tags VALUES('verdict','promoted','smoke',2,'default');
INSERT INTO model_version_tags VALUES('reasons','','smoke',2,'default');
INSERT INTO model_version_tags VALUES('gate.bar: balanced_accuracy','{"passed": true, "reason": "balanced_accuracy 0.6564 meets the bar", "numbers": {"value": 0.6563563116733306, "min": 0.0, "max": null}}','smoke',2,'default');
INSERT INTO model_version_tags VALUES('gate.better than the champion','{"passed": true, "reason": "right where version 1, the champion, is wrong on 209 rows, the other way round on 2: p = 6.8e-60, below 0.05 (McNemar)", "numbers": {"only_ours": 209, "only_theirs": 2, "p_value": 6.796395640622856e-60, "alpha": 0.050000000000000044, "accuracy": 0.7027027027027027, "champion_accuracy": 0.14324324324324325}}','smoke',2,'default');
INSERT INTO model_version_tags VALUES('gate.baselines','{"passed": true, "reason": "accuracy 0.7027 does not beat the best simple baseline''s 0.9865; must_beat_baselines does not ask for it", "numbers": {"value": 0.7027027027027027, "baseline": 0.9864864864864865, "required": false}}','smoke',2,'default');
INSERT INTO model_version_tags VALUES('gate.slices beside the champion_s','{"passed": true, "reason": "accuracy falls on no slice by more than 0.1", "numbers": {"metric": "accuracy", "tolerance": 0.1, "gains": {"class 1": 0.5161290322580645, "class 2": 0.3142857142857143, "class 3": 1.0, "class 4": 0.8863636363636364, "class 7": 0.30000000000000004, "class 8": 0.32, "length 7 to 12": 0.654320987654321, "length 13 to 14": 0.625, "length 15 to 16": 0.4473684210526316, "length 17 to 29": 0.52}}}','smoke',2,'default');
INSERT INTO model_version_tags VALUES('gate.size','{"passed": true, "reason": "bytes of the artefact: 62,880, within the limit of 1e+08", "numbers": {"value": 62880, "max": 100000000}}','smoke',2,'default');
INSERT INTO model_version_tags VALUES('gate.latency','{"passed": true, "reason": "milliseconds for one row: 0.02785, within the limit of 100", "numbers": {"value": 0.02785099968605209, "max": 100.0}}','smoke',2,'default');
INSERT INTO model_version_tags VALUES('gate.padding','{"passed": true, "reason": "difference between a row alone and beside longer rows: 0, within the limit of 1e-05", "numbers": {"value": 0.0, "max": 1e-05}}','smoke',2,'default');
INSERT INTO model_version_tags VALUES('gate.round trip','{"passed": true, "reason": "difference between this process and a fresh one: 0, within the limit of 1e-06", "numbers": {"value": 0.0, "max": 1e-06}}','smoke',2,'default');
INSERT INTO model_version_tags VALUES('gate.data: dropped','{"passed": true, "reason": "share of rows dropped: 0, within the limit of 0.05", "numbers": {"value": 0.0, "max": 0.05}}','smoke',2,'default');
INSERT INTO model_version_tags VALUES('gate.data: conflicting','{"passed": true, "reason": "share of rows with conflicting labels: 0, within the limit of 0.05", "numbers": {"value": 0.0, "max": 0.05}}','smoke',2,'default');
INSERT INTO model_version_tags VALUES('settled','true','smoke',2,'default');
CREATE TABLE IF NOT EXISTS "registered_model_aliases" (
	alias VARCHAR(256) NOT NULL, 
	version INTEGER NOT NULL, 
	name VARCHAR(256) NOT NULL, 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	CONSTRAINT registered_model_alias_pk PRIMARY KEY (workspace, name, alias), 
	CONSTRAINT fk_registered_model_aliases_registered_models FOREIGN KEY(workspace, name) REFERENCES registered_models (workspace, name) ON DELETE CASCADE ON UPDATE CASCADE
);
INSERT INTO registered_model_aliases VALUES('challenger',2,'smoke','default');
INSERT INTO registered_model_aliases VALUES('champion',2,'smoke','default');
INSERT INTO registered_model_aliases VALUES('previous',1,'smoke','default');
CREATE TABLE IF NOT EXISTS "evaluation_datasets" (
	dataset_id VARCHAR(36) NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	schema TEXT, 
	profile TEXT, 
	digest VARCHAR(64), 
	created_time BIGINT, 
	last_update_time BIGINT, 
	created_by VARCHAR(255), 
	last_updated_by VARCHAR(255), 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	CONSTRAINT evaluation_datasets_pk PRIMARY KEY (dataset_id)
);
CREATE TABLE IF NOT EXISTS "webhooks" (
	webhook_id VARCHAR(256) NOT NULL, 
	name VARCHAR(256) NOT NULL, 
	description VARCHAR(1000), 
	url VARCHAR(500) NOT NULL, 
	status VARCHAR(20) DEFAULT 'ACTIVE' NOT NULL, 
	secret VARCHAR(1000), 
	creation_timestamp BIGINT, 
	last_updated_timestamp BIGINT, 
	deleted_timestamp BIGINT, 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	CONSTRAINT webhook_pk PRIMARY KEY (webhook_id)
);
CREATE TABLE IF NOT EXISTS "secrets" (
	secret_id VARCHAR(36) NOT NULL, 
	secret_name VARCHAR(255) NOT NULL, 
	encrypted_value BLOB NOT NULL, 
	wrapped_dek BLOB NOT NULL, 
	kek_version INTEGER NOT NULL, 
	masked_value VARCHAR(500) NOT NULL, 
	provider VARCHAR(64), 
	auth_config TEXT, 
	description TEXT, 
	created_by VARCHAR(255), 
	created_at BIGINT NOT NULL, 
	last_updated_by VARCHAR(255), 
	last_updated_at BIGINT NOT NULL, 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	CONSTRAINT secrets_pk PRIMARY KEY (secret_id), 
	CONSTRAINT uq_secrets_workspace_secret_name UNIQUE (workspace, secret_name)
);
CREATE TABLE IF NOT EXISTS "endpoints" (
	endpoint_id VARCHAR(36) NOT NULL, 
	name VARCHAR(255), 
	created_by VARCHAR(255), 
	created_at BIGINT NOT NULL, 
	last_updated_by VARCHAR(255), 
	last_updated_at BIGINT NOT NULL, 
	routing_strategy VARCHAR(64), 
	fallback_config_json TEXT, 
	experiment_id INTEGER, 
	usage_tracking BOOLEAN DEFAULT '0' NOT NULL, 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	CONSTRAINT endpoints_pk PRIMARY KEY (endpoint_id), 
	CONSTRAINT fk_endpoints_experiment_id FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id) ON DELETE SET NULL, 
	CONSTRAINT uq_endpoints_workspace_name UNIQUE (workspace, name)
);
CREATE TABLE IF NOT EXISTS "model_definitions" (
	model_definition_id VARCHAR(36) NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	secret_id VARCHAR(36), 
	provider VARCHAR(64) NOT NULL, 
	model_name VARCHAR(256) NOT NULL, 
	created_by VARCHAR(255), 
	created_at BIGINT NOT NULL, 
	last_updated_by VARCHAR(255), 
	last_updated_at BIGINT NOT NULL, 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	CONSTRAINT model_definitions_pk PRIMARY KEY (model_definition_id), 
	CONSTRAINT fk_model_definitions_secret_id FOREIGN KEY(secret_id) REFERENCES secrets (secret_id) ON DELETE SET NULL, 
	CONSTRAINT uq_model_definitions_workspace_name UNIQUE (workspace, name)
);
CREATE TABLE IF NOT EXISTS "jobs" (
	id VARCHAR(36) NOT NULL, 
	creation_time BIGINT NOT NULL, 
	job_name VARCHAR(500) NOT NULL, 
	params TEXT NOT NULL, 
	timeout FLOAT, 
	status INTEGER NOT NULL, 
	result TEXT, 
	retry_count INTEGER NOT NULL, 
	last_update_time BIGINT NOT NULL, 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, status_details JSON, creator VARCHAR(255), executor_backend VARCHAR(255), lease_expires_at BIGINT, status_message TEXT, progress JSON, progress_updated_at BIGINT, token_hash VARCHAR(64), scoped_permissions JSON, next_attempt_at BIGINT, 
	CONSTRAINT jobs_pk PRIMARY KEY (id)
);
CREATE TABLE workspaces (
	name VARCHAR(63) NOT NULL, 
	description TEXT, 
	default_artifact_root TEXT, trace_archival_location TEXT, trace_archival_retention VARCHAR(32), 
	CONSTRAINT workspaces_pk PRIMARY KEY (name)
);
INSERT INTO workspaces VALUES('default','Default workspace for legacy resources',NULL,NULL,NULL);
CREATE TABLE budget_policies (
	budget_policy_id VARCHAR(36) NOT NULL, 
	budget_unit VARCHAR(32) NOT NULL, 
	budget_amount FLOAT NOT NULL, 
	duration_unit VARCHAR(32) NOT NULL, 
	duration_value INTEGER NOT NULL, 
	target_scope VARCHAR(32) NOT NULL, 
	budget_action VARCHAR(32) NOT NULL, 
	created_by VARCHAR(255), 
	created_at BIGINT NOT NULL, 
	last_updated_by VARCHAR(255), 
	last_updated_at BIGINT NOT NULL, 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, target_value VARCHAR(255), 
	CONSTRAINT budget_policies_pk PRIMARY KEY (budget_policy_id)
);
CREATE TABLE issues (
	issue_id VARCHAR(36) NOT NULL, 
	experiment_id INTEGER NOT NULL, 
	name VARCHAR(250) NOT NULL, 
	description TEXT NOT NULL, 
	status VARCHAR(50) NOT NULL, 
	severity VARCHAR(50), 
	root_causes TEXT, 
	source_run_id VARCHAR(32), 
	categories TEXT, 
	created_timestamp BIGINT NOT NULL, 
	last_updated_timestamp BIGINT NOT NULL, 
	created_by VARCHAR(255), 
	CONSTRAINT issues_pk PRIMARY KEY (issue_id), 
	CONSTRAINT fk_issues_experiment_id FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id) ON DELETE CASCADE, 
	CONSTRAINT fk_issues_source_run_id FOREIGN KEY(source_run_id) REFERENCES runs (run_uuid) ON DELETE SET NULL
);
CREATE TABLE guardrails (
	guardrail_id VARCHAR(36) NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	scorer_id VARCHAR(36) NOT NULL, 
	scorer_version INTEGER NOT NULL, 
	stage VARCHAR(32) NOT NULL, 
	action VARCHAR(32) NOT NULL, 
	action_endpoint_id VARCHAR(36), 
	created_by VARCHAR(255), 
	created_at BIGINT NOT NULL, 
	last_updated_by VARCHAR(255), 
	last_updated_at BIGINT NOT NULL, 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	CONSTRAINT guardrails_pk PRIMARY KEY (guardrail_id), 
	CONSTRAINT fk_guardrails_scorer_version FOREIGN KEY(scorer_id, scorer_version) REFERENCES scorer_versions (scorer_id, scorer_version), 
	CONSTRAINT fk_guardrails_action_endpoint_id FOREIGN KEY(action_endpoint_id) REFERENCES endpoints (endpoint_id) ON DELETE SET NULL
);
CREATE TABLE guardrail_configs (
	endpoint_id VARCHAR(36) NOT NULL, 
	guardrail_id VARCHAR(36) NOT NULL, 
	execution_order INTEGER, 
	created_by VARCHAR(255), 
	created_at BIGINT NOT NULL, 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	CONSTRAINT guardrail_configs_pk PRIMARY KEY (endpoint_id, guardrail_id), 
	CONSTRAINT fk_guardrail_configs_endpoint_id FOREIGN KEY(endpoint_id) REFERENCES endpoints (endpoint_id) ON DELETE CASCADE, 
	CONSTRAINT fk_guardrail_configs_guardrail_id FOREIGN KEY(guardrail_id) REFERENCES guardrails (guardrail_id) ON DELETE CASCADE
);
CREATE TABLE label_schemas (
	schema_id VARCHAR(36) NOT NULL, 
	experiment_id INTEGER NOT NULL, 
	name VARCHAR(250) NOT NULL, 
	type VARCHAR(16) NOT NULL, 
	instruction TEXT, 
	enable_comment BOOLEAN DEFAULT '0' NOT NULL, 
	input_type VARCHAR(32) NOT NULL, 
	input_config TEXT NOT NULL, 
	created_by VARCHAR(255), 
	created_time BIGINT NOT NULL, 
	last_update_time BIGINT NOT NULL, 
	is_default BOOLEAN DEFAULT 0 NOT NULL, 
	CONSTRAINT label_schemas_pk PRIMARY KEY (schema_id), 
	CONSTRAINT fk_label_schemas_experiment_id FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id) ON DELETE CASCADE, 
	CONSTRAINT uq_label_schemas_exp_name UNIQUE (experiment_id, name)
);
CREATE TABLE review_queues (
	queue_id VARCHAR(36) NOT NULL, 
	experiment_id INTEGER NOT NULL, 
	name VARCHAR(250) NOT NULL, 
	queue_type VARCHAR(16) NOT NULL, 
	created_by VARCHAR(255), 
	creation_time_ms BIGINT NOT NULL, 
	last_update_time_ms BIGINT NOT NULL, 
	name_key VARCHAR(250) NOT NULL, 
	CONSTRAINT review_queues_pk PRIMARY KEY (queue_id), 
	CONSTRAINT fk_review_queues_experiment_id FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id) ON DELETE CASCADE, 
	CONSTRAINT uq_review_queues_experiment_name_key UNIQUE (experiment_id, name_key)
);
CREATE TABLE review_queue_users (
	queue_id VARCHAR(36) NOT NULL, 
	user_id VARCHAR(250) NOT NULL, 
	CONSTRAINT review_queue_users_pk PRIMARY KEY (queue_id, user_id), 
	CONSTRAINT fk_review_queue_users_queue_id FOREIGN KEY(queue_id) REFERENCES review_queues (queue_id) ON DELETE CASCADE
);
CREATE TABLE review_queue_items (
	queue_id VARCHAR(36) NOT NULL, 
	item_type VARCHAR(16) NOT NULL, 
	item_id VARCHAR(50) NOT NULL, 
	status VARCHAR(16) NOT NULL, 
	completed_by VARCHAR(250), 
	completed_time_ms BIGINT, 
	creation_time_ms BIGINT NOT NULL, 
	last_update_time_ms BIGINT NOT NULL, 
	CONSTRAINT review_queue_items_pk PRIMARY KEY (queue_id, item_id), 
	CONSTRAINT fk_review_queue_items_queue_id FOREIGN KEY(queue_id) REFERENCES review_queues (queue_id) ON DELETE CASCADE
);
CREATE TABLE review_queue_label_schemas (
	queue_id VARCHAR(36) NOT NULL, 
	schema_id VARCHAR(36) NOT NULL, 
	CONSTRAINT review_queue_label_schemas_pk PRIMARY KEY (queue_id, schema_id), 
	CONSTRAINT fk_review_queue_label_schemas_queue_id FOREIGN KEY(queue_id) REFERENCES review_queues (queue_id) ON DELETE CASCADE
);
CREATE TABLE mcp_servers (
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	name VARCHAR(256) NOT NULL, 
	display_name VARCHAR(256), 
	description TEXT, 
	icons JSON, 
	created_by VARCHAR(256), 
	last_updated_by VARCHAR(256), 
	created_at BIGINT NOT NULL, 
	last_updated_at BIGINT NOT NULL, 
	CONSTRAINT mcp_servers_pk PRIMARY KEY (workspace, name)
);
CREATE TABLE mcp_server_versions (
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	name VARCHAR(256) NOT NULL, 
	version VARCHAR(128) NOT NULL, 
	version_major INTEGER NOT NULL, 
	version_minor INTEGER NOT NULL, 
	version_patch INTEGER NOT NULL, 
	version_prerelease_sort_key VARCHAR(512) NOT NULL, 
	server_json JSON NOT NULL, 
	status VARCHAR(20) DEFAULT 'draft' NOT NULL, 
	tools JSON, 
	source VARCHAR(512), 
	connect_options JSON, 
	created_by VARCHAR(256), 
	last_updated_by VARCHAR(256), 
	created_at BIGINT NOT NULL, 
	last_updated_at BIGINT NOT NULL, 
	CONSTRAINT mcp_server_versions_pk PRIMARY KEY (workspace, name, version), 
	CONSTRAINT mcp_server_versions_server_fkey FOREIGN KEY(workspace, name) REFERENCES mcp_servers (workspace, name) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE TABLE mcp_server_tags (
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	name VARCHAR(256) NOT NULL, 
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(5000), 
	CONSTRAINT mcp_server_tags_pk PRIMARY KEY (workspace, name, "key"), 
	CONSTRAINT mcp_server_tags_server_fkey FOREIGN KEY(workspace, name) REFERENCES mcp_servers (workspace, name) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE TABLE mcp_server_version_tags (
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	name VARCHAR(256) NOT NULL, 
	version VARCHAR(128) NOT NULL, 
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(5000), 
	CONSTRAINT mcp_server_version_tags_pk PRIMARY KEY (workspace, name, version, "key"), 
	CONSTRAINT mcp_server_version_tags_version_fkey FOREIGN KEY(workspace, name, version) REFERENCES mcp_server_versions (workspace, name, version) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE TABLE mcp_server_aliases (
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	name VARCHAR(256) NOT NULL, 
	alias VARCHAR(256) NOT NULL, 
	version VARCHAR(128) NOT NULL, 
	CONSTRAINT mcp_server_aliases_pk PRIMARY KEY (workspace, name, alias), 
	CONSTRAINT mcp_server_aliases_server_fkey FOREIGN KEY(workspace, name) REFERENCES mcp_servers (workspace, name) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE TABLE mcp_access_endpoints (
	id VARCHAR(36) NOT NULL, 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	server_name VARCHAR(256) NOT NULL, 
	server_version VARCHAR(128), 
	server_alias VARCHAR(256), 
	url VARCHAR(2048) NOT NULL, 
	transport_type VARCHAR(32) DEFAULT 'streamable-http' NOT NULL, 
	created_by VARCHAR(256), 
	last_updated_by VARCHAR(256), 
	created_at BIGINT NOT NULL, 
	last_updated_at BIGINT NOT NULL, 
	CONSTRAINT mcp_access_endpoints_pk PRIMARY KEY (id), 
	CONSTRAINT mcp_access_endpoints_server_fkey FOREIGN KEY(workspace, server_name) REFERENCES mcp_servers (workspace, name) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE TABLE IF NOT EXISTS "trace_info" (
	request_id VARCHAR(50) NOT NULL, 
	experiment_id INTEGER NOT NULL, 
	timestamp_ms BIGINT NOT NULL, 
	execution_time_ms BIGINT, 
	status VARCHAR(50) NOT NULL, 
	client_request_id VARCHAR(50), 
	request_preview VARCHAR(1000), 
	response_preview VARCHAR(1000), 
	db_payload_generation INTEGER DEFAULT '0' NOT NULL, trace_name VARCHAR(4096), session_id VARCHAR(250), input_tokens BIGINT, output_tokens BIGINT, total_tokens BIGINT, cache_read_input_tokens BIGINT, cache_creation_input_tokens BIGINT, cache_creation_input_tokens_above_1hr BIGINT, input_cost FLOAT, output_cost FLOAT, total_cost FLOAT, 
	CONSTRAINT trace_info_pk PRIMARY KEY (request_id), 
	CONSTRAINT fk_trace_info_experiment_id FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id) ON DELETE CASCADE
);
CREATE TABLE IF NOT EXISTS "experiment_tags" (
	"key" VARCHAR(250) NOT NULL, 
	value TEXT, 
	experiment_id INTEGER NOT NULL, 
	CONSTRAINT experiment_tag_pk PRIMARY KEY ("key", experiment_id), 
	FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id)
);
CREATE TABLE IF NOT EXISTS "assessments" (
	assessment_id VARCHAR(50) NOT NULL, 
	trace_id VARCHAR(50) NOT NULL, 
	name VARCHAR(250) NOT NULL, 
	assessment_type VARCHAR(20) NOT NULL, 
	value TEXT NOT NULL, 
	error TEXT, 
	created_timestamp BIGINT NOT NULL, 
	last_updated_timestamp BIGINT NOT NULL, 
	source_type VARCHAR(50) NOT NULL, 
	source_id VARCHAR(250), 
	run_id VARCHAR(32), 
	span_id VARCHAR(50), 
	rationale TEXT, 
	overrides VARCHAR(50), 
	valid BOOLEAN NOT NULL, 
	assessment_metadata TEXT, 
	experiment_id INTEGER, 
	trace_timestamp_ms BIGINT, 
	aggregate_value FLOAT, 
	is_numeric_value BOOLEAN DEFAULT 0 NOT NULL, 
	CONSTRAINT assessments_pk PRIMARY KEY (assessment_id), 
	CONSTRAINT fk_assessments_trace_id FOREIGN KEY(trace_id) REFERENCES trace_info (request_id) ON DELETE CASCADE
);
CREATE TABLE sql_trace_metric_daily_rollups (
	id INTEGER NOT NULL, 
	experiment_id INTEGER NOT NULL, 
	rollup_day DATE NOT NULL, 
	metric_name VARCHAR(250) NOT NULL, 
	grouping_set VARCHAR(50) NOT NULL, 
	trace_status VARCHAR(50), 
	sample_count BIGINT NOT NULL, 
	sum_value FLOAT, 
	min_value FLOAT, 
	max_value FLOAT, 
	p50_value FLOAT, 
	p90_value FLOAT, 
	p99_value FLOAT, 
	CONSTRAINT sql_trace_metric_daily_rollups_pk PRIMARY KEY (id)
);
CREATE TABLE sql_span_cost_daily_rollups (
	id INTEGER NOT NULL, 
	experiment_id INTEGER NOT NULL, 
	rollup_day DATE NOT NULL, 
	metric_name VARCHAR(250) NOT NULL, 
	grouping_set VARCHAR(50) NOT NULL, 
	model_name VARCHAR(500), 
	model_provider VARCHAR(500), 
	sample_count BIGINT NOT NULL, 
	sum_value FLOAT, 
	min_value FLOAT, 
	max_value FLOAT, 
	CONSTRAINT sql_span_cost_daily_rollups_pk PRIMARY KEY (id)
);
CREATE TABLE sql_assessment_daily_rollups (
	id INTEGER NOT NULL, 
	experiment_id INTEGER NOT NULL, 
	rollup_day DATE NOT NULL, 
	metric_name VARCHAR(250) NOT NULL, 
	grouping_set VARCHAR(50) NOT NULL, 
	sample_count BIGINT NOT NULL, 
	sum_value FLOAT, 
	min_value FLOAT, 
	max_value FLOAT, 
	CONSTRAINT sql_assessment_daily_rollups_pk PRIMARY KEY (id)
);
CREATE TABLE sql_trace_rollup_rebuild_queue (
	experiment_id INTEGER NOT NULL, 
	rollup_day DATE NOT NULL, 
	rollup_family VARCHAR(50) NOT NULL, 
	CONSTRAINT sql_trace_rollup_rebuild_queue_pk PRIMARY KEY (experiment_id, rollup_day, rollup_family)
);
CREATE TABLE IF NOT EXISTS "spans" (
	trace_id VARCHAR(50) NOT NULL, 
	experiment_id INTEGER NOT NULL, 
	span_id VARCHAR(50) NOT NULL, 
	parent_span_id VARCHAR(50), 
	name TEXT, 
	type VARCHAR(500), 
	status VARCHAR(50) NOT NULL, 
	start_time_unix_nano BIGINT NOT NULL, 
	end_time_unix_nano BIGINT, 
	duration_ns BIGINT GENERATED ALWAYS AS (end_time_unix_nano - start_time_unix_nano) STORED, 
	content TEXT NOT NULL, 
	input_cost FLOAT, 
	output_cost FLOAT, 
	total_cost FLOAT, 
	model_name VARCHAR(500), 
	model_provider VARCHAR(500), 
	CONSTRAINT spans_pk PRIMARY KEY (trace_id, span_id), 
	CONSTRAINT fk_spans_experiment_id FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id), 
	CONSTRAINT fk_spans_trace_id FOREIGN KEY(trace_id) REFERENCES trace_info (request_id) ON DELETE CASCADE
);
CREATE TABLE scheduler_leases (
	lease_key VARCHAR(255) NOT NULL, 
	acquired_at BIGINT NOT NULL, 
	ttl_seconds INTEGER NOT NULL, 
	CONSTRAINT scheduler_leases_pk PRIMARY KEY (lease_key)
);
CREATE TABLE job_locks (
	lock_key VARCHAR(255) NOT NULL, 
	job_id VARCHAR(36) NOT NULL, 
	acquired_at BIGINT NOT NULL, 
	CONSTRAINT job_locks_pk PRIMARY KEY (lock_key), 
	CONSTRAINT fk_job_locks_job_id FOREIGN KEY(job_id) REFERENCES jobs (id) ON DELETE CASCADE
);
CREATE INDEX index_metrics_run_uuid ON metrics (run_uuid);
CREATE INDEX index_latest_metrics_run_uuid ON latest_metrics (run_uuid);
CREATE INDEX index_inputs_destination_type_destination_id_source_type ON inputs (destination_type, destination_id, source_type);
CREATE INDEX index_inputs_input_uuid ON inputs (input_uuid);
CREATE INDEX index_params_run_uuid ON params (run_uuid);
CREATE INDEX index_trace_tags_request_id ON trace_tags (request_id);
CREATE INDEX index_trace_request_metadata_request_id ON trace_request_metadata (request_id);
CREATE INDEX index_tags_run_uuid ON tags (run_uuid);
CREATE INDEX index_datasets_dataset_uuid ON datasets (dataset_uuid);
CREATE INDEX index_datasets_experiment_id_dataset_source_type ON datasets (experiment_id, dataset_source_type);
CREATE INDEX index_logged_model_metrics_model_id ON logged_model_metrics (model_id);
CREATE INDEX index_entity_associations_association_id ON entity_associations (association_id);
CREATE INDEX index_entity_associations_reverse_lookup ON entity_associations (destination_type, destination_id, source_type, source_id);
CREATE INDEX idx_webhook_events_entity ON webhook_events (entity);
CREATE INDEX idx_webhook_events_action ON webhook_events (action);
CREATE INDEX idx_webhook_events_entity_action ON webhook_events (entity, action);
CREATE UNIQUE INDEX index_scorers_experiment_id_scorer_name ON scorers (experiment_id, scorer_name);
CREATE INDEX index_scorer_versions_scorer_id ON scorer_versions (scorer_id);
CREATE INDEX index_evaluation_dataset_tags_dataset_id ON evaluation_dataset_tags (dataset_id);
CREATE INDEX index_evaluation_dataset_records_dataset_id ON evaluation_dataset_records (dataset_id);
CREATE INDEX index_endpoint_model_mappings_endpoint_id ON endpoint_model_mappings (endpoint_id);
CREATE INDEX index_endpoint_model_mappings_model_definition_id ON endpoint_model_mappings (model_definition_id);
CREATE INDEX index_endpoint_tags_endpoint_id ON endpoint_tags (endpoint_id);
CREATE INDEX index_trace_metrics_request_id ON trace_metrics (request_id);
CREATE UNIQUE INDEX unique_endpoint_model_linkage_mapping ON endpoint_model_mappings (endpoint_id, model_definition_id, linkage_type);
CREATE INDEX index_span_metrics_trace_id_span_id ON span_metrics (trace_id, span_id);
CREATE INDEX index_evaluation_datasets_created_time ON evaluation_datasets (created_time);
CREATE INDEX index_evaluation_datasets_name ON evaluation_datasets (name);
CREATE INDEX idx_webhooks_name ON webhooks (name);
CREATE INDEX idx_webhooks_status ON webhooks (status);
CREATE TRIGGER prevent_secrets_aad_mutation
BEFORE UPDATE ON secrets
FOR EACH ROW
WHEN OLD.secret_id != NEW.secret_id OR OLD.secret_name != NEW.secret_name
BEGIN
    SELECT RAISE(ABORT, 'secret_id and secret_name are immutable (used as AAD in encryption)');
END;
CREATE INDEX index_model_definitions_secret_id ON model_definitions (secret_id);
CREATE INDEX index_model_definitions_provider ON model_definitions (provider);
CREATE INDEX index_jobs_name_status_creation_time ON jobs (job_name, workspace, status, creation_time);
CREATE INDEX idx_experiments_workspace ON experiments (workspace);
CREATE INDEX idx_registered_models_workspace ON registered_models (workspace);
CREATE INDEX idx_experiments_workspace_creation_time ON experiments (workspace, creation_time);
CREATE INDEX idx_evaluation_datasets_workspace ON evaluation_datasets (workspace);
CREATE INDEX idx_webhooks_workspace ON webhooks (workspace);
CREATE INDEX idx_secrets_workspace ON secrets (workspace);
CREATE INDEX idx_endpoints_workspace ON endpoints (workspace);
CREATE INDEX idx_model_definitions_workspace ON model_definitions (workspace);
CREATE INDEX idx_budget_policies_workspace ON budget_policies (workspace);
CREATE INDEX index_issues_experiment_id ON issues (experiment_id);
CREATE INDEX index_issues_source_run_id ON issues (source_run_id);
CREATE INDEX index_issues_status ON issues (status);
CREATE INDEX index_metrics_run_uuid_key_step ON metrics (run_uuid, "key", step);
CREATE INDEX idx_guardrails_workspace ON guardrails (workspace);
CREATE INDEX idx_guardrails_scorer ON guardrails (scorer_id, scorer_version);
CREATE INDEX idx_guardrail_configs_endpoint_id ON guardrail_configs (endpoint_id);
CREATE INDEX idx_guardrail_configs_guardrail_id ON guardrail_configs (guardrail_id);
CREATE INDEX idx_model_version_tags_workspace_name_version ON model_version_tags (workspace, name, version);
CREATE INDEX idx_registered_model_tags_workspace_name ON registered_model_tags (workspace, name);
CREATE INDEX index_label_schemas_experiment_id ON label_schemas (experiment_id);
CREATE INDEX index_review_queues_experiment_id ON review_queues (experiment_id);
CREATE INDEX index_review_queue_users_user_id ON review_queue_users (user_id);
CREATE INDEX index_review_queue_items_queue_id_status ON review_queue_items (queue_id, status);
CREATE INDEX index_review_queue_items_item_id ON review_queue_items (item_id);
CREATE INDEX index_review_queue_label_schemas_schema_id ON review_queue_label_schemas (schema_id);
CREATE INDEX idx_mcp_server_versions_latest ON mcp_server_versions (workspace, name, status, version_major DESC, version_minor DESC, version_patch DESC);
CREATE INDEX ix_mcp_access_endpoints_server_name ON mcp_access_endpoints (workspace, server_name);
CREATE INDEX ix_mcp_access_endpoints_version ON mcp_access_endpoints (workspace, server_name, server_version);
CREATE INDEX ix_mcp_access_endpoints_alias ON mcp_access_endpoints (workspace, server_name, server_alias);
CREATE INDEX idx_budget_policies_target_value ON budget_policies (target_value);
CREATE INDEX index_trace_info_experiment_id_timestamp_ms ON trace_info (experiment_id, timestamp_ms);
CREATE INDEX index_trace_info_timestamp_ms_request_id ON trace_info (timestamp_ms, request_id);
CREATE INDEX index_assessments_trace_id_created_timestamp ON assessments (trace_id, created_timestamp);
CREATE INDEX index_assessments_assessment_type ON assessments (assessment_type);
CREATE INDEX index_assessments_last_updated_timestamp ON assessments (last_updated_timestamp);
CREATE INDEX index_assessments_run_id_created_timestamp ON assessments (run_id, created_timestamp);
CREATE INDEX index_spans_experiment_id_duration ON spans (experiment_id, duration_ns);
CREATE INDEX index_spans_experiment_id_start_time ON spans (experiment_id, start_time_unix_nano);
CREATE INDEX index_spans_experiment_id_status_type ON spans (experiment_id, status, type);
CREATE INDEX index_spans_experiment_id_type_status ON spans (experiment_id, type, status);
CREATE INDEX index_trace_info_experiment_id_session_id ON trace_info (experiment_id, session_id);
CREATE INDEX idx_trace_rollups_lookup ON sql_trace_metric_daily_rollups (experiment_id, rollup_day, metric_name, grouping_set, trace_status);
CREATE INDEX idx_span_cost_rollups_lookup ON sql_span_cost_daily_rollups (experiment_id, rollup_day, metric_name, grouping_set, model_name, model_provider);
CREATE INDEX idx_assessment_rollups_lookup ON sql_assessment_daily_rollups (experiment_id, rollup_day, metric_name, grouping_set);
CREATE INDEX idx_spans_cost_trace_time_cover ON spans (trace_id, start_time_unix_nano);
CREATE INDEX idx_spans_cost_exp_time_cover ON spans (experiment_id, start_time_unix_nano);
CREATE INDEX idx_assessments_exp_trace_ts ON assessments (experiment_id, trace_timestamp_ms);
CREATE INDEX idx_assessments_exp_trace_ts_name ON assessments (experiment_id, trace_timestamp_ms, name);
CREATE INDEX idx_assessments_exp_name_valid ON assessments (experiment_id, name, valid);
CREATE INDEX index_job_locks_job_id ON job_locks (job_id);
CREATE INDEX index_jobs_status_lease_expires_at ON jobs (status, lease_expires_at);
COMMIT;
