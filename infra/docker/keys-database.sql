-- The database of customers' keys. Back it up apart from the event store, and keep those backups short.
create database orderfold_keys;
