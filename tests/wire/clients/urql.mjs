// urql's core, which its React, Vue and Svelte bindings share: HTTP, and subscriptions by graphql-ws.
import { Client, cacheExchange, fetchExchange, subscriptionExchange } from "@urql/core";
import { createClient } from "graphql-ws";
import { WebSocket } from "ws";
import { authorization, run, socketUrl, url } from "./flow.mjs";

const socket = createClient({ url: socketUrl, connectionParams: { authorization }, webSocketImpl: WebSocket });
const client = new Client({
  url,
  preferGetMethod: false,
  fetchOptions: { headers: { authorization } },
  exchanges: [
    cacheExchange,
    fetchExchange,
    subscriptionExchange({
      forwardSubscription: ({ query, variables }) => ({
        subscribe: (sink) => ({ unsubscribe: socket.subscribe({ query: query ?? "", variables }, sink) }),
      }),
    }),
  ],
});
const data = (result) => {
  if (result.error) throw result.error;
  return result.data;
};

await run({
  query: async (document, variables) => data(await client.query(document, variables).toPromise()),
  mutate: async (document, variables) => data(await client.mutation(document, variables).toPromise()),
  follow: (document, variables, onData, onError) =>
    client.subscription(document, variables).subscribe((result) => {
      if (result.error) onError(result.error);
      else onData(result.data);
    }).unsubscribe,
  refused: async (document) =>
    (await client.query(document, {}).toPromise()).error.graphQLErrors[0].extensions.code,
});
