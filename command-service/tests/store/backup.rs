//! A backup of the store, and its restore under whoever uses it: what was recorded since is gone, every connection is
//! cut, and positions are given out a second time.

use sqlx::Connection;

use crate::world::World;

/// Everything that an append, the relay or an operator writes.
const BACK_UP: &str = "
    create schema backup;
    create table backup.event as table event;
    create table backup.stream as table stream;
    create table backup.claim as table claim;
    create table backup.idempotency as table idempotency;
    create table backup.shard_head as table shard_head;
    create table backup.store_epoch as table store_epoch;
    create table backup.relay_progress as table relay_progress;
    create table backup.relay_lease as table relay_lease;
    create table backup.order_number as select last_value from order_number;";

const RESTORE: &str = "
    begin;
    truncate event, stream, claim, idempotency, shard_head, store_epoch, relay_progress, relay_lease;
    insert into event table backup.event;
    insert into stream table backup.stream;
    insert into claim table backup.claim;
    insert into idempotency table backup.idempotency;
    insert into shard_head table backup.shard_head;
    insert into store_epoch table backup.store_epoch;
    insert into relay_progress table backup.relay_progress;
    insert into relay_lease table backup.relay_lease;
    select setval('order_number', last_value) from backup.order_number;
    commit;
    select pg_terminate_backend(pid) from pg_stat_activity
     where datname = current_database() and pid <> pg_backend_pid();";

impl World {
    pub async fn back_up(&self) {
        let mut connection = self.connection().await;
        sqlx::raw_sql(BACK_UP)
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
    }

    pub async fn restore(&self) {
        let mut connection = self.connection().await;
        sqlx::raw_sql(RESTORE)
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
    }
}
