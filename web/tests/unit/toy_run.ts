/**
 * A run made by hand: two blocks read "The sky is" and say " blue"; numbers are
 * exact in binary. Two tokens a cell, one target.
 */
import type { Packed } from '../../src/data/packed';
import type { Block, RunData } from '../../src/data/page_data';
import { Run } from '../../src/data/run';

export function packed(
  kind: 'u16' | 'u32' | 'f32',
  values: readonly number[],
): Packed {
  const array =
    kind === 'u16'
      ? Uint16Array.from(values)
      : kind === 'u32'
        ? Uint32Array.from(values)
        : Float32Array.from(values);
  const text = Buffer.from(array.buffer).toString('base64');
  return { [kind]: text } as unknown as Packed;
}

export const TEXTS = [
  'The',
  ' sky',
  ' is',
  ' blue',
  ',',
  '\n',
  '日本',
  '<0xE2>',
];

const ROWS = 3;
const TOP_ID = [
  [0, 4, 1, 6, 2, 5],
  [4, 5, 5, 0, 3, 4],
  [1, 4, 2, 5, 3, 7],
];
const TOP_LOGIT = [4.5, 3, 4.5, 4.5, 4, 1];

/** The cells of some positions of the toy. */
export function toyBlock(positions: number[]): Block {
  const each = <T>(of: (row: number, position: number) => T[]) =>
    Array.from({ length: ROWS }, (_, row) =>
      positions.flatMap((position) => of(row, position)),
    ).flat();
  const one = (value: number) => each(() => [value]);
  return {
    positions: packed('u16', positions),
    tokens: {
      ids: packed('u16', [0, 1, 2, 3, 4, 5, 6, 7]),
      texts: TEXTS,
      bytes: { 7: 'e2' },
    },
    top_id: packed(
      'u16',
      each((row, p) => TOP_ID[row]?.slice(2 * p, 2 * p + 2) ?? []),
    ),
    top_logit: packed(
      'f32',
      each((_, p) => TOP_LOGIT.slice(2 * p, 2 * p + 2)),
    ),
    logz: packed('f32', one(5)),
    entropy: packed('f32', one(0.75)),
    kl: packed(
      'f32',
      each((row) => [2 - row]),
    ),
    next_logit: packed(
      'f32',
      each((_, p) => [p < 2 ? 1.5 : NaN]),
    ),
    next_rank: packed(
      'u16',
      each((_, p) => [p < 2 ? 4 : 0]),
    ),
    final_id: packed(
      'u16',
      positions.map((p) => TOP_ID[2]?.[2 * p] ?? 0),
    ),
    final_logit: packed('f32', one(2)),
    final_rank: packed(
      'u32',
      each((row) => [row === 2 ? 1 : 70000]),
    ),
    target_logit: packed('f32', one(3)),
    target_rank: packed('u16', one(2)),
  };
}

export function toyData(blocks: Block[]): RunData {
  return {
    label: null,
    version: '0.1.0',
    model: {
      ref: 'toy',
      architecture: 'llama',
      format: 'gguf',
      n_layers: 2,
      d_model: 16,
      vocab_size: 100,
      hash: 'abc',
    },
    run: { isa: 'reference', threads: 2, precision: 'exact' },
    lens: { kind: 'logit' },
    input: { text: 'The sky is', ids: packed('u16', [0, 1, 2]) },
    top_k: 2,
    rows: [
      { site: 'embed', layer: -1 },
      { site: 'model.layers.0', layer: 0 },
      { site: 'model.layers.1', layer: 1 },
    ],
    positions: packed('u16', [0, 1, 2]),
    targets: packed('u16', [4]),
    blocks,
  };
}

export function toyRun(): Run {
  return new Run(toyData([toyBlock([0, 1, 2])]));
}
