/**
 * Colours of shaded cells. Viridis (van der Walt & Smith 2015, CC0), cividis
 * (Nunez, Anderton & Renslow 2018) and blue to red, on the anchors of
 * src/render/palette.cc: straight lines between them stay within 1 of the
 * published tables.
 */
import { scaleLinear } from 'd3-scale';

export type Scale = 'viridis' | 'cividis';

type Anchors = [index: number, hex: string][];

const VIRIDIS: Anchors = [
  [0, '#440154'],
  [17, '#481a6c'],
  [35, '#46307e'],
  [58, '#3e4c8a'],
  [93, '#2d708e'],
  [129, '#20928c'],
  [144, '#1fa088'],
  [157, '#25ac82'],
  [172, '#38b977'],
  [184, '#4ec36b'],
  [203, '#77d153'],
  [233, '#c5e021'],
  [242, '#dde318'],
  [248, '#ece51b'],
  [255, '#fde725'],
];
const CIVIDIS: Anchors = [
  [0, '#00224e'],
  [17, '#002e6c'],
  [23, '#013271'],
  [26, '#0c3470'],
  [32, '#1a386f'],
  [47, '#31436d'],
  [83, '#555c6d'],
  [130, '#7e7d78'],
  [162, '#9d9576'],
  [195, '#bfb06b'],
  [224, '#dec958'],
  [241, '#f1d945'],
  [251, '#fde334'],
  [255, '#fee838'],
];
const BLUE_RED: Anchors = [
  [0, '#144682'],
  [42.5, '#5a8fc8'],
  [85, '#b4cfec'],
  [127.5, '#f7f7f7'],
  [170, '#f5c2a8'],
  [212.5, '#dc715a'],
  [255, '#960f28'],
];

export interface Paint {
  background: string;
  text: string;
}

const STEPS = 256;

function linear(channel: number): number {
  const c = channel / 255;
  return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
}

/** Black or white, whichever has the higher contrast (WCAG 2.1). */
export function textOn(rgb: string): string {
  const [r = 0, g = 0, b = 0] = (rgb.match(/\d+/g) ?? []).map(Number);
  const light = 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  return (light + 0.05) ** 2 > 1.05 * 0.05 ? '#000' : '#fff';
}

function paints(anchors: Anchors): Paint[] {
  const scale = scaleLinear(
    anchors.map(([index]) => index / 255),
    anchors.map(([, hex]) => hex),
  );
  return Array.from({ length: STEPS }, (_, i) => {
    const background = scale(i / (STEPS - 1));
    return { background, text: textOn(background) };
  });
}

const ALL: Record<Scale | 'diverging', Paint[]> = {
  viridis: paints(VIRIDIS),
  cividis: paints(CIVIDIS),
  diverging: paints(BLUE_RED),
};

/** The paint of a shade in [0, 1]; null for NaN. */
export function paintOf(
  scale: Scale | 'diverging',
  shade: number,
): Paint | null {
  if (Number.isNaN(shade)) return null;
  return ALL[scale][Math.round(shade * (STEPS - 1))] ?? null;
}

/**
 * Colours of lines that differ to all common kinds of colour vision (Okabe &
 * Ito 2008), less yellow, which is too light for a line; after these, dashes.
 */
export const LINE_COLORS = [
  '#0072b2',
  '#d55e00',
  '#009e73',
  '#cc79a7',
  '#e69f00',
  '#56b4e9',
];
