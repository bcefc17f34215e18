// Typed documents of the saved operations, as a front-end team would generate them. OUT is the folder they go to.
const root = new URL("../../../", import.meta.url).pathname;

export default {
  schema: `${root}schema/schema.graphql`,
  documents: `${root}schema/operations/*.graphql`,
  generates: {
    [`${process.env.OUT}/`]: {
      preset: "client",
      config: { useTypeImports: true, scalars: { Decimal: "string", DateTime: "string", Date: "string" } },
    },
  },
};
