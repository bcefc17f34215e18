// graphql-sse: every kind of operation by server-sent events, for those behind proxies that pass no WebSocket.
import { createClient } from "graphql-sse";
import { authorization, run, url } from "./flow.mjs";

const client = createClient({ url, headers: { authorization }, retryAttempts: 0 });
const once = async (query, variables) => {
  for await (const result of client.iterate({ query, variables })) return result.data;
};

await run({
  query: once,
  mutate: once,
  follow: (query, variables, onData, onError) =>
    client.subscribe({ query, variables }, { next: ({ data }) => onData(data), error: onError, complete() {} }),
  refused: async (query) => {
    try {
      for await (const result of client.iterate({ query })) return result.errors[0].extensions.code;
    } catch (error) {
      return `${error.response?.status}`;
    }
  },
});
