-- A refresh token says itself which one it is (its session and generation, under a tag of the session's key), so that
-- its row need not be kept until nobody can hold it any more. Tokens of the first version cannot be told apart from
-- invented ones without their rows: the sessions are dropped, and everybody logs in once more. All else is kept.

-- +goose Up

drop table refresh_tokens;
drop table sessions;

create table sessions (
    id             text   not null primary key, -- UUIDv7
    user_id        text   not null references users (id) on delete cascade,
    generation     bigint not null,             -- of the current refresh token
    tag_key        bytea  not null,             -- authenticates the ids of its refresh tokens
    created_at     bigint not null,
    user_agent     text   not null,             -- as at the login
    ip             text   not null,
    ended_at       bigint,                      -- once set, nothing of the session is answered again
    end_reason     text,                        -- the contract's reason, from here down: the evidence
    end_token_id   text,                        -- <session>/<generation>
    end_session_id text,                        -- the session that asked for it
    end_ip         text,
    end_user_agent text,
    check ((ended_at is null) = (end_reason is null))
);
create index sessions_user on sessions (user_id);
create index sessions_ended on sessions (ended_at) where ended_at is not null;

create table refresh_tokens (
    session_id    text   not null references sessions (id) on delete cascade,
    generation    bigint not null,             -- 1, 2, 3 ... within the session
    hash          bytea  not null,             -- SHA-256 of the secret
    sent_at       bigint not null,             -- the last answer that carried the token
    expires_at    bigint not null,             -- once superseded: superseded_at + grace
    superseded_at bigint,
    seen_at       bigint,                      -- presented, or an access token of it first used by its holder
    sealed        bytea,                       -- the successor's secret, under a key from this token's secret
    primary key (session_id, generation)
);
create index refresh_tokens_superseded on refresh_tokens (superseded_at) where superseded_at is not null;

-- +goose Down

drop table refresh_tokens;
drop table sessions;

create table sessions (
    id             text   not null primary key,
    user_id        text   not null references users (id) on delete cascade,
    generation     bigint not null,
    created_at     bigint not null,
    user_agent     text   not null,
    ip             text   not null,
    ended_at       bigint,
    end_reason     text,
    end_token_id   text,
    end_session_id text,
    end_ip         text,
    end_user_agent text,
    check ((ended_at is null) = (end_reason is null))
);
create index sessions_user on sessions (user_id);
create index sessions_ended on sessions (ended_at) where ended_at is not null;

create table refresh_tokens (
    id            text   not null primary key,
    session_id    text   not null references sessions (id) on delete cascade,
    generation    bigint not null,
    hash          bytea  not null,
    sent_at       bigint not null,
    expires_at    bigint not null,
    superseded_at bigint,
    seen_at       bigint,
    sealed        bytea,
    unique (session_id, generation)
);
create index refresh_tokens_sent on refresh_tokens (sent_at);
create index refresh_tokens_sealed on refresh_tokens (expires_at) where sealed is not null;
