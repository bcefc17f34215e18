"""Use cases: one function, one transaction. A service takes a store, a caller and a command, asks the pure rooms, and
returns an outcome; expected refusals are faults in it, not exceptions. Who may call it is decided by scopes before."""
