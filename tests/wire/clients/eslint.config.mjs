// graphql-eslint's rules for a schema, its Relay rules, and its rules for operations, as they are recommended; each
// exception stands with its reason.
import graphql from "@graphql-eslint/eslint-plugin";

const root = new URL("../../../", import.meta.url).pathname;
const configs = graphql.configs;

export default [
  {
    files: ["**/*.graphql"],
    languageOptions: {
      parser: graphql.parser,
      parserOptions: {
        graphQLConfig: { schema: `${root}schema/schema.graphql`, documents: `${root}schema/operations/*.graphql` },
      },
    },
    plugins: { "@graphql-eslint": graphql },
  },
  {
    files: ["**/schema.graphql"],
    rules: {
      ...configs["flat/schema-recommended"].rules,
      ...configs["flat/schema-relay"].rules,
      // values (money, a component of duty) have no identity; what has one implements Node
      "@graphql-eslint/strict-id-in-types": "off",
      // lists of values are lists; an event is read by its cursor and is no Node
      "@graphql-eslint/relay-edge-types": ["error", { listTypeCanWrapOnlyEdgeType: false, shouldImplementNode: false }],
      // the feed of events is read forward only
      "@graphql-eslint/relay-arguments": ["error", { includeBoth: false }],
      // "entry number" is the term of the trade
      "@graphql-eslint/no-typename-prefix": "off",
      // @oneOf is the specification's own
      "@graphql-eslint/require-description": ["error", { types: true, rootField: true, FieldDefinition: true }],
    },
  },
  {
    files: ["**/operations/*.graphql"],
    rules: {
      ...configs["flat/operations-recommended"].rules,
      // the saved operations fill tables for people: no ids where nobody reads them
      "@graphql-eslint/require-selections": "off",
    },
  },
];
