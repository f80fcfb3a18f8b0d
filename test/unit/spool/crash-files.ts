// SPDX-License-Identifier: Apache-2.0
/** A folder in memory that records what is done with it, and makes every state that a crash may leave of it. */
import type { FileEntry, SpoolFile, SpoolFiles } from '../../../src/spool/files.ts';

/** What is done with the folder, in order. `told` is what the spool has promised by then. */
type Step<Told> =
  | { kind: 'create'; name: string; file: number }
  | { kind: 'append'; file: number; bytes: Buffer }
  | { kind: 'dataSync'; file: number; isIgnored: boolean }
  | { kind: 'rename'; from: string; to: string }
  | { kind: 'unlink'; name: string }
  | { kind: 'syncFolder'; isIgnored: boolean }
  | { kind: 'told'; told: Told };

type FolderStep = Step<unknown> & { kind: 'create' | 'rename' | 'unlink' };

/** The files of the folder by name. */
export type State = ReadonlyMap<string, Buffer>;

/** Sizes at which a disk may tear a write. */
const TORN = [512, 4096];

export class CrashFiles<Told> implements SpoolFiles {
  readonly #steps: Step<Told>[] = [];
  readonly #names = new Map<string, number>();
  readonly #contents: Buffer[] = [];
  readonly #ofFile: string[] = [];
  readonly #ignored: string | undefined;
  readonly #start: State;
  /** Every kind of sync that was done. */
  readonly syncs = new Set<string>();

  /** @param ignored the kind of sync that does nothing */
  constructor(start: State = new Map(), ignored?: string) {
    this.#start = start;
    this.#ignored = ignored;
    for (const [name, bytes] of start) this.#add(name, bytes);
  }

  tell(told: Told): void {
    this.#steps.push({ kind: 'told', told });
  }

