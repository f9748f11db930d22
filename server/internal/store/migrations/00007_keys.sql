-- A key whose secret stood in the table in the clear counts as known once there is a master key: it is dropped and not
-- encrypted in its place. Of the keys that are there nothing says whether they did, so all of them count as such.

-- +goose Up

alter table signing_keys add column exposed bigint not null default 1; -- 0: the secret was encrypted from the start

-- +goose Down

alter table signing_keys drop column exposed;
