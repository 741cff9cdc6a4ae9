import { createHash } from 'node:crypto';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import type { Plugin } from 'vite';
import { viteSingleFile } from 'vite-plugin-singlefile';
import { defineConfig } from 'vitest/config';

/** The hash of an inline element, as a content security policy names it. */
function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}

/** Puts the script behind the data, and their hashes into the policy. */
function finishPage(): Plugin {
  return {
    name: 'finish-page',
    enforce: 'post',
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        const page = bundle['index.html'];
        if (page?.type !== 'asset') throw new Error('no index.html was built');
        let html = String(page.source);
        const script =
          /<script type="module"[^>]*>([\s\S]*?)<\/script>\s*/.exec(html);
        const style = /<style[^>]*>([\s\S]*?)<\/style>/.exec(html);
        if (!script?.[1] || !style?.[1]) throw new Error('nothing is inline');
        const code = script[1].trim();
        html = html
          .replace(script[0], '')
          .replace(style[0], () => `<style>${style[1]}</style>`)
          .replace('SCRIPT_HASH', hashOf(code))
          .replace('STYLE_HASH', hashOf(style[1]))
          .replace(
            '</body>',
            () => `<script type="module">${code}</script>\n  </body>`,
          );
        page.source = html;
        page.fileName = 'page.html';
      },
    },
  };
}

export default defineConfig({
  plugins: [
    svelte(),
    viteSingleFile({ removeViteModuleLoader: true }),
    finishPage(),
  ],
  build: { target: 'es2022', modulePreload: false },
  test: { include: ['tests/unit/**/*.test.ts'] },
});
