-- The event store: its identity, its shards, the log, and what guards a command's effect.

-- Check values make a start with another key or another number of shards impossible: with another key every claim
-- and every reference would silently be void.
create table store_identity (
    only_one        boolean primary key default true check (only_one),
    store_id        uuid not null,
    shards          integer not null check (shards between 1 and 1024),
    claim_key_check bytea not null,
    created_at      timestamptz not null default clock_timestamp()
);

-- The end of each shard. Whoever holds its lock numbers the shard's next events.
create table shard_head (
    shard            integer primary key,
    epoch            integer not null default 1 check (epoch >= 1),
    position         bigint not null default 0 check (position >= 0),
    last_event_id    uuid not null default '00000000-0000-0000-0000-000000000000',
    last_recorded_at timestamptz not null default '-infinity'
) with (fillfactor = 50);

-- From which position on a shard's history is that of an epoch.
create table store_epoch (
    shard         integer not null,
    epoch         integer not null,
    from_position bigint not null,
    primary key (shard, epoch)
);

create table stream (
    stream_id text collate "C" primary key,
    shard     integer not null,
    version   integer not null check (version >= 1)
) with (fillfactor = 80);

create table event (
    shard          integer not null,
    position       bigint not null,
    stream_id      text collate "C" not null,
    version        integer not null,
    event_id       uuid not null,
    -- The key of the record on Kafka.
    customer_id    uuid not null,
    type           text collate "C" not null,
    occurred_at    timestamptz not null,
    recorded_at    timestamptz not null,
    correlation_id uuid not null,
    causation_id   uuid not null,
    actor          text collate "C" not null,
    traceparent    text collate "C",
    -- The very bytes that go to Kafka.
    data           bytea not null,
    primary key (shard, position),
    constraint event_stream_version unique (stream_id, version)
);

-- What only one stream may hold: an e-mail, a reference. The key is an HMAC, for an e-mail is personal.
create table claim (
    kind  text collate "C" not null,
    key   bytea not null,
    owner text collate "C" not null,
    primary key (kind, key)
);

-- The answer that a key was given, for at least 30 days; an internal key's for an hour.
create table idempotency (
    key         bytea primary key,
    fingerprint bytea not null,
    internal    boolean not null,
    status      integer not null,
    body        bytea not null,
    stream_id   text collate "C",
    version     integer,
    epoch       integer not null,
    shard       integer not null,
    position    bigint not null,
    created_at  timestamptz not null
);
create index idempotency_age on idempotency (internal, created_at);

create sequence order_number;
