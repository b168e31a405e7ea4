-- All tables. Times of API facts are microseconds since the epoch (bigint); times for people are timestamptz.
-- Numbers of enumerations are those of messages/storage.hpp, runtime/storage/run_store.hpp and catalog_store.hpp.

CREATE TABLE store (
  singleton   boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  generation  bigint NOT NULL, -- random, new after a restore: part of feed cursors
  hash_seed   bigint NOT NULL, -- seed of every content hash, never changed
  shard_count bigint NOT NULL,
  created     timestamptz NOT NULL DEFAULT now()
);
INSERT INTO store (generation, hash_seed, shard_count)
SELECT ('x' || substr(md5(gen_random_uuid()::text), 1, 16))::bit(64)::bigint & 9223372036854775807,
       ('x' || substr(md5(gen_random_uuid()::text), 1, 16))::bit(64)::bigint,
       4096;

-- The number of the view: which nodes there are, as placement counts them. Who holds this row may be sure that no life comes, goes or
-- drains meanwhile. Locked before rows of node and shard.
CREATE TABLE cluster (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  view      bigint NOT NULL DEFAULT 1
) WITH (fillfactor = 10);
INSERT INTO cluster DEFAULT VALUES;

-- A row per life of a node. Those that are gone stay for a while: they own shards until others have claimed them, and say how long
-- a life lasted. States: 0 joining, 1 member, 2 draining, 3 gone (messages/cluster.hpp).
CREATE TABLE node (
  incarnation bigint PRIMARY KEY,
  life        bigint NOT NULL GENERATED ALWAYS AS IDENTITY, -- of two, the later one has the larger
  name        text COLLATE "C" NOT NULL,
  state       bigint NOT NULL DEFAULT 0,
  weight      bigint NOT NULL DEFAULT 100,
  beat        bigint NOT NULL DEFAULT 0, -- a counter: no clock says who is alive
  flaps       bigint NOT NULL DEFAULT 0, -- short lives before this one
  has_left    boolean NOT NULL DEFAULT false, -- gone because it said so itself
  ended       timestamptz, -- for cleaning up only
  address     text NOT NULL DEFAULT ''
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
CREATE UNIQUE INDEX node_name ON node (name) WHERE state <> 3;

-- owner 0 = nobody: handed over cleanly, so the next claim counts no crash. An owner without a living row in node is gone.
CREATE TABLE shard (
  id           bigint PRIMARY KEY,
  owner        bigint NOT NULL DEFAULT 0,
  epoch        bigint NOT NULL DEFAULT 0,
  feed_seq     bigint NOT NULL DEFAULT 0, -- the last position given out
  feed_trimmed bigint NOT NULL DEFAULT 0  -- positions up to here were dropped with their partition
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
INSERT INTO shard (id) SELECT generate_series(0, 4095);

-- The only evidence for a commit whose reply was lost, and what that reply said.
CREATE TABLE writer (
  incarnation bigint NOT NULL,
  number      bigint NOT NULL,
  last_group  bigint NOT NULL DEFAULT 0,
  opened      bigint[] NOT NULL DEFAULT '{}',
  run_ended   boolean[] NOT NULL DEFAULT '{}',
  refused     bigint[] NOT NULL DEFAULT '{}',
  PRIMARY KEY (incarnation, number)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);

CREATE SEQUENCE tenant_id;
CREATE TABLE tenant (
  id      bigint PRIMARY KEY,
  name    text COLLATE "C" NOT NULL,
  shard   bigint NOT NULL,
  state   bigint NOT NULL DEFAULT 0,
  reason  text NOT NULL DEFAULT '',
  created timestamptz NOT NULL DEFAULT now()
);
-- A name is free again as soon as its tenant is being erased: the new one has another id.
CREATE UNIQUE INDEX tenant_name ON tenant (name) WHERE state <> 3;
CREATE INDEX tenant_deleting ON tenant (id) WHERE state = 3;

CREATE TABLE source (
  id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name     text COLLATE "C" NOT NULL UNIQUE,
  version  text NOT NULL,
  manifest text NOT NULL,
  changed  timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE connection (
  id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id      bigint NOT NULL REFERENCES tenant (id),
  shard          bigint NOT NULL,
  source_id      bigint NOT NULL REFERENCES source (id),
  name           text COLLATE "C" NOT NULL,
  configuration  text NOT NULL DEFAULT '{}',
  sealed_secrets bytea NOT NULL DEFAULT '',
  schedule       text NOT NULL DEFAULT '',
  state          bigint NOT NULL DEFAULT 0,
  reason         text NOT NULL DEFAULT '',
  created        timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX connection_name ON connection (tenant_id, name) WHERE state <> 3;
CREATE INDEX connection_tenant ON connection (tenant_id);
CREATE INDEX connection_deleting ON connection (id) WHERE state = 3;

-- A changed key makes a new generation, which is a row (and an id) of its own.
CREATE TABLE stream (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id     bigint NOT NULL,
  connection_id bigint NOT NULL REFERENCES connection (id),
  shard         bigint NOT NULL,
  name          text COLLATE "C" NOT NULL,
  generation    bigint NOT NULL DEFAULT 0,
  chosen        boolean NOT NULL DEFAULT true,
  cache_tag     bigint NOT NULL DEFAULT 0, -- random, new with each commit that changes rows of the stream
  form          bigint NOT NULL DEFAULT 0,
  UNIQUE (connection_id, name, generation)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);

CREATE TABLE due (
  connection_id bigint PRIMARY KEY,
  tenant_id     bigint NOT NULL,
  shard         bigint NOT NULL,
  due           bigint NOT NULL,
  kind          bigint NOT NULL
);
CREATE INDEX due_due ON due (due);

CREATE TABLE run (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id     bigint NOT NULL,
  connection_id bigint NOT NULL,
  shard         bigint NOT NULL,
  kind          bigint NOT NULL,
  phase         bigint NOT NULL DEFAULT 0,
  open          bigint NOT NULL, -- open continuations
  failed        bigint NOT NULL DEFAULT 0,
  started       timestamptz NOT NULL DEFAULT now(),
  ended         timestamptz,
  reason        text NOT NULL DEFAULT ''
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
CREATE UNIQUE INDEX run_open ON run (connection_id, kind) WHERE phase = 0;
CREATE INDEX run_connection ON run (connection_id, id);

-- Queue entry and page checkpoint in one. A page changes no indexed column, so its update stays in its block (HOT);
-- `phase` changes once, at the end.
CREATE SEQUENCE continuation_id CACHE 1;
CREATE TABLE continuation (
  id            bigint PRIMARY KEY,
  run_id        bigint NOT NULL,
  stream_id     bigint NOT NULL,
  slice_from    bigint NOT NULL,
  slice_to      bigint NOT NULL,
  version       bigint NOT NULL DEFAULT 0,
  phase         bigint NOT NULL DEFAULT 0,
  crash_resumes bigint NOT NULL DEFAULT 0,
  pages         bigint NOT NULL DEFAULT 0,
  records       bigint NOT NULL DEFAULT 0,
  inserted      bigint NOT NULL DEFAULT 0,
  updated       bigint NOT NULL DEFAULT 0,
  unchanged     bigint NOT NULL DEFAULT 0,
  refused_older bigint NOT NULL DEFAULT 0,
  dead          bigint NOT NULL DEFAULT 0,
  bytes         bigint NOT NULL DEFAULT 0,
  partition     text NOT NULL,
  state         bytea NOT NULL,
  reason        text NOT NULL DEFAULT ''
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX continuation_run ON continuation (run_id, id);
CREATE INDEX continuation_open ON continuation (run_id, id) WHERE phase = 0;

-- Half-open spans [from_us, to_us) that were read to their end, merged; a cursor stands at the end of the unbroken row
-- of them that begins where the partition's first incremental run began.
CREATE TABLE closed_interval (
  stream_id bigint NOT NULL,
  partition text COLLATE "C" NOT NULL,
  from_us   bigint NOT NULL,
  to_us     bigint NOT NULL,
  PRIMARY KEY (stream_id, partition, from_us)
);
CREATE TABLE stream_cursor (
  stream_id   bigint NOT NULL,
  partition   text COLLATE "C" NOT NULL,
  known_up_to bigint NOT NULL,
  PRIMARY KEY (stream_id, partition)
) WITH (fillfactor = 70);

CREATE TABLE record (
  shard         bigint NOT NULL,
  stream_id     bigint NOT NULL,
  hash_high     bigint NOT NULL,
  hash_low      bigint NOT NULL,
  order_field   bigint NOT NULL,
  order_epoch   bigint NOT NULL,
  order_counter bigint NOT NULL,
  form          bigint NOT NULL DEFAULT 0,
  first_seen    timestamptz NOT NULL DEFAULT now(),
  changed       timestamptz NOT NULL DEFAULT now(),
  deleted       boolean NOT NULL DEFAULT false,
  key           text COLLATE "C" NOT NULL,
  payload       text NOT NULL,
  PRIMARY KEY (shard, stream_id, key)
) PARTITION BY RANGE (shard);

-- One row per page: entry i of its arrays has position base_seq + i - 1 and operation substr(ops, i, 1), which is
-- i(nserted), u(pdated) or d(eleted).
CREATE TABLE feed (
  shard          bigint NOT NULL,
  base_seq       bigint NOT NULL,
  created        timestamptz NOT NULL DEFAULT now(),
  tenant_id      bigint NOT NULL,
  connection_id  bigint NOT NULL,
  stream_id      bigint NOT NULL,
  count          bigint NOT NULL,
  ops            text NOT NULL,
  keys           text[] NOT NULL,
  hash_highs     bigint[] NOT NULL,
  hash_lows      bigint[] NOT NULL,
  order_fields   bigint[] NOT NULL,
  order_epochs   bigint[] NOT NULL,
  order_counters bigint[] NOT NULL,
  PRIMARY KEY (shard, base_seq, created)
) PARTITION BY RANGE (created);
CREATE TABLE feed_default PARTITION OF feed DEFAULT;

CREATE TABLE dead_letter (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id     bigint NOT NULL,
  connection_id bigint NOT NULL,
  stream_id     bigint NOT NULL,
  run_id        bigint NOT NULL,
  order_field   bigint NOT NULL,
  order_epoch   bigint NOT NULL,
  order_counter bigint NOT NULL,
  created       timestamptz NOT NULL DEFAULT now(),
  key           text COLLATE "C" NOT NULL,
  payload       text NOT NULL,
  reason        text NOT NULL
);
CREATE INDEX dead_letter_stream ON dead_letter (stream_id, id);

DO $$
BEGIN
  FOR i IN 0..15 LOOP
    EXECUTE format('CREATE TABLE record_%s PARTITION OF record FOR VALUES FROM (%s) TO (%s)
                    WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05)',
                   lpad(i::text, 2, '0'), i * 256, CASE i WHEN 15 THEN 9223372036854775807 ELSE (i + 1) * 256 END);
  END LOOP;
END $$;
