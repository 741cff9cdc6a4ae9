/** A trained lens as `pellucid tune` writes it (docs/tuned-lens.md), by hand. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const WIDTH = 576; // of the default model

/**
 * Writes to `folder` a tuned lens that has maps for these sites: each leaves a
 * state as it is but for its first number, to which it adds `shift`.
 */
export function writeLens(folder: string, sites: string[], shift: number) {
  const header: Record<string, unknown> = {
    __metadata__: { pellucid: 'pellucid.trained-lens/1', kind: 'tuned' },
  };
  const parts: Float32Array[] = [];
  let at = 0;
  const add = (name: string, shape: number[], values: Float32Array) => {
    header[name] = {
      dtype: 'F32',
      shape,
      data_offsets: [at, at + values.byteLength],
    };
    at += values.byteLength;
    parts.push(values);
  };
  for (const site of sites) {
    const bias = new Float32Array(WIDTH);
    bias[0] = shift;
    add(`${site}.weight`, [WIDTH, WIDTH], new Float32Array(WIDTH * WIDTH));
    add(`${site}.bias`, [WIDTH], bias);
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'lens.safetensors'),
    Buffer.concat([
      length,
      json,
      ...parts.map((part) => Buffer.from(part.buffer)),
    ]),
  );
}
