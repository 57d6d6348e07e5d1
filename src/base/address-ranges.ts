/** Sets of IP addresses, given as single addresses and as CIDR ranges: `10.1.2.3`, `10.0.0.0/8`, `fd00::/8`. */
import { BlockList, isIP, SocketAddress } from 'node:net';

export interface AddressRange {
  readonly address: string;
  readonly family: 'ipv4' | 'ipv6';
  /** How many leading bits an address must share with `address`. */
  readonly prefixBits: number;
}

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;
/** The leading bits that all IPv6 forms of IPv4 addresses share. */
const MAPPED_BITS = 96;

/** Undefined when `text` is neither an address nor a range. IPv4 in its IPv6 form becomes plain IPv4. */
export function parseAddressRange(text: string): AddressRange | undefined {
  const [, address, prefix] = /^([^/%]+)(?:\/(0|[1-9]\d{0,2}))?$/.exec(text) ?? [];
  if (address === undefined) return undefined;
  const version = isIP(address);
  if (version === 0) return undefined;
  const bits = version === 4 ? 32 : 128;
  const prefixBits = prefix === undefined ? bits : Number(prefix);
  if (prefixBits > bits) return undefined;
  const mapped = version === 6 ? mappedAddress(address) : undefined;
  if (mapped !== undefined && prefixBits >= MAPPED_BITS) {
    return { address: mapped, family: 'ipv4', prefixBits: prefixBits - MAPPED_BITS };
  }
  return { address, family: version === 4 ? 'ipv4' : 'ipv6', prefixBits };
}

/** The IPv4 address that an IPv6 address stands for, in whatever form that is written. */
function mappedAddress(address: string): string | undefined {
  return MAPPED.exec(new SocketAddress({ address, family: 'ipv6' }).address)?.[1];
}

export class AddressRanges {
  /** One for each family: a range of all IPv6 addresses would have those of IPv4 too. */
  readonly #lists = { ipv4: new BlockList(), ipv6: new BlockList() };

  /** `texts` are as `parseAddressRange` takes them; others are left out. */
  constructor(texts: readonly string[]) {
    for (const text of texts) {
      const range = parseAddressRange(text);
      if (range === undefined) continue;
      this.#lists[range.family].addSubnet(range.address, range.prefixBits, range.family);
    }
  }

  /** `host` is as a socket's `remoteAddress`: it may be IPv4 in its IPv6 form, and have a zone (`%eth0`). */
  has(host: string): boolean {
    const plain = host.split('%', 1)[0]!;
    const version = isIP(plain);
    if (version === 0) return false;
    const address = version === 6 ? mappedAddress(plain) : plain;
    return address === undefined
      ? this.#lists.ipv6.check(plain, 'ipv6')
      : this.#lists.ipv4.check(address, 'ipv4');
  }
}
