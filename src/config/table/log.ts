/** Options: the log. */
import { oneOf, text } from '../kinds.ts';
import { row } from '../row.ts';

export const log = {
  loglevel: row({
    kind: oneOf('debug', 'verbose', 'notice', 'warning', 'nothing'),
    default: 'notice',
    mutable: true,
    affects: ['log'],
    group: 'Log',
    help: 'how much is logged',
  }),
  logfile: row({
    kind: text('path'),
    default: '',
    mutable: false,
    affects: ['log'],
    group: 'Log',
    help: 'file to log to; standard output when empty',
  }),
};
