/** Settings from the environment: `SHARDIS_TCP_BACKLOG` is `tcp-backlog`. */
import { didYouMean, nearestNames } from './nearest.ts';
import { findOption, optionNames } from './options.ts';
import { redisDirectives } from './redis-directives.ts';
import { ConfigError, type Setting } from './settings.ts';

const PREFIX = 'SHARDIS_';

/**
 * What Kubernetes and Docker links put into every container beside a service named `shardis`. `SHARDIS_PORT`
 * is then an address, not a port: it would stop every server in the same namespace as the service.
 */
const SERVICE_LINK =
  /^SHARDIS_(SERVICE_(HOST|PORT(_\w+)?)|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?|NAME)$/;
const SERVICE_ADDRESS = /^(tcp|udp|sctp):\/\//;

export type Environment = Readonly<Record<string, string | undefined>>;

/** The name of the variable that sets an option. */
export function variableOf(option: string): string {
  return PREFIX + option.replaceAll('-', '_').toUpperCase();
}

/** In alphabetical order. Throws ConfigError for a variable that means no option. */
export function readEnvironment(env: Environment): Setting[] {
  const settings: Setting[] = [];
  for (const variable of Object.keys(env).sort()) {
    const value = env[variable];
    if (!variable.startsWith(PREFIX) || value === undefined) continue;
    if (SERVICE_LINK.test(variable) || (variable === 'SHARDIS_PORT' && SERVICE_ADDRESS.test(value))) continue;
    const name = variable.slice(PREFIX.length).toLowerCase().replaceAll('_', '-');
    if (findOption(name) === undefined && !redisDirectives.has(name)) {
      const nearest = nearestNames(name, optionNames).map(variableOf);
      throw new ConfigError(`${variable}: no such option${didYouMean(nearest)}`);
    }
    settings.push({ name, words: [value], origin: variable });
  }
  return settings;
}
