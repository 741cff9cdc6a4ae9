/** Comparing pictures, by the browser that draws them. */
import type { Page } from 'playwright-core';

/**
 * Share of pixels in which a channel differs by more than 48 of 255, after
 * squares of `block` pixels a side were averaged; 1 where sizes differ.
 */
export async function pictureDifference(
  page: Page,
  a: Buffer,
  b: Buffer,
  block = 1,
): Promise<number> {
  return page.evaluate(
    async ([one, two, side]) => {
      const pixels = async (base64: string) => {
        const image = new Image();
        image.src = `data:image/png;base64,${base64}`;
        await image.decode();
        const width = Math.floor(image.width / side);
        const height = Math.floor(image.height / side);
        const canvas = new OffscreenCanvas(width, height);
        const context = canvas.getContext('2d');
        if (context) context.imageSmoothingQuality = 'high';
        context?.drawImage(image, 0, 0, width, height);
        return context?.getImageData(0, 0, width, height).data ?? [];
      };
      const left = await pixels(one);
      const right = await pixels(two);
      if (left.length !== right.length) return 1;
      let other = 0;
      for (let i = 0; i < left.length; i += 4) {
        const apart = [0, 1, 2].some(
          (c) => Math.abs((left[i + c] ?? 0) - (right[i + c] ?? 0)) > 48,
        );
        if (apart) other += 1;
      }
      return other / (left.length / 4);
    },
    [a.toString('base64'), b.toString('base64'), block] as const,
  );
}
