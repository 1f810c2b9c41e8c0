import type { GroupCoordinator } from '../coordinator/group/group-coordinator.ts';
import type { ClusterImage } from '../metadata/cluster-image.ts';

/** What the handlers of groups' requests need of the broker. */
export interface GroupApi {
  readonly coordinator: GroupCoordinator;
  /** The cluster as this broker knows it now. */
  readonly image: () => ClusterImage;
}

/** A client's address as Java prints an `InetAddress` without a name, which is what groups show. */
export function javaHostText(host: string): string {
  return `/${host.startsWith('::ffff:') ? host.slice('::ffff:'.length) : host}`;
}
