-- The group append: many commands, one call, one commit. It is volatile PL/pgSQL and not one statement, so that each
-- statement in it sees what others committed while the one before it waited for a lock.
--
-- Commands, shards, streams, reads, events, keys and claim changes come as parallel arrays; a `…_of` array says by
-- number, from 1, which command, shard, stream or claim key a row belongs to, and each list is ordered by command.
-- One row per command comes back; one bad command never fails its neighbours.
--
-- Rows of the large tables are looked up one by one by their keys (`lateral … limit 1`): a join leaves it to plans, and
-- one that was made while a table was small reads it as a whole when it has grown.
--
-- A read set names its streams by version, and where it is known by the event that led to it: commands of one replica
-- are decided on top of others that are not stored yet, and a version alone does not tell such a one, when it drops
-- out, from an event that another replica put in its place.
--
-- verdicts: 0 accepted, 1 replayed, 2 key reused for other content, 3 stale (decide again), 4 claim taken.

-- Null in streams that nothing has happened to since: for them the version alone is compared.
alter table stream add column last_event_id uuid;

drop function append_batch;

create function append_batch(
    p_shard int[],
    p_stream text[], p_stream_shard_of int[],
    p_command_shard_of int[], p_key bytea[], p_fingerprint bytea[], p_internal boolean[], p_keep boolean[],
    p_status int[], p_body bytea[], p_answer_stream text[], p_answer_version int[],
    p_read_command_of int[], p_read_stream_of int[], p_read_version int[], p_read_event_id uuid[],
    p_event_command_of int[], p_event_stream_of int[], p_event_id uuid[], p_event_customer_id uuid[],
    p_event_type text[], p_event_occurred_at timestamptz[], p_event_correlation_id uuid[], p_event_causation_id uuid[],
    p_event_actor text[], p_event_traceparent text[], p_event_data bytea[],
    p_claim_kind text[], p_claim_key bytea[],
    p_change_command_of int[], p_change_claim_of int[], p_change_owner_of int[], p_change_take boolean[],
    p_timer_command_of int[], p_timer_stream_of int[], p_timer_id uuid[], p_timer_kind text[], p_timer_delay_ms bigint[],
    p_timer_begins boolean[], p_timer_ends boolean[]
) returns table (
    command int, verdict int, epoch int, shard int, "position" bigint, recorded_at timestamptz,
    status int, body bytea, stream_id text, version int, claim_kind text
) language plpgsql volatile as $append$
#variable_conflict use_column
declare
    commands constant int := cardinality(p_key);
    reads constant int := cardinality(p_read_command_of);
    events constant int := cardinality(p_event_id);
    changes constant int := cardinality(p_change_command_of);
    verdicts int[] := array_fill(0, array[commands]);
    taken_claims int[] := array_fill(0, array[commands]);
    stored_heads bigint[];      -- per shard, before this call
    heads bigint[];
    last_events int[];          -- per shard, the number of its last event in this call
    epochs int[];
    times timestamptz[];
    stored_versions int[];      -- per stream, before this call
    versions int[];
    stored_ids uuid[];          -- per stream, its last event before this call
    last_ids uuid[];
    stored_owners int[] := '{}';  -- per claim key: number of the owning stream, 0 free, -1 a stream not in this batch
    owners int[] := '{}';
    owners_before int[];
    event_positions bigint[];
    event_versions int[];
    answer_positions bigint[];
    now_ms timestamptz;
    kept int; appended int; moved_streams int; moved_heads int;
    lost_claims int[]; lost_owners int[];
    c int; r int; e int; k int; s int; h int; owner int;
    expected int; counted int;
