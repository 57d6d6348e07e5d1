/** Bytes that a hostile or broken client might send: noise, and requests with damage in telling places. */
import { encodeCommand } from '../support/client.ts';
import type { Random } from '../support/random.ts';

/** Without what lies between our limit of words (1048576) and that of Redis 7 (2147483647). */
const LENGTHS = [
  '',
  '-',
  '+',
  '0',
  '-0',
  '-1',
  '-2',
  '+1',
  '1',
  '2',
  '3',
  '00',
  '01',
  '001',
  ' 1',
  '1 ',
  '1a',
  'a',
  '0x1',
  '1.0',
  '1e1',
  '1048576',
  '2147483648',
  '4294967295',
  '4294967297',
  '9223372036854775807',
  '9223372036854775808',
  '-9223372036854775808',
  '99999999999999999999999',
] as const;
const LINE_ENDS = ['\r\n', '\r\n', '\r\n', '\n', '\r', '\r\r\n', '\n\r', ''] as const;
const TYPE_BYTES = '*$+-:_~%#,(=>|PX\0\r\n \'"';

/** Words of commands that change nothing but their own keys and answer the same on any server. */
export function harmlessCommand(random: Random): string[] {
  const key = `k${random.below(5)}`;
  switch (random.below(8)) {
    case 0:
      return ['PING'];
    case 1:
      return ['ECHO', random.bytes(random.below(20)).toString('latin1')];
    case 2:
      return ['SET', key, random.bytes(random.below(40)).toString('latin1')];
    case 3:
      return ['GET', key];
    case 4:
      return ['DEL', key, 'k1'];
    case 5:
      return ['INCR', `n${random.below(3)}`];
    case 6:
      return ['STRLEN', key];
    default:
      return ['APPEND', key, 'x'];
  }
}

function hostileHeader(random: Random): string {
  const type = random.oneIn(4) ? random.pick([...TYPE_BYTES]) : random.pick(['*', '$']);
  return type + random.pick(LENGTHS) + random.pick(LINE_ENDS);
}

/** A valid command with one thing wrong with it. */
function damagedCommand(random: Random): Buffer {
  const bytes = Buffer.from(encodeCommand(harmlessCommand(random)));
  const at = random.below(bytes.length);
  switch (random.below(5)) {
    case 0:
      bytes[at] = random.below(256);
      return bytes;
    case 1:
      return bytes.subarray(0, at);
    case 2:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]);
    case 3:
      return Buffer.concat([bytes.subarray(0, at), random.bytes(1), bytes.subarray(at)]);
    default:
      return Buffer.from(
        bytes.toString('latin1').replace(/\d+\r\n/, () => `${random.pick(LENGTHS)}\r\n`),
        'latin1',
      );
  }
}

function hostilePiece(random: Random): Buffer {
  switch (random.below(6)) {
    case 0:
      return random.bytes(random.below(60));
    case 1:
      return Buffer.from(hostileHeader(random), 'latin1');
    case 2:
      return Buffer.from(`${harmlessCommand(random)[0]}${random.pick(LINE_ENDS)}`, 'latin1');
    case 3:
      return damagedCommand(random);
    default:
      return encodeCommand(harmlessCommand(random));
  }
}

/** Up to eight pieces, valid and hostile, in a row. */
export function hostileBytes(random: Random): Buffer {
  return Buffer.concat(Array.from({ length: random.between(1, 8) }, () => hostilePiece(random)));
}
