"""The store: the only room that speaks SQL. It knows tables, the tenant filter, sessions and migrations,
for SQLite and PostgreSQL alike; it leaves what a change means to the pure rooms and to `app.services`."""
