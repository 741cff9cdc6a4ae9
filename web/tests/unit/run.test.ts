import { describe, expect, it } from 'vitest';
import { packRun, staticPage } from '../../src/data/pack';
import { unpack, unpackExactly } from '../../src/data/packed';
import { parsePageData } from '../../src/data/page_data';
import { mergeBlock, Run } from '../../src/data/run';
import { packed, toyBlock, toyData, toyRun } from './toy_run';

describe('packed arrays', () => {
  it('are little-endian numbers of their type', () => {
    expect([...unpack({ f32: 'AACAPwAAIMA=' })]).toEqual([1, -2.5]);
    expect([...unpack({ u16: 'AQD//w==' })]).toEqual([1, 65535]);
    expect([...unpack({ u32: 'AQAAAAAAAQA=' })]).toEqual([1, 65536]);
    expect([...unpack({ u16: '' })]).toEqual([]);
  });
  it('are refused where a number is cut or missing', () => {
    expect(() => unpack({ f32: 'AACAPwA=' })).toThrow(RangeError);
    expect(() => unpackExactly({ u16: 'AQD//w==' }, 3)).toThrow(
      '2 numbers where 3 belong',
    );
  });
});

describe('Run', () => {
  it('gives tokens of a cell with probability and rank', () => {
    const run = toyRun();
    const cell = run.cell(2, 2);
    expect(run.top(cell, 0)).toEqual({
      id: 3,
      logit: 4,
      logprob: -1,
      prob: Math.exp(-1),
      rank: 1,
    });
    expect(run.top(cell, 1).rank).toBe(2);
  });
  it('gives equal logits equal ranks', () => {
    const run = toyRun();
    expect(run.top(run.cell(0, 1), 1).rank).toBe(1);
  });
  it('knows next tokens, none at the end', () => {
    const run = toyRun();
    expect(run.nextId(0)).toBe(1);
    expect(run.nextId(2)).toBeNull();
  });
  it('shows bytes of a token that is no text', () => {
    const { tokens } = toyRun();
    expect(tokens.hex(7)).toBe('e2');
    expect(tokens.hex(1)).toBe('20 73 6b 79');
    expect(tokens.hex(6)).toBe('e6 97 a5 e6 9c ac');
    expect(tokens.text(99)).toBe('<id:99>');
  });
});

describe('mergeBlock', () => {
  it('makes of blocks in any order the run of one block', () => {
    const whole = toyRun();
    const run = new Run(toyData([]));
    expect(run.readyColumns).toBe(0);
    mergeBlock(run, toyBlock([2]));
    expect([...run.ready]).toEqual([0, 0, 1]);
    expect(run.topToken(run.cell(2, 2))).toBe(3);
    mergeBlock(run, toyBlock([0, 1]));
    expect(run.readyColumns).toBe(3);
    for (const name of [
      'topId',
      'topLogit',
      'logz',
      'kl',
      'finalRank',
    ] as const) {
      expect(run[name]).toEqual(whole[name]);
    }
    expect(run.targetRank).toEqual(whole.targetRank);
    expect(run.nextLogit).toEqual(whole.nextLogit);
  });
  it('refuses positions and lengths that are not the run’s', () => {
    const run = new Run(toyData([]));
    expect(() => mergeBlock(run, toyBlock([3]))).toThrow('no position 3');
    const block = { ...toyBlock([0]), logz: packed('f32', [1, 2]) };
    expect(() => mergeBlock(run, block)).toThrow('2 numbers where 3 belong');
  });
});

describe('packRun', () => {
  it('gives back a run with the same numbers', () => {
    const run = toyRun();
    const again = new Run(packRun(run));
    expect(again.topLogit).toEqual(run.topLogit);
    expect(again.finalRank).toEqual(run.finalRank);
    expect(again.tokens.hex(7)).toBe('e2');
    expect(again.text).toBe('The sky is');
  });
  it('makes a page that connects to nothing and whose data end nowhere', () => {
    const run = toyRun();
    run.tokens.add({
      ids: packed('u16', [8]),
      texts: ['</script><img src=x>'],
    });
    const page = staticPage(
      'connect-src \'self\' <script type="application/json" ' +
        'id="pellucid-data">\nnull</script>',
      [run],
    );
    expect(page).toContain("connect-src 'none'");
    expect(page.match(/<\/script>/g)).toHaveLength(1);
    const data = /data">([\s\S]*)<\/script>/.exec(page)?.[1] ?? '';
    expect(parsePageData(data).kind).toBe('lens');
  });
});

describe('parsePageData', () => {
  it('refuses a template without data, and data of another schema', () => {
    expect(() => parsePageData(' null ')).toThrow('without data');
    expect(() => parsePageData('{"schema": "pellucid.page/2"}')).toThrow(
      'pellucid.page/2',
    );
  });
});
