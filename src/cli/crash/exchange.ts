/** Many commands on one connection, written together, and their replies. */

import type { Reply } from '../../protocol/reply-decoder.ts';
import { type Connection, ConnectionError, encodeCommand } from '../connection.ts';
import { blockReply } from './block.ts';

/** Bytes of commands whose words are latin1. */
export function encodeAll(commands: readonly (readonly string[])[]): Buffer {
  return Buffer.concat(
    commands.map((words) => encodeCommand(words.map((word) => Buffer.from(word, 'latin1')))),
  );
}

/** The reply as RESP2 has it, without the line's end, where that is one line; of an array, those of its items. */
export function lineOf(reply: Reply): string {
  if (reply.type === 'simple') return `+${reply.text}`;
  if (reply.type === 'integer') return `:${reply.text}`;
  if (reply.type === 'error') return `-${reply.text}`;
  if (reply.type === 'array') return blockReply(reply.items.map(lineOf));
  return 'text' in reply ? `"${reply.text}"` : `(${reply.type})`;
}

/** Sends the commands at once and resolves to their replies. Rejects with ConnectionError. */
export function exchangeAll(
  connection: Connection,
  commands: readonly (readonly string[])[],
): Promise<Reply[]> {
  return new Promise((resolve, reject) => {
    const replies: Reply[] = [];
    connection.onLost = reject;
    connection.onStray = (reply) => {
      replies.push(reply);
      if (replies.length === commands.length) resolve(replies);
    };
    if (!connection.isOpen) reject(new ConnectionError('Error: Server closed the connection'));
    void connection.sendRaw(encodeAll(commands));
  });
}
