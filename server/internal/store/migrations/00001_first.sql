-- All times are milliseconds since 1970-01-01 00:00 UTC, by the clock that auth.Snapshot.Now was read from.
-- The types are the three that SQLite and PostgreSQL both know: bigint, text, bytea.

-- +goose Up

create table users (
    id            text   not null primary key, -- UUIDv7
    email         text   not null unique,      -- trimmed, lower case
    name          text   not null,
    password_hash text   not null,             -- a PHC string
    created_at    bigint not null
);

create table sessions (
    id             text   not null primary key, -- UUIDv7
    user_id        text   not null references users (id) on delete cascade,
    generation     bigint not null,             -- of the current refresh token
    created_at     bigint not null,
    user_agent     text   not null,             -- as at the login
    ip             text   not null,
    ended_at       bigint,                      -- once set, nothing of the session is answered again
    end_reason     text,                        -- the contract's reason, from here down: the evidence
    end_token_id   text,
    end_session_id text,                        -- the session that asked for it
    end_ip         text,
    end_user_agent text,
    check ((ended_at is null) = (end_reason is null))
);
create index sessions_user on sessions (user_id);
create index sessions_ended on sessions (ended_at) where ended_at is not null;

create table refresh_tokens (
    id            text   not null primary key, -- UUIDv7: rows sort by the time they were made
    session_id    text   not null references sessions (id) on delete cascade,
    generation    bigint not null,             -- 1, 2, 3 ... within the session
    hash          bytea  not null,             -- SHA-256 of the secret
    sent_at       bigint not null,             -- the last answer that carried the token
    expires_at    bigint not null,             -- once superseded: superseded_at + grace
    superseded_at bigint,
    seen_at       bigint,                      -- presented, or an access token of it first used by its holder
    sealed        bytea,                       -- the successor's secret, under a key from this token's secret
    unique (session_id, generation)
);
create index refresh_tokens_sent on refresh_tokens (sent_at);
create index refresh_tokens_sealed on refresh_tokens (expires_at) where sealed is not null;

create table signing_keys (
    number     bigint not null primary key, -- 1 is the first; its uniqueness settles a race of first starts
    seed       bytea  not null,             -- Ed25519 (RFC 8032)
    created_at bigint not null
);

create table login_failures (
    subject text   not null, -- a keyed hash of an email address, or a network address
    at      bigint not null
);
create index login_failures_subject on login_failures (subject, at);
create index login_failures_at on login_failures (at);

-- No foreign keys: what happened stays on record when the rows that it happened to are gone.
create table audit (
    id         text   not null primary key, -- UUIDv7
    at         bigint not null,
    kind       text   not null,
    reason     text   not null, -- of an ended session, else empty
    user_id    text   not null,
    session_id text   not null,
    token_id   text   not null,
    ip         text   not null,
    user_agent text   not null
);
create index audit_user on audit (user_id, at);

create table posts (
    id         text   not null primary key, -- UUIDv7: newest first is greatest first
    user_id    text   not null references users (id) on delete cascade,
    title      text   not null,
    body       text   not null,
    created_at bigint not null
);
create index posts_user on posts (user_id, id);

-- +goose Down

drop table posts;
drop table audit;
drop table login_failures;
drop table signing_keys;
drop table refresh_tokens;
drop table sessions;
drop table users;
