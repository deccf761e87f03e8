-- With another master key nothing personal could be read, without a word: a mismatch stops the start.
alter table store_identity add column master_key_check bytea;

-- Customers whose keys have to be destroyed, also again after a restore. Nothing else is in it.
create index event_erased on event (shard, position) where type = 'orderfold.customer.erased.v1';
