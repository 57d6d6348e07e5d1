/**
 * Traces as CSV: `time,key[,size[,ttl]]`, the time in seconds, the size of the value in bytes, the time to live in seconds (empty or 0: for ever). A key with
 * commas stands in double quotes, with doubled ones for its own. A first line that has no number in front is a heading.
 */
import { KIND, keyCheck, keyHash, NEVER, type RequestBatch } from '../requests.ts';
import { badLine, eachLine, type Line } from './lines.ts';

/** What an entry takes beside its key and value. */
export const ENTRY_OVERHEAD_BYTES = 40;

const COMMA = 44;
const QUOTE = 34;

export async function readCsv(file: string, batch: RequestBatch): Promise<void> {
  await eachLine(file, (line) => {
    const fields = fieldsOf(line);
    if (fields === undefined) throw badLine(file, line, 'a quoted field does not end');
    const [time = '', key = '', size = '', ttl = ''] = fields;
    const seconds = numberOf(time);
    if (seconds === undefined) {
      if (line.number === 1) return;
      throw badLine(file, line, 'the time is not a number');
    }
    if (fields.length < 2) throw badLine(file, line, 'there is no key');
    const bytes = size === '' ? undefined : numberOf(size);
    if (size !== '' && bytes === undefined) throw badLine(file, line, 'the size is not a number');
    const lifeSeconds = ttl === '' ? 0 : numberOf(ttl);
    if (lifeSeconds === undefined) throw badLine(file, line, 'the time to live is not a number');
    const timeMs = seconds * 1000;
    const keyBytes = Buffer.from(key, 'latin1');
    const weight = bytes === undefined ? undefined : bytes + keyBytes.length + ENTRY_OVERHEAD_BYTES;
    const expiresAtMs = lifeSeconds > 0 ? timeMs + lifeSeconds * 1000 : NEVER;
    batch.add(KIND.load, keyHash(keyBytes), keyCheck(keyBytes), timeMs, expiresAtMs, weight);
  });
}

/** A number from 0; undefined for anything else. */
function numberOf(text: string): number | undefined {
  const value = Number(text);
  return text.trim() === '' || !(value >= 0) || value === Infinity ? undefined : value;
}

/** Undefined when a quote is not closed. One character a byte. */
function fieldsOf({ bytes, start, end }: Line): string[] | undefined {
  const fields: string[] = [];
  for (let at = start; at <= end; at++) {
    if (bytes[at] !== QUOTE || at === end) {
      const comma = bytes.indexOf(COMMA, at);
      const fieldEnd = comma < 0 || comma > end ? end : comma;
      fields.push(Buffer.from(bytes.buffer, bytes.byteOffset + at, fieldEnd - at).toString('latin1'));
      at = fieldEnd;
      continue;
    }
    let field = '';
    for (at++; ; at++) {
      if (at >= end) return undefined;
      if (bytes[at] === QUOTE && bytes[++at] !== QUOTE) break;
      field += String.fromCharCode(bytes[at]!);
    }
    if (at < end && bytes[at] !== COMMA) return undefined;
    fields.push(field);
  }
  return fields;
}
