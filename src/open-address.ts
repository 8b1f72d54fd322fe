import ipaddr from 'ipaddr.js';

/**
 * Whether an address is one of the open internet: mapped, translated, private, shared, local and reserved forms have ranges of
 * their own.
 */
export function isOpen(address: string): boolean {
  try {
    return ipaddr.parse(address).range() === 'unicast';
  } catch {
    return false;
  }
}
