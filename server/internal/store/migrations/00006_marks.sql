-- Ending the sessions of an account takes bounded work. The account gets a mark that ends its sessions at once: those
-- whose epoch is less than open_from. Their own rows are written later, in small steps, and then the mark goes.

-- +goose Up

alter table users add column open_from bigint not null default 0; -- sessions of a lesser epoch have ended; 0: there is no mark
alter table users add column ended_at bigint;                     -- of a mark, from here down: when, why, and the evidence
alter table users add column end_reason text;
alter table users add column end_session_id text;
alter table users add column end_ip text;
alter table users add column end_user_agent text;
create index users_marked on users (id) where open_from > 0;

alter table sessions add column epoch bigint not null default 0;
create index sessions_open on sessions (user_id, epoch, created_at) where ended_at is null;

-- +goose Down

update sessions set
    end_reason = (select u.end_reason from users u where u.id = sessions.user_id),
    end_token_id = '',
    end_session_id = (select u.end_session_id from users u where u.id = sessions.user_id),
    end_ip = (select u.end_ip from users u where u.id = sessions.user_id),
    end_user_agent = (select u.end_user_agent from users u where u.id = sessions.user_id),
    ended_at = (select u.ended_at from users u where u.id = sessions.user_id)
where ended_at is null and exists (
    select 1 from users u where u.id = sessions.user_id and sessions.epoch < u.open_from);

drop index sessions_open;
alter table sessions drop column epoch;
drop index users_marked;
alter table users drop column end_user_agent;
alter table users drop column end_ip;
alter table users drop column end_session_id;
alter table users drop column end_reason;
alter table users drop column ended_at;
alter table users drop column open_from;
