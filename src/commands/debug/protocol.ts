/** DEBUG PROTOCOL: a reply of each type, with Redis's values, for the tests of clients. */
import { NOT_IN_RESP2, WRONG_PROTOCOL_TYPE } from '../../protocol/errors.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import type { ServerContext } from '../context.ts';

/** Of Redis's choice, and not meant for a better one of pi. */
const DOUBLE = Number('3.141');
const BIG_NUMBER = 1234567999999999999999999999999999999n;

const WRITERS: Readonly<Record<string, (reply: ReplyWriter) => void>> = {
  string: (reply) => reply.bulkText('Hello World'),
  integer: (reply) => reply.integer(12345),
  double: (reply) => reply.double(DOUBLE),
  bignum: (reply) => reply.bigNumber(BIG_NUMBER),
  null: (reply) => reply.null(),
  array(reply) {
    reply.array(3);
    for (let i = 0; i < 3; i++) reply.integer(i);
  },
  set(reply) {
    reply.set(3);
    for (let i = 0; i < 3; i++) reply.integer(i);
  },
  map(reply) {
    reply.map(3);
    for (let i = 0; i < 3; i++) {
      reply.integer(i);
      reply.boolean(i === 1);
    }
  },
  attrib(reply) {
    if (reply.attribute(1)) {
      reply.bulkText('key-popularity');
      reply.array(2);
      reply.bulkText('key:123');
      reply.integer(90);
    }
    reply.bulkText('Some real reply following the attribute');
  },
  push(reply) {
    if (reply.resp < 3) {
      reply.error(NOT_IN_RESP2);
      return;
    }
    reply.push(2);
    reply.bulkText('server-cpu-usage');
    reply.integer(42);
    // A push is no reply, and the client waits for one.
    reply.bulkText('Some real reply following the push reply');
  },
  verbatim: (reply) => reply.verbatim('txt', 'This is a verbatim\nstring'),
  true: (reply) => reply.boolean(true),
  false: (reply) => reply.boolean(false),
};

export const PROTOCOL_TYPES: readonly string[] = Object.keys(WRITERS);

export function protocol({ args, reply }: ServerContext): void {
  const type = PROTOCOL_TYPES.find((name) => args.is(2, name));
  if (type === undefined) reply.error(WRONG_PROTOCOL_TYPE);
  else WRITERS[type]!(reply);
}
