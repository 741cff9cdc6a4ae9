/**
 * A grid of text cells that scrolls fast: only those in sight are in the
 * document, and scrolling moves cells that left to where they are needed.
 * Written without a framework, since a scroll step may take 8 ms.
 *
 * Rows are all there (there are as many as layers), so that pinned ones can be
 * kept at the edges by CSS; their cells are not. Cells lie in slots: column c
 * of a row in slot c modulo the number of slots.
 *
 * To screen readers it is an ARIA grid whose active descendant is the cursor.
 */
import type { GridSource } from './grid_source';

export const ROW_HEIGHT = 20;
export const LABEL_WIDTH = 62;
const ABOVE_HEIGHT = 24;
const BELOW_HEIGHT = 38;
const OVERSCAN_COLUMNS = 1;
const OVERSCAN_ROWS = 2;

export interface GridEvents {
  hover(row: number, column: number): void;
  press(row: number, column: number): void;
  pinRow(row: number): void;
  pinColumn(column: number): void;
  scrolled(left: number, top: number): void;
}

interface Window {
  firstRow: number;
  lastRow: number;
  firstColumn: number;
  lastColumn: number;
}

/** A row's element and the cells that it holds now. */
interface Line {
  element: HTMLElement;
  header: HTMLElement;
  lead: HTMLElement;
  cells: HTMLElement[] | null;
  leadCells: HTMLElement[];
}

function make(className: string, role: string): HTMLElement {
  const element = document.createElement('div');
  element.className = className;
  element.setAttribute('role', role);
  return element;
}

let grids = 0;

export class GridView {
  readonly #host: HTMLElement;
  readonly #body = make('grid-body', 'rowgroup');
  readonly #above = make('grid-head above', 'row');
  readonly #below = make('grid-head below', 'row');
  readonly #events: GridEvents;
  readonly #id = `g${++grids}`;
  readonly #resized: ResizeObserver;
  readonly #columnOf = new Map<number, number>();
  readonly #lineOf = new Map<number, number>();
  #source: GridSource | null = null;
  #lines: Line[] = [];
  #free: HTMLElement[][] = [];
  #heads: { above: HTMLElement; below: HTMLElement }[] = [];
  /** Columns that scroll, and those frozen at the left: indices. */
  #moving: number[] = [];
  #frozen: number[] = [];
  #slots = 0;
  #window: Window = { firstRow: 0, lastRow: 0, firstColumn: 0, lastColumn: 0 };
  #cursor: { row: number; column: number } | null = null;
  #marked: HTMLElement[] = [];

