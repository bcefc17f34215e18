// Apollo Client 4: queries and mutations by HTTP, subscriptions by graphql-ws, or with MULTIPART by HTTP as well.
import { ApolloClient, ApolloLink, CombinedGraphQLErrors, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { createClient } from "graphql-ws";
import { WebSocket } from "ws";
import { authorization, run, socketUrl, url } from "./flow.mjs";

const socket = createClient({ url: socketUrl, connectionParams: { authorization }, webSocketImpl: WebSocket });
const http = new HttpLink({ uri: url, headers: { authorization } });
const client = new ApolloClient({
  cache: new InMemoryCache(),
  link: process.env.MULTIPART
    ? http
    : ApolloLink.split(({ operationType }) => operationType === "subscription", new GraphQLWsLink(socket), http),
});

await run({
  query: async (document, variables) => (await client.query({ query: gql(document), variables })).data,
  mutate: async (document, variables) => (await client.mutate({ mutation: gql(document), variables })).data,
  follow: (document, variables, onData, onError) => {
    const subscription = client.subscribe({ query: gql(document), variables }).subscribe({
      next: ({ data, error }) => (error ? onError(error) : onData(data)),
      error: onError,
    });
    return () => subscription.unsubscribe();
  },
  refused: async (document) => {
    try {
      await client.query({ query: gql(document) });
    } catch (error) {
      return CombinedGraphQLErrors.is(error) ? error.errors[0].extensions.code : String(error);
    }
  },
});
