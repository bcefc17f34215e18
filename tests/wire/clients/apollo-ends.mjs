// Apollo Client 4 follows by multipart until the stream ends, and says what it was told: data, then why it ended.
import { ApolloClient, CombinedProtocolErrors, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { authorization, url } from "./flow.mjs";

const client = new ApolloClient({
  cache: new InMemoryCache(),
  link: new HttpLink({ uri: url, headers: { authorization } }),
});
const told = [];
const finish = () => {
  console.log(JSON.stringify(told));
  setTimeout(() => process.exit(0), 50).unref();
};
client.subscribe({ query: gql(process.env.QUERY) }).subscribe({
  next: ({ data, error }) => {
    if (data) told.push(data.events.type);
    if (error) told.push(CombinedProtocolErrors.is(error) ? error.errors[0].extensions.code : String(error));
  },
  error: (error) => {
    told.push(String(error));
    finish();
  },
  complete: () => {
    told.push("complete");
    finish();
  },
});
