// An answer as tables: what stands alone above, the chosen list below, sorted by a click on a heading.

import { useEffect, useState } from 'react';
import { label, numericColumns, presented } from '../model/tables.js';
import { Cell } from '../ui/cell.jsx';

const STEP = 200;

export function Summary({ entries }) {
  if (!entries.length) return null;
  return (
    <dl className="summary" data-notes={entries[0].long || undefined}>
      {entries.map(({ name, heading, long, value }) => (
        <div key={name} data-long={long || undefined}><dt title={name}>{heading}</dt><dd><Cell column={name} value={value} whole /></dd></div>
      ))}
    </dl>
  );
}

export function TableView({ table, rows, order, onOrder, live }) {
  const [shown, setShown] = useState(STEP);
  useEffect(() => setShown(STEP), [table.path]);
  const columns = presented(table.rows, table.columns);
  const numbers = new Set(numericColumns(table.rows, table.columns));
  return (
    <div className="table-scroll" role="region" aria-label={`Table of ${label(table.path)}`} tabIndex={0}>
      <table className="rows">
        <thead>
          <tr>
            {columns.map(({ name: column, heading }) => {
              const active = order.column === column;
              const sort = active ? (order.descending ? 'descending' : 'ascending') : 'none';
              return (
                <th key={column} scope="col" aria-sort={sort} data-number={numbers.has(column) || undefined}>
                  <button type="button" title={`${column}: sort`} onClick={() => onOrder(column)}>
                    {heading}<span className="arrow" aria-hidden="true">{active ? (order.descending ? '↓' : '↑') : ''}</span>
                  </button>
                </th>
              );
            })}
          </tr>
        </thead>
        <tbody aria-live={live ? 'polite' : undefined} aria-relevant={live ? 'additions' : undefined}>
          {rows.slice(0, shown).map((row, index) => (
            <tr key={row.cursor ?? index} className={live ? 'arrived' : undefined}>
              {columns.map(({ name: column, long }) => (
                <td key={column} data-number={numbers.has(column) || undefined} data-long={long || undefined}><Cell column={column} value={row[column]} /></td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > shown && (
        <p className="more"><button type="button" className="button" onClick={() => setShown(shown + 5 * STEP)}>
          Show more ({(rows.length - shown).toLocaleString()} left)
        </button></p>
      )}
    </div>
  );
}
