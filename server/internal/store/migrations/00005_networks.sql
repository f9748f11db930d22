-- From which network a session was opened, as auth takes an address: an IPv4 address, or a /64 of IPv6. Who has logged in
-- from there before is told from strangers by it, and not locked out with them.

-- +goose Up

alter table sessions add column network text not null default '';
update sessions set network = ip where ip not like '%:%';
drop index sessions_user;
create index sessions_user on sessions (user_id, network);

-- +goose Down

drop index sessions_user;
alter table sessions drop column network;
create index sessions_user on sessions (user_id);
