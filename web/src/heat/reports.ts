/** Reports of the program as heat maps, laid out as its figures are. */
import { displayText } from '../data/display_text';
import type {
  AttentionReport,
  CausalReport,
  HeadScore,
  Interval,
  Matrix,
  PatchReport,
  Token,
} from '../data/page_data';
import { type Numbers, unpackExactly } from '../data/packed';
import type { Heat, HeatLayer } from './heat';

export const METRIC_TITLES: Record<string, string> = {
  'logit-diff': 'logit difference',
  logprob: 'log-probability, nats',
  prob: 'probability',
  kl: 'KL from the clean run, nats',
  rank: 'rank',
};

export function tokenText(token: Token | undefined): string {
  return token ? displayText(token.text ?? `<id:${token.id}>`) : '';
}

function joined(tokens: Token[] | undefined): string {
  return (tokens ?? []).map((t) => t.text ?? `<id:${t.id}>`).join('');
}

const meanOf = (value: number | Interval) =>
  typeof value === 'number' ? value : value.mean;

function transposed(matrix: Matrix, columns: number): Matrix {
  return Array.from({ length: columns }, (_, c) =>
    matrix.map((row) => row[c] ?? null),
  );
}

/** Layers upwards, the last on top, as on the page of a lens. */
export function patchHeat(report: PatchReport): Heat {
  const up = (matrix: Matrix) => [...matrix].reverse();
  const intervals = (low: Matrix | undefined, high: Matrix | undefined) =>
    low && high ? { low: up(low), high: up(high) } : {};
  const clean = meanOf(report.clean);
  const corrupt = meanOf(report.corrupt);
  const layers: HeatLayer[] = [
    {
      name: METRIC_TITLES[report.metric] ?? report.metric,
      values: up(report.values),
      ...intervals(report.values_low, report.values_high),
      marks: [
        { name: 'clean', value: clean },
        { name: 'corrupt', value: corrupt },
      ],
    },
    {
      name: 'recovery',
      values: up(report.recovery),
      ...intervals(report.recovery_low, report.recovery_high),
      marks: [
        { name: 'clean', value: 1 },
        { name: 'corrupt', value: 0 },
      ],
    },
  ];
  const asked = [
    report.answer?.length
      ? `answer "${displayText(joined(report.answer))}"`
      : '',
    report.foil?.length ? `foil "${displayText(joined(report.foil))}"` : '',
    report.pairs ? `mean of ${report.pairs} pairs` : '',
  ].filter((text) => text !== '');
  return {
    title: `Patching ${report.site}`,
    subtitle: report.tokens ? joined(report.tokens) : '',
    detail: [`${report.direction}`, ...asked].join(', '),
    rowTitle: 'layer',
    columnTitle: report.column_kind,
    rows: [...report.rows]
      .reverse()
      .map((row) => ({ label: `${row}`, name: `layer ${row}` })),
    columns: report.columns.map((column) => {
      const token =
        report.column_kind === 'position' ? report.tokens?.[column] : undefined;
      const label = token ? tokenText(token) : `${column}`;
      return {
        label,
        note: token ? `${column}` : '',
        name: `${report.column_kind} ${column}${token ? ` ${label}` : ''}`,
      };
    }),
    layers,
  };
}

/** As in the paper: tokens down, those of the subject starred, layers across. */
export function causalHeat(report: CausalReport): Heat {
  const count = report.columns.length;
  return {
    title: `Causal trace: ${report.kind}`,
    subtitle: report.input.text ?? joined(report.input.tokens),
    detail:
      `answer "${tokenText(report.answer)}", ${report.noise.samples} samples, ` +
      `window ${report.window}`,
    rowTitle: 'token',
    columnTitle: 'layer',
    rows: report.columns.map((position) => {
      const token = tokenText(report.input.tokens[position]);
      const star = report.subject.includes(position) ? '*' : '';
      return {
        label: `${token}${star}`,
        name: `position ${position} ${token}`,
      };
    }),
    columns: report.rows.map((layer) => ({
      label: `${layer}`,
      note: '',
      name: `layer ${layer}`,
    })),
    layers: [
      {
        name: `probability of "${tokenText(report.answer)}"`,
        values: transposed(report.values, count),
        low: transposed(report.values_low, count),
        high: transposed(report.values_high, count),
        marks: [
          { name: 'clean', value: report.clean },
          { name: 'corrupt', value: report.corrupt.mean },
        ],
      },
    ],
  };
}

