"""The ordinary way to answer: graphql-core's executor, kept from denied fields, and the loaders of its resolvers."""
