/** Lines of text of a response, as they arrive. */
export async function* readLines(
  stream: ReadableStream<Uint8Array>,
): AsyncGenerator<string> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let held = '';
  try {
    while (true) {
      const { done, value } = await reader.read();
      held += decoder.decode(value, { stream: !done });
      const lines = held.split('\n');
      held = lines.pop() ?? '';
      yield* lines;
      if (done) break;
    }
    if (held !== '') yield held;
  } finally {
    // Whoever stops reading frees the server, too.
    await reader.cancel().catch(() => undefined);
  }
}

/** Lines that are one JSON object each. */
export async function* readObjects(
  stream: ReadableStream<Uint8Array>,
): AsyncGenerator<unknown> {
  for await (const line of readLines(stream)) {
    if (line !== '') yield JSON.parse(line);
  }
}

export interface ServerEvent {
  name: string;
  data: unknown;
}

/** Server-sent events whose data are one line of JSON, as this server's are. */
export async function* readEvents(
  stream: ReadableStream<Uint8Array>,
): AsyncGenerator<ServerEvent> {
  let name = '';
  for await (const line of readLines(stream)) {
    if (line.startsWith('event: ')) name = line.slice('event: '.length);
    else if (line.startsWith('data: ')) {
      yield { name, data: JSON.parse(line.slice('data: '.length)) };
    }
  }
}
