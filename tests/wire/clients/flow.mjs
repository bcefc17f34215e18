// What every client is asked to do: read an entry, follow it, record a status, see that status arrive; then read with
// a token that is not good. Each client says how it does that; the outcome is one JSON line.
export const url = process.env.TIDEGATE_URL;
export const socketUrl = url.replace(/^http/, "ws");
export const token = process.env.TIDEGATE_TOKEN;
export const authorization = `Bearer ${token}`;

export const READ = /* GraphQL */ `
  query Read($first: Int!) {
    entries(first: $first) { nodes { id entryNumber status lines { htsNumber } } pageInfo { hasNextPage } }
  }
`;
export const RECORD = /* GraphQL */ `
  mutation Record($input: EntryStatusRecordInput!) {
    entryStatusRecord(input: $input) { entry { id status } userErrors { code field message } }
  }
`;
export const FOLLOW = /* GraphQL */ `
  subscription Follow($entries: [ID!], $after: String) {
    entryStatusChanged(entries: $entries, after: $after) { cursor status previousStatus entry { id entryNumber } }
  }
`;

export const UNKNOWN = "query Unknown { nothing }";

export function submitted(id) {
  return { input: { entry: { id }, status: "SUBMITTED", occurredAt: new Date().toISOString(), source: "client" } };
}

/** `query`, `mutate`: (document, variables) → data; `follow`: (document, variables, onData) → stop. */
export async function run({ query, mutate, follow, refused }) {
  const read = await query(READ, { first: 5 });
  const entry = read.entries.nodes[0];
  const arrived = new Promise((resolve, reject) => {
    const stop = follow(FOLLOW, { entries: [entry.id], after: "earliest" }, (data) => {
      const event = data.entryStatusChanged;
      if (event.status !== "SUBMITTED") return;
      resolve(event);
      setTimeout(() => stop(), 0);
    }, reject);
  });
  const recorded = await mutate(RECORD, submitted(entry.id));
  const event = await arrived;
  const refusal = await refused(UNKNOWN);
  console.log(JSON.stringify({ entry, recorded: recorded.entryStatusRecord, event, refusal }));
  setTimeout(() => process.exit(0), 50).unref();
}

setTimeout(() => {
  console.error("nothing arrived within 20 s");
  process.exit(1);
}, 20_000).unref();
process.on("unhandledRejection", (reason) => {
  console.error(reason);
  process.exit(1);
});
