/** Whether each of the addresses, with commas between them, has a port (`ToolsUtils.validatePortOrDie`). */
export function hasPorts(addresses: string): boolean {
  return addresses.split(',').every((address) => /^.*?\[?[0-9a-zA-Z\-%._:]*\]?:[0-9]+$/.test(address));
}
