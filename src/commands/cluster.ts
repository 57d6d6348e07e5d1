/**
 * Commands of Redis Cluster. One server uses all cores here and there are no other nodes, so they answer what a
 * Redis answers that is no node of a cluster. Clients look at that answer to find out.
 */
import { CLUSTER_DISABLED } from '../protocol/errors.ts';
import { type ArgumentSpec, type CommandFlag, type CommandSpec, defineCommands } from './command.ts';
import type { ServerContext } from './context.ts';

const CHANGING: readonly CommandFlag[] = ['no_async_loading', 'admin', 'stale'];
const SLOTS: readonly ArgumentSpec[] = [{ name: 'slot', type: 'integer', multiple: true }];
const SLOT_RANGES: readonly ArgumentSpec[] = [
  {
    name: 'range',
    type: 'block',
    multiple: true,
    arguments: [
      { name: 'start-slot', type: 'integer' },
      { name: 'end-slot', type: 'integer' },
    ],
  },
];

type Declared = Omit<CommandSpec, 'group' | 'alwaysRefuses' | 'placement'>;

function declare(spec: Declared): CommandSpec {
  return { ...spec, group: 'cluster', alwaysRefuses: true, placement: { at: 'server', handler: refuse } };
}

function refuse({ reply }: ServerContext): void {
  reply.error(CLUSTER_DISABLED);
}