begin
    -- 1. The heads, in order; nothing else in this statement, so that all below sees the state after the wait. From
    -- here on nobody else writes what belongs to these shards: their events, their streams, the claims of their
    -- streams, and answers with their coordinates.
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
          join lateral (select fingerprint from idempotency where idempotency.key = given.key limit 1) i on true
    loop
        verdicts[c] := r;
    end loop;

    select coalesce(array_agg(coalesce(st.version, 0) order by n), '{}'),
           coalesce(array_agg(st.last_event_id order by n), '{}'),
           count(*) filter (where st.shard <> p_shard[given.shard_of])
      into stored_versions, stored_ids, counted
      from unnest(p_stream, p_stream_shard_of) with ordinality as given (stream_id, shard_of, n)
      left join lateral (select version, last_event_id, shard from stream where stream.stream_id = given.stream_id limit 1) st on true;
    if counted > 0 then
        raise exception 'append: % streams belong to other shards', counted;
    end if;

    if changes > 0 then
        select array_agg(case when cl.owner is null then 0 else coalesce(array_position(p_stream, cl.owner), -1) end
                         order by n)
          into stored_owners
          from unnest(p_claim_kind, p_claim_key) with ordinality as given (kind, key, n)
          left join lateral (select owner from claim where claim.kind = given.kind and claim.key = given.key limit 1) cl
                 on true;
    end if;

    loop
        -- 3. and 4. The batch in order, on running versions and running owners of claims.
        heads := stored_heads; versions := stored_versions; last_ids := stored_ids; owners := stored_owners;
        last_events := array_fill(0, array[cardinality(p_shard)]);
        event_positions := array_fill(null::bigint, array[events]);
        event_versions := array_fill(null::int, array[events]);
        answer_positions := array_fill(0::bigint, array[commands]);
        kept := 0; appended := 0; moved_streams := 0; moved_heads := 0;
        r := 1; e := 1; k := 1;
        for c in 1 .. commands loop
            h := p_command_shard_of[c];
            while r <= reads and p_read_command_of[r] = c loop
                s := p_read_stream_of[r];
                if p_stream_shard_of[s] <> h then
                    raise exception 'append: a command reads a stream of another shard';
                end if;
                if verdicts[c] = 0 and (versions[s] <> p_read_version[r] or last_ids[s] <> p_read_event_id[r]) then
                    verdicts[c] := 3;
                end if;
                r := r + 1;
            end loop;
            if k <= changes and p_change_command_of[k] = c then
                owners_before := owners;
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
            end if;
            while e <= events and p_event_command_of[e] = c loop
                if verdicts[c] = 0 then
                    s := p_event_stream_of[e];
                    if versions[s] = stored_versions[s] then
                        moved_streams := moved_streams + 1;
                    end if;
                    if last_events[h] = 0 then
                        moved_heads := moved_heads + 1;
                    end if;
                    versions[s] := versions[s] + 1;
                    last_ids[s] := p_event_id[e];
                    heads[h] := heads[h] + 1;
                    last_events[h] := e;
                    event_versions[e] := versions[s];
                    event_positions[e] := heads[h];
                    appended := appended + 1;
                end if;
                e := e + 1;
            end loop;
            answer_positions[c] := heads[h];
            if p_keep[c] and verdicts[c] = 0 then
                kept := kept + 1;
            end if;
        end loop;

        -- 4. New claims in the order of their keys, so that two calls never wait for each other.
        lost_claims := null;
        if changes > 0 then
            expected := (select count(*) from unnest(stored_owners, owners) as t (before, after)
                          where before = 0 and after > 0);
            insert into claim (kind, key, owner)
            select given.kind, given.key, p_stream[owners[given.n]]
              from unnest(p_claim_kind, p_claim_key) with ordinality as given (kind, key, n)
             where stored_owners[given.n] = 0 and owners[given.n] > 0
             order by given.kind, given.key
            on conflict do nothing;
            get diagnostics counted = row_count;
            if counted <> expected then
                -- A statement of its own: it sees the rows that were waited for, where they are still there.
                select array_agg(n),
                       array_agg(case when cl.owner is null then 0 else coalesce(array_position(p_stream, cl.owner), -1) end)
                  into lost_claims, lost_owners
                  from unnest(p_claim_kind, p_claim_key) with ordinality as given (kind, key, n)
                  left join lateral (select owner from claim
                                      where claim.kind = given.kind and claim.key = given.key limit 1) cl on true
                 where stored_owners[n] = 0 and owners[n] > 0 and cl.owner is distinct from p_stream[owners[n]];
                for lost in 1 .. cardinality(lost_claims) loop
                    stored_owners[lost_claims[lost]] := lost_owners[lost];
                    if lost_owners[lost] = 0 then
                        for k in 1 .. changes loop
                            if p_change_claim_of[k] = lost_claims[lost] and p_change_take[k]
                               and verdicts[p_change_command_of[k]] = 0 then
                                verdicts[p_change_command_of[k]] := 3;
                            end if;
                        end loop;
                    end if;
                end loop;
            end if;
        end if;

        -- 5. The answers, in the order of their keys: the primary key is the arbiter between shards.
        if lost_claims is null then
            now_ms := date_trunc('milliseconds', clock_timestamp());
            insert into idempotency (key, fingerprint, internal, status, body, stream_id, version,
                                     epoch, shard, position, created_at)
            select given.key, given.fingerprint, given.internal, given.status, given.body, given.stream_id, given.version,
                   epochs[given.shard_of], p_shard[given.shard_of], given.position, now_ms
              from unnest(p_key, p_fingerprint, p_internal, p_keep, p_status, p_body, p_answer_stream, p_answer_version,
                          p_command_shard_of, answer_positions, verdicts) with ordinality
                   as given (key, fingerprint, internal, keep, status, body, stream_id, version,
                             shard_of, position, verdict, n)
             where given.keep and given.verdict = 0
             order by given.key, given.n
            on conflict do nothing;
            get diagnostics counted = row_count;
            exit when counted = kept;
            -- Of a key that stands twice in this batch the first went in; any other row with it is another call's.
            verdicts := (
                select array_agg(case when given.keep and given.verdict = 0
                                       and (given.n <> given.first_n or i.shard is distinct from p_shard[given.shard_of])
                                      then 3 else given.verdict end order by given.n)
                  from (select w.*, min(w.n) filter (where w.keep and w.verdict = 0) over (partition by w.key) as first_n
                          from unnest(p_key, p_keep, p_command_shard_of, verdicts) with ordinality
                               as w (key, keep, shard_of, verdict, n)) as given
                  left join lateral (select shard from idempotency where idempotency.key = given.key limit 1) i on true);
        end if;

        -- Whoever dropped out takes its rows along, and the rest is looked at again without it. What is found here of
        -- these shards and streams is this call's own: it was not there before, and nobody else could write it.
        delete from idempotency i
         where i.key = any (array(select given.key from unnest(p_key, verdicts) as given (key, verdict)
                                   where given.verdict not in (1, 2)))
           and i.shard = any (p_shard);
        for k in 1 .. cardinality(owners) loop
            if stored_owners[k] = 0 and owners[k] > 0 then
                delete from claim cl
                 where cl.kind = p_claim_kind[k] and cl.key = p_claim_key[k] and cl.owner = p_stream[owners[k]];
            end if;
        end loop;
    end loop;

    -- 6. The surviving events. No conflict clause: a violation here is a bug and must fail the call.
    times := (select array_agg(greatest(now_ms, last) order by n) from unnest(times) with ordinality as t (last, n));
    if appended > 0 then
        insert into event (shard, position, stream_id, version, event_id, customer_id, type, occurred_at, recorded_at,
                           correlation_id, causation_id, actor, traceparent, data)
        select p_shard[p_command_shard_of[given.command_of]], given.position, p_stream[given.stream_of], given.version,
               given.event_id, given.customer_id, given.type, given.occurred_at,
               times[p_command_shard_of[given.command_of]],
               given.correlation_id, given.causation_id, given.actor, given.traceparent, given.data
          from unnest(p_event_command_of, p_event_stream_of, event_positions, event_versions, p_event_id,
                      p_event_customer_id, p_event_type, p_event_occurred_at, p_event_correlation_id,
                      p_event_causation_id, p_event_actor, p_event_traceparent, p_event_data)
               as given (command_of, stream_of, position, version, event_id, customer_id, type, occurred_at,
                         correlation_id, causation_id, actor, traceparent, data)
         where given.position is not null;
        get diagnostics counted = row_count;
        if counted <> appended then
            raise exception 'append: % of % events were stored', counted, appended;
        end if;

        insert into stream (stream_id, shard, version, last_event_id)
        select given.stream_id, p_shard[given.shard_of], given.version, given.last_event_id
          from unnest(p_stream, p_stream_shard_of, versions, last_ids, stored_versions)
               as given (stream_id, shard_of, version, last_event_id, stored)
         where given.version <> given.stored
        on conflict (stream_id) do update set version = excluded.version, last_event_id = excluded.last_event_id;
        get diagnostics counted = row_count;
        if counted <> moved_streams then
            raise exception 'append: % of % streams were moved on', counted, moved_streams;
        end if;

        update shard_head sh
           set position = given.position, last_event_id = p_event_id[given.last_event],
               last_recorded_at = given.recorded_at
          from unnest(p_shard, heads, last_events, times) as given (shard, position, last_event, recorded_at)
         where sh.shard = given.shard and given.last_event > 0;
        get diagnostics counted = row_count;
        if counted <> moved_heads then
            raise exception 'append: % of % heads were moved on', counted, moved_heads;
        end if;
    end if;

    -- Claims that change hands within this batch, and those that nobody holds any more.
    for k in 1 .. cardinality(owners) loop
        continue when stored_owners[k] = 0 or owners[k] = stored_owners[k];
        if owners[k] = 0 then
            delete from claim cl where cl.kind = p_claim_kind[k] and cl.key = p_claim_key[k];
        else
            update claim cl set owner = p_stream[owners[k]] where cl.kind = p_claim_kind[k] and cl.key = p_claim_key[k];
        end if;
        get diagnostics counted = row_count;
        if counted <> 1 then
            raise exception 'append: % claims were moved on instead of one', counted;
        end if;
    end loop;

    -- Timers: what the surviving commands leave of each, with deadlines by the time of this append. Where one was armed
    -- for something else in between it counts as armed anew.
    if cardinality(p_timer_id) > 0 then
        with net as materialized (
            select p_stream[stream_of] as stream_id, bool_or(begins) as begins,
                   count(distinct coalesce(kind, '')) > 1 as anew,
                   (array_agg(ends order by n desc))[1] as ends, (array_agg(id order by n desc))[1] as id,
                   (array_agg(kind order by n desc))[1] as kind,
                   (array_agg(times[p_command_shard_of[command_of]] + delay_ms * interval '1 millisecond'
                              order by n desc))[1] as due_at
              from unnest(p_timer_command_of, p_timer_stream_of, p_timer_id, p_timer_kind, p_timer_delay_ms,
                          p_timer_begins, p_timer_ends) with ordinality
                   as given (command_of, stream_of, id, kind, delay_ms, begins, ends, n)
             where verdicts[command_of] = 0
             group by stream_of
        ), ended as (
            delete from timer where stream_id = any (array(select net.stream_id from net where net.ends))
        ), begun as (
            insert into timer (stream_id, id, kind, due_at)
            select net.stream_id, net.id, net.kind, net.due_at from net where net.begins and not net.ends
            on conflict on constraint timer_pkey do update
               set id = excluded.id, kind = excluded.kind, due_at = excluded.due_at, claimed_until = null
        )
        update timer
           set id = net.id, kind = net.kind, due_at = net.due_at, claimed_until = null
          from net
         where timer.stream_id = any (array(select n.stream_id from net n where not n.begins and not n.ends))
           and timer.stream_id = net.stream_id
           and (net.anew or timer.kind is distinct from net.kind);
    end if;

    return query
        select n::int,
               -- An answer that has run out since it was found: the command is new after all.
               case when given.verdict = 1 and i.key is null then 3 else given.verdict end,
               coalesce(i.epoch, epochs[given.shard_of]),
               coalesce(i.shard, p_shard[given.shard_of]),
               coalesce(i.position, given.position),
               times[given.shard_of],
               i.status, i.body, i.stream_id, i.version,
               p_claim_kind[nullif(given.taken_claim, 0)]
          from unnest(p_key, p_command_shard_of, verdicts, answer_positions, taken_claims) with ordinality
               as given (key, shard_of, verdict, position, taken_claim, n)
          left join lateral (select * from idempotency where given.verdict = 1 and idempotency.key = given.key limit 1) i
                 on true
         order by n;
end
$append$;
