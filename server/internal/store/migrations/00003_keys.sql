-- Keys come and go without a restart: one is announced before it signs, and verifies after another has taken over
-- (package auth tells the rules). The private half of each may be encrypted. What signs is not only access tokens: the
-- names that failed logins are counted under get a key of their own, which stays.

-- +goose Up

alter table signing_keys add column purpose text not null default 'access tokens';
alter table signing_keys add column public_key bytea;                     -- null: a server has yet to fill it in, or nothing of it is public
alter table signing_keys add column sealed_by text not null default '';   -- the name of the master key that seed is encrypted with; '': none
alter table signing_keys add column activates_at bigint not null default 0; -- it signs from then on, until the next one does
alter table signing_keys add column access_ttl bigint not null default 0;   -- milliseconds: the longest life of a token that it may sign

update signing_keys set activates_at = created_at;

-- +goose Down

delete from signing_keys where purpose <> 'access tokens' or sealed_by <> '';
alter table signing_keys drop column access_ttl;
alter table signing_keys drop column activates_at;
alter table signing_keys drop column sealed_by;
alter table signing_keys drop column public_key;
alter table signing_keys drop column purpose;
