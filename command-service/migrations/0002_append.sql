-- The group append: many commands, one call, one commit. It is volatile PL/pgSQL and not one statement, so that each
-- statement in it sees what others committed while the one before it waited for a lock.
--
-- Commands, shards, streams, reads, events, keys and claim changes come as parallel arrays; a `…_of` array says by
-- number, from 1, which command, shard, stream or claim key a row belongs to, and each list is ordered by command.
-- One row per command comes back; one bad command never fails its neighbours.
--
-- verdicts: 0 accepted, 1 replayed, 2 key reused for other content, 3 stale (decide again), 4 claim taken.

create function append_batch(
    p_shard int[],
    p_stream text[], p_stream_shard_of int[],
    p_command_shard_of int[], p_key bytea[], p_fingerprint bytea[], p_internal boolean[], p_keep boolean[],
    p_status int[], p_body bytea[], p_answer_stream text[], p_answer_version int[],
    p_read_command_of int[], p_read_stream_of int[], p_read_version int[],
    p_event_command_of int[], p_event_stream_of int[], p_event_id uuid[], p_event_customer_id uuid[],
    p_event_type text[], p_event_occurred_at timestamptz[], p_event_correlation_id uuid[], p_event_causation_id uuid[],
    p_event_actor text[], p_event_traceparent text[], p_event_data bytea[],
    p_claim_kind text[], p_claim_key bytea[],
    p_change_command_of int[], p_change_claim_of int[], p_change_owner_of int[], p_change_take boolean[]
) returns table (
    command int, verdict int, epoch int, shard int, "position" bigint, recorded_at timestamptz,
    status int, body bytea, stream_id text, version int, claim_kind text
) language plpgsql volatile as $append$
#variable_conflict use_column
declare
    commands constant int := cardinality(p_key);
    verdicts int[] := array_fill(0, array[commands]);
    taken_claims int[] := array_fill(0, array[commands]);
    stored_heads bigint[];      -- per shard, before this call
    heads bigint[];
    epochs int[];
    stored_versions int[];      -- per stream, before this call
    versions int[];
    stored_owners int[];        -- per claim key: number of the owning stream, 0 free, -1 a stream not in this batch
    owners int[];
    owners_before int[];
    event_positions bigint[];
    event_versions int[];
    answer_positions bigint[];
    now_ms timestamptz;
    times timestamptz[];        -- per shard
    c int; r int; e int; k int; s int; h int; owner int;
    reads constant int := cardinality(p_read_command_of);
    events constant int := cardinality(p_event_id);
    changes constant int := cardinality(p_change_command_of);
    dropped boolean;
    expected int; counted int;
