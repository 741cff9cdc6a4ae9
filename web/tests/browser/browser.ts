/**
 * Chromium, pages that the program writes for it, and what every test asks of
 * every page: no error, no request, nothing that axe objects to.
 *
 * PELLUCID_PROGRAM names the program, PELLUCID_CHROMIUM the browser.
 */
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect } from 'vitest';
import type { RunData } from '../../src/data/page_data';

export const PROGRAM = process.env.PELLUCID_PROGRAM ?? 'pellucid';
const CHROMIUM = process.env.PELLUCID_CHROMIUM ?? '/usr/bin/chromium';

export interface Opened {
  page: Page;
  /** What the console, the policy or an exception said. */
  problems: string[];
  /** Addresses asked for, other than the page's own. */
  requests: string[];
}

export interface View {
  width?: number;
  height?: number;
  dark?: boolean;
  fragment?: string;
}

/** A browser for the tests of one file. */
export function useBrowser() {
  let browser: Browser;
  let folder = '';
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'pellucid-page-'));
    browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: ['--no-sandbox', '--force-color-profile=srgb'],
    });
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function open(address: string, view: View = {}): Promise<Opened> {
    const context = await browser.newContext({
      viewport: { width: view.width ?? 1200, height: view.height ?? 800 },
      colorScheme: view.dark ? 'dark' : 'light',
      acceptDownloads: true,
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    const page = await context.newPage();
    const opened: Opened = { page, problems: [], requests: [] };
    page.on('pageerror', (error) => opened.problems.push(error.message));
    page.on('console', (message) => {
      if (message.type() !== 'log') opened.problems.push(message.text());
    });
    page.on('request', (request) => {
      const url = request.url();
      if (!/^(data|blob):/.test(url) && url.split('#')[0] !== address) {
        opened.requests.push(url);
      }
    });
    await page.goto(address + (view.fragment ? `#${view.fragment}` : ''));
    return opened;
  }

  return {
    open,
    path: (name: string) => join(folder, name),
    write(name: string, text: string): string {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    },
    /** Runs the program with `--html` of a file in the folder: its address. */
    pageOf(name: string, ...args: string[]): string {
      const path = join(folder, name);
      execFileSync(PROGRAM, [...args, '--html', path], {
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      return pathToFileURL(path).href;
    },
    /** The same for what takes long: the tests' own clock goes on meanwhile. */
    async slowPageOf(name: string, ...args: string[]): Promise<string> {
      const path = join(folder, name);
      await promisify(execFile)(PROGRAM, [...args, '--html', path]);
      return pathToFileURL(path).href;
    },
  };
}

export function cellAt(page: Page, row: number, position: number) {
  return page.locator(
    `[data-testid=cell][data-row="${row}"][data-position="${position}"]`,
  );
}

export const cursor = (page: Page) => page.getByTestId('cursor').first();

const AXE = readFileSync(
  createRequire(import.meta.url).resolve('axe-core/axe.min.js'),
  'utf8',
);

interface AxeResult {
  violations: {
    id: string;
    nodes: { html: string; failureSummary: string }[];
  }[];
}

/** axe finds nothing to object to; of `rules` alone, where some are named. */
export async function expectAccessible(
  page: Page,
  rules: string[] = [],
): Promise<void> {
  // The debugger's own evaluation, which the page's policy does not bind.
  await page.evaluate(AXE);
  const { violations } = (await page.evaluate(
    `axe.run({runOnly: ${rules.length ? JSON.stringify(rules) : undefined}})`,
  )) as AxeResult;
  const found = violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.html}\n${node.failureSummary}`),
  );
  expect(found).toEqual([]);
}

export function expectQuiet({ problems, requests }: Opened): void {
  expect(problems).toEqual([]);
  expect(requests).toEqual([]);
}

/** The data of a page of a lens, and what stands before and behind them. */
export function takeApart(page: string): {
  runs: RunData[];
  with: (data: unknown) => string;
} {
  const slot = /(id="pellucid-data">)([\s\S]*?)(<\/script>)/.exec(page);
  if (!slot?.[2]) throw new Error('no data in the page');
  const { runs } = JSON.parse(slot[2]) as { runs: RunData[] };
  return {
    runs,
    with: (data) =>
      page.replace(
        slot[0],
        () => `${slot[1]}${JSON.stringify(data)}${slot[3]}`,
      ),
  };
}
