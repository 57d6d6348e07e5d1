/** MODULE: modules are libraries for Redis's own process, so there are none here and none can be loaded. */
import { MODULE_NOT_LOADED, NO_SUCH_MODULE } from '../protocol/errors.ts';
import { type CommandFlag, defineCommands } from './command.ts';
import { helpSubcommand } from './container-help.ts';
import type { ServerContext } from './context.ts';

const LOADING_FLAGS: readonly CommandFlag[] = ['admin', 'noscript', 'no_async_loading'];

export const modules = defineCommands([
  {
    name: 'module',
    group: 'server',
    since: '4.0.0',
    summary: 'A container for commands about modules',
    complexity: 'Depends on subcommand',
    arity: -2,
    flags: [],
    subcommands: [
      {
        name: 'list',
        group: 'server',
        since: '4.0.0',
        summary: 'Returns the modules that are loaded: none',
        complexity: 'O(N) where N is the number of loaded modules.',
        arity: 2,
        flags: ['admin', 'noscript'],
        tips: ['nondeterministic_output_order'],
        placement: { at: 'server', handler: ({ reply }) => reply.array(0) },
      },
      {
        name: 'load',
        group: 'server',
        since: '4.0.0',
        summary: 'Loads a module; always an error',
        complexity: 'O(1)',
        arity: -3,
        flags: LOADING_FLAGS,
        alwaysRefuses: true,
        guardedBy: 'enable-module-command',
        arguments: [
          { name: 'path', type: 'string' },
          { name: 'arg', type: 'string', optional: true, multiple: true },
        ],
        placement: { at: 'server', handler: refuseToLoad },
      },
      {
        name: 'loadex',
        group: 'server',
        since: '7.0.0',
        summary: 'Loads a module with options; always an error',
        complexity: 'O(1)',
        arity: -3,
        flags: LOADING_FLAGS,
        alwaysRefuses: true,
        guardedBy: 'enable-module-command',
        arguments: [
          { name: 'path', type: 'string' },
          {
            name: 'configs',
            type: 'block',
            token: 'CONFIG',
            optional: true,
            multiple: true,
            multipleToken: true,
            arguments: [
              { name: 'name', type: 'string' },
              { name: 'value', type: 'string' },
            ],
          },
          { name: 'args', type: 'string', token: 'ARGS', optional: true, multiple: true },
        ],
        placement: { at: 'server', handler: refuseToLoad },
      },
      {
        name: 'unload',
        group: 'server',
        since: '4.0.0',
        summary: 'Unloads a module; always an error',
        complexity: 'O(1)',
        arity: 3,
        flags: LOADING_FLAGS,
        alwaysRefuses: true,
        guardedBy: 'enable-module-command',
        arguments: [{ name: 'name', type: 'string' }],
        placement: { at: 'server', handler: ({ reply }) => reply.error(NO_SUCH_MODULE) },
      },
      helpSubcommand({ since: '5.0.0', group: 'server' }),
    ],
  },
]);

function refuseToLoad({ reply }: ServerContext): void {
  reply.error(MODULE_NOT_LOADED);
}
