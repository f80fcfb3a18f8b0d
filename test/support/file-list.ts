// SPDX-License-Identifier: Apache-2.0
/**
 * A shell command that lists all files of a Debian but the notes of dpkg, apt and debconf: name, size, owner, mode, target, and when a file
 * was changed. The mount points below / are left out.
 * @param except more folders to leave out
 */
export function fileList(...except: readonly string[]): string {
  const notes = [
    '/var/lib/dpkg',
    '/var/lib/apt',
    '/var/cache/apt',
    '/var/cache/debconf',
    '/var/log/apt',
    '/var/log/dpkg.log',
  ];
  const left = [...notes, ...except].map((path) => `-path ${path}`).join(' -o ');
  return `find / -xdev \\( ${left} \\) -prune -o \\( -type d -printf '%p %m %U:%G\\n' -o -printf '%p %m %U:%G %s %T@ %l\\n' \\) | sort`;
}

/** The lines of two lists that are only in the second, and only in the first. */
export function changes(before: readonly string[], after: readonly string[]): { left: string[]; gone: string[] } {
  const without = (lines: readonly string[], others: readonly string[]) =>
    lines.filter((line) => !others.includes(line));
  return { left: without(after, before), gone: without(before, after) };
}
