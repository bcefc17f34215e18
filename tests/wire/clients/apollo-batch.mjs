// Apollo Client 4 with its batching link: three queries of one tick leave in one body.
import { ApolloClient, InMemoryCache, gql } from "@apollo/client";
import { BatchHttpLink } from "@apollo/client/link/batch-http";
import { authorization, url } from "./flow.mjs";

const sent = [];
const watched = (target, options) => {
  sent.push(JSON.parse(options.body).length);
  return fetch(target, options);
};
const client = new ApolloClient({
  cache: new InMemoryCache(),
  link: new BatchHttpLink({ uri: url, headers: { authorization }, fetch: watched, batchInterval: 20 }),
});
const ask = (text) =>
  client.query({ query: gql(text), fetchPolicy: "no-cache" }).then(
    ({ data }) => data,
    (error) => error.errors?.[0].extensions.code ?? String(error),
  );
const answers = await Promise.all([
  ask("query A { viewer { organisation { name } } }"),
  ask("query B { nothing }"),
  ask("query C { products(first: 5) { totalCount } }"),
]);
console.log(JSON.stringify({ sent, answers }));
