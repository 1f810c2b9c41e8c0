import type { Connection, Net } from '../../env/net.ts';

/**
 * Connects to whichever of a server's addresses answers first; connections to the others are closed again. So an
 * address that swallows packets costs no time (Apache asks beforehand which of them can be reached). Rejects with
 * the errors of all addresses.
 */
export async function connectFirst(
  net: Net,
  addresses: readonly { readonly host: string; readonly port: number }[],
  timeoutMs: number,
): Promise<Connection> {
  let winner: Connection | undefined;
  const attempts = addresses.map(async ({ host, port }) => {
    const connection = await net.connect({ host, port, timeoutMs });
    winner ??= connection;
    if (winner !== connection) connection.destroy();
    return connection;
  });
  try {
    return await Promise.any(attempts);
  } catch (error) {
    if (!(error instanceof AggregateError)) throw error;
    throw new Error(error.errors.map(String).join('; ') || 'no address is known', { cause: error });
  }
}
