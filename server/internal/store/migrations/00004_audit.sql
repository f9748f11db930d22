-- The audit record counts what comes in floods, in one entry instead of many, and says which session asked for what and
-- which signing key was changed. It is read by user in the order of ids, which is that in which entries were recorded.

-- +goose Up

alter table audit add column last_at bigint not null default 0;           -- of several that are one entry, the last one's time
alter table audit add column times bigint not null default 1;             -- how many are one entry
alter table audit add column by_session_id text not null default '';      -- the session that asked for it
alter table audit add column key_id text not null default '';             -- the kid of a signing key
update audit set last_at = at;
drop index audit_user;
create index audit_user on audit (user_id, id);

-- +goose Down

drop index audit_user;
create index audit_user on audit (user_id, at);
alter table audit drop column key_id;
alter table audit drop column by_session_id;
alter table audit drop column times;
alter table audit drop column last_at;
