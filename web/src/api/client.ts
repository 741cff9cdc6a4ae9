/** Talks to `pellucid serve` (docs/page.md, "The server's interface"). */
import type { Block, RunData, RunEnd } from '../data/page_data';
import { readEvents, readObjects } from './lines';

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
  lens?: string;
  layers?: string;
  positions?: string;
  sites?: string;
  top_k?: number;
  targets?: string[];
  what_if?: WhatIf[];
}

export interface GenerateRequest {
  text: string;
  model?: string;
  max_tokens: number;
  temperature?: number;
  seed?: number;
  what_if?: WhatIf[];
}

export interface ModelEntry {
  ref: string;
  architecture: string;
  bytes: number;
}

/** What can be chosen of a model. */
export interface ModelChoices {
  layers: number;
  heads: number;
  /** Names of lenses, the logit lens first. */
  lenses: string[];
}

export interface LensEvents {
  run(data: RunData): void;
  block(block: Block): void;
  end(end: RunEnd): void;
}

export interface WrittenToken {
  id: number;
  /** Null in a model without tokenizer. */
  text: string | null;
  logprob: number;
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

function bodyOf(response: Response): ReadableStream<Uint8Array> {
  if (!response.body) throw new ServerError('failed', 'an empty answer');
  return response.body;
}

export class Client {
  constructor(readonly token: string | null) {}

  async models(): Promise<{ models: ModelEntry[]; default: string }> {
    const response = await this.#send('models');
    return (await response.json()) as { models: ModelEntry[]; default: string };
  }

  async choices(model: string): Promise<ModelChoices> {
    const response = await this.#send(
      `info?model=${encodeURIComponent(model)}`,
    );
    const info = (await response.json()) as {
      model: { n_layers: number; n_heads: number };
      serve: { lenses: string[] };
    };
    return {
      layers: info.model.n_layers,
      heads: info.model.n_heads,
      lenses: info.serve.lenses,
    };
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
    let finished = false;
    for await (const line of readObjects(bodyOf(response))) {
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

  /** Streams a continuation: why it ended, "length" or "stop". */
  async generate(
    request: GenerateRequest,
    signal: AbortSignal,
    onToken: (token: WrittenToken) => void,
  ): Promise<string> {
    const response = await this.#send('generate', request, signal);
    for await (const { name, data } of readEvents(bodyOf(response))) {
      if (isError(data)) {
        throw new ServerError(data.error.code, data.error.message);
      }
      if (name === 'done') return (data as { finish: string }).finish;
      onToken(data as WrittenToken);
    }
    throw new ServerError('failed', 'the server stopped half-way');
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
