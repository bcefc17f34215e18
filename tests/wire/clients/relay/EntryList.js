// What a Relay application writes: a fragment, a refetchable one by `node`, and a page of a connection.
import { graphql } from "relay-runtime";

export const query = graphql`
  query EntryListQuery($first: Int!, $after: String) {
    ...EntryList_page @arguments(first: $first, after: $after)
  }
`;

export const page = graphql`
  fragment EntryList_page on Query
  @argumentDefinitions(first: { type: "Int!" }, after: { type: "String" })
  @refetchable(queryName: "EntryListPageQuery") {
    entries(first: $first, after: $after) @connection(key: "EntryList_entries") {
      edges { node { id ...EntryList_row } }
    }
  }
`;

export const row = graphql`
  fragment EntryList_row on Entry @refetchable(queryName: "EntryListRowQuery") {
    entryNumber
    status
  }
`;