export const HEAD_KINDS = [
  'induction',
  'previous_token',
  'duplicate_token',
  'first_token',
] as const;

function sampleText({ sample }: AttentionReport): string {
  if (!sample) return '';
  const { n_random_tokens, n_repeats, n_sequences, seed } = sample;
  return (
    `${n_random_tokens} tokens \u00d7 ${n_repeats}, ${n_sequences} ` +
    `sequence${n_sequences === 1 ? '' : 's'}, seed ${seed}`
  );
}

/** Blocks by heads, a kind of score each. */
export function scoresHeat(report: AttentionReport, scores: HeadScore[]): Heat {
  const layers = 1 + scores.reduce((most, s) => Math.max(most, s.layer), 0);
  const heads = 1 + scores.reduce((most, s) => Math.max(most, s.head), 0);
  const matrix = (kind: (typeof HEAD_KINDS)[number]): Matrix => {
    const rows: Matrix = Array.from({ length: layers }, () =>
      new Array<number | null>(heads).fill(null),
    );
    for (const score of scores) {
      const row = rows[layers - 1 - score.layer];
      if (row) row[score.head] = score[kind];
    }
    return rows;
  };
  return {
    title: 'Scores of heads',
    subtitle: 'mean attention weights on random tokens, repeated',
    detail: sampleText(report),
    rowTitle: 'layer',
    columnTitle: 'head',
    rows: Array.from({ length: layers }, (_, i) => ({
      label: `${layers - 1 - i}`,
      name: `layer ${layers - 1 - i}`,
    })),
    columns: Array.from({ length: heads }, (_, head) => ({
      label: `${head}`,
      note: '',
      name: `head ${head}`,
    })),
    layers: HEAD_KINDS.map((kind) => ({
      name: kind.replace('_', ' '),
      values: matrix(kind),
      marks: [],
      limits: [0, 1],
    })),
  };
}

/** The weights of all heads of a prompt. */
export class Patterns {
  readonly layers: number[];
  readonly heads: number[];
  readonly tokens: Token[];
  readonly #weights: Numbers;
  /** What a weight of 1 is in those. */
  readonly #scale: number;
  readonly #size: number;

  constructor(report: AttentionReport) {
    this.layers = report.layers ?? [];
    this.heads = report.heads ?? [];
    this.tokens = report.input?.tokens ?? [];
    const n = this.tokens.length;
    this.#size = (n * (n + 1)) / 2;
    const length = this.layers.length * this.heads.length * this.#size;
    if (!report.weights) throw new RangeError('the report has no weights');
    this.#weights = unpackExactly(report.weights, length);
    this.#scale = report.weight_scale ?? 1;
  }

  /** How much query `q` of a head, by indices, reads of key `k` <= q. */
  weight(layer: number, head: number, q: number, k: number): number {
    const begin = (layer * this.heads.length + head) * this.#size;
    return (this.#weights[begin + (q * (q + 1)) / 2 + k] ?? 0) / this.#scale;
  }

  heat(layer: number, head: number): Heat {
    const n = this.tokens.length;
    const named = (what: string) => (_: unknown, i: number) => ({
      label: tokenText(this.tokens[i]),
      note: `${i}`,
      name: `${what} ${i} ${tokenText(this.tokens[i])}`,
    });
    return {
      title: `Layer ${this.layers[layer] ?? 0}, head ${this.heads[head] ?? 0}`,
      subtitle: joined(this.tokens),
      detail: '',
      rowTitle: 'query',
      columnTitle: 'key',
      rows: Array.from({ length: n }, named('query')),
      columns: Array.from({ length: n }, named('key')),
      layers: [
        {
          name: 'attention weight',
          values: Array.from({ length: n }, (_, q) =>
            Array.from({ length: n }, (_, k) =>
              k <= q ? this.weight(layer, head, q, k) : null,
            ),
          ),
          marks: [],
          limits: [0, 1],
          ...(this.#scale > 1 && {
            decimals: Math.floor(Math.log10(this.#scale)),
          }),
        },
      ],
    };
  }
}
