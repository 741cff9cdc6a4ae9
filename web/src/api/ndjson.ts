/** Lines of a response, each one JSON object, as they arrive. */
export async function* readLines(
  stream: ReadableStream<Uint8Array>,
): AsyncGenerator<unknown> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let held = '';
  try {
    while (true) {
      const { done, value } = await reader.read();
      held += decoder.decode(value, { stream: !done });
      const lines = held.split('\n');
      held = lines.pop() ?? '';
      for (const line of lines) if (line !== '') yield JSON.parse(line);
      if (done) break;
    }
    if (held !== '') yield JSON.parse(held);
  } finally {
    // Whoever stops reading frees the server, too.
    await reader.cancel().catch(() => undefined);
  }
}
