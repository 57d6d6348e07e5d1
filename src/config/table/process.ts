/** Options: the process, and what its clients may do to it. */
import { boolean, fixed, oneOf, text } from '../kinds.ts';
import { row } from '../row.ts';
import { renames } from '../word-kinds.ts';

function isYesOrNo(words: readonly string[]): boolean {
  return words.length === 1 && /^(yes|no)$/i.test(words[0]!);
}

const YES_OR_NO = "argument must be 'yes' or 'no'";

export const processOptions = {
  pidfile: row({
    kind: text('path'),
    default: '',
    mutable: false,
    affects: ['server'],
    group: 'Process',
    help: 'file that holds the number of the process while it runs; none when empty',
  }),
  daemonize: row({
    kind: fixed(boolean(), false, isYesOrNo, YES_OR_NO, 'shardis runs in the foreground'),
    default: false,
    mutable: false,
    affects: [],
    group: 'Process',
    help: 'only no: leave putting it into the background to whatever starts it',
  }),
  'syslog-enabled': row({
    kind: fixed(boolean(), false, isYesOrNo, YES_OR_NO, 'logging to syslog is not available in this version'),
    default: false,
    mutable: false,
    affects: [],
    group: 'Process',
    help: 'only no in this version: what reads standard output may pass the log on',
  }),
  'enable-protected-configs': row({
    kind: oneOf('no', 'yes', 'local'),
    default: 'no',
    mutable: false,
    affects: ['server'],
    group: 'Security',
    help: 'allow CONFIG SET of dir and dbfilename: never, always, or to clients of this machine',
  }),
  'enable-module-command': row({
    kind: oneOf('no', 'yes', 'local'),
    default: 'no',
    mutable: false,
    affects: ['server'],
    group: 'Security',
    help: 'allow MODULE LOAD and UNLOAD, which never succeed: never, always, or to clients of this machine',
  }),
  'rename-command': row({
    kind: renames,
    default: [],
    mutable: false,
    affects: ['server'],
    group: 'Security',
    isForStart: true,
    help: 'give a command another name, or "" to take it away; may be given many times',
  }),
};
