/**
 * A small RESP2 client for a benchmark's questions around a measurement (is the answer right, how many keys are
 * there). It is written apart from the product's own parser on purpose: what checks a server must not share its bugs.
 * Not for load: see load.ts.
 */
import net from 'node:net';

export type Reply = string | number | null | Error | Reply[];

const limitMs = 20_000;

/** A command in the form of an array of bulk strings. */
export function encode(words: string[]): Buffer {
  const parts = [`*${words.length}\r\n`];
  for (const word of words) parts.push(`$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  return Buffer.from(parts.join(''));
}

/** The reply that begins at `offset`, and where it ends; null while bytes of it are missing. */
function parseReply(bytes: Buffer, offset: number): { reply: Reply; end: number } | null {
  const lineEnd = bytes.indexOf('\r\n', offset, 'latin1');
  if (lineEnd < 0) return null;
  const line = bytes.toString('utf8', offset + 1, lineEnd);
  const end = lineEnd + 2;
  switch (String.fromCharCode(bytes[offset]!)) {
    case '+':
      return { reply: line, end };
    case '-':
      return { reply: new Error(line), end };
    case ':':
      return { reply: Number(line), end };
    case '$': {
      const length = Number(line);
      if (length < 0) return { reply: null, end };
      if (bytes.length < end + length + 2) return null;
      return { reply: bytes.toString('utf8', end, end + length), end: end + length + 2 };
    }
    case '*':
      return parseArray(bytes, Number(line), end);
    default:
      throw new Error(`not a RESP2 reply: ${JSON.stringify(line.slice(0, 60))}`);
  }
}

function parseArray(bytes: Buffer, count: number, offset: number): { reply: Reply; end: number } | null {
  if (count < 0) return { reply: null, end: offset };
  const items: Reply[] = [];
  let end = offset;
  for (let index = 0; index < count; index++) {
    const item = parseReply(bytes, end);
    if (item === null) return null;
    items.push(item.reply);
    end = item.end;
  }
  return { reply: items, end };
}

/** Sends the commands in one pipeline on a connection of their own and answers their replies in order. */
export function ask(port: number, commands: string[][]): Promise<Reply[]> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
    const replies: Reply[] = [];
    let unread: Buffer = Buffer.alloc(0);
    const fail = (why: string) => {
      socket.destroy();
      reject(new Error(`port ${port}: ${why}`));
    };
    socket.setTimeout(limitMs, () => fail(`no reply to ${commands[replies.length]?.[0]} in ${limitMs} ms`));
    socket.once('error', (error) => fail(error.message));
    socket.once('close', () => fail('connection closed before all replies came'));
    socket.once('connect', () => socket.write(Buffer.concat(commands.map(encode))));
    socket.on('data', (bytes) => {
      unread = Buffer.concat([unread, bytes]);
      try {
        for (let next = parseReply(unread, 0); next !== null; next = parseReply(unread, 0)) {
          replies.push(next.reply);
          unread = unread.subarray(next.end);
          if (unread.length === 0) break;
        }
      } catch (error) {
        fail((error as Error).message);
        return;
      }
      if (replies.length < commands.length) return;
      socket.destroy();
      resolve(replies);
    });
  });
}
