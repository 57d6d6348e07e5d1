/** The options of eviction: each change of one sets the policy anew, with what the others are. */
import type { StartOptions } from '../ring/messages.ts';
import type { Keyspace } from '../store/keyspace.ts';

const NAMES = ['maxmemory-policy', 'maxmemory-samples', 'lfu-log-factor', 'lfu-decay-time'] as const;
type EvictionOption = (typeof NAMES)[number];

export class EvictionOptions {
  readonly #keyspace: Keyspace;
  #values: Pick<StartOptions, EvictionOption>;

  constructor(keyspace: Keyspace, options: StartOptions) {
    this.#keyspace = keyspace;
    this.#values = options;
    this.#apply();
  }

  /** Any other option is none of this one's business. */
  set(name: string, value: unknown): void {
    if (!(NAMES as readonly string[]).includes(name)) return;
    this.#values = { ...this.#values, [name]: value };
    this.#apply();
  }

  #apply(): void {
    const values = this.#values;
    this.#keyspace.setEviction(values['maxmemory-policy'], {
      samples: values['maxmemory-samples'],
      lfuLogFactor: values['lfu-log-factor'],
      lfuDecayMinutes: values['lfu-decay-time'],
    });
  }
}
