-- Browsers that have logged in to an account before are known by a cookie, and no more by the network that a session was
-- opened from. Failures in a row are counted for longer than the window of the limit. A column of an index cannot be
-- dropped, so the index goes first.

-- +goose Up

drop index sessions_user;
alter table sessions drop column network;
create index sessions_user on sessions (user_id);

create table login_streaks (
    subject  text   not null primary key, -- as in login_failures
    failures bigint not null,             -- in a row
    last_at  bigint not null,
    drop_at  bigint not null              -- from then on the row counts for nothing
);
create index login_streaks_drop on login_streaks (drop_at);

-- +goose Down

drop table login_streaks;
drop index sessions_user;
alter table sessions add column network text not null default '';
update sessions set network = ip where ip not like '%:%';
create index sessions_user on sessions (user_id, network);
