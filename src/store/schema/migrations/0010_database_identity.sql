-- A name for this database that no other has: what several databases keep in one place, such as Redis, carries it.

create table database_identity (
  id text not null,
  made_for text not null,
  only_row boolean not null default true,
  constraint database_identity_pkey primary key (only_row),
  constraint database_identity_only_row_check check (only_row)
);
comment on column database_identity.made_for is 'server and database it was made for: a copy of the database is given an id of its own';