begin
    -- 1. The heads, in order; nothing else in this statement, so that all below sees the state after the wait.
    perform 1 from shard_head where shard = any (p_shard) order by shard for update;
    get diagnostics counted = row_count;
    if counted <> cardinality(p_shard) then
        raise exception 'append: % of % shards exist', counted, cardinality(p_shard);
    end if;

    select array_agg(sh.position order by n), array_agg(sh.epoch order by n), array_agg(sh.last_recorded_at order by n)
      into stored_heads, epochs, times
      from unnest(p_shard) with ordinality as given (shard, n) join shard_head sh on sh.shard = given.shard;

    -- 2. Keys that were answered before; they outrank everything below.
    for c, r in
        select n, case when i.fingerprint = given.fingerprint then 1 else 2 end
          from unnest(p_key, p_fingerprint) with ordinality as given (key, fingerprint, n)
          join idempotency i on i.key = given.key
    loop
        verdicts[c] := r;
    end loop;

    select coalesce(array_agg(coalesce(st.version, 0) order by n), '{}') into stored_versions
      from unnest(p_stream) with ordinality as given (stream_id, n) left join stream st on st.stream_id = given.stream_id;
    select coalesce(array_agg(case when cl.owner is null then 0 else coalesce(o.n::int, -1) end order by given.n), '{}')
      into stored_owners
      from unnest(p_claim_kind, p_claim_key) with ordinality as given (kind, key, n)
      left join claim cl on cl.kind = given.kind and cl.key = given.key
      left join unnest(p_stream) with ordinality as o (stream_id, n) on o.stream_id = cl.owner;

    loop
        -- 3. and 4. The batch in order, on running versions and running owners of claims.
        heads := stored_heads; versions := stored_versions; owners := stored_owners;
        event_positions := array_fill(null::bigint, array[events]);
        event_versions := array_fill(null::int, array[events]);
        answer_positions := array_fill(0::bigint, array[commands]);
        r := 1; e := 1; k := 1;
        for c in 1 .. commands loop
            owners_before := owners;
            while r <= reads and p_read_command_of[r] = c loop
                if verdicts[c] = 0 and versions[p_read_stream_of[r]] <> p_read_version[r] then
                    verdicts[c] := 3;
                end if;
                r := r + 1;
            end loop;
            while k <= changes and p_change_command_of[k] = c loop
                owner := owners[p_change_claim_of[k]];
                if verdicts[c] = 0 and owner = p_change_owner_of[k] and not p_change_take[k] then
                    owners[p_change_claim_of[k]] := 0;
                elsif verdicts[c] = 0 and p_change_take[k] and owner = 0 then
                    owners[p_change_claim_of[k]] := p_change_owner_of[k];
                elsif verdicts[c] = 0 and p_change_take[k] and owner <> p_change_owner_of[k] then
                    -- Taken only by a committed row; the owner in this batch may yet drop out.
                    if owner = stored_owners[p_change_claim_of[k]] then
                        verdicts[c] := 4;
                        taken_claims[c] := p_change_claim_of[k];
                    else
                        verdicts[c] := 3;
                    end if;
                end if;
                k := k + 1;
            end loop;
            if verdicts[c] <> 0 then
                owners := owners_before;
            end if;
            h := p_command_shard_of[c];
            while e <= events and p_event_command_of[e] = c loop
                if verdicts[c] = 0 then
                    s := p_event_stream_of[e];
                    versions[s] := versions[s] + 1;
                    heads[h] := heads[h] + 1;
                    event_versions[e] := versions[s];
                    event_positions[e] := heads[h];
                end if;
                e := e + 1;
            end loop;
            answer_positions[c] := heads[h];
        end loop;

        -- 4. New claims in the order of their keys, so that two calls never wait for each other.
        dropped := false;
        if changes > 0 then
            for k, owner in
                with wanted as materialized (
                    select n, kind, key, p_stream[owners[n]] as owner
                      from unnest(p_claim_kind, p_claim_key) with ordinality as given (kind, key, n)
                     where stored_owners[n] = 0 and owners[n] > 0
                ), inserted as (
                    insert into claim (kind, key, owner)
                    select kind, key, owner from wanted order by kind, key
                    on conflict do nothing returning kind, key
                )
                select w.n, 0 from wanted w
                 where not exists (select 1 from inserted i where i.kind = w.kind and i.key = w.key)
            loop
                dropped := true;
                -- A statement of its own: it sees the row that was waited for, if it is there.
                select coalesce(o.n::int, -1) into owner
                  from claim cl left join unnest(p_stream) with ordinality as o (stream_id, n) on o.stream_id = cl.owner
                 where cl.kind = p_claim_kind[k] and cl.key = p_claim_key[k];
                if found then
                    stored_owners[k] := owner;
                else
                    for r in 1 .. changes loop
                        if p_change_claim_of[r] = k and p_change_take[r] and verdicts[p_change_command_of[r]] = 0 then
                            verdicts[p_change_command_of[r]] := 3;
                        end if;
                    end loop;
                end if;
            end loop;
        end if;

        -- 5. The answers, in the order of their keys: the primary key is the arbiter between shards.
        if not dropped then
            now_ms := date_trunc('milliseconds', clock_timestamp());
            for c in
                with wanted as materialized (
                    select n, key, fingerprint, internal, status, body, stream_id, version
                      from unnest(p_key, p_fingerprint, p_internal, p_keep, p_status, p_body, p_answer_stream,
                                  p_answer_version)
                           with ordinality as given (key, fingerprint, internal, keep, status, body, stream_id,
                                                     version, n)
                     where keep and verdicts[n] = 0
                ), inserted as (
                    insert into idempotency (key, fingerprint, internal, status, body, stream_id, version,
                                             epoch, shard, position, created_at)
                    select key, fingerprint, internal, status, body, stream_id, version,
                           epochs[p_command_shard_of[n]], p_shard[p_command_shard_of[n]], answer_positions[n], now_ms
                      from wanted order by key, n
                    on conflict do nothing returning key
                )
                -- Of one key twice in this batch the row that went in is the first's.
                select w.n from wanted w
                 where not exists (select 1 from inserted i where i.key = w.key)
                    or exists (select 1 from wanted before where before.key = w.key and before.n < w.n)
            loop
                dropped := true;
                verdicts[c] := 3;
            end loop;
        end if;
        exit when not dropped;

        -- Whoever dropped out takes its rows along, and the rest is looked at again without it. Only this call's own
        -- rows can be found here: their keys were free, or their owners are unchanged.
        delete from idempotency i using unnest(p_key, p_fingerprint) with ordinality as given (key, fingerprint, n)
         where i.key = given.key and i.xmin = pg_current_xact_id()::xid;
        delete from claim cl using unnest(p_claim_kind, p_claim_key) as given (kind, key)
         where cl.kind = given.kind and cl.key = given.key and cl.xmin = pg_current_xact_id()::xid;
    end loop;

    -- 6. The surviving events. No conflict clause: a violation here is a bug and must fail the call.
    select array_agg(greatest(now_ms, last) order by n) into times from unnest(times) with ordinality as t (last, n);
    expected := (select count(*) from unnest(event_positions) as t (p) where p is not null);
    if expected > 0 then
        insert into event (shard, position, stream_id, version, event_id, customer_id, type, occurred_at, recorded_at,
                           correlation_id, causation_id, actor, traceparent, data)
        select p_shard[p_command_shard_of[given.command_of]], given.position, p_stream[given.stream_of], given.version,
               given.event_id, given.customer_id, given.type, given.occurred_at, times[p_command_shard_of[given.command_of]],
               given.correlation_id, given.causation_id, given.actor, given.traceparent, given.data
          from unnest(p_event_command_of, p_event_stream_of, event_positions, event_versions, p_event_id,
                      p_event_customer_id, p_event_type, p_event_occurred_at, p_event_correlation_id, p_event_causation_id, p_event_actor,
                      p_event_traceparent, p_event_data)
               as given (command_of, stream_of, position, version, event_id, customer_id, type, occurred_at, correlation_id,
                         causation_id, actor, traceparent, data)
         where given.position is not null;
        get diagnostics counted = row_count;
        if counted <> expected then
            raise exception 'append: % of % events were stored', counted, expected;
        end if;

        expected := (select count(*) from unnest(versions, stored_versions) as t (after, before) where after <> before);
        insert into stream as st (stream_id, shard, version)
        select given.stream_id, p_shard[given.shard_of], given.version
          from unnest(p_stream, p_stream_shard_of, versions, stored_versions) as given (stream_id, shard_of, version, stored)
         where given.version <> given.stored
        on conflict (stream_id) do update set version = excluded.version where st.shard = excluded.shard;
        get diagnostics counted = row_count;
        if counted <> expected then
            raise exception 'append: % of % streams were moved on', counted, expected;
        end if;

        expected := (select count(*) from unnest(heads, stored_heads) as t (after, before) where after <> before);
        update shard_head sh
           set position = given.position, last_event_id = given.event_id, last_recorded_at = given.recorded_at
          from (select distinct on (h.n) p_shard[h.n] as shard, h.position, ev.event_id, times[h.n] as recorded_at
                  from unnest(heads, stored_heads) with ordinality as h (position, stored, n)
                  join unnest(p_event_id, event_positions, p_event_command_of) as ev (event_id, position, command_of)
                    on p_command_shard_of[ev.command_of] = h.n and ev.position = h.position
                 where h.position <> h.stored) as given
         where sh.shard = given.shard;
        get diagnostics counted = row_count;
        if counted <> expected then
            raise exception 'append: % of % heads were moved on', counted, expected;
        end if;
    end if;

    -- Claims that change hands within this batch, and those that nobody holds any more.
    if changes > 0 then
        expected := (select count(*) from unnest(owners, stored_owners) as t (after, before) where before <> 0 and after <> before);
        with moved as (
            select kind, key, owner from unnest(p_claim_kind, p_claim_key, owners, stored_owners)
                as given (kind, key, owner, stored) where stored <> 0 and owner <> stored
        ), handed_over as (
            update claim cl set owner = p_stream[moved.owner] from moved
             where cl.kind = moved.kind and cl.key = moved.key and moved.owner > 0 returning 1
        ), released as (
            delete from claim cl using moved
             where cl.kind = moved.kind and cl.key = moved.key and moved.owner = 0 returning 1
        )
        select (select count(*) from handed_over) + (select count(*) from released) into counted;
        if counted <> expected then
            raise exception 'append: % of % claims were moved on', counted, expected;
        end if;
    end if;

    return query
        select n::int, verdicts[n],
               coalesce(i.epoch, epochs[p_command_shard_of[n]]),
               coalesce(i.shard, p_shard[p_command_shard_of[n]]),
               coalesce(i.position, answer_positions[n]),
               times[p_command_shard_of[n]],
               i.status, i.body, i.stream_id, i.version,
               p_claim_kind[nullif(taken_claims[n], 0)]
          from unnest(p_key) with ordinality as given (key, n)
          left join idempotency i on i.key = given.key and verdicts[n] = 1
         order by n;
end
$append$;
