// Two columns of a table as bars, a line or points. The same numbers are in the table, for those who do not see the canvas.

import { BarController, BarElement, CategoryScale, Chart, LineController, LineElement, LinearScale, PointElement, ScatterController, Tooltip } from 'chart.js';
import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';
import { choose, COUNT, grouped, points } from '../model/chart.js';
import { label, numericColumns } from '../model/tables.js';
import { isWord, words } from '../ui/cell.jsx';
import { currentTheme, onThemeChange } from '../theme.js';

Chart.register(BarController, BarElement, CategoryScale, LineController, LineElement, LinearScale, PointElement, ScatterController, Tooltip);

const KINDS = [['bar', 'Bars'], ['line', 'Line'], ['scatter', 'Points']];
const nameOf = column => (column === COUNT ? 'Number of rows' : label(column));
const short = (column, value) => {
  const plain = isWord(column, value) ? words(value) : value;
  return plain.length > 26 ? `${plain.slice(0, 25)}…` : plain;
};

export function ChartView({ table }) {
  const first = useMemo(() => choose(table.rows, table.columns), [table.path, table.columns.join('\n')]);
  const [wish, setWish] = useState({});
  useEffect(() => setWish({}), [table.path, table.columns.join('\n')]);
  const numbers = numericColumns(table.rows, table.columns);
  const kind = wish.kind ?? first.kind;
  const scatter = kind === 'scatter';
  const xs = scatter ? numbers : table.columns;
  const ys = scatter ? numbers : [...numbers, COUNT];
  const x = xs.includes(wish.x) ? wish.x : xs.includes(first.x) ? first.x : xs[0];
  const fallback = scatter ? numbers.find(column => column !== x) ?? numbers[0] : first.y;
  const y = ys.includes(wish.y) ? wish.y : ys.includes(fallback) ? fallback : ys[0];
  const possible = x !== undefined && y !== undefined;
  return (
    <div className="chart">
      <div className="chart-choices" role="group" aria-label="What the chart shows">
        <Choice name="Kind" value={kind} options={KINDS} onChange={value => setWish({ ...wish, kind: value })} />
        <Choice name="Across" value={x ?? ''} options={xs.map(column => [column, nameOf(column)])} onChange={value => setWish({ ...wish, x: value })} />
        <Choice name="Up" value={y ?? ''} options={ys.map(column => [column, nameOf(column)])} onChange={value => setWish({ ...wish, y: value })} />
      </div>
      {possible
        ? <Canvas table={table} kind={kind} x={x} y={y} />
        : <p className="empty">Points need two columns of numbers; this table has {numbers.length === 1 ? 'one' : 'none'}. Bars can count its rows.</p>}
    </div>
  );
}

function Choice({ name, value, options, onChange }) {
  return (
    <label>{name} <select value={value} onChange={event => onChange(event.target.value)}>
      {options.map(([key, text]) => <option key={key} value={key}>{text}</option>)}
    </select></label>
  );
}

function Canvas({ table, kind, x, y }) {
  const canvas = useRef(null);
  const theme = useSyncExternalStore(onThemeChange, currentTheme);
  const drawn = kind === 'scatter' ? { points: points(table.rows, x, y) } : grouped(table.rows, x, y, kind);
  const size = drawn.points?.length ?? drawn.labels.length;
  const signature = JSON.stringify(drawn);
  useEffect(() => {
    const style = getComputedStyle(canvas.current);
    const colour = name => style.getPropertyValue(name);
    const ink = resolved(canvas.current, colour('--quiet'));
    const line = resolved(canvas.current, colour('--line'));
    const sea = resolved(canvas.current, colour('--sea'));
    const axis = (column, extra) => ({
      title: { display: true, text: nameOf(column), color: ink }, ticks: { color: ink, ...extra }, grid: { color: line }, border: { color: line },
    });
    const labels = drawn.labels?.map(value => short(x, value));
    const chart = new Chart(canvas.current, {
      type: kind,
      data: {
        labels,
        datasets: [{
          label: nameOf(y), data: drawn.points ?? drawn.values, backgroundColor: sea, borderColor: sea,
          borderRadius: 3, maxBarThickness: 56, borderWidth: kind === 'line' ? 2 : 0, pointRadius: kind === 'bar' ? 0 : 3, tension: 0,
        }],
      },
      options: {
        animation: matchMedia('(prefers-reduced-motion: reduce)').matches ? false : { duration: 250 },
        maintainAspectRatio: false,
        scales: { x: axis(x, { maxRotation: 60, autoSkip: kind !== 'bar' || size > 40 }), y: { ...axis(y, y === COUNT ? { precision: 0 } : {}), beginAtZero: kind === 'bar' } },
        plugins: { tooltip: { callbacks: { title: items => drawn.labels?.[items[0].dataIndex] ?? '' } } },
      },
    });
    return () => chart.destroy();
  }, [signature, kind, x, y, theme]);
  return (
    <>
      <div className="canvas">
        <canvas ref={canvas} role="img" data-points={size} aria-label={`${kind === 'scatter' ? 'Points' : kind === 'line' ? 'Line' : 'Bars'} of ${nameOf(y)} by ${nameOf(x)}, ${size} values; the table has the numbers.`} />
      </div>
      {drawn.left > 0 && <p className="note">{drawn.left} more values do not fit; the table has them all.</p>}
    </>
  );
}

/** A colour that a canvas understands: it knows no light-dark(). */
function resolved(element, value) {
  const probe = document.createElement('span');
  probe.style.color = value;
  element.parentElement.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
