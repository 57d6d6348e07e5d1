/** The kind of value of `allow-from`: a list of IP addresses and ranges. */
import { parseAddressRange } from '../base/address-ranges.ts';
import { type Kind, list } from './kinds.ts';

export function addressRanges(itemsMax: number): Kind<readonly string[], readonly string[] | string> {
  const words = list('range', itemsMax, 'Too many address ranges specified.');
  return {
    ...words,
    parse(given, current) {
      const parsed = words.parse(given, current);
      if (!('value' in parsed)) return parsed;
      const wrong = parsed.value.find((text) => parseAddressRange(text) === undefined);
      if (wrong === undefined) return parsed;
      return {
        reason: `'${wrong}' is not an IP address or a range such as 10.0.0.0/8`,
        expected: 'IP addresses and ranges such as 10.0.0.0/8 and fd00::/8',
      };
    },
  };
}