const subcommands: readonly CommandSpec[] = [
  declare({
    name: 'addslots',
    since: '3.0.0',
    summary: 'Gives slots to this node',
    complexity: 'O(N) where N is the total number of hash slot arguments',
    arity: -3,
    flags: CHANGING,
    arguments: SLOTS,
  }),
  declare({
    name: 'addslotsrange',
    since: '7.0.0',
    summary: 'Gives ranges of slots to this node',
    complexity: 'O(N) where N is the total number of the slots between the start slot and end slot arguments',
    arity: -4,
    flags: CHANGING,
    arguments: SLOT_RANGES,
  }),
  declare({
    name: 'bumpepoch',
    since: '3.0.0',
    summary: "Raises the cluster's configuration epoch",
    complexity: 'O(1)',
    arity: 2,
    flags: CHANGING,
    tips: ['nondeterministic_output'],
  }),
  declare({
    name: 'count-failure-reports',
    since: '3.0.0',
    summary: 'Counts the reports of failure of a node',
    complexity: 'O(N) where N is the number of failure reports',
    arity: 3,
    flags: ['admin', 'stale'],
    arguments: [{ name: 'node-id', type: 'string' }],
    tips: ['nondeterministic_output'],
  }),
  declare({
    name: 'countkeysinslot',
    since: '3.0.0',
    summary: 'Counts the keys in a slot',
    complexity: 'O(1)',
    arity: 3,
    flags: ['stale'],
    arguments: [{ name: 'slot', type: 'integer' }],
  }),
  declare({
    name: 'delslots',
    since: '3.0.0',
    summary: 'Takes slots from this node',
    complexity: 'O(N) where N is the total number of hash slot arguments',
    arity: -3,
    flags: CHANGING,
    arguments: SLOTS,
  }),
  declare({
    name: 'delslotsrange',
    since: '7.0.0',
    summary: 'Takes ranges of slots from this node',
    complexity: 'O(N) where N is the total number of the slots between the start slot and end slot arguments',
    arity: -4,
    flags: CHANGING,
    arguments: SLOT_RANGES,
  }),
  declare({
    name: 'failover',
    since: '3.0.0',
    summary: 'Makes a replica take over from its master',
    complexity: 'O(1)',
    arity: -2,
    flags: CHANGING,
    arguments: [
      {
        name: 'options',
        type: 'oneof',
        optional: true,
        arguments: [
          { name: 'force', type: 'pure-token', token: 'FORCE' },
          { name: 'takeover', type: 'pure-token', token: 'TAKEOVER' },
        ],
      },
    ],
  }),
  declare({
    name: 'flushslots',
    since: '3.0.0',
    summary: 'Takes all slots from this node',
    complexity: 'O(1)',
    arity: 2,
    flags: CHANGING,
  }),
  declare({
    name: 'forget',
    since: '3.0.0',
    summary: 'Removes a node from the list of nodes',
    complexity: 'O(1)',
    arity: 3,
    flags: CHANGING,
    arguments: [{ name: 'node-id', type: 'string' }],
  }),
  declare({
    name: 'getkeysinslot',
    since: '3.0.0',
    summary: 'Returns names of keys in a slot',
    complexity: 'O(N) where N is the number of requested keys',
    arity: 4,
    flags: ['stale'],
    arguments: [
      { name: 'slot', type: 'integer' },
      { name: 'count', type: 'integer' },
    ],
    tips: ['nondeterministic_output'],
  }),
  declare({
    name: 'help',
    since: '5.0.0',
    summary: 'Returns helpful text about the different subcommands',
    complexity: 'O(1)',
    arity: 2,
    flags: ['loading', 'stale'],
  }),
  declare({
    name: 'info',
    since: '3.0.0',
    summary: 'Returns the state of the node in the cluster',
    complexity: 'O(1)',
    arity: 2,
    flags: ['stale'],
    tips: ['nondeterministic_output'],
  }),
  declare({
    name: 'keyslot',
    since: '3.0.0',
    summary: 'Returns the slot of a key',
    complexity: 'O(N) where N is the number of bytes in the key',
    arity: 3,
    flags: ['stale'],
    arguments: [{ name: 'key', type: 'string' }],
  }),
  declare({
    name: 'links',
    since: '7.0.0',
    summary: 'Returns the links to other nodes',
    complexity: 'O(N) where N is the total number of Cluster nodes',
    arity: 2,
    flags: ['stale'],
    tips: ['nondeterministic_output'],
  }),
  declare({
    name: 'meet',
    since: '3.0.0',
    summary: 'Makes two nodes know each other',
    complexity: 'O(1)',
    arity: -4,
    flags: CHANGING,
    arguments: [
      { name: 'ip', type: 'string' },
      { name: 'port', type: 'integer' },
      { name: 'cluster-bus-port', type: 'integer', since: '4.0.0', optional: true },
    ],
    history: [['4.0.0', 'Added the optional `cluster_bus_port` argument.']],
  }),
  declare({
    name: 'myid',
    since: '3.0.0',
    summary: "Returns this node's id",
    complexity: 'O(1)',
    arity: 2,
    flags: ['stale'],
  }),
  declare({
    name: 'myshardid',
    since: '7.2.0',
    summary: "Returns the id of this node's shard",
    complexity: 'O(1)',
    arity: 2,
    flags: ['stale'],
    tips: ['nondeterministic_output'],
  }),
  declare({
    name: 'nodes',
    since: '3.0.0',
    summary: 'Returns the configuration of the cluster',
    complexity: 'O(N) where N is the total number of Cluster nodes',
    arity: 2,
    flags: ['stale'],
    tips: ['nondeterministic_output'],
  }),
  declare({
    name: 'replicas',
    since: '5.0.0',
    summary: 'Lists the replicas of a master',
    complexity: 'O(N) where N is the number of replicas',
    arity: 3,
    flags: ['admin', 'stale'],
    arguments: [{ name: 'node-id', type: 'string' }],
    tips: ['nondeterministic_output'],
  }),
  declare({
    name: 'replicate',
    since: '3.0.0',
    summary: 'Makes a node a replica of a master',
    complexity: 'O(1)',
    arity: 3,
    flags: CHANGING,
    arguments: [{ name: 'node-id', type: 'string' }],
  }),
  declare({
    name: 'reset',
    since: '3.0.0',
    summary: 'Resets a node',
    complexity:
      'O(N) where N is the number of known nodes. The command may execute a FLUSHALL as a side effect',
    arity: -2,
    flags: ['admin', 'stale', 'noscript'],
    arguments: [
      {
        name: 'reset-type',
        type: 'oneof',
        optional: true,
        arguments: [
          { name: 'hard', type: 'pure-token', token: 'HARD' },
          { name: 'soft', type: 'pure-token', token: 'SOFT' },
        ],
      },
    ],
  }),
  declare({
    name: 'saveconfig',
    since: '3.0.0',
    summary: 'Writes the configuration of the cluster to disk',
    complexity: 'O(1)',
    arity: 2,
    flags: CHANGING,
  }),
  declare({
    name: 'set-config-epoch',
    since: '3.0.0',
    summary: "Sets a new node's configuration epoch",
    complexity: 'O(1)',
    arity: 3,
    flags: CHANGING,
    arguments: [{ name: 'config-epoch', type: 'integer' }],
  }),
  declare({
    name: 'setslot',
    since: '3.0.0',
    summary: 'Binds a slot to a node',
    complexity: 'O(1)',
    arity: -4,
    flags: CHANGING,
    arguments: [
      { name: 'slot', type: 'integer' },
      {
        name: 'subcommand',
        type: 'oneof',
        arguments: [
          { name: 'importing', type: 'string', token: 'IMPORTING' },
          { name: 'migrating', type: 'string', token: 'MIGRATING' },
          { name: 'node', type: 'string', token: 'NODE' },
          { name: 'stable', type: 'pure-token', token: 'STABLE' },
        ],
      },
    ],
  }),
  declare({
    name: 'shards',
    since: '7.0.0',
    summary: 'Returns which slots are served by which shards',
    complexity: 'O(N) where N is the total number of cluster nodes',
    arity: 2,
    flags: ['loading', 'stale'],
    tips: ['nondeterministic_output'],
  }),
  declare({
    name: 'slaves',
    since: '3.0.0',
    summary: 'Lists the replicas of a master',
    complexity: 'O(N) where N is the number of replicas',
    arity: 3,
    flags: ['admin', 'stale'],
    arguments: [{ name: 'node-id', type: 'string' }],
    tips: ['nondeterministic_output'],
    deprecated: { since: '5.0.0', replacedBy: '`CLUSTER REPLICAS`' },
  }),
  declare({
    name: 'slots',
    since: '3.0.0',
    summary: 'Returns which slots are served by which nodes',
    complexity: 'O(N) where N is the total number of Cluster nodes',
    arity: 2,
    flags: ['loading', 'stale'],
    history: [
      ['4.0.0', 'Added node IDs.'],
      ['7.0.0', 'Added additional networking metadata field.'],
    ],
    tips: ['nondeterministic_output'],
    deprecated: { since: '7.0.0', replacedBy: '`CLUSTER SHARDS`' },
  }),
];

export const cluster = defineCommands([
  {
    name: 'cluster',
    group: 'cluster',
    since: '3.0.0',
    summary: 'A container for commands of Redis Cluster',
    complexity: 'Depends on subcommand',
    arity: -2,
    flags: [],
    subcommands,
  },
  declare({
    name: 'asking',
    since: '3.0.0',
    summary: 'Says that a client follows a redirection',
    complexity: 'O(1)',
    arity: 1,
    flags: ['fast'],
    categories: ['connection'],
  }),
  declare({
    name: 'readonly',
    since: '3.0.0',
    summary: 'Allows reads from a replica of a cluster',
    complexity: 'O(1)',
    arity: 1,
    flags: ['loading', 'stale', 'fast'],
    categories: ['connection'],
  }),
  declare({
    name: 'readwrite',
    since: '3.0.0',
    summary: 'Ends what READONLY began',
    complexity: 'O(1)',
    arity: 1,
    flags: ['loading', 'stale', 'fast'],
    categories: ['connection'],
  }),
]);
