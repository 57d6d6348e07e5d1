/** What the subcommands of CLIENT have in common. */
import type { ArgumentSpec, CommandFlag, CommandSpec, ServerHandler } from './command.ts';
import { token } from './declarations.ts';

const PLAIN_FLAGS: readonly CommandFlag[] = ['noscript', 'loading', 'stale'];
export const ADMIN_FLAGS: readonly CommandFlag[] = ['admin', ...PLAIN_FLAGS];

export const CLIENT_TYPES: readonly ArgumentSpec[] = [
  token('NORMAL'),
  token('MASTER'),
  token('REPLICA'),
  token('PUBSUB'),
];
export const ON_OR_OFF: ArgumentSpec = {
  name: 'enabled',
  type: 'oneof',
  arguments: [token('ON'), token('OFF')],
};
export const CLIENT_ID: ArgumentSpec = { name: 'client-id', type: 'integer' };

interface Subcommand {
  readonly name: string;
  readonly since: string;
  readonly summary: string;
  readonly complexity?: string;
  readonly arity: number;
  readonly flags?: readonly CommandFlag[];
  readonly arguments?: readonly ArgumentSpec[];
  readonly history?: CommandSpec['history'];
  readonly tips?: readonly string[];
  readonly handler: ServerHandler;
  readonly check?: CommandSpec['check'];
  readonly afterReplies?: boolean;
}

/** A subcommand of CLIENT: it runs in the acceptor. */
export function subcommand({ handler, afterReplies = false, ...declared }: Subcommand): CommandSpec {
  return {
    complexity: 'O(1)',
    flags: PLAIN_FLAGS,
    ...declared,
    group: 'connection',
    placement: { at: 'server', handler, afterReplies },
  };
}

/** The canonical name of a type that CLIENT LIST and KILL can be asked for, or undefined. */
export function typeByName(name: string): string | undefined {
  const lower = name.toLowerCase();
  if (lower === 'slave') return 'replica';
  return ['normal', 'master', 'replica', 'pubsub'].includes(lower) ? lower : undefined;
}
