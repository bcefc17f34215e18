// Reads a connection to its end, page by page, and turns it into one list of rows.

import { execute } from '../net/graphql.js';
import { pagedDocument, takePage } from '../model/paging.js';
import { columnsOf, tablesOf } from '../model/tables.js';

export const MOST_ROWS = 200_000;
const pause = seconds => new Promise(resolve => { setTimeout(resolve, seconds * 1000); });

/** {rows, columns, cut}; `onRows(count)` after each page. Throws where a page fails or `signal` is aborted. */
export async function readAllPages(request, path, { headers, signal, onRows }) {
  const paged = pagedDocument(request.query, request.operationName, path);
  if (!paged) throw new Error('This list cannot be read page by page: it has no forward paging here.');
  const rows = [];
  let after = null;
  for (;;) {
    const variables = { ...request.variables, [paged.variable]: after };
    const answer = await execute({ ...request, query: paged.document, variables }, { headers, signal });
    if (answer.status === 429) { await pause(answer.retryAfter ?? 1); signal?.throwIfAborted(); continue; }
    const { data, errors } = answer.body;
    const page = data && takePage(data, path);
    if (!page) throw new Error(errors?.[0]?.message ?? 'A page came without its place in the list.');
    rows.push(...(tablesOf(data).find(table => table.path === path)?.rows ?? []));
    onRows?.(rows.length);
    if (!page.hasNextPage || rows.length >= MOST_ROWS) return { rows, columns: columnsOf(rows), cut: page.hasNextPage };
    if (page.endCursor === after) throw new Error('The list does not move on.');
    after = page.endCursor;
  }
}

/** Hands a text to the browser as a file. */
export function save(content, name) {
  const url = URL.createObjectURL(new Blob([content], { type: 'text/csv;charset=utf-8' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
