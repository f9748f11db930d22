-- Browsers that have logged in to an account before are known by a cookie, and no more by the network that a session was
-- opened from. The columns of an index cannot be dropped, so the index goes first.

-- +goose Up

drop index sessions_user;
alter table sessions drop column network;
create index sessions_user on sessions (user_id);

-- +goose Down

drop index sessions_user;
alter table sessions add column network text not null default '';
update sessions set network = ip where ip not like '%:%';
create index sessions_user on sessions (user_id, network);
