"""The event log's readers: event types, cursors, the feed that resumes after a cursor and then waits, and the wake-ups
that spare it from polling. Writing an event is part of a unit of the store."""
