// Finds the tables in a GraphQL answer and flattens their rows. Knows the shapes of connections; draws nothing.

const isObject = value => value !== null && typeof value === 'object' && !Array.isArray(value);

/** The rows of a Relay connection, from `nodes` or `edges`; null where the value is none. */
export function rowsOfConnection(value) {
  if (!isObject(value)) return null;
  if (Array.isArray(value.nodes)) return value.nodes.filter(isObject);
  if (Array.isArray(value.edges)) return value.edges.filter(isObject).map(edge => (isObject(edge.node) ? edge.node : edge));
  return null;
}

const listOf = value => rowsOfConnection(value) ?? (Array.isArray(value) && value.some(isObject) ? value.filter(isObject) : null);

/** One object as one row: dotted column names, lists of scalars joined, lists of objects counted. */
export function flatten(object, prefix = '', into = {}) {
  for (const [key, value] of Object.entries(object)) {
    if (key === '__typename') continue;
    const name = prefix + key;
    const list = listOf(value);
    if (list) into[`${name}.count`] = list.length;
    else if (Array.isArray(value)) { if (value.length) into[name] = value.map(text).join('; '); }
    else if (isObject(value)) flatten(value, `${name}.`, into);
    else into[name] = value;
  }
  return into;
}

/** A cell as plain text; null is empty. */
export function text(value) {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Every table of an answer's data in document order: {path, rows, columns, connection, totalCount, hasNextPage, nested}.
    A list inside a row becomes a table of its own, whose rows carry the columns of the row they came from. */
export function tablesOf(data) {
  const tables = new Map();
  const add = (path, value, list, parents, nested) => {
    const connection = rowsOfConnection(value) !== null;
    if (!tables.has(path)) {
      tables.set(path, {
        path, rows: [], connection, nested,
        totalCount: connection && !nested ? value.totalCount ?? null : null,
        hasNextPage: connection && !nested ? value.pageInfo?.hasNextPage ?? null : null,
      });
    }
    const name = path.slice(path.lastIndexOf('.') + 1);
    for (const item of list) {
      const own = flatten(item);
      tables.get(path).rows.push({ ...own, ...parents });
      const handed = { ...parents };
      for (const [key, cell] of Object.entries(own)) if (!key.endsWith('.count')) handed[`${name}.${key}`] = cell;
      visit(item, path, handed, true);
    }
  };
  const visit = (object, path, parents, nested) => {
    for (const [key, value] of Object.entries(object)) {
      const at = path ? `${path}.${key}` : key;
      const list = listOf(value);
      if (list) add(at, value, list, parents, nested);
      else if (isObject(value)) visit(value, at, parents, nested);
    }
  };
  if (isObject(data)) visit(data, '', {}, false);
  return [...tables.values()].map(table => ({ ...table, columns: columnsOf(table.rows) }));
}

/** Column names in the order in which they first appear, ids and cursors last; an object that is null in some rows is no column. */
export function columnsOf(rows) {
  const names = [...new Set(rows.flatMap(row => Object.keys(row)))];
  const objects = new Set(names.flatMap(name => name.split('.').slice(0, -1).map((_, depth, parts) => parts.slice(0, depth + 1).join('.'))));
  const kept = names.filter(name => !objects.has(name) || rows.some(row => row[name] !== null && row[name] !== undefined));
  return [...kept.filter(name => !NAMES.test(name)), ...kept.filter(name => NAMES.test(name))];
}

const NAMES = /(^|\.)(id|cursor)$/;

/** The columns as a person wants them: [{name, heading, long}]. The currency of an amount goes into its heading where it
    is the same in every row. */
export function presented(rows, columns) {
  const only = new Map();
  for (const column of columns.filter(name => /(^|\.)currency$/.test(name))) {
    const found = new Set(rows.map(row => row[column]).filter(Boolean));
    const amount = column.replace(/currency$/, 'amount');
    if (found.size === 1 && columns.includes(amount)) only.set(amount, [...found][0]);
  }
  return columns
    .filter(name => !only.has(name.replace(/currency$/, 'amount')) || !/(^|\.)currency$/.test(name))
    .map(name => ({
      name,
      heading: only.has(name) ? `${label(name)}, ${only.get(name)}` : label(name),
      long: rows.some(row => text(row[name]).length > 44),
    }));
}

/** What an answer says outside of its tables: [{name, heading, long, value}], without the common first name. A root
    field that is null says nothing. */
export function summaryOf(data) {
  if (!isObject(data)) return [];
  const plain = {};
  const visit = (object, prefix) => {
    for (const [key, value] of Object.entries(object)) {
      if (key === '__typename' || key === 'pageInfo' || listOf(value)) continue;
      if (Array.isArray(value)) { if (value.length) plain[prefix + key] = value.map(text).join('; '); }
      else if (isObject(value)) visit(value, `${prefix}${key}.`);
      else if (value !== undefined && (prefix || value !== null)) plain[prefix + key] = value;
    }
  };
  visit(data, '');
  const keys = Object.keys(plain);
  const first = keys[0]?.split('.')[0];
  const shared = keys.length > 0 && keys.every(key => key.startsWith(`${first}.`)) ? first.length + 1 : 0;
  const row = Object.fromEntries(keys.map(key => [key.slice(shared), plain[key]]));
  return presented([row], Object.keys(row)).map(({ name, heading, long }) => ({ name, heading, long, value: row[name] }));
}

/** The table to show first: the first one, or, while that has a single row, the first one inside of it. */
export function firstTable(tables) {
  let found = tables[0] ?? null;
  for (let inner = found; inner && found.rows.length === 1; ) {
    inner = tables.find(table => table.path.startsWith(`${found.path}.`) && table.rows.length > 0);
    if (inner) found = inner;
  }
  return found;
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** Whether a cell is a number, be it one of JSON or a Decimal in text. */
export const isNumeric = value => typeof value === 'number' || (typeof value === 'string' && NUMBER.test(value));

/** Columns that hold numbers and nothing else; numbers that only name something (ids, codes) are left out. */
export function numericColumns(rows, columns) {
  return columns.filter(column => {
    if (/(^|\.)(id|code|htsNumber|entryNumber|sku|reference|cursor)$/i.test(column)) return false;
    let seen = false;
    for (const row of rows) {
      const cell = row[column];
      if (cell === null || cell === undefined || cell === '') continue;
      if (!isNumeric(cell)) return false;
      seen = true;
    }
    return seen;
  });
}

/** Rows in the order of one column: numbers by value, everything else by the reader's language, empty cells last. */
export function sorted(rows, column, descending) {
  if (!column) return rows;
  const numeric = numericColumns(rows, [column]).length === 1;
  const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });
  const empty = row => row[column] === null || row[column] === undefined || row[column] === '';
  const sign = descending ? -1 : 1;
  return rows
    .map((row, index) => ({ row, index }))
    .sort((a, b) => {
      if (empty(a.row) || empty(b.row)) return empty(a.row) - empty(b.row) || a.index - b.index;
      const order = numeric
        ? Number(a.row[column]) - Number(b.row[column])
        : collator.compare(text(a.row[column]), text(b.row[column]));
      return order * sign || a.index - b.index;
    })
    .map(({ row }) => row);
}

/** `customsValue.amount` as a person reads it: "Customs value amount". */
export function label(column) {
  const words = column.replace(/([a-z])\.amount$/, '$1').replace(/([a-z0-9])([A-Z])/g, '$1 $2').replace(/[._]/g, ' ').trim().toLowerCase();
  const plain = words.replace(/ percent$/, ', %').replace(/\beffective rate$/, 'effective rate, %').replace(/\bhts\b/g, 'HTS').replace(/\bsku\b/g, 'SKU').replace(/\bid\b/g, 'ID');
  return plain.charAt(0).toUpperCase() + plain.slice(1);
}
