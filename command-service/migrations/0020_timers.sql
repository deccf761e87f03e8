-- What is to be done about a stream when nothing else happens to it for a while: at most one thing at a time. A stream
-- without a row has no timers at all; a row without a kind is one that is not armed.
create table timer (
    stream_id     text collate "C" primary key,
    -- New whenever it is armed; the idempotency key of the command that it issues.
    id            uuid not null,
    kind          text collate "C",
    due_at        timestamptz,
    claimed_until timestamptz,
    constraint timer_armed check ((kind is null) = (due_at is null))
) with (fillfactor = 80);
create index timer_due on timer (due_at) where due_at is not null;
