/**
 * Arrays of numbers as the page's file holds them: `{"f32": "AACAPw=="}`,
 * little-endian in base64 (docs/page.md).
 */
export type Packed =
  { u8: string } | { u16: string } | { u32: string } | { f32: string };

export type Numbers = Uint8Array | Uint16Array | Uint32Array | Float32Array;

function bytesOf(base64: string): ArrayBuffer {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; ++i) bytes[i] = text.charCodeAt(i);
  return bytes.buffer;
}

/**
 * Browsers run on little-endian machines only, so the bytes are taken as they
 * lie. Throws a RangeError where they are no whole number of elements.
 */
export function unpack(packed: Packed): Numbers {
  if ('u8' in packed) return new Uint8Array(bytesOf(packed.u8));
  if ('u16' in packed) return new Uint16Array(bytesOf(packed.u16));
  if ('u32' in packed) return new Uint32Array(bytesOf(packed.u32));
  return new Float32Array(bytesOf(packed.f32));
}

/** The same; throws where there are not `length` numbers. */
export function unpackExactly(packed: Packed, length: number): Numbers {
  const numbers = unpack(packed);
  if (numbers.length !== length) {
    throw new RangeError(`${numbers.length} numbers where ${length} belong`);
  }
  return numbers;
}
