import type { ReplicaAssignment } from './model.ts';

/** What a reassignment makes of an assignment (`kafka.controller.ReplicaAssignment`, 3.9). */

export function isBeingReassigned({ addingReplicas, removingReplicas }: ReplicaAssignment): boolean {
  return addingReplicas.length > 0 || removingReplicas.length > 0;
}

/** Where the replicas were before. */
export function originReplicas({ replicas, addingReplicas }: ReplicaAssignment): number[] {
  return replicas.filter((id) => !addingReplicas.includes(id));
}

/** Where the replicas are to be. */
export function targetReplicas({ replicas, removingReplicas }: ReplicaAssignment): number[] {
  return replicas.filter((id) => !removingReplicas.includes(id));
}

/** The assignment while its replicas move to `target`, in its order; a move under way is replaced. */
export function reassignTo(assignment: ReplicaAssignment, target: readonly number[]): ReplicaAssignment {
  const origin = originReplicas(assignment);
  const replicas = [...new Set([...target, ...origin])];
  return {
    replicas,
    addingReplicas: replicas.filter((id) => !origin.includes(id)),
    removingReplicas: replicas.filter((id) => !target.includes(id)),
  };
}

export function isSameAssignment(left: ReplicaAssignment, right: ReplicaAssignment): boolean {
  return (
    isSameList(left.replicas, right.replicas) &&
    isSameList(left.addingReplicas, right.addingReplicas) &&
    isSameList(left.removingReplicas, right.removingReplicas)
  );
}

export function isSameList(left: readonly number[], right: readonly number[]): boolean {
  return left.length === right.length && left.every((id, index) => id === right[index]);
}