  async list(): Promise<FileEntry[]> {
    return [...this.#names].map(([name, file]) => ({
      name,
      size: this.#contents[file]!.length,
      changedMs: Date.now(),
    }));
  }

  async create(name: string): Promise<SpoolFile> {
    if (this.#names.has(name)) throw Object.assign(new Error('file already exists'), { code: 'EEXIST' });
    const file = this.#add(name, Buffer.alloc(0));
    this.#steps.push({ kind: 'create', name, file });
    const what = name.endsWith('.spool') ? 'requests in a segment' : 'the cursor’s bytes';
    return {
      append: async (parts) => {
        const bytes = Buffer.concat(parts);
        this.#contents[file] = Buffer.concat([this.#contents[file]!, bytes]);
        this.#steps.push({ kind: 'append', file, bytes });
      },
      dataSync: async () => {
        this.#steps.push({ kind: 'dataSync', file, isIgnored: this.#isIgnored(what) });
      },
      close: async () => {},
    };
  }

  async read(name: string, most: number): Promise<Buffer> {
    const file = this.#names.get(name);
    if (file === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
    return this.#contents[file]!.subarray(0, most);
  }

  async rename(from: string, to: string): Promise<void> {
    const step = { kind: 'rename', from, to } as const;
    apply(this.#names, step);
    this.#steps.push(step);
  }

  async unlink(name: string): Promise<void> {
    if (!this.#names.delete(name)) throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
    this.#steps.push({ kind: 'unlink', name });
  }

  async syncFolder(): Promise<void> {
    const last = this.#steps.findLast(isFolderStep);
    this.#steps.push({ kind: 'syncFolder', isIgnored: this.#isIgnored(last ? nameOf(last) : 'nothing') });
  }

  #isIgnored(sync: string): boolean {
    this.syncs.add(sync);
    return sync === this.#ignored;
  }

  #add(name: string, bytes: Buffer): number {
    this.#names.set(name, this.#contents.push(bytes) - 1);
    this.#ofFile.push(name);
    return this.#contents.length - 1;
  }

  /** Segments that were there, and are not any more. */
  get gone(): string[] {
    return this.#ofFile.filter((name) => name.endsWith('.spool') && !this.#names.has(name));
  }

  /** What may be there after a crash, each state once for all that was told by then. */
  *crashes(): Generator<{ state: State; told: readonly Told[] }> {
    const seen = new Set<string>();
    for (let after = 0; after <= this.#steps.length; after++) {
      // Before any other step a crash leaves a state that it may also leave after that step, which may be lost.
      const next = this.#steps[after];
      if (next && next.kind !== 'told' && next.kind !== 'dataSync' && next.kind !== 'syncFolder') continue;
      const steps = this.#steps.slice(0, after);
      const told = steps.flatMap((step) => (step.kind === 'told' ? [step.told] : []));
      for (const state of this.#statesAfter(steps)) {
        const key = `${told.length} ${[...state].map(([name, bytes]) => `${name}:${bytes.toString('latin1')}`).sort()}`;
        if (seen.has(key)) continue;
        seen.add(key);
        yield { state, told };
      }
    }
  }

  *#statesAfter(steps: readonly Step<Told>[]): Generator<State> {
    const synced = steps.findLastIndex((step) => step.kind === 'syncFolder' && !step.isIgnored);
    const durable = new Map([...this.#start.keys()].map((name, file) => [name, file]));
    for (const step of steps.slice(0, synced + 1)) if (isFolderStep(step)) apply(durable, step);
    const pending = steps.slice(synced + 1).filter(isFolderStep);
    for (const some of subsets(pending)) {
      const names = new Map(durable);
      for (const step of some) apply(names, step);
      yield* product([...names].map(([name, file]) => this.#contentsOf(file, steps).map((bytes) => [name, bytes])));
    }
  }

  /** What a file may hold: all that was synced, and any of the later writes, the last of them torn. */
  #contentsOf(file: number, steps: readonly Step<Told>[]): Buffer[] {
    const start = this.#start.get(this.#ofFile[file]!);
    if (start && file < this.#start.size) return [start];
    const own = steps.filter((step) => (step.kind === 'append' || step.kind === 'dataSync') && step.file === file);
    const synced = own.findLastIndex((step) => step.kind === 'dataSync' && !step.isIgnored);
    const writes = own.flatMap((step, i) =>
      step.kind === 'append' ? [{ bytes: step.bytes, isSafe: i < synced }] : [],
    );
    const safe = Buffer.concat(writes.filter(({ isSafe }) => isSafe).map(({ bytes }) => bytes));
    const later = writes.filter(({ isSafe }) => !isSafe).map(({ bytes }) => bytes);
    return subsets(later.map((_, i) => i)).flatMap((some) => {
      const last = some.at(-1);
      const before = later
        .slice(0, last ?? 0)
        .map((bytes, i) => (some.includes(i) ? bytes : Buffer.alloc(bytes.length)));
      if (last === undefined) return [safe];
      return endings(later[last]!).map((ending) => Buffer.concat([safe, ...before, ending]));
    });
  }
}

/** A write that reached the disk whole, in part, or as its length only. */
const endings = (bytes: Buffer): Buffer[] => [
  bytes,
  ...TORN.filter((size) => size < bytes.length).flatMap((size) => [
    bytes.subarray(0, size),
    Buffer.concat([bytes.subarray(0, size), Buffer.alloc(bytes.length - size)]),
  ]),
  Buffer.alloc(bytes.length),
];

const isFolderStep = (step: Step<unknown>): step is FolderStep =>
  step.kind === 'create' || step.kind === 'rename' || step.kind === 'unlink';

/** What the sync of the folder is for that follows. */
function nameOf(step: FolderStep): string {
  if (step.kind === 'create') return 'the name of a new segment';
  if (step.kind === 'unlink') return 'the removal of a segment';
  return step.to === 'cursor' ? 'the name of the cursor' : 'the name of a segment set aside';
}

/** A step that was lost leaves nothing to the ones that build on it. */
function apply(names: Map<string, number>, step: FolderStep): void {
  if (step.kind === 'create') names.set(step.name, step.file);
  if (step.kind === 'unlink') names.delete(step.name);
  if (step.kind !== 'rename') return;
  const file = names.get(step.from);
  if (file === undefined) return;
  names.delete(step.from);
  names.set(step.to, file);
}

function subsets<T>(all: readonly T[]): T[][] {
  if (all.length > 8) throw new Error(`${all.length} steps without a sync are too many to enumerate`);
  return Array.from({ length: 2 ** all.length }, (_, bits) => all.filter((_, i) => bits & (1 << i)));
}

function* product(choices: readonly [string, Buffer][][]): Generator<State> {
  const [first, ...others] = choices;
  if (!first) {
    yield new Map();
    return;
  }
  for (const rest of product(others)) for (const [name, bytes] of first) yield new Map([[name, bytes], ...rest]);
}
