/**
 * A whole grid as a picture: shapes first, which then become SVG or are drawn
 * on a canvas for a PNG, so that both show the same.
 */
import { paintOf, type Scale } from '../view/color';
import type { GridSource } from '../view/grid_source';
import { LABEL_WIDTH, ROW_HEIGHT } from '../view/grid';

export interface Legend {
  title: string;
  scale: Scale | 'diverging';
  ticks: { at: number; text: string }[];
}

export type Shape =
  | { kind: 'box'; x: number; y: number; w: number; h: number; fill: string }
  | {
      kind: 'text';
      x: number;
      y: number;
      text: string;
      fill: string;
      size: number;
      anchor: 'start' | 'middle' | 'end';
      bold: boolean;
      /** Longer text is narrowed to it; 0: no limit. */
      room: number;
    };

export interface Picture {
  width: number;
  height: number;
  shapes: Shape[];
}

const MARGIN = 16;
const INK = '#1b1f24';
const GREY = '#57606a';
const FONT = 'system-ui, "DejaVu Sans", "Noto Sans", sans-serif';

class Painter {
  readonly shapes: Shape[] = [];
  box(x: number, y: number, w: number, h: number, fill: string): void {
    this.shapes.push({ kind: 'box', x, y, w, h, fill });
  }
  text(
    x: number,
    y: number,
    text: string,
    more: Partial<Omit<Extract<Shape, { kind: 'text' }>, 'kind'>> = {},
  ): void {
    if (text === '') return;
    this.shapes.push({
      kind: 'text',
      x,
      y,
      text,
      fill: INK,
      size: 12,
      anchor: 'middle',
      bold: false,
      room: 0,
      ...more,
    });
  }
}

function drawLegend(p: Painter, legend: Legend, x: number, y: number): void {
  const width = 160;
  for (let i = 0; i < width; i += 2) {
    const fill = paintOf(legend.scale, i / width)?.background ?? INK;
    p.box(x + i, y, 2, 10, fill);
  }
  for (const { at, text } of legend.ticks) {
    p.text(x + at * width, y + 22, text, { size: 10, fill: GREY });
  }
  p.text(x + width + 10, y + 9, legend.title, { size: 11, anchor: 'start' });
}

function drawCells(p: Painter, source: GridSource, left: number, top: number) {
  const { columnWidth: w } = source;
  source.rows.forEach((row, i) => {
    const y = top + i * ROW_HEIGHT;
    p.text(left - 8, y + 14, row.label, { anchor: 'end' });
    source.columns.forEach((column, j) => {
      const look = source.look(row.key, column.key);
      const x = left + j * w;
      if (look.paint) {
        p.box(x, y, w - 1, ROW_HEIGHT - 1, look.paint.background);
        if (look.bar) p.box(x, y, 3, ROW_HEIGHT - 1, look.paint.text);
      }
      const fill = look.paint?.text ?? INK;
      p.text(x + w / 2, y + 14, look.text, { fill, room: w - 8 });
    });
  });
}

export function gridPicture(
  source: GridSource,
  title: string,
  subtitle: string,
  legend: Legend,
): Picture {
  const p = new Painter();
  const { columnWidth: w } = source;
  const left = MARGIN + LABEL_WIDTH;
  const above = source.aboveTitle ? 24 : 0;
  const top = MARGIN + 48 + above;
  const bottom = top + source.rows.length * ROW_HEIGHT;
  const width = Math.max(
    left + source.columns.length * w + MARGIN,
    MARGIN * 2 + 460,
  );
  const height = bottom + 44 + 40 + MARGIN;
  p.box(0, 0, width, height, '#ffffff');
  const wide = { anchor: 'start', room: width - 2 * MARGIN } as const;
  p.text(MARGIN, MARGIN + 14, title, { ...wide, size: 15, bold: true });
  p.text(MARGIN, MARGIN + 33, subtitle, { ...wide, fill: GREY });
  source.columns.forEach((column, j) => {
    const x = left + j * w + w / 2;
    const room = w - 8;
    if (above) {
      const text = column.hit ? `\u25cf ${column.above}` : column.above;
      p.text(x, top - 8, text, { room, bold: column.hit });
    }
    p.text(x, bottom + 16, column.label, { room, bold: true });
    p.text(x, bottom + 32, column.note, { size: 10, fill: GREY });
  });
  if (above) {
    p.text(left - 8, top - 8, source.aboveTitle, { anchor: 'end', fill: GREY });
  }
  p.text(left - 8, bottom + 16, source.belowTitle, {
    anchor: 'end',
    fill: GREY,
  });
  drawCells(p, source, left, top);
  drawLegend(p, legend, MARGIN, bottom + 50);
  return { width, height, shapes: p.shapes };
}

function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('"', '&quot;');
}

/** About how wide a text is: CJK and emoji take a whole em. */
function roughWidth(text: string, size: number): number {
  let width = 0;
  for (const char of text) {
    width += (char.codePointAt(0) ?? 0) > 0x2e7f ? size : size * 0.62;
  }
  return width;
}

export function svgOf({ width, height, shapes }: Picture): string {
  const out = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" ` +
      `height="${height}" viewBox="0 0 ${width} ${height}" ` +
      `font-family="${escapeXml(FONT)}">`,
  ];
  for (const shape of shapes) {
    if (shape.kind === 'box') {
      const { x, y, w, h, fill } = shape;
      out.push(
        `<rect x="${x}" y="${y}" width="${w}" height="${h}" fill="${fill}"/>`,
      );
      continue;
    }
    const { x, y, text, fill, size, anchor, bold, room } = shape;
    const narrow =
      room > 0 && roughWidth(text, size) > room
        ? ` textLength="${room}" lengthAdjust="spacingAndGlyphs"`
        : '';
    out.push(
      `<text x="${x}" y="${y}" font-size="${size}" fill="${fill}" ` +
        `text-anchor="${anchor}"${bold ? ' font-weight="bold"' : ''}` +
        `${narrow}>${escapeXml(text)}</text>`,
    );
  }
  return out.join('\n') + '\n</svg>\n';
}

/** Browsers draw no canvas beyond this many pixels a side. */
const MOST_PIXELS = 16384;

/** Two pixels a point, or as many as a canvas can hold. */
export async function pngOf(picture: Picture): Promise<Blob> {
  const longest = Math.max(picture.width, picture.height);
  const zoom = Math.min(2, MOST_PIXELS / longest);
  const canvas = document.createElement('canvas');
  canvas.width = Math.ceil(picture.width * zoom);
  canvas.height = Math.ceil(picture.height * zoom);
  const context = canvas.getContext('2d');
  if (!context) throw new Error('this browser draws no canvas');
  context.scale(zoom, zoom);
  for (const shape of picture.shapes) {
    context.fillStyle = shape.fill;
    if (shape.kind === 'box') {
      context.fillRect(shape.x, shape.y, shape.w, shape.h);
      continue;
    }
    context.font = `${shape.bold ? 'bold ' : ''}${shape.size}px ${FONT}`;
    context.textAlign =
      shape.anchor === 'middle' ? 'center' : (shape.anchor as CanvasTextAlign);
    context.fillText(shape.text, shape.x, shape.y, shape.room || undefined);
  }
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) =>
      blob ? resolve(blob) : reject(new Error('the picture is too large')),
    ),
  );
}
