-- What a takeover of the relay checks Kafka against, and what it found.

-- The lowest offset that a partition has to begin at; above it, records are gone.
alter table relay_progress add column kafka_start bigint not null default 0;

-- Why the relay publishes nothing although it could, for every replica to say; null while it publishes.
alter table relay_lease add column halted text;
