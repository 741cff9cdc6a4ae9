/** The server's token, given once in the address as "#token=...". */

/** Takes it out of `fragment`: what is left, and the token. */
export function takeToken(fragment: string): {
  token: string | null;
  rest: string;
} {
  const from = new URLSearchParams(fragment.replace(/^#/, ''));
  const token = from.get('token');
  from.delete('token');
  return { token, rest: from.toString() };
}
