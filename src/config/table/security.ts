/** Options: who may do what. */
import { oneOf, text } from '../kinds.ts';
import { row } from '../row.ts';

export const security = {
  requirepass: row({
    kind: text('password'),
    default: '',
    mutable: true,
    affects: ['server'],
    group: 'Security',
    sensitive: true,
    help: 'password that clients must give with AUTH; empty for none',
  }),
  'enable-debug-command': row({
    kind: oneOf('no', 'yes', 'local'),
    default: 'no',
    mutable: false,
    affects: ['server'],
    group: 'Security',
    help: 'allow DEBUG: never, always, or to clients of this machine',
  }),
};
