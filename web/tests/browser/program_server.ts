/** `pellucid serve` itself, for the tests of one file. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll } from 'vitest';
import { PROGRAM } from './browser';

export interface ProgramServer {
  /** "http://127.0.0.1:PORT/" */
  address: string;
  process: ChildProcess;
  /** POST of JSON to a route of the API. */
  post(route: string, body: unknown, signal?: AbortSignal): Promise<Response>;
}

/** Started with `args()` on a free port before the tests, ended behind them. */
export function useServer(args: () => string[] = () => []): ProgramServer {
  const server = {
    address: '',
    post: (route: string, body: unknown, signal?: AbortSignal) =>
      fetch(`${server.address}api/v1/${route}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
        ...(signal && { signal }),
      }),
  } as ProgramServer;
  beforeAll(async () => {
    const child = spawn(PROGRAM, ['serve', '--port', '0', ...args()], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    server.process = child;
    const [line] = (await Promise.race([
      once(createInterface(child.stdout), 'line'),
      once(child, 'exit').then(() => ['']),
    ])) as [string];
    if (line === '') throw new Error('pellucid serve did not start');
    server.address = line;
  });
  afterAll(async () => {
    if (server.process?.exitCode !== null) return;
    const ended = once(server.process, 'exit');
    server.process.kill('SIGINT');
    await ended;
  });
  return server;
}
