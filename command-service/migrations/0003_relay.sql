-- Who publishes the log to Kafka, and how far it has got.

-- One lease for the whole relay, on the database's clock; its epoch fences off an owner that was frozen.
create table relay_lease (
    only_one   boolean primary key default true check (only_one),
    owner      uuid not null,
    epoch      bigint not null,
    expires_at timestamptz not null
);

-- Per shard the contiguous prefix that Kafka has acknowledged, and the offset of its last record (-1: none yet).
create table relay_progress (
    shard        integer primary key,
    position     bigint not null default 0,
    kafka_offset bigint not null default -1
) with (fillfactor = 50);