  constructor(host: HTMLElement, events: GridEvents) {
    this.#host = host;
    this.#events = events;
    host.classList.add('grid');
    host.setAttribute('role', 'grid');
    host.tabIndex = 0;
    host.append(this.#body);
    host.addEventListener('scroll', () => this.#onScroll(), { passive: true });
    host.addEventListener('pointermove', (e) => this.#onCell(e, events.hover));
    host.addEventListener('click', (e) => this.#onCell(e, events.press));
    host.addEventListener('dblclick', (e) => this.#onHeader(e));
    this.#resized = new ResizeObserver(() => this.#fitSlots());
    this.#resized.observe(host);
  }

  destroy(): void {
    this.#resized.disconnect();
    this.#host.replaceChildren();
  }

  /** Draws another source, or the same one anew. */
  update(source: GridSource): void {
    const old = this.#source;
    this.#source = source;
    const same =
      old !== null &&
      old.columnWidth === source.columnWidth &&
      old.aboveTitle === source.aboveTitle &&
      old.rows.length === source.rows.length &&
      old.columns.length === source.columns.length &&
      old.rows.every(
        (row, i) =>
          row.key === source.rows[i]?.key &&
          row.label === source.rows[i]?.label &&
          row.pinned === source.rows[i]?.pinned,
      ) &&
      old.columns.every(
        (column, i) =>
          column.key === source.columns[i]?.key &&
          column.pinned === source.columns[i]?.pinned,
      );
    this.#host.setAttribute('aria-label', source.name);
    if (!same) this.#build(source);
    this.#render(true);
    this.#markCursor();
  }

  /** Moves the cursor; `reveal`: scrolls until it is in sight. */
  setCursor(row: number, column: number, reveal: boolean): void {
    this.#cursor = { row, column };
    if (reveal) this.#reveal(row, column);
    this.#markCursor();
  }

  scrollTo(left: number, top: number): void {
    if (this.#host.scrollLeft !== left) this.#host.scrollLeft = left;
    if (this.#host.scrollTop !== top) this.#host.scrollTop = top;
  }

  get #leadWidth(): number {
    const width = this.#source?.columnWidth ?? 0;
    return LABEL_WIDTH + this.#frozen.length * width;
  }

  get #aboveHeight(): number {
    return this.#source?.aboveTitle ? ABOVE_HEIGHT : 0;
  }

  #build(source: GridSource): void {
    const { rows, columns, columnWidth } = source;
    this.#columnOf.clear();
    this.#lineOf.clear();
    columns.forEach(({ key }, i) => this.#columnOf.set(key, i));
    rows.forEach(({ key }, i) => this.#lineOf.set(key, i));
    const indices = columns.map((_, i) => i);
    this.#frozen = indices.filter((i) => columns[i]?.pinned);
    this.#moving = indices.filter((i) => !columns[i]?.pinned);
    const width = this.#leadWidth + this.#moving.length * columnWidth;
    this.#body.style.width = `${width}px`;
    this.#host.setAttribute('aria-colcount', `${columns.length + 1}`);
    this.#host.setAttribute(
      'aria-rowcount',
      `${rows.length + 1 + (source.aboveTitle ? 1 : 0)}`,
    );
    this.#lines = rows.map((_, i) => this.#makeLine(source, i));
    this.#stick(source);
    this.#above.hidden = source.aboveTitle === '';
    const first = this.#above.hidden ? 1 : 2;
    this.#above.setAttribute('aria-rowindex', '1');
    this.#below.setAttribute('aria-rowindex', `${rows.length + first}`);
    this.#body.replaceChildren(
      this.#above,
      ...this.#lines.map((line) => line.element),
      this.#below,
    );
    this.#free = [];
    this.#slots = 0;
    this.#fitSlots();
  }

  #makeLine(source: GridSource, i: number): Line {
    const row = source.rows[i];
    const element = make('line', 'row');
    element.setAttribute('aria-rowindex', `${i + (source.aboveTitle ? 2 : 1)}`);
    const lead = make('lead', 'none');
    lead.style.width = `${this.#leadWidth}px`;
    const header = make('row-label', 'rowheader');
    header.textContent = row?.label ?? '';
    header.dataset.rowLabel = `${row?.key ?? 0}`;
    header.setAttribute('aria-colindex', '1');
    lead.append(header);
    const leadCells = this.#frozen.map((_, f) => {
      const cell = this.#makeCell();
      cell.style.left = `${LABEL_WIDTH + f * source.columnWidth}px`;
      cell.style.width = `${source.columnWidth}px`;
      lead.append(cell);
      return cell;
    });
    element.append(lead);
    return { element, header, lead, cells: null, leadCells };
  }

  /** Gives pinned rows their places at both edges. */
  #stick(source: GridSource): void {
    const stuck = this.#lines.filter((_, i) => source.rows[i]?.pinned);
    stuck.forEach((line, i) => {
      line.element.classList.add('stuck');
      const below = BELOW_HEIGHT + (stuck.length - 1 - i) * ROW_HEIGHT;
      line.element.style.top = `${this.#aboveHeight + i * ROW_HEIGHT}px`;
      line.element.style.bottom = `${below}px`;
    });
  }

