import type { AclBinding } from '../../clients/kafka/admin/acls.ts';
import type { Admin } from '../../clients/kafka/admin/admin.ts';
import { openTerminal, type Terminal } from '../../env/node/terminal.ts';
import { JavaError } from '../java-error.ts';
import type { AclsOptions } from '../kafka-acls.ts';
import { asJavaError } from '../kafka-failure.ts';
import { messageAndTrace, ToolExit } from '../tool.ts';
import { AclArguments, type AclEntry, type ResourceEntries, type ResourceFilter } from './acl-arguments.ts';
import { firstFuture, withAdmin } from './with-admin.ts';

/** Adds, removes or lists ACLs and prints what it does. Throws {@link ToolExit} where that fails. */
export async function runAcls(options: AclsOptions, usage: (message: string) => ToolExit): Promise<void> {
  const given = new AclArguments(options, usage);
  const from = {
    bootstrapServers: options.required('bootstrap-server'),
    commandConfig: options.text('command-config'),
  };
  try {
    if (options.has('add')) {
      const entries = given.toAdd();
      await withAdmin(from, async (admin) => {
        for (const [filter, acls] of entries) {
          console.log(`Adding ACLs for resource \`${resourceText(filter)}\`: \n${listText(acls)}`);
          await firstFuture('createAcls', () => admin.createAcls(acls.map((acl) => ({ ...filter, ...acl }))));
        }
      });
    } else if (options.has('remove')) {
      await withAdmin(from, (admin) => remove(admin, given, options.has('force')));
    } else {
      await withAdmin(from, (admin) => list(admin, given));
    }
  } catch (error) {
    const known = asJavaError(error);
    if (!(known instanceof JavaError)) throw error;
    throw new ToolExit(1, { stdout: `Error while executing ACL command: ${messageAndTrace(known)}\n` });
  }
}

async function remove(admin: Admin, given: AclArguments, isForced: boolean): Promise<void> {
  const entries = given.entries();
  if (isForced) return removeEach(admin, entries, async () => true);
  const terminal = openTerminal({ historyFile: undefined, complete: async () => [] });
  try {
    await removeEach(admin, entries, (question) => confirmed(terminal, question));
  } finally {
    terminal.close();
  }
}

async function removeEach(
  admin: Admin,
  entries: ResourceEntries,
  confirm: (question: string) => Promise<boolean>,
): Promise<void> {
  for (const [filter, acls] of entries) {
    const resource = resourceText(filter);
    const question =
      acls.length === 0
        ? `Are you sure you want to delete all ACLs for resource filter \`${resource}\`? (y/n)`
        : `Are you sure you want to remove ACLs: \n${listText(acls)} from resource filter \`${resource}\`? (y/n)`;
    if (!(await confirm(question))) continue;
    const filters = acls.length === 0 ? [filter] : acls.map((acl) => ({ ...filter, ...acl }));
    await firstFuture('deleteAcls', () => admin.deleteAcls(filters));
  }
}

async function list(admin: Admin, given: AclArguments): Promise<void> {
  const filters = given.resources(true);
  const principals = given.principals('principal');
  const found: AclBinding[] = [];
  for (const filter of filters.length === 0 ? [{}] : filters) {
    found.push(...(await firstFuture('describeAcls', () => admin.describeAcls(filter))));
  }
  if (principals.length === 0) {
    print(found);
    return;
  }
  for (const principal of principals) {
    console.log(`ACLs for principal \`${principal}\``);
    print(found.filter((acl) => acl.principal === principal));
  }
}

function print(bindings: readonly AclBinding[]): void {
  const resources = new Map<string, Set<string>>();
  for (const binding of bindings) {
    const resource = resourceText(binding);
    resources.set(resource, (resources.get(resource) ?? new Set()).add(entryText(binding)));
  }
  for (const [resource, entries] of resources) {
    console.log(`Current ACLs for resource \`${resource}\`: \n ${[...entries].join('\n')} \n`);
  }
}

const resourceText = ({ resourceType, resourceName, patternType }: ResourceFilter): string =>
  `ResourcePattern(resourceType=${resourceType}, name=${resourceName}, patternType=${patternType})`;

const entryText = ({ principal, host, operation, permissionType }: AclEntry): string =>
  `\t(principal=${principal}, host=${host}, operation=${operation}, permissionType=${permissionType})`;

const listText = (acls: readonly AclEntry[]): string => ` ${acls.map(entryText).join('\n')} \n`;

/** Asks on the terminal. Throws {@link JavaError} when nobody answers. */
async function confirmed(terminal: Terminal, question: string): Promise<boolean> {
  console.log(question);
  const answer = await terminal.readLine('');
  if (answer !== undefined) return answer.toLowerCase() === 'y';
  throw new JavaError(
    'java.lang.NullPointerException',
    'Cannot invoke "String.equalsIgnoreCase(String)" because the return value of "scala.io.StdIn$.readLine()" is null',
  );
}
