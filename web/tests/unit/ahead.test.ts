import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  Client,
  type LensEvents,
  type LensRequest,
} from '../../src/api/client';
import type { Block, RunData, RunEnd } from '../../src/data/page_data';
import { Ahead } from '../../src/state/ahead';

/** A run that ends when a test says so. */
interface Asked {
  request: LensRequest;
  signal: AbortSignal;
  events: LensEvents;
  end: () => void;
  fail: (error: Error) => void;
}

class SlowClient extends Client {
  readonly asked: Asked[] = [];
  constructor() {
    super(null);
  }
  override lens(
    request: LensRequest,
    signal: AbortSignal,
    events: LensEvents,
  ): Promise<void> {
    return new Promise((end, fail) => {
      signal.addEventListener('abort', () => fail(new Error('aborted')));
      this.asked.push({ request, signal, events, end, fail });
    });
  }
  last(): Asked {
    const last = this.asked.at(-1);
    if (!last) throw new Error('nothing was asked for');
    return last;
  }
}

const prompt = (text: string, model = 'm'): LensRequest => ({ text, model });
const signal = () => new AbortController().signal;
const settled = () => vi.advanceTimersByTimeAsync(0);

/** Notes what it is told. */
function listener() {
  const told: string[] = [];
  const events: LensEvents = {
    run: () => told.push('run'),
    block: () => told.push('block'),
    end: () => told.push('end'),
  };
  return { told, events };
}

describe('a prompt that is run while it is typed', () => {
  let client: SlowClient;
  let ahead: Ahead;
  beforeEach(() => {
    vi.useFakeTimers();
    client = new SlowClient();
    ahead = new Ahead(client);
  });
  afterEach(() => vi.useRealTimers());

  it('is handed over with what has come and what comes', async () => {
    ahead.want(prompt('a'));
    const asked = client.last();
    asked.events.run({} as RunData);
    asked.events.block({} as Block);
    const { told, events } = listener();
    const ended = ahead.take(prompt('a'))?.handOver(signal(), events);
    expect(told).toEqual(['run', 'block']);
    asked.events.end({} as RunEnd);
    asked.end();
    await ended;
    expect(told).toEqual(['run', 'block', 'end']);
    expect(client.asked.length).toBe(1);
  });

  it('is there when it ended before', async () => {
    ahead.want(prompt('a'));
    const asked = client.last();
    asked.events.run({} as RunData);
    asked.events.end({} as RunEnd);
    asked.end();
    await settled();
    const { told, events } = listener();
    await ahead.take(prompt('a'))?.handOver(signal(), events);
    expect(told).toEqual(['run', 'end']);
  });

  it('is the newest once the one before has ended', async () => {
    ahead.want(prompt('a'));
    ahead.want(prompt('ab'));
    ahead.want(prompt('abc'));
    expect(client.asked.length).toBe(1);
    client.last().end();
    await settled();
    expect(client.asked.map((a) => a.request.text)).toEqual(['a', 'abc']);
  });

  it('is not begun twice, nor when what was typed is taken back', async () => {
    ahead.want(prompt('a'));
    ahead.want(prompt('ab'));
    ahead.want(prompt('a'));
    client.last().end();
    await settled();
    ahead.want(prompt('a'));
    expect(client.asked.length).toBe(1);
  });

  it('is stopped when another one is asked for', () => {
    ahead.want(prompt('a'));
    expect(ahead.take(prompt('b'))).toBe(null);
    expect(client.last().signal.aborted).toBe(true);
  });

  it('ends with whoever took it', async () => {
    ahead.want(prompt('a'));
    const abort = new AbortController();
    const taken = ahead.take(prompt('a'));
    const ended = taken?.handOver(abort.signal, listener().events);
    abort.abort();
    await expect(ended).rejects.toThrow('aborted');
    expect(client.last().signal.aborted).toBe(true);
  });

  it('is asked for anew when it failed', async () => {
    ahead.want(prompt('a'));
    client.last().fail(new Error('busy'));
    await settled();
    expect(ahead.take(prompt('a'))).toBe(null);
  });

  it('is left where it takes long, until there is another model', async () => {
    ahead.want(prompt('abc'));
    await vi.advanceTimersByTimeAsync(1001);
    expect(client.last().signal.aborted).toBe(true);
    ahead.want(prompt('abcd'));
    expect(client.asked.length).toBe(1);
    ahead.want(prompt('ab'));
    expect(client.asked.length).toBe(2);
    client.last().end();
    await settled();
    ahead.want(prompt('abcd', 'another'));
    expect(client.asked.length).toBe(3);
  });

  it('may take long once somebody waits for it', async () => {
    ahead.want(prompt('a'));
    const taken = ahead.take(prompt('a'));
    void taken?.handOver(signal(), listener().events);
    await vi.advanceTimersByTimeAsync(5000);
    expect(client.last().signal.aborted).toBe(false);
  });

  it('is not run when it is empty or very long', () => {
    ahead.want(prompt(''));
    ahead.want(prompt('x'.repeat(301)));
    expect(client.asked.length).toBe(0);
  });
});