  #makeCell(): HTMLElement {
    const cell = make('cell', 'gridcell');
    cell.dataset.testid = 'cell';
    cell.append('');
    return cell;
  }

  /** As many slots as columns can be in sight. */
  #fitSlots(): void {
    const source = this.#source;
    if (!source) return;
    const room = this.#host.clientWidth - this.#leadWidth;
    const wanted = Math.min(
      this.#moving.length,
      Math.max(1, Math.ceil(room / source.columnWidth) + 1) +
        2 * OVERSCAN_COLUMNS,
    );
    if (wanted !== this.#slots) {
      this.#slots = wanted;
      for (const line of this.#lines) {
        line.cells?.forEach((cell) => cell.remove());
        line.cells = null;
      }
      this.#free = [];
      this.#makeHeads(source);
    }
    this.#render(true);
  }

  #makeHeads(source: GridSource): void {
    const { columnWidth } = source;
    const head = (left: number): { above: HTMLElement; below: HTMLElement } => {
      // What comes next is no header: below the cells stands what they are of.
      const above = make('column-above', 'gridcell');
      const below = make('column-below', 'columnheader');
      const label = document.createElement('span');
      const note = document.createElement('small');
      above.append('');
      below.append(label, note);
      for (const element of [above, below]) {
        element.style.left = `${left}px`;
        element.style.width = `${columnWidth}px`;
      }
      return { above, below };
    };
    this.#heads = Array.from({ length: this.#slots }, () => head(0));
    const frozen = this.#frozen.map((column, f) => {
      const made = head(LABEL_WIDTH + f * columnWidth);
      this.#fillHead(made, column);
      return made;
    });
    const corner = (text: string, part: 'above' | 'below'): HTMLElement => {
      const lead = make('lead', 'none');
      lead.style.width = `${this.#leadWidth}px`;
      const title = make('row-label corner', 'rowheader');
      title.setAttribute('aria-colindex', '1');
      title.textContent = text;
      lead.append(title, ...frozen.map((made) => made[part]));
      return lead;
    };
    for (const part of ['above', 'below'] as const) {
      const row = part === 'above' ? this.#above : this.#below;
      const title = part === 'above' ? source.aboveTitle : source.belowTitle;
      row.replaceChildren(
        corner(title, part),
        ...this.#heads.map((made) => made[part]),
      );
    }
  }

  #visible(): Window {
    const host = this.#host;
    const width = this.#source?.columnWidth ?? 1;
    const first = Math.floor(host.scrollLeft / width) - OVERSCAN_COLUMNS;
    const firstColumn = Math.max(
      0,
      Math.min(first, this.#moving.length - this.#slots),
    );
    const firstRow = Math.floor(host.scrollTop / ROW_HEIGHT) - OVERSCAN_ROWS;
    const rows = Math.ceil(host.clientHeight / ROW_HEIGHT) + 2 * OVERSCAN_ROWS;
    return {
      firstRow: Math.max(0, firstRow),
      lastRow: Math.min(this.#lines.length, firstRow + rows),
      firstColumn,
      lastColumn: firstColumn + this.#slots,
    };
  }

  #render(all: boolean): void {
    const source = this.#source;
    if (!source) return;
    const now = this.#visible();
    const old = this.#window;
    const sideways = all || now.firstColumn !== old.firstColumn;
    if (!sideways && now.firstRow === old.firstRow) return;
    this.#window = now;
    const wanted = (i: number) =>
      (i >= now.firstRow && i < now.lastRow) || source.rows[i]?.pinned === true;
    this.#lines.forEach((line, i) => {
      if (line.cells && !wanted(i)) this.#release(line);
    });
    this.#lines.forEach((line, i) => {
      if (!wanted(i)) return;
      const fresh = line.cells === null;
      line.cells ??= this.#acquire(line);
      if (fresh || sideways) this.#fillLine(source, i, all || fresh);
    });
    if (sideways) this.#fillHeads(all);
    this.#markCursor();
  }

  #release(line: Line): void {
    if (line.cells) this.#free.push(line.cells);
    line.cells = null;
  }

  #acquire(line: Line): HTMLElement[] {
    const cells =
      this.#free.pop() ??
      Array.from({ length: this.#slots }, () => {
        const cell = this.#makeCell();
        cell.style.width = `${this.#source?.columnWidth ?? 0}px`;
        return cell;
      });
    line.element.append(...cells);
    return cells;
  }

  #fillLine(source: GridSource, i: number, all: boolean): void {
    const line = this.#lines[i];
    if (!line?.cells) return;
    const { firstColumn, lastColumn } = this.#window;
    for (let m = firstColumn; m < lastColumn; ++m) {
      const cell = line.cells[m % this.#slots];
      const column = this.#moving[m] ?? 0;
      if (!cell || (!all && cell.dataset.at === `${m}`)) continue;
      cell.dataset.at = `${m}`;
      // Moved, not placed: that needs no layout.
      const left = this.#leadWidth + m * source.columnWidth;
      cell.style.transform = `translateX(${left}px)`;
      this.#fillCell(source, cell, i, column);
    }
    if (all) {
      line.leadCells.forEach((cell, f) =>
        this.#fillCell(source, cell, i, this.#frozen[f] ?? 0),
      );
    }
  }

  #fillCell(
    source: GridSource,
    cell: HTMLElement,
    line: number,
    column: number,
  ): void {
    const row = source.rows[line]?.key ?? 0;
    const key = source.columns[column]?.key ?? 0;
    const look = source.look(row, key);
    let name = look.paint ? 'cell' : 'cell blank';
    if (look.bar) name += ' bar';
    if (look.pinned) name += ' pinned';
    if (look.found) name += ' found';
    if (look.changed) name += ' changed';
    cell.className = name;
    cell.style.backgroundColor = look.paint?.background ?? '';
    cell.style.color = look.paint?.text ?? '';
    (cell.firstChild as Text).data = look.text;
    cell.id = `${this.#id}-${row}-${key}`;
    cell.dataset.row = `${row}`;
    cell.dataset.position = source.columns[column]?.note ?? '';
    cell.dataset.column = `${key}`;
    cell.setAttribute('aria-colindex', `${column + 2}`);
    cell.removeAttribute('aria-label');
  }

  #fillHeads(all: boolean): void {
    const { firstColumn, lastColumn } = this.#window;
    const width = this.#source?.columnWidth ?? 0;
    for (let m = firstColumn; m < lastColumn; ++m) {
      const made = this.#heads[m % this.#slots];
      if (!made || (!all && made.below.dataset.at === `${m}`)) continue;
      made.below.dataset.at = `${m}`;
      const moved = `translateX(${this.#leadWidth + m * width}px)`;
      made.above.style.transform = moved;
      made.below.style.transform = moved;
      this.#fillHead(made, this.#moving[m] ?? 0);
    }
  }

  #fillHead(
    made: { above: HTMLElement; below: HTMLElement },
    index: number,
  ): void {
    const column = this.#source?.columns[index];
    if (!column) return;
    (made.above.firstChild as Text).data = column.above;
    made.above.classList.toggle('hit', column.hit);
    const [label, note] = made.below.children;
    if (label) label.textContent = column.label;
    if (note) note.textContent = column.note;
    for (const element of [made.above, made.below]) {
      element.dataset.columnLabel = `${column.key}`;
      element.setAttribute('aria-colindex', `${index + 2}`);
    }
    const said = column.hit ? `${column.above}, predicted` : column.above;
    made.above.setAttribute('aria-label', said || 'no next token');
  }

  /** The cell's element, where it is in the document. */
  #cellAt(row: number, column: number): HTMLElement | null {
    const line = this.#lines[this.#lineOf.get(row) ?? -1];
    const index = this.#columnOf.get(column);
    if (!line?.cells || index === undefined) return null;
    const frozen = this.#frozen.indexOf(index);
    if (frozen >= 0) return line.leadCells[frozen] ?? null;
    const m = this.#moving.indexOf(index);
    const { firstColumn, lastColumn } = this.#window;
    if (m < firstColumn || m >= lastColumn) return null;
    return line.cells[m % this.#slots] ?? null;
  }

  #markCursor(): void {
    const source = this.#source;
    const cursor = this.#cursor;
    if (!source || !cursor) return;
    const marked: HTMLElement[] = [];
    const cell = this.#cellAt(cursor.row, cursor.column);
    const header = this.#lines[this.#lineOf.get(cursor.row) ?? -1]?.header;
    if (header) marked.push(header);
    if (!cell) {
      this.#host.removeAttribute('aria-activedescendant');
    } else {
      marked.push(cell);
      const says = source.describe(cursor.row, cursor.column);
      const shown = cell.textContent;
      const begins = shown === '' || says.startsWith(`${shown},`);
      const name = begins ? says : `${shown}; ${says}`;
      cell.setAttribute('aria-label', name);
      this.#host.setAttribute('aria-activedescendant', cell.id);
    }
    const label = `[data-column-label="${cursor.column}"]`;
    for (const head of this.#below.querySelectorAll<HTMLElement>(label)) {
      marked.push(head);
    }
    for (const element of this.#marked) {
      if (!marked.includes(element)) element.classList.remove('at');
    }
    for (const element of marked) element.classList.add('at');
    this.#marked = marked;
  }

  #reveal(row: number, column: number): void {
    const source = this.#source;
    const index = this.#columnOf.get(column);
    const line = this.#lineOf.get(row);
    if (!source || index === undefined || line === undefined) return;
    const host = this.#host;
    const m = this.#moving.indexOf(index);
    if (m >= 0) {
      const left = m * source.columnWidth;
      const room = host.clientWidth - this.#leadWidth - source.columnWidth;
      if (host.scrollLeft > left) host.scrollLeft = left;
      if (host.scrollLeft < left - room) host.scrollLeft = left - room;
    }
    if (source.rows[line]?.pinned) return;
    const before = source.rows.slice(0, line).filter((r) => r.pinned).length;
    const behind = source.rows.slice(line).filter((r) => r.pinned).length;
    const top = (line - before) * ROW_HEIGHT;
    const bottom =
      this.#aboveHeight +
      (line + 1 + behind) * ROW_HEIGHT +
      BELOW_HEIGHT -
      host.clientHeight;
    if (host.scrollTop > top) host.scrollTop = top;
    if (host.scrollTop < bottom) host.scrollTop = bottom;
    this.#render(false);
  }

  #onScroll(): void {
    this.#render(false);
    this.#events.scrolled(this.#host.scrollLeft, this.#host.scrollTop);
  }

  #onCell(event: Event, call: (row: number, column: number) => void): void {
    const target = event.target as Element;
    const cell = target.closest<HTMLElement>('.cell');
    if (!cell?.dataset.row || !cell.dataset.column) return;
    call(Number(cell.dataset.row), Number(cell.dataset.column));
  }

  #onHeader(event: Event): void {
    const target = event.target as Element;
    const row = target.closest<HTMLElement>('[data-row-label]');
    const column = target.closest<HTMLElement>('[data-column-label]');
    if (row) this.#events.pinRow(Number(row.dataset.rowLabel));
    else if (column) this.#events.pinColumn(Number(column.dataset.columnLabel));
  }
}
