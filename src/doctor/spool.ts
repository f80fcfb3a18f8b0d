// SPDX-License-Identifier: Apache-2.0
import { accessSync, constants, statfsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { EXIT, systemWords, UserError } from '../errors.ts';
import { NOBODY } from '../host/users.ts';
import type { SpoolWish } from '../sinks/spools.ts';
import { currentOwner, examineSpoolFolder, type Owner } from '../spool/folder.ts';
import { inspectSpool } from '../spool/inspect.ts';
import { isLocked } from '../spool/lock.ts';
import { type Finding, fail, ok, warn } from './check.ts';

/** File systems that are not a local disk, by the magic numbers of statfs(2). */
const NETWORK =
  'a network file system, which may confirm what is not on a disk, and does not show the agent of another host';
const FILE_SYSTEMS: ReadonlyMap<number, readonly [name: string, why: string]> = new Map([
  [0x0102_1994, ['tmpfs', 'memory: what is there is gone when the host ends']],
  [0x8584_58f6, ['ramfs', 'memory: what is there is gone when the host ends']],
  [0x794c_7630, ['overlay', 'the layer of a container, which ends with the container']],
  [0x6969, ['nfs', NETWORK]],
  [0xff53_4d42, ['cifs', NETWORK]],
  [0xfe53_4d42, ['smb2', NETWORK]],
  [0x0102_1997, ['9p', NETWORK]],
  [0x00c3_6400, ['ceph', NETWORK]],
  [0x5346_414f, ['afs', NETWORK]],
  [0x6573_5546, ['fuse', 'served by a program, which may confirm what is not on a disk']],
]);

/** A sentence, and what to do where something is missing. */
interface Remark {
  why: string;
  todo?: string;
}

/** Looks at the folder of `--spool` as `run` would use it, and changes nothing. */
export async function spool(wish: SpoolWish | undefined): Promise<Finding> {
  if (wish === undefined) return ok('none is configured: spans wait in memory.');
  const { path } = wish;
  try {
    const { real, exists } = examineSpoolFolder(path, ownerOf(path, wish.owner ?? NOBODY));
    const place = exists ? real : dirname(real);
    if (isReadOnly(place)) return fail(`cannot use the spool ${path}: read-only file system.`, CHOOSE, EXIT.FAILURE);
    const left = exists
      ? await leftIn(real, wish)
      : { remarks: [{ why: `${path} is not there yet, and will be made` }], bytes: 0 };
    return findingOf([...left.remarks, ...fileSystem(place), space(place, wish.bytes, left.bytes)]);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return fail(error.message, CHOOSE, error.exitCode);
  }
}

const CHOOSE =
  'Correct that, or choose another folder; the agent makes it with the right owner and mode where it is missing.';

/** Root becomes the user of `--user`. Any other user may be that user, or will start the agent as themselves. */
function ownerOf(path: string, user: Owner): Owner {
  const me = currentOwner();
  if (me.uid === 0 || me.uid === user.uid) return user;
  try {
    examineSpoolFolder(path, me);
    return me;
  } catch {
    return user;
  }
}

function isReadOnly(place: string): boolean {
  try {
    accessSync(place, constants.W_OK);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EROFS';
  }
}

function fileSystem(place: string): Remark[] {
  const [name, why] = FILE_SYSTEMS.get(statfsSync(place).type) ?? [];
  return name === undefined ? [] : [{ why: `it is on ${name}: ${why}`, todo: 'Use a folder on a local disk.' }];
}

function space(place: string, wanted: number, held: number): Remark {
  const { bavail, bsize } = statfsSync(place);
  const free = bavail * bsize;
  const why = `${megabytes(free)} MB are free, and it may hold ${megabytes(wanted)} MB (--spool-size)`;
  if (free + held >= wanted) return { why };
  return { why, todo: 'Make room, or lower --spool-size: when the disk is full, spans wait in memory.' };
}

/** What earlier runs have left, and whether an agent uses it. */
async function leftIn(real: string, { path, ageMs }: SpoolWish): Promise<{ remarks: Remark[]; bytes: number }> {
  try {
    const isUsed = await isLocked(real);
    const reports = await inspectSpool(real);
    const waiting = reports.filter(({ isBad }) => !isBad);
    const spans = waiting.reduce((sum, report) => sum + report.spans, 0);
    const oldestMs = Math.min(...waiting.flatMap((report) => report.oldestMs ?? []));
    const since = spans === 0 ? '' : `, the oldest since ${new Date(oldestMs).toISOString()}`;
    const remarks: Remark[] = [
      { why: `${spans} spans wait in ${path}${since}; ${isUsed ? 'an agent uses it' : 'no agent uses it now'}` },
    ];
    if (spans > 0 && Date.now() - oldestMs > ageMs) {
      remarks.push({ why: 'some are older than --spool-age', todo: 'Raise --spool-age, or the next run drops them.' });
    }
    const damaged = waiting.filter(({ damage }) => damage !== undefined).map(({ file }) => file);
    if (damaged.length > 0) remarks.push({ why: `damaged: ${damaged.join(', ')}`, todo: 'Check the disk.' });
    const bad = reports.filter(({ isBad }) => isBad);
    if (bad.length > 0) {
      remarks.push({
        why: `set aside as damaged: ${bad.map(({ file }) => file).join(', ')}`,
        todo: `Check the disk, and remove ${join(path, '*.bad')} when you do not need them.`,
      });
    }
    return { remarks, bytes: reports.reduce((sum, { bytes }) => sum + bytes, 0) };
  } catch (error) {
    const words = error instanceof UserError ? error.message.replace(/\.$/, '') : systemWords(error);
    return {
      remarks: [{ why: `what is in it is not known: ${words}`, todo: 'Ask as root, or as its owner.' }],
      bytes: 0,
    };
  }
}

const megabytes = (bytes: number): string => (bytes / 1024 ** 2).toFixed(0);

function findingOf(remarks: readonly Remark[]): Finding {
  const why = `${remarks.map((remark) => remark.why).join('; ')}.`;
  const todos = remarks.flatMap(({ todo }) => todo ?? []);
  return todos.length === 0 ? ok(why) : warn(why, todos.join(' '));
}
