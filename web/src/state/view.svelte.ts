/**
 * All that a reader has chosen: runs, metric, cursor, pins. Components read it
 * and call its methods; nothing else writes to it.
 */
import type { Run } from '../data/run';
import { type Metric, METRICS } from '../lens/metric';
import type { Scale } from '../view/color';
import {
  type Choices,
  type Mode,
  type Place,
  type Theme,
  readFragment,
  writeFragment,
} from './fragment';

const MODES: Mode[] = ['one', 'both', 'difference'];
const THEMES: Theme[] = ['system', 'light', 'dark'];
const STRIDES = [1, 2, 3, 4, 5, 8];

function next<T>(all: readonly T[], now: T): T {
  return all[(all.indexOf(now) + 1) % all.length] ?? now;
}

function toggled<T>(all: T[], one: T, same: (a: T, b: T) => boolean): T[] {
  return all.some((other) => same(other, one))
    ? all.filter((other) => !same(other, one))
    : [...all, one];
}

const samePlace = (a: Place, b: Place) =>
  a.site === b.site && a.position === b.position;

export class View {
  runs = $state.raw<Run[]>([]);
  /** Grows whenever cells are added to a run. */
  version = $state(0);
  a = $state(0);
  b = $state(1);
  mode = $state<Mode>('one');
  metric = $state<Metric>('prob');
  scale = $state<Scale>('viridis');
  theme = $state<Theme>('system');
  stride = $state(1);
  numbers = $state(false);
  follow = $state('');
  query = $state('');
  cursor = $state.raw<Place | null>(null);
  /** The cursor came by keyboard: it is to be in sight. */
  reveal = $state(false);
  pins = $state.raw<Place[]>([]);
  pinnedRows = $state.raw<string[]>([]);
  pinnedColumns = $state.raw<number[]>([]);

  constructor(runs: Run[], fragment: string) {
    this.runs = runs;
    const choices = readFragment(fragment, this.defaults());
    Object.assign(this, choices);
    this.clampRuns();
    if (this.cursor) this.reveal = true;
  }

  get runA(): Run | undefined {
    return this.runs[this.a];
  }
  get runB(): Run | undefined {
    return this.runs[this.b];
  }

  /** A page of a clean and an edited run begins with both. */
  defaults(): Choices {
    const two = this.runs.length === 2 && this.runs[1]?.label === 'edited';
    return readFragment(two ? 'view=both' : '');
  }

  fragment(): string {
    return writeFragment(this, this.defaults());
  }

  setRuns(runs: Run[], a: number): void {
    const b = this.runB;
    this.runs = runs;
    this.a = a;
    const at = b ? runs.indexOf(b) : -1;
    if (at >= 0) this.b = at;
    this.clampRuns();
    this.version += 1;
  }

  clampRuns(): void {
    const last = Math.max(0, this.runs.length - 1);
    this.a = Math.min(this.a, last);
    if (this.runs.length < 2) this.mode = 'one';
    else this.b = Math.min(this.b, last);
  }

  moveTo(place: Place, reveal: boolean): void {
    this.reveal = reveal;
    if (this.cursor && samePlace(this.cursor, place)) return;
    this.cursor = place;
  }

  togglePin(place: Place): void {
    this.pins = toggled(this.pins, place, samePlace);
  }
  togglePinnedRow(site: string): void {
    this.pinnedRows = toggled(this.pinnedRows, site, (x, y) => x === y);
  }
  togglePinnedColumn(position: number): void {
    this.pinnedColumns = toggled(
      this.pinnedColumns,
      position,
      (x, y) => x === y,
    );
  }
  nextMetric(): void {
    this.metric = next(METRICS, this.metric);
  }
  nextStride(): void {
    this.stride = next(STRIDES, this.stride);
  }
  nextTheme(): void {
    this.theme = next(THEMES, this.theme);
  }
  nextMode(): void {
    if (this.runs.length > 1) this.mode = next(MODES, this.mode);
  }
}
