/** Options: who may do what. */
import { addressRanges } from '../address-ranges.ts';
import { boolean, integer, oneOf, text } from '../kinds.ts';
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
  aclfile: row({
    kind: text('path'),
    default: '',
    mutable: false,
    affects: ['server'],
    group: 'Security',
    help: 'file that users and their permissions are kept in, a line each; empty for none',
  }),
  'acllog-max-len': row({
    kind: integer(0, Number.MAX_SAFE_INTEGER),
    default: 128,
    mutable: true,
    affects: ['server'],
    group: 'Security',
    help: 'entries that ACL LOG keeps of what was denied',
  }),
  'acl-pubsub-default': row({
    kind: oneOf('allchannels', 'resetchannels'),
    default: 'resetchannels',
    mutable: true,
    affects: ['server'],
    group: 'Security',
    help: 'whether new users may use all channels or none',
  }),
  'protected-mode': row({
    kind: boolean(),
    default: true,
    mutable: true,
    affects: ['server'],
    group: 'Security',
    help: 'while the default user has no password, refuse clients that are not on this machine',
  }),
  'allow-from': row({
    kind: addressRanges(1024),
    default: [],
    mutable: true,
    affects: ['server'],
    group: 'Security',
    help: 'addresses and ranges such as 10.0.0.0/8 that clients may connect from; empty for all',
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
