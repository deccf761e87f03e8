-- The keys that seal personal data, in a database of their own: a backup of the event store does not hold them.

-- Keys of another store would open nothing.
create table key_store (
    only_one boolean primary key default true check (only_one),
    store_id uuid not null
);

create table customer_key (
    customer_id  uuid primary key,
    -- Under the master key. None once it is destroyed; the row stays, so that it is never made again.
    wrapped      bytea,
    -- Whether the customer's stream was seen. A key is made before it, and one without it is removed after a day.
    confirmed    boolean not null default false,
    created_at   timestamptz not null default clock_timestamp(),
    destroyed_at timestamptz,
    constraint customer_key_destroyed check ((wrapped is null) = (destroyed_at is not null))
);
create index customer_key_unconfirmed on customer_key (created_at) where not confirmed;
