/** The two labels of a column of a grid: what comes next, and what it is of. */
import type { GridColumn } from './grid_source';

/** An empty element of a grid: "cell" in the role of "gridcell". */
export function make(className: string, role: string): HTMLElement {
  const element = document.createElement('div');
  element.className = className;
  element.setAttribute('role', role);
  return element;
}

export interface Head {
  above: HTMLElement;
  below: HTMLElement;
}

/** Both in pixels. */
export function makeHead(left: number, width: number): Head {
  // What comes next is no header: below the cells stands what they are of.
  const above = make('column-above', 'gridcell');
  const below = make('column-below', 'columnheader');
  below.append(document.createElement('span'), document.createElement('small'));
  for (const element of [above, below]) {
    element.style.left = `${left}px`;
    element.style.width = `${width}px`;
  }
  return { above, below };
}

function setText(element: Element | undefined, text: string): void {
  if (element && element.textContent !== text) element.textContent = text;
}

/** `index`: the column's place, from 0. */
export function fillHead(head: Head, column: GridColumn, index: number): void {
  setText(head.above, column.above);
  head.above.classList.toggle('hit', column.hit);
  const [label, note] = head.below.children;
  setText(label, column.label);
  setText(note, column.note);
  for (const element of [head.above, head.below]) {
    element.dataset.columnLabel = `${column.key}`;
    element.setAttribute('aria-colindex', `${index + 2}`);
  }
  const said = column.hit ? `${column.above}, predicted` : column.above;
  head.above.setAttribute('aria-label', said || 'no next token');
}
