// Runs the server audits of the npm package graphql-http against a URL and prints one JSON array of
// {id, name, status: "ok" | "warn" | "notice" | "error", reason, answered}, the last being the HTTP status.
// Usage: node audit.mjs URL [AUTHORIZATION]
import { serverAudits } from 'graphql-http';

const [url, authorization] = process.argv.slice(2);

const fetchFn = (input, init = {}) => {
  const headers = new Headers(init.headers);
  if (authorization) headers.set('authorization', authorization);
  return fetch(input, { ...init, headers });
};

const results = [];
for (const audit of serverAudits({ url, fetchFn })) {
  const result = await audit.fn();
  results.push({
    id: audit.id,
    name: audit.name,
    status: result.status,
    reason: result.status === 'ok' ? null : result.reason,
    answered: result.status === 'ok' ? null : result.response.status,
  });
}
console.log(JSON.stringify(results));
