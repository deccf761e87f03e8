-- A cache: what a long stream had folded into. Any row may be deleted at any time.
create table snapshot (
    stream_id text collate "C" primary key,
    -- The form of the state; a snapshot of another form is passed over.
    schema    integer not null,
    version   integer not null,
    event_id  uuid not null,
    state     bytea not null
);
