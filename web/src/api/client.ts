/** Talks to `pellucid serve` (docs/page.md, "The server's interface"). */
import type { Block, RunData, RunEnd } from '../data/page_data';
import { readLines } from './ndjson';

export type WhatIf =
  | { do: 'zero_head'; layer: number; head: number }
  | {
      do: 'patch';
      from: string;
      site: string;
      layer: number;
      position: number;
    }
  | {
      do: 'steer';
      plus: string;
      minus?: string;
      layer: number;
      scale: number;
    };

export interface LensRequest {
  text: string;
  model?: string;
  layers?: string;
  positions?: string;
  sites?: string;
  top_k?: number;
  targets?: string[];
  what_if?: WhatIf[];
}

export interface ModelEntry {
  ref: string;
  architecture: string;
  bytes: number;
}

export interface LensEvents {
  run(data: RunData): void;
  block(block: Block): void;
  end(end: RunEnd): void;
}

/** What the server says went wrong, in its words. */
export class ServerError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

interface ErrorBody {
  error: { code: string; message: string };
}

function isError(value: unknown): value is ErrorBody {
  return typeof value === 'object' && value !== null && 'error' in value;
}

async function checked(response: Response): Promise<Response> {
  if (response.ok) return response;
  const body: unknown = await response.json().catch(() => null);
  if (isError(body)) throw new ServerError(body.error.code, body.error.message);
  throw new ServerError('failed', `the server answers ${response.status}`);
}

export class Client {
  constructor(readonly token: string | null) {}

  async models(): Promise<{ models: ModelEntry[]; default: string }> {
    const response = await this.#send('models');
    return (await response.json()) as { models: ModelEntry[]; default: string };
  }

  /** Streams a lens; rejects with an AbortError once `signal` is aborted. */
  async lens(
    request: LensRequest,
    signal: AbortSignal,
    events: LensEvents,
  ): Promise<void> {
    const response = await this.#send(
      'lens',
      { ...request, stream: true },
      signal,
    );
    if (!response.body) throw new ServerError('failed', 'an empty answer');
    let finished = false;
    for await (const line of readLines(response.body)) {
      if (isError(line)) {
        throw new ServerError(line.error.code, line.error.message);
      }
      const part = line as { run?: RunData; block?: Block; done?: boolean };
      if (part.run) events.run(part.run);
      else if (part.block) events.block(part.block);
      else if (part.done) {
        finished = true;
        events.end(line as RunEnd);
      }
    }
    if (!finished) {
      throw new ServerError('failed', 'the server stopped half-way');
    }
  }

  /** The page itself, for a file to keep. */
  async template(): Promise<string> {
    return (await checked(await fetch(location.pathname))).text();
  }

  async #send(
    path: string,
    body?: unknown,
    signal?: AbortSignal,
  ): Promise<Response> {
    const headers: Record<string, string> = {};
    if (this.token !== null) headers.Authorization = `Bearer ${this.token}`;
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    const response = await fetch(`api/v1/${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers,
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal && { signal }),
    });
    return checked(response);
  }
}
