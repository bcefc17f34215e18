// relay-runtime with the compiled documents: two pages of a connection, in the store, and an entry again by `node`.
import runtime from "relay-runtime";
import listQuery from "./__generated__/EntryListQuery.graphql.js";
import rowQuery from "./__generated__/EntryListRowQuery.graphql.js";

const { Environment, Network, RecordSource, Store, fetchQuery } = runtime;
const environment = new Environment({
  network: Network.create(async ({ text }, variables) => {
    const answer = await fetch(process.env.TIDEGATE_URL, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${process.env.TIDEGATE_TOKEN}` },
      body: JSON.stringify({ query: text, variables }),
    });
    return answer.json();
  }),
  store: new Store(new RecordSource()),
});

const connection = () => environment.getStore().getSource().get("client:root:__EntryList_entries_connection");
await fetchQuery(environment, listQuery, { first: 1 }).toPromise();
const source = environment.getStore().getSource();
const pageInfo = source.get(connection().pageInfo.__ref);
const edge = source.get(connection().edges.__refs[0]);
const id = edge.node.__ref;
const again = await fetchQuery(environment, rowQuery, { id }).toPromise();
console.log(JSON.stringify({ id, entry: source.get(id), cursor: edge.cursor, pageInfo, again: again.node.__id ?? null }));
