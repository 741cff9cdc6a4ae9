/**
 * `pellucid serve` as far as the page talks to it (docs/page.md): what it sends
 * is the run of a page that the program wrote, a position at a time.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Packed, unpack } from '../../src/data/packed';
import type { Block, RunData } from '../../src/data/page_data';
import type { LensRequest } from '../../src/api/client';

function slice(
  packed: Packed,
  rows: number,
  count: number,
  at: number,
): Packed {
  const numbers = unpack(packed);
  const width = numbers.length / rows / count;
  const out = new (numbers.constructor as Float32ArrayConstructor)(
    rows * width,
  );
  for (let r = 0; r < rows; ++r) {
    const begin = (r * count + at) * width;
    out.set(numbers.subarray(begin, begin + width), r * width);
  }
  const kind = Object.keys(packed)[0] ?? 'f32';
  const text = Buffer.from(out.buffer).toString('base64');
  return { [kind]: text } as unknown as Packed;
}

/** A block of one position for each of a run's positions. */
export function blocksOf(run: RunData): Block[] {
  const block = run.blocks[0];
  if (!block) return [];
  const count = unpack(block.positions).length;
  return Array.from({ length: count }, (_, at) => {
    const parts = Object.entries(block).map(([key, value]) => {
      if (key === 'tokens') return [key, value];
      const rows =
        key === 'positions' || key === 'final_id' ? 1 : run.rows.length;
      return [key, slice(value as Packed, rows, count, at)];
    });
    return Object.fromEntries(parts) as Block;
  });
}

/** The data of a page and the page without them. */
export function takeApart(page: string): { template: string; runs: RunData[] } {
  const slot = /(id="pellucid-data">)([\s\S]*?)(<\/script>)/.exec(page);
  if (!slot?.[2]) throw new Error('no data in the page');
  const data = JSON.parse(slot[2]) as { runs: RunData[] };
  const served = '{"schema":"pellucid.page/1","version":"0","kind":"serve"}';
  return {
    template: page
      .replace(slot[0], () => `${slot[1]}${served}${slot[3]}`)
      .replace("connect-src 'none'", "connect-src 'self'"),
    runs: data.runs,
  };
}

export interface Mock {
  address: string;
  /** What was asked for, in order, and what its sender gave up. */
  requests: LensRequest[];
  hungUp: number;
  authorizations: (string | undefined)[];
  server: Server;
}

/** Answers with `clean`, or with `edited` where there are changes. */
export async function serveMock(
  template: string,
  clean: RunData,
  edited: RunData,
): Promise<Mock> {
  const mock: Mock = {
    address: '',
    requests: [],
    hungUp: 0,
    authorizations: [],
    server: createServer((request, response) => {
      const path = request.url ?? '';
      if (path === '/') {
        response.setHeader('Content-Type', 'text/html; charset=utf-8');
        response.end(template);
        return;
      }
      mock.authorizations.push(request.headers.authorization);
      if (path === '/api/v1/models') {
        const ref = clean.model.ref;
        const models = [{ ref, architecture: 'llama', bytes: 98362432 }];
        response.end(JSON.stringify({ models, default: ref }));
        return;
      }
      let body = '';
      request.on('data', (part: Buffer) => (body += part.toString()));
      request.on('end', () => {
        const asked = JSON.parse(body) as LensRequest;
        mock.requests.push(asked);
        void answer(asked);
      });

      async function answer(asked: LensRequest) {
        if (asked.text === 'too much') {
          response.statusCode = 413;
          const message = 'lens: prompt: 9000 tokens, more than 2048';
          response.end(
            JSON.stringify({ error: { code: 'too_large', message } }),
          );
          return;
        }
        response.on('close', () => {
          if (!response.writableEnded) mock.hungUp += 1;
        });
        response.setHeader('Content-Type', 'application/x-ndjson');
        const send = (part: unknown) =>
          response.write(JSON.stringify(part) + '\n');
        const run = asked.what_if?.length ? edited : clean;
        const { summary, checks, timing, blocks, ...head } = run;
        send({ kind: 'lens', run: { ...head, label: null, blocks: [] } });
        const slow = asked.text === 'slow';
        for (const block of blocksOf({ ...head, blocks })) {
          await new Promise((done) => setTimeout(done, slow ? 2000 : 5));
          if (response.destroyed) return;
          send({ block });
        }
        response.end(
          JSON.stringify({ done: true, summary, checks, timing }) + '\n',
        );
      }
    }),
  };
  await new Promise<void>((done) => mock.server.listen(0, '127.0.0.1', done));
  const { port } = mock.server.address() as AddressInfo;
  mock.address = `http://127.0.0.1:${port}/`;
  return mock;
}
