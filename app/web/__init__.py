"""The corridor to the wire: HTTP, sockets, the plain console page, health and metrics. It carries bytes, keeps the
bounds of the wire (sizes, times, origins, formats) and turns the error tree into responses. It leaves what an operation
means to the engine, and who is asking to security."""
