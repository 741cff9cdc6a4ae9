/** What keys do on the page of a lens. */
import type { Run } from '../data/run';
import type { View } from '../state/view.svelte';
import type { GridSource } from '../view/grid_source';

const PAGE = 8; // layers

/** Where a key in the grid moves the cursor, as indices of rows and columns. */
export function moved(
  key: string,
  control: boolean,
  at: { row: number; column: number },
  rows: number,
  columns: number,
): { row: number; column: number } | null {
  let { row, column } = at;
  switch (key) {
    case 'ArrowUp':
      row -= 1;
      break;
    case 'ArrowDown':
      row += 1;
      break;
    case 'ArrowLeft':
      column -= 1;
      break;
    case 'ArrowRight':
      column += 1;
      break;
    case 'PageUp':
      row -= PAGE;
      break;
    case 'PageDown':
      row += PAGE;
      break;
    case 'Home':
      column = 0;
      if (control) row = 0;
      break;
    case 'End':
      column = columns - 1;
      if (control) row = rows - 1;
      break;
    default:
      return null;
  }
  return {
    row: Math.min(rows - 1, Math.max(0, row)),
    column: Math.min(columns - 1, Math.max(0, column)),
  };
}

/** A key pressed in the grid; true: it was one of the grid's. */
export function gridKey(
  event: KeyboardEvent,
  view: View,
  run: Run,
  source: GridSource,
): boolean {
  const cursor = view.cursor;
  if (event.altKey || event.metaKey || !cursor) return false;
  const key = run.rows.findIndex((row) => row.site === cursor.site);
  const at = {
    row: Math.max(
      0,
      source.rows.findIndex((row) => row.key === key),
    ),
    column: run.columnOf(cursor.position) ?? 0,
  };
  if (event.key === 'Enter' || event.key === ' ') {
    view.togglePin(cursor);
    return true;
  }
  const to = moved(
    event.key,
    event.ctrlKey,
    at,
    source.rows.length,
    source.columns.length,
  );
  if (!to) return false;
  const site = run.rows[source.rows[to.row]?.key ?? 0]?.site ?? '';
  view.moveTo({ site, position: run.positions[to.column] ?? 0 }, true);
  return true;
}

/** A letter pressed anywhere but in a field; true: it meant something. */
export function pageKey(
  key: string,
  view: View,
  run: Run,
  focus: (id: string) => void,
): boolean {
  const cursor = view.cursor;
  switch (key) {
    case 'm':
      view.nextMetric();
      return true;
    case 'f':
      focus('follow');
      return true;
    case '/':
      focus('find');
      return true;
    case 't': {
      if (!cursor) return false;
      const row = run.rows.findIndex((one) => one.site === cursor.site);
      const column = run.columnOf(cursor.position) ?? 0;
      const id = run.topToken(run.cell(row, column));
      const text = run.tokens.rawText(id) ?? `id=${id}`;
      view.follow = view.follow === text ? '' : text;
      return true;
    }
    case 'r':
      if (cursor) view.togglePinnedRow(cursor.site);
      return true;
    case 'c':
      if (cursor) view.togglePinnedColumn(cursor.position);
      return true;
    case 's':
      view.nextStride();
      return true;
    case 'n':
      view.numbers = !view.numbers;
      return true;
    case 'd':
      view.nextMode();
      return true;
    case 'l':
      view.nextTheme();
      return true;
    default:
      return false;
  }
}
