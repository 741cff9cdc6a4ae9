/**
 * The objects of the page's data, schema pellucid.page/1, as docs/page.md
 * describes them. Types only: what a program wrote is taken at its word, but
 * for lengths of arrays, which `Run` compares.
 */
import type { Packed } from './packed';

export interface ModelInfo {
  ref: string;
  architecture: string;
  format: string;
  n_layers: number;
  d_model: number;
  vocab_size: number;
  hash: string;
}

export interface RunInfo {
  isa: string;
  threads: number;
  precision: string;
  edits?: number;
}

export interface LensInfo {
  kind: string;
  /** Of a trained lens: what it was read from. */
  ref?: string;
}

export interface RowInfo {
  site: string;
  /** -1: the embedding row. */
  layer: number;
  norm?: 'own';
}

export interface TokenList {
  ids: Packed;
  texts: (string | null)[];
  bytes?: Record<string, string>;
}

export interface Block {
  positions: Packed;
  tokens: TokenList;
  top_id: Packed;
  top_logit: Packed;
  logz: Packed;
  entropy: Packed;
  kl: Packed;
  next_logit: Packed;
  next_rank: Packed;
  final_id: Packed;
  final_logit: Packed;
  final_rank: Packed;
  target_logit?: Packed;
  target_rank?: Packed;
}

export interface Summary {
  site: string;
  layer: number;
  entropy: number | null;
  kl_to_final: number | null;
  top1_agree: number | null;
  next_logprob: number | null;
}

export interface TargetLayers {
  id: number;
  text: string | null;
  first_hit: (number | null)[];
  stable_from: (number | null)[];
}

/** What a run has once it is finished. */
export interface RunEnd {
  summary: Summary[];
  target_layers: TargetLayers[];
  checks: Record<string, number | null>;
  timing: Record<string, number>;
}

export interface RunData extends Partial<RunEnd> {
  label: string | null;
  version?: string;
  model: ModelInfo;
  run: RunInfo;
  lens: LensInfo;
  input: { text: string | null; ids: Packed };
  top_k: number;
  rows: RowInfo[];
  positions: Packed;
  targets: Packed;
  blocks: Block[];
}

export interface Token {
  id: number;
  text: string | null;
}

/** A matrix of numbers; null: none. */
export type Matrix = (number | null)[][];

export interface Interval {
  mean: number;
  low: number;
  high: number;
}

/** `pellucid patch --json`; with intervals where it is of many pairs. */
export interface PatchReport {
  schema: string;
  version: string;
  model: ModelInfo;
  metric: string;
  site: string;
  direction: string;
  window: number;
  pairs?: number;
  clean: number | Interval;
  corrupt: number | Interval;
  answer?: Token[];
  foil?: Token[];
  rows: number[];
  columns: number[];
  column_kind: string;
  values: Matrix;
  values_low?: Matrix;
  values_high?: Matrix;
  recovery: Matrix;
  recovery_low?: Matrix;
  recovery_high?: Matrix;
  tokens?: Token[];
}

/** `pellucid causal-trace --json`. */
export interface CausalReport {
  schema: string;
  version: string;
  model: ModelInfo;
  input: { text: string | null; tokens: Token[] };
  subject: number[];
  answer: Token;
  kind: string;
  window: number;
  noise: { std: number | null; samples: number; seed: number };
  clean: number;
  corrupt: Interval;
  rows: number[];
  columns: number[];
  values: Matrix;
  values_low: Matrix;
  values_high: Matrix;
}

export interface HeadScore {
  layer: number;
  head: number;
  previous_token: number;
  duplicate_token: number;
  induction: number;
  first_token: number;
}

/**
 * `pellucid attn --json`, patterns packed: of each layer and head the rows of
 * queries up to their own key, as whole multiples of 1 / weight_scale.
 */
export interface AttentionReport {
  schema: string;
  version: string;
  model: ModelInfo;
  input?: { text: string | null; tokens: Token[] };
  layers?: number[];
  heads?: number[];
  weights?: Packed;
  weight_scale?: number;
  scores?: HeadScore[];
  sample?: {
    n_random_tokens: number;
    n_repeats: number;
    n_sequences: number;
    seed: number;
    bos: boolean;
  };
}

export type PageData =
  | { schema: string; version: string; kind: 'lens'; runs: RunData[] }
  | { schema: string; version: string; kind: 'patch'; report: PatchReport }
  | {
      schema: string;
      version: string;
      kind: 'causal-trace';
      report: CausalReport;
    }
  | { schema: string; version: string; kind: 'attn'; report: AttentionReport }
  | { schema: string; version: string; kind: 'serve' };

export const SCHEMA = 'pellucid.page/1';

/** Reads the page's data element; throws with a message for people. */
export function parsePageData(text: string): PageData {
  const data = JSON.parse(text) as PageData | null;
  if (data === null) throw new Error('this file is a template without data');
  if (data.schema !== SCHEMA) {
    throw new Error(`the data are of schema ${data.schema}, not ${SCHEMA}`);
  }
  return data;
}
