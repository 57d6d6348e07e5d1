/** Commands as COMMAND DOCS describes them, for tests of what is made of that. */
import { type CommandDocs, readDocs } from '../../../src/cli/docs.ts';
import type { Reply } from '../../../src/protocol/reply-decoder.ts';

type Plain = string | Plain[] | { readonly [name: string]: Plain };

const arg = (name: string, type = 'key', more: Record<string, Plain> = {}) => ({ name, type, ...more });
const token = (word: string) => arg(word.toLowerCase(), 'pure-token', { token: word });
const optional = { flags: ['optional'] };

const COMMANDS: Record<string, Plain> = {
  get: { summary: 'Returns a value.', since: '1.0.0', group: 'string', arguments: [arg('key')] },
  mget: { summary: '', group: 'string', arguments: [arg('key', 'key', { flags: ['multiple'] })] },
  set: {
    group: 'string',
    arguments: [
      arg('key'),
      arg('value', 'string'),
      arg('condition', 'oneof', { ...optional, arguments: [token('NX'), token('XX')] }),
      arg('get', 'pure-token', { token: 'GET', ...optional }),
      arg('expiration', 'oneof', {
        ...optional,
        arguments: [
          arg('seconds', 'integer', { token: 'EX' }),
          arg('milliseconds', 'integer', { token: 'PX' }),
          token('KEEPTTL'),
        ],
      }),
    ],
  },
  blpop: { group: 'list', arguments: [arg('key', 'key', { flags: ['multiple'] }), arg('timeout', 'double')] },
  zrandmember: {
    group: 'sorted-set',
    arguments: [
      arg('key'),
      arg('options', 'block', {
        ...optional,
        arguments: [
          arg('count', 'integer'),
          arg('withscores', 'pure-token', { token: 'WITHSCORES', ...optional }),
        ],
      }),
    ],
  },
  zinter: {
    group: 'sorted-set',
    arguments: [
      arg('numkeys', 'integer'),
      arg('key', 'key', { flags: ['multiple'] }),
      arg('weight', 'integer', { token: 'WEIGHTS', flags: ['optional', 'multiple'] }),
      arg('withscores', 'pure-token', { token: 'WITHSCORES', ...optional }),
    ],
  },
  sort: {
    group: 'generic',
    arguments: [
      arg('key'),
      arg('pattern', 'pattern', { token: 'GET', flags: ['optional', 'multiple', 'multiple_token'] }),
    ],
  },
  config: {
    group: 'server',
    subcommands: {
      'config|get': { group: 'server', arguments: [arg('parameter', 'string', { flags: ['multiple'] })] },
      'config|set': {
        group: 'server',
        arguments: [
          arg('data', 'block', {
            flags: ['multiple'],
            arguments: [arg('parameter', 'string'), arg('value', 'string', { display_text: 'new-value' })],
          }),
        ],
      },
      'config|rewrite': { group: 'server' },
    },
  },
};

/** As the server answers; in RESP2 maps are arrays. */
export function docsReply(resp: 2 | 3, value: Plain = COMMANDS): Reply {
  if (typeof value === 'string') return { type: 'bulk', text: value };
  if (Array.isArray(value)) return { type: 'array', items: value.map((item) => docsReply(resp, item)) };
  const items = Object.entries(value).flatMap(([name, item]) => [
    docsReply(resp, name),
    docsReply(resp, item),
  ]);
  return { type: resp === 3 ? 'map' : 'array', items };
}

export const docs: readonly CommandDocs[] = readDocs(docsReply(3));
