// graphql-ws alone: every kind of operation on one socket.
import { createClient } from "graphql-ws";
import { WebSocket } from "ws";
import { authorization, run, socketUrl } from "./flow.mjs";

const client = createClient({ url: socketUrl, connectionParams: { authorization }, webSocketImpl: WebSocket });
const once = async (query, variables) => {
  for await (const result of client.iterate({ query, variables })) return result.data;
};

await run({
  query: once,
  mutate: once,
  follow: (query, variables, onData, onError) =>
    client.subscribe({ query, variables }, { next: ({ data }) => onData(data), error: onError, complete() {} }),
  refused: (query) =>
    new Promise((resolve) => {
      client.subscribe(
        { query },
        { next() {}, error: (errors) => resolve(errors[0].extensions.code), complete() {} },
      );
    }),
});
await client.dispose();
