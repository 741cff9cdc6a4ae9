/**
 * What is chosen on the page, as the address behind "#" and back. Unknown keys
 * and values that are none are passed over: links outlive versions.
 */
import { METRICS, type Metric } from '../lens/metric';
import type { Scale } from '../view/color';

export type Mode = 'one' | 'both' | 'difference';
export type Theme = 'system' | 'light' | 'dark';

export interface Place {
  site: string;
  position: number;
}

export interface Choices {
  a: number;
  b: number;
  mode: Mode;
  metric: Metric;
  scale: Scale;
  theme: Theme;
  stride: number;
  numbers: boolean;
  follow: string;
  query: string;
  cursor: Place | null;
  pins: Place[];
  pinnedRows: string[];
  pinnedColumns: number[];
}

export const DEFAULTS: Choices = {
  a: 0,
  b: 1,
  mode: 'one',
  metric: 'prob',
  scale: 'viridis',
  theme: 'system',
  stride: 1,
  numbers: false,
  follow: '',
  query: '',
  cursor: null,
  pins: [],
  pinnedRows: [],
  pinnedColumns: [],
};

function writePlace({ site, position }: Place): string {
  return `${site}@${position}`;
}

function readPlace(text: string): Place | null {
  const match = /^(.+)@(\d+)$/.exec(text);
  return match?.[1] ? { site: match[1], position: Number(match[2]) } : null;
}

function oneOf<T extends string>(
  all: readonly T[],
  text: string | null,
): T | null {
  return all.find((one) => one === text) ?? null;
}

function whole(text: string | null, least: number): number | null {
  return text !== null && /^\d{1,6}$/.test(text) && Number(text) >= least
    ? Number(text)
    : null;
}

/** Only what differs from `defaults`, so that a fresh page has a bare address. */
export function writeFragment(choices: Choices, defaults = DEFAULTS): string {
  const out = new URLSearchParams();
  const put = (key: string, value: string, plain: string) => {
    if (value !== plain) out.set(key, value);
  };
  put('a', `${choices.a}`, `${defaults.a}`);
  put('b', `${choices.b}`, `${defaults.b}`);
  put('view', choices.mode, defaults.mode);
  put('metric', choices.metric, defaults.metric);
  put('scale', choices.scale, defaults.scale);
  put('theme', choices.theme, defaults.theme);
  put('stride', `${choices.stride}`, `${defaults.stride}`);
  put('show', choices.numbers ? 'numbers' : '', '');
  put('follow', choices.follow, '');
  put('find', choices.query, '');
  put('cursor', choices.cursor ? writePlace(choices.cursor) : '', '');
  for (const pin of choices.pins) out.append('pin', writePlace(pin));
  for (const site of choices.pinnedRows) out.append('row', site);
  for (const column of choices.pinnedColumns) out.append('column', `${column}`);
  return out.toString();
}

export function readFragment(fragment: string, defaults = DEFAULTS): Choices {
  const from = new URLSearchParams(fragment.replace(/^#/, ''));
  const places = (key: string) =>
    from.getAll(key).flatMap((text) => readPlace(text) ?? []);
  return {
    a: whole(from.get('a'), 0) ?? defaults.a,
    b: whole(from.get('b'), 0) ?? defaults.b,
    mode:
      oneOf<Mode>(['one', 'both', 'difference'], from.get('view')) ??
      defaults.mode,
    metric: oneOf(METRICS, from.get('metric')) ?? defaults.metric,
    scale:
      oneOf<Scale>(['viridis', 'cividis'], from.get('scale')) ?? defaults.scale,
    theme:
      oneOf<Theme>(['system', 'light', 'dark'], from.get('theme')) ??
      defaults.theme,
    stride: whole(from.get('stride'), 1) ?? defaults.stride,
    numbers: from.get('show') === 'numbers',
    follow: from.get('follow') ?? '',
    query: from.get('find') ?? '',
    cursor: places('cursor')[0] ?? null,
    pins: places('pin'),
    pinnedRows: from.getAll('row'),
    pinnedColumns: from
      .getAll('column')
      .flatMap((text) => whole(text, 0) ?? []),
  };
}
