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
import type { Paint } from './color';
import { fillHead, type Head, make, makeHead } from './grid_head';
import { type GridSource, haveSameShape } from './grid_source';

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
  #heads: Head[] = [];
  /** Columns that scroll, and those frozen at the left: indices. */
  #moving: number[] = [];
  #frozen: number[] = [];
  #slots = 0;
  /** As of the last scroll or resize: to ask again would cost a layout. */
  #room = { left: 0, top: 0, width: 0, height: 0 };
  #window: Window = { firstRow: 0, lastRow: 0, firstColumn: 0, lastColumn: 0 };
  /** What cells are painted with. */
  readonly #paints = new WeakMap<HTMLElement, Paint | null>();
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
    this.#resized = new ResizeObserver(() => {
      this.#measure();
      this.#render(this.#fitSlots());
    });
    this.#resized.observe(host);
    this.#measure();
  }

  destroy(): void {
    this.#resized.disconnect();
    this.#host.replaceChildren();
  }

  /** Draws another source, or the same one anew. */
  update(source: GridSource): void {
    const old = this.#source;
    this.#source = source;
    const same = old !== null && haveSameShape(old, source);
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
    if (this.#room.left === left && this.#room.top === top) return;
    this.#host.scrollTo({ left, top, behavior: 'instant' });
  }

  #measure(): void {
    const { scrollLeft, scrollTop, clientWidth, clientHeight } = this.#host;
    this.#room = {
      left: scrollLeft,
      top: scrollTop,
      width: clientWidth,
      height: clientHeight,
    };
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

  /** As many slots as columns can be in sight; true: another number. */
  #fitSlots(): boolean {
    const source = this.#source;
    if (!source) return false;
    const room = this.#room.width - this.#leadWidth;
    const wanted = Math.min(
      this.#moving.length,
      Math.max(1, Math.ceil(room / source.columnWidth) + 1) +
        2 * OVERSCAN_COLUMNS,
    );
    if (wanted === this.#slots) return false;
    this.#slots = wanted;
    for (const line of this.#lines) {
      line.cells?.forEach((cell) => cell.remove());
      line.cells = null;
    }
    this.#free = [];
    this.#makeHeads(source);
    return true;
  }

  #makeHeads(source: GridSource): void {
    const { columnWidth } = source;
    this.#heads = Array.from({ length: this.#slots }, () =>
      makeHead(0, columnWidth),
    );
    const frozen = this.#frozen.map((column, f) => {
      const made = makeHead(LABEL_WIDTH + f * columnWidth, columnWidth);
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
    const room = this.#room;
    const width = this.#source?.columnWidth ?? 1;
    const first = Math.floor(room.left / width) - OVERSCAN_COLUMNS;
    const firstColumn = Math.max(
      0,
      Math.min(first, this.#moving.length - this.#slots),
    );
    const firstRow = Math.floor(room.top / ROW_HEIGHT) - OVERSCAN_ROWS;
    const rows = Math.ceil(room.height / ROW_HEIGHT) + 2 * OVERSCAN_ROWS;
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
      if (!cell) continue;
      if (cell.dataset.at !== `${m}`) {
        cell.dataset.at = `${m}`;
        // Moved, not placed: that needs no layout.
        const left = this.#leadWidth + m * source.columnWidth;
        cell.style.transform = `translateX(${left}px)`;
      } else if (!all) {
        continue;
      }
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
    // Most of a redrawn grid is as it was, and what is not written costs no
    // layout.
    if (cell.className !== name) cell.className = name;
    if (this.#paints.get(cell) !== look.paint) {
      this.#paints.set(cell, look.paint);
      cell.style.backgroundColor = look.paint?.background ?? '';
      cell.style.color = look.paint?.text ?? '';
    }
    const text = cell.firstChild as Text;
    if (text.data !== look.text) text.data = look.text;
    cell.removeAttribute('aria-label');
    const id = `${this.#id}-${row}-${key}`;
    const position = source.columns[column]?.note ?? '';
    if (cell.id === id && cell.dataset.position === position) return;
    cell.id = id;
    cell.dataset.row = `${row}`;
    cell.dataset.position = position;
    cell.dataset.column = `${key}`;
    cell.setAttribute('aria-colindex', `${column + 2}`);
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

  #fillHead(head: Head, index: number): void {
    const column = this.#source?.columns[index];
    if (column) fillHead(head, column, index);
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
    const room = this.#room;
    let { left, top } = room;
    const m = this.#moving.indexOf(index);
    if (m >= 0) {
      const most = m * source.columnWidth;
      const least = most - room.width + this.#leadWidth + source.columnWidth;
      left = Math.max(Math.min(left, most), least);
    }
    if (!source.rows[line]?.pinned) top = this.#topFor(source, line, top);
    if (left === room.left && top === room.top) return;
    this.#host.scrollTo({ left, top, behavior: 'instant' });
    this.#measure();
    this.#render(false);
  }

  /** The nearest to `top` at which a row is between the pinned ones. */
  #topFor(source: GridSource, line: number, top: number): number {
    const before = source.rows.slice(0, line).filter((r) => r.pinned).length;
    const behind = source.rows.slice(line).filter((r) => r.pinned).length;
    const most = (line - before) * ROW_HEIGHT;
    const least =
      this.#aboveHeight +
      (line + 1 + behind) * ROW_HEIGHT +
      BELOW_HEIGHT -
      this.#room.height;
    return Math.max(Math.min(top, most), least);
  }

  #onScroll(): void {
    this.#measure();
    this.#render(false);
    this.#events.scrolled(this.#room.left, this.#room.top);
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
